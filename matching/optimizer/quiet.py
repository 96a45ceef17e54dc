"""Keeps native code off the standard output, from which callers read plans as JSON.

HiGHS prints single lines past all its options. They go through C's ``stdout``, which Python doesn't use: only C's is led away, so that
what Python prints meanwhile, in whichever thread, arrives.
"""

from __future__ import annotations

import ctypes
import functools
import os


@functools.cache
def mute_native_output() -> None:
    """Lead C's ``stdout`` to nowhere for good; where the C library doesn't show it, nothing is done."""
    libc = ctypes.CDLL(None)
    try:
        stdout = ctypes.c_void_p.in_dll(libc, "stdout")
    except ValueError:
        return
    libc.fflush(None)
    libc.fopen.restype = ctypes.c_void_p
    nowhere = libc.fopen(os.devnull.encode(), b"w")
    if nowhere:
        stdout.value = nowhere
