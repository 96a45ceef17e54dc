"""From an uploaded file to the columns of a table, before any database is asked."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from matching.io.issues import Issues
from service.uploads.cells import Decimal
from service.uploads.csv_text import ENCODINGS, SEPARATORS, read_text
from service.uploads.errors import UploadTooLarge, UploadUnreadable
from service.uploads.raw import MOST_BYTES, MOST_COLUMNS, MOST_ROWS, Sheet, TooLarge, Unreadable
from service.uploads.tables import SCHEMAS, Read, understand
from service.uploads.workbooks import read_workbook

SHEET_OF = {"lots": "lots", "demands": "demands"}


class Media(StrEnum):
    """In what form an upload comes."""

    CSV = "text/csv"
    JSON = "application/json"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Said:
    """What the uploader says of the file; None where it shall be found out."""

    encoding: str | None = None
    separator: str | None = None
    decimal: Decimal | None = None


SAID_NOTHING = Said()


@dataclass(frozen=True)
class Prepared:
    """An upload that was read: its table, its faults so far, and the digest that it is known by."""

    table: str
    file_name: str
    sha256: str
    read: Read
    issues: Issues


def prepare(table: str, content: bytes, media: Media, file_name: str, said: Said = SAID_NOTHING) -> Prepared:
    """Read an upload.

    Parameters
    ----------
    table : ``lots`` or ``demands``.

    Raises
    ------
    UploadUnreadable
        If there is no table in it.
    UploadTooLarge
        If it is larger than 50 MB or 200,000 rows.
    """
    if len(content) > MOST_BYTES:
        raise UploadTooLarge(f"at most {MOST_BYTES:,} bytes at one time")
    issues = Issues((table,))
    try:
        read = understand(table, _sheet(table, content, media, said), issues, said.decimal)
    except Unreadable as error:
        raise UploadUnreadable(f"expected {error}") from error
    except TooLarge as error:
        raise UploadTooLarge(str(error)) from error
    return Prepared(table, file_name[:255] or "upload", hashlib.sha256(content).hexdigest(), read, issues)


def _sheet(table: str, content: bytes, media: Media, said: Said) -> Sheet:
    if media is Media.JSON:
        return _of_json(content, SCHEMAS[table].names)
    if media is Media.XLSX:
        return read_workbook(content, SHEET_OF[table])
    if said.encoding not in (None, *ENCODINGS) or said.separator not in (None, *SEPARATORS):
        raise Unreadable(f"an encoding of {', '.join(ENCODINGS)}, and a separator of {', '.join(SEPARATORS.values())}")
    return read_text(content, frozenset(SCHEMAS[table].names), said.encoding, said.separator)


def _of_json(content: bytes, names: tuple[str, ...]) -> Sheet:
    """Return the rows of a list of objects, numbered as if a spreadsheet held them below its header."""
    try:
        given = orjson.loads(content)
        json.loads(content, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"JSON, each name once in an object ({str(error)[:100]})") from error
    rows = given.get("rows") if isinstance(given, dict) and set(given) == {"rows"} else given
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unreadable('a list of objects, one for each row, or {"rows": [...]}')
    if len(rows) > MOST_ROWS:
        raise TooLarge(f"at most {MOST_ROWS:,} rows at one time")
    titles = list(dict.fromkeys([*names, *(name for row in rows for name in row)]))
    if len(titles) > MOST_COLUMNS:
        raise Unreadable(f"objects with the members {', '.join(names)}")
    numbered = [(number, [_cell(row.get(title)) for title in titles]) for number, row in enumerate(rows, 2)]
    return Sheet([(1, titles), *numbered])


def _once(pairs: list[tuple[str, Any]]) -> None:
    """Refuse an object that says one thing twice, of which another reader might take the other."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name stands twice")


def _cell(value: Any) -> Any:
    """Return a member as a cell; a list of texts becomes the format's list."""
    if isinstance(value, list) and all(isinstance(part, str) and ";" not in part for part in value):
        return ";".join(value)
    if isinstance(value, (list, dict)):
        return orjson.dumps(value).decode()[:80]
    return value
