"""`compiled`: the one way in which the engine asks for a loop to be compiled to machine code.

Compiled loops are kept on disk next to the module, so that only the first run after installation pays for them. They take
plain arrays and numbers: a table handed over whole would be counted in and out at every call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function of arrays and numbers; it then runs without the interpreter's lock."""
    made: Any = numba.njit(cache=True, nogil=True)(function)
    return cast("F", made)
