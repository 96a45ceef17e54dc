"""How commands read a folder or workbook: by the reader of uploads, with what was concluded said on standard error.

What costs time to import is imported when something is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matching.io import Season
    from service.uploads.seasons import Reading


def read_input(path: Path) -> Season:
    """Read an input, and say what a person should know of how it was read.

    Raises
    ------
    BadInput
        With every fault at once.
    """
    return show_notes(_read(path)).season


def show_notes(reading: Reading) -> Reading:
    """Say what a person should know of how an input was read."""
    from service.cli.terminal import console, printable

    for note in reading.notes:
        console(stderr=True).print(f"note: {printable(note)}", soft_wrap=True)
    return reading


def _read(path: Path) -> Reading:
    from service.uploads.seasons import read_season

    return read_season(path)
