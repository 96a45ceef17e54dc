"""HiGHS without its greeting.

The first solver made in a process prints two lines to the standard output, whatever its options say. Who reads a plan as JSON from there
must not find them, so they are led away while that solver is made.
"""

from __future__ import annotations

import ctypes
import os
from threading import Lock

import highspy

STDOUT = 1
_LED_AWAY = Lock()
"""Two threads that led the standard output away at once would not find it again."""


def silent_highs() -> highspy.Highs:
    """Return a solver that prints nothing, on one thread, with a fixed seed."""
    with _LED_AWAY:
        made = _made_quietly()
    made.silent()
    made.setOptionValue("threads", 1)
    made.setOptionValue("random_seed", 1)
    return made


def _made_quietly() -> highspy.Highs:
    libc = ctypes.CDLL(None)
    libc.fflush(None)
    kept, nowhere = os.dup(STDOUT), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, STDOUT)
        made = highspy.Highs()  # type: ignore[no-untyped-call]
        libc.fflush(None)
    finally:
        os.dup2(kept, STDOUT)
        os.close(kept)
        os.close(nowhere)
    return made
