"""Files that every process of a test run needs and that one of them makes."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def shared_file(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a file that the first process to ask has made; the others wait for it. Nobody may change it."""
    root = factory.getbasetemp()
    # Each process of a parallel run has a folder of its own in one that they share.
    folder = root.parent if os.environ.get("PYTEST_XDIST_WORKER") else root
    file, partial = folder / name, folder / f"{name}.part"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            partial.unlink(missing_ok=True)
            make(partial)
            partial.rename(file)
    return file
