"""Whether a plan can be written where it is wanted: asked before a minute is spent on planning it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


class BadOutput(ValueError):
    """The output folder cannot take a plan; the message says why."""


def check_output(out: Path, source: Path) -> None:
    """See that ``out`` can take a plan, by making a folder or file there and removing it again.

    Parameters
    ----------
    out : folder that shall hold the plan, which need not exist; or an ``.xlsx`` file in a folder that exists.
    source : the input, which a plan must not be mixed with.

    Raises
    ------
    BadOutput
        If ``out`` is a file, is the input, or cannot be written.
    """
    if is_workbook(out):
        _check_workbook(out, source)
        return
    try:
        if out.exists() and not out.is_dir():
            raise BadOutput(f"{out} is a file; the output is a folder")
        if out.exists() and source.exists() and out.resolve() == source.resolve():
            raise BadOutput(f"{out} is the input; name another folder for the plan")
        _try_writing(out)
    except OSError as error:
        raise BadOutput(f"no plan can be written to {out}: {error.strerror or error}") from error


def is_workbook(out: Path) -> bool:
    """Return whether a plan is wanted as one workbook for people, not as a folder of tables."""
    return out.suffix.lower() == ".xlsx"


def _check_workbook(out: Path, source: Path) -> None:
    if out.is_dir():
        raise BadOutput(f"{out} is a folder; name a file for the workbook")
    if out.exists() and source.exists() and out.resolve() == source.resolve():
        raise BadOutput(f"{out} is the input; name another file for the plan")
    try:
        with tempfile.NamedTemporaryFile(dir=out.absolute().parent, prefix=".try-"):
            pass
    except OSError as error:
        raise BadOutput(f"no plan can be written to {out}: {error.strerror or error}") from error


def _try_writing(out: Path) -> None:
    missing = [folder for folder in (out, *out.absolute().parents) if not folder.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
        os.rmdir(tempfile.mkdtemp(prefix=".try-", dir=out))  # noqa: PTH106
    finally:
        for folder in missing:
            # Another process may have put something there meanwhile, or the folder was never made.
            with contextlib.suppress(OSError):
                folder.rmdir()
