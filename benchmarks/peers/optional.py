"""Libraries that only the comparison needs, and that may not be installed."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any


def has_library(name: str) -> bool:
    """Whether a library is installed."""
    return importlib.util.find_spec(name) is not None


def library(name: str) -> Any:
    """Import a library of the ``bench`` extra.

    Raises
    ------
    ImportError : where it is not installed.
    """
    return importlib.import_module(name)
