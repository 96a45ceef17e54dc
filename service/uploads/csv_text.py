"""CSV as people's programs write it: in some encoding, with some separator."""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from collections.abc import Iterator

from service.uploads.raw import LONGEST_CELL, MOST_COLUMNS, MOST_ROWS, Sheet, TooLarge, Unreadable

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""With these begins what spreadsheet programs take for a formula; `service.sheets` writes an apostrophe before it."""
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
ENCODINGS = ("utf-8", "utf-16", "cp1258")
"""What an uploader may say that a file is in."""
PROBED_LINES = 30


def read_text(content: bytes, known: frozenset[str], encoding: str | None = None, separator: str | None = None) -> Sheet:
    """Return the rows of a CSV file.

    Parameters
    ----------
    known : names of the columns, by which the separator is recognised.
    encoding, separator : as the uploader says; found out where he doesn't.

    Raises
    ------
    Unreadable
        If it isn't text in an encoding that is known, or its quotes don't close.
    TooLarge
        If there are more than 200,000 rows.
    """
    text, found, sure = _decoded(content, encoding)
    mark = separator or _separator(text, known)
    notes = [f"read as {found}, separated by {SEPARATORS.get(mark, mark)}"]
    return Sheet(list(_rows(text, mark)), notes, {} if sure else {"encoding": found})


def _decoded(content: bytes, given: str | None) -> tuple[str, str, bool]:
    """Return the text, its encoding, and whether that is certain."""
    marked = next((name for mark, name in MARKS if content.startswith(mark)), None)
    guess = marked or _silent_utf16(content)
    for name in [given] if given else [guess] if guess else ["utf-8", "cp1258"]:
        try:
            # Windows' Vietnamese writes a letter and its tone apart.
            return unicodedata.normalize("NFC", content.decode(name)), name.removesuffix("-sig"), name != "cp1258" or given is not None
        except UnicodeDecodeError:
            continue
    wanted = f"text in {given or 'UTF-8'}"
    raise Unreadable(f"{wanted}: save the file as 'CSV UTF-8', or say its encoding: {', '.join(ENCODINGS)}")


def _silent_utf16(content: bytes) -> str | None:
    """Recognise UTF-16 without its mark: every second byte of plain letters is zero."""
    start = content[:400]
    if len(start) < 4:
        return None
    if start[1::2].count(0) > len(start) // 4:
        return "utf-16-le"
    return "utf-16-be" if start[0::2].count(0) > len(start) // 4 else None


def _separator(text: str, known: frozenset[str]) -> str:
    """Return the separator by which most of the known columns are found."""
    lines = text[:20_000].splitlines()[:PROBED_LINES]

    def found(mark: str) -> int:
        return max((len({cell.strip().strip('"').casefold() for cell in line.split(mark)} & known) for line in lines), default=0)

    return max(SEPARATORS, key=found)


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows, stopping at the first beyond the limit."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if number > MOST_ROWS + 1:
                raise TooLarge(f"at most {MOST_ROWS:,} rows at one time")
            if len(cells) > MOST_COLUMNS:
                raise Unreadable(f"at most {MOST_COLUMNS} columns; row {number} has {len(cells)}")
            if any(len(cell) > LONGEST_CELL for cell in cells):
                raise Unreadable(f"cells of at most {LONGEST_CELL:,} characters; row {number} has a longer one")
            yield number, [_meant(cell) for cell in cells]
    except csv.Error as error:
        raise Unreadable(f"a record whose quotes are closed, and doubled inside; row {number + 1}: {error}") from error


def _meant(cell: str) -> str:
    """Take away the mark that keeps spreadsheet programs from running a text as a formula."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_SIGNS) else cell
