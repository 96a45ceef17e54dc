"""Puts a set of files into a folder all together or not at all, as far as a file system can."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path


def place_files(folder: Path, contents: Mapping[str, str], stale: Collection[str]) -> None:
    """Write files into ``folder``, made if need be, and remove ``stale`` ones that are not written anew.

    Everything is first written to a hidden folder on the same disk, so that a crash or a full disk leaves the folder as it was.
    The last name of ``contents`` is moved last and removed first: while it is there, the others belong to it.

    Parameters
    ----------
    contents : text of each file, by name.
    stale : names of files that are no longer true; any other file of the folder is left alone.

    Raises
    ------
    OSError : where the folder cannot be made or written; the message names it.
    """
    folder = Path(folder)
    try:
        if folder.exists():
            # Inside the folder, because it may be a mount of its own whose parent nobody may write to.
            _place_within(folder, contents, stale)
        else:
            folder.parent.mkdir(parents=True, exist_ok=True)
            _place_new(folder, contents)
    except OSError as error:
        raise _explained(error, folder) from error


def _explained(error: OSError, folder: Path) -> OSError:
    return OSError(error.errno, f"the plan cannot be written to {folder}: {error.strerror or error}")


def _place_within(folder: Path, contents: Mapping[str, str], stale: Collection[str]) -> None:
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as staged:
        _write_all(Path(staged), contents)
        names = list(contents)
        for name in (names[-1], *stale):
            (folder / name).unlink(missing_ok=True)
        for name in names:
            (Path(staged) / name).replace(folder / name)


def _place_new(folder: Path, contents: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as staged:
        # A folder in the private temporary one, because that one's permissions would keep other people out of the plan.
        made = Path(staged) / "plan"
        made.mkdir()
        _write_all(made, contents)
        made.rename(folder)


def _write_all(staged: Path, contents: Mapping[str, str]) -> None:
    for name, text in contents.items():
        with (staged / name).open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
