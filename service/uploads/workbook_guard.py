"""What of a workbook is refused before anything reads it: bombs, macros, outside links, definitions of entities, other formats.

The archive's own directory is believed only where it speaks against the file; what is really inside is counted again while it is
unpacked, in the process that may use little memory and time (`service.uploads.child`).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence

from service.uploads.raw import Unreadable

MOST_UNPACKED = 200_000_000
MOST_RATIO, SMALL_BYTES = 100, 10_000_000
"""How many times larger it may be unpacked, once that is more than a small file."""
MOST_PARTS = 2000
OLD_MARK = b"\xd0\xcf\x11\xe0"
ACTIVE = re.compile(r"(^|/)(vbaproject\.bin|macrosheets/|activex/|embeddings/|ctrlprops/)", re.IGNORECASE)
OUTSIDE = re.compile(r"(^|/)(externallinks/|connections\.xml|querytables/)", re.IGNORECASE)
ENTITIES = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


def draws_on_others(content: bytes) -> bool:
    """Return whether a workbook that is whole refers to other files."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return any(map(OUTSIDE.search, archive.namelist()))


def check_directory(content: bytes, *, links_refused: bool = True) -> None:
    """Refuse a file by its first bytes and by what its directory says.

    Parameters
    ----------
    links_refused : whether one that refers to other files is refused; the values that it keeps of them are read otherwise.

    Raises
    ------
    Unreadable
        With the reason, and what to do.
    """
    if content.startswith(OLD_MARK):
        raise Unreadable("an .xlsx workbook without a password; this is an old .xls file or an encrypted one: save it as .xlsx")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise Unreadable("an .xlsx workbook; this is a web page or XML under that name: open it and save it as .xlsx")
    if not content.startswith(b"PK"):
        raise Unreadable("an .xlsx workbook; this file is of another kind")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_parts(archive.infolist(), len(content), links_refused=links_refused)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"an .xlsx workbook that is whole ({error})") from error


def _check_parts(parts: Sequence[zipfile.ZipInfo], packed: int, *, links_refused: bool) -> None:
    names = [part.filename for part in parts]
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MOST_PARTS:
        raise Unreadable(f"an .xlsx workbook of at most {MOST_PARTS} parts, not {len(parts)}")
    refuse_size(unpacked, packed)
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable("an .xlsx workbook without a password")
    if active := next(filter(ACTIVE.search, names), None):
        raise Unreadable(f"a workbook without macros or embedded objects ({active}): save it as .xlsx")
    if links_refused and (outside := next(filter(OUTSIDE.search, names), None)):
        raise Unreadable(f"a workbook that doesn't draw on other files ({outside}): paste the values")


def refuse_size(unpacked: int, packed: int) -> None:
    """Refuse what is far larger unpacked than packed."""
    if unpacked > MOST_UNPACKED:
        raise Unreadable(f"an .xlsx workbook of at most {MOST_UNPACKED:,} bytes unpacked, not {unpacked:,}")
    if unpacked > SMALL_BYTES and unpacked > MOST_RATIO * packed:
        raise Unreadable(f"an .xlsx workbook that unpacks to at most {MOST_RATIO} times its size; this one is a bomb")


def check_xml(parts: dict[str, bytes]) -> None:
    """Refuse parts that define entities: that is how a small file names other files, or grows without end."""
    for name, data in parts.items():
        if ENTITIES.search(data):
            raise Unreadable(f"an .xlsx workbook without definitions of entities, unlike its part {name}")
