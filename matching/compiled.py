"""`compiled`: the one way in which the engine asks for a loop to be compiled to machine code.

Compiled loops are kept on disk next to the module, so that only the first run after installation pays for them. They take
plain arrays and numbers: a table handed over whole would be counted in and out at every call.

The compiler itself looks only at the file of the outermost loop, and would go on using a loop whose inner functions or
constants have since changed in another file. So what is kept is stamped with the content of every file that takes part.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])

PACKAGE = Path(__file__).parent
CONSTANTS = "problem.py"
"""Holds no loop, but constants that loops have built in."""


def compiled(function: F) -> F:
    """Compile a function of arrays and numbers; it then runs without the interpreter's lock."""
    made: Any = numba.njit(cache=True, nogil=True)(function)
    made._cache._cache_file._source_stamp = _package_stamp()
    return cast("F", made)


@functools.cache
def _package_stamp() -> str:
    """Stamp of the files as they are when the first loop is declared."""
    return content_stamp(PACKAGE)


def content_stamp(folder: Path) -> str:
    """SHA-256 over all files below a folder that declare compiled loops, and over `CONSTANTS`."""
    sha = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        text = path.read_bytes()
        if b"@compiled" in text or path.name == CONSTANTS:
            sha.update(path.name.encode() + b"\0" + text + b"\0")
    return sha.hexdigest()
