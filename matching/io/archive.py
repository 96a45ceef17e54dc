"""Opens a workbook's zip archive without trusting it: every part is unpacked, counted and weighed before the reader sees it.

A workbook may come from anywhere. A few kilobytes can claim gigabytes: by compression, by one cell far below the table (a reader
lays the cells out as a full rectangle), or by one long text that a million cells share. Each is measured here first.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

LARGEST_BYTES = 256 * 1024 * 1024
"""Of the file, of its parts unpacked, and of all cell texts together."""
MOST_PARTS = 2000
MOST_CELLS = 16_000_000
"""Cells of the rectangles that all sheets span, counted generously."""

LONGEST_ADDRESS = 12
ByteArray = npt.NDArray[np.uint8]

# Everything that could be a cell's address, wherever it stands: too many only makes the count more careful.
REFERENCE = re.compile(rb"[\s\"']r\s*=\s*[\"']\s*([A-Za-z]*)([0-9]+)")
ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
SHARED = re.compile(rb"<(?:\w+:)?v[^<>]*>\s*([0-9]{1,9})\s*<")
STRING_END = re.compile(rb"</(?:\w+:)?si\s*>|<(?:\w+:)?si\s*/>")


class NotAWorkbook(ValueError):
    """The file is not a workbook that can be read safely; the message says what was expected."""


def clean_parts(data: bytes) -> dict[str, bytes]:
    """Unpack the XML parts of a workbook, by name.

    Raises
    ------
    NotAWorkbook : where it is none, is encrypted or damaged, or would need too much memory.
    """
    _refuse_other_formats(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = dict(_unpacked(archive))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError, LookupError) as error:
        if isinstance(error, NotAWorkbook):
            raise
        raise NotAWorkbook(f"an .xlsx workbook that is whole ({error})") from error
    if "xl/workbook.xml" not in {name.lower() for name in parts}:
        raise NotAWorkbook("an .xlsx workbook; this archive holds none")
    _weigh(parts)
    return parts


def packed(parts: dict[str, bytes]) -> io.BytesIO:
    """Return the parts as an uncompressed archive, in which nothing can differ from what was measured."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    file.seek(0)
    return file


def _refuse_other_formats(data: bytes) -> None:
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise NotAWorkbook("an .xlsx workbook without a password; this is an old .xls file or an encrypted one: save it as .xlsx")
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise NotAWorkbook("an .xlsx workbook; this is a web page or XML file under that name: open it and save it as .xlsx")
    if not data.startswith(b"PK"):
        raise NotAWorkbook("an .xlsx workbook; this file is of another kind: save it as .xlsx")


def _unpacked(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    """Yield the XML parts; pictures, macros and the like are left out unread."""
    infos = archive.infolist()
    if len(infos) > MOST_PARTS:
        raise NotAWorkbook(f"an .xlsx workbook of at most {MOST_PARTS} parts, not {len(infos)}")
    left = LARGEST_BYTES
    for info in infos:
        if not info.filename.lower().endswith((".xml", ".rels")):
            continue
        with archive.open(info) as part:
            data = part.read(left + 1)
        left -= len(data)
        if left < 0:
            raise NotAWorkbook(
                f"an .xlsx workbook of at most {LARGEST_BYTES >> 20} MiB when unpacked; larger tables go into a folder of CSV files"
            )
        if b"\x00" in data:
            raise NotAWorkbook(f"an .xlsx workbook with its parts in UTF-8, unlike {info.filename}")
        yield info.filename, data


def _weigh(parts: dict[str, bytes]) -> None:
    """Refuse sheets that would be far larger in memory than on disk."""
    sheets = {name: data for name, data in parts.items() if CELL.search(data)}
    left = MOST_CELLS
    for name, data in sheets.items():
        rows, columns = _span(data)
        left -= rows * columns
        if left < 0:
            span = f"{name} spans about {rows} rows and {columns} columns"
            raise NotAWorkbook(f"sheets without stray cells far from their tables; clear them ({span})")
    strings = next((data for name, data in parts.items() if name.lower().endswith("sharedstrings.xml")), b"")
    _refuse_long_texts(strings, sheets)


def _span(data: bytes) -> tuple[int, int]:
    """Return at least how many rows and columns a sheet's cells span; those without an address stand after the one before."""
    text = np.frombuffer(data, dtype=np.uint8)
    farthest = _farthest(text)
    if farthest is None or b":c" in data or b":row" in data:
        return _span_of_odd(data)
    tags = np.flatnonzero(text[:-4] == ord("<"))
    rows_at = tags[(text[tags + 1] == ord("r")) & (text[tags + 2] == ord("o")) & (text[tags + 3] == ord("w"))]
    cells_at = tags[(text[tags + 1] == ord("c")) & (text[tags + 2] <= ord(">"))]
    widest = np.diff(np.searchsorted(cells_at, np.concatenate([[0], rows_at, [len(text)]])).astype(np.int64)).max()
    return farthest[0] + len(rows_at), farthest[1] + int(widest)


def _span_of_odd(data: bytes) -> tuple[int, int]:
    """Span of a sheet whose XML is spelt as no spreadsheet program does: the slow way."""
    found, records = set(REFERENCE.findall(data)), ROW.split(data)
    columns = max((column_number(letters) for letters, _ in found), default=0)
    rows = max((int(digits[:LONGEST_ADDRESS]) for _, digits in found), default=0)
    return rows + len(records), columns + max(len(CELL.findall(record)) for record in records)


def _farthest(text: ByteArray) -> tuple[int, int] | None:
    """Return the greatest row and column number of all ``r="AB12"`` in a text, shape (n_bytes,); None if one is spelt with blanks."""
    at = np.flatnonzero(text[1:-4] == ord("r")) + 1
    at = at[(text[at - 1] <= ord("'")) & ((text[at + 1] == ord("=")) | (text[at + 1] <= ord(" ")))] + 3
    if np.any((text[at - 2] != ord("=")) | (text[at - 1] <= ord(" "))):
        return None
    row, column, ended = (np.zeros(len(at), dtype=np.int64) for _ in range(3))
    for step in range(LONGEST_ADDRESS):
        byte = text[np.minimum(at + step, len(text) - 1)].astype(np.int64)
        ended |= byte <= ord("'")
        digit, letter = (byte >= ord("0")) & (byte <= ord("9")) & (ended == 0), (byte >= ord("A")) & (ended == 0)
        row = np.where(digit, row * 10 + byte - ord("0"), row)
        column = np.where(letter, column * 26 + byte % 32, column)
    return int(row.max(initial=0)), int(column.max(initial=0))


def _refuse_long_texts(strings: bytes, sheets: dict[str, bytes]) -> None:
    """Refuse shared texts that the cells repeat beyond measure."""
    ends = np.array([found.end() for found in STRING_END.finditer(strings)], dtype=np.int64)
    lengths = np.diff(ends, prepend=0)
    if not len(lengths) or int(lengths.max()) * sum(data.count(b"<v") + data.count(b":v") for data in sheets.values()) <= LARGEST_BYTES:
        return
    used = np.array([number for data in sheets.values() for number in SHARED.findall(data)], dtype="S9").astype(np.int64)
    if int(lengths[used[used < len(lengths)]].sum()) > LARGEST_BYTES:
        raise NotAWorkbook(f"an .xlsx workbook with at most {LARGEST_BYTES >> 20} MiB of text in its cells")


def column_number(letters: bytes) -> int:
    """Return the number of a column from its letters, A being 1; at most as if it had six letters."""
    number = 0
    for letter in letters.upper()[:6]:
        number = number * 26 + letter - 64
    return number
