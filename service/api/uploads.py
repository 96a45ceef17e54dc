"""Lots and demand lines by the thousand: CSV, JSON or a workbook, all rows or none, with every faulty cell named."""

from __future__ import annotations

import csv
import io
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as StarletteRefusal
from starlette.formparsers import MultiPartException
from starlette.responses import Response

from catalog import names
from service.auth.permissions import Permission
from service.db import now
from service.http.context import Writing
from service.http.problems import ErrorItem, Refused, say
from service.http.routing import Api, perform, rule_of
from service.http.shapes import Out
from service.uploads.cells import Decimal
from service.uploads.errors import UploadRefused, UploadTooLarge, UploadUnreadable
from service.uploads.importing import Sorter, Taken, Wanted, Writer, take_in
from service.uploads.lines import sort_lines, write_lines
from service.uploads.lots import sort_lots, write_lots
from service.uploads.raw import MOST_BYTES
from service.uploads.reading import Media, Prepared, Said, prepare

api = Api("uploads", "Lots and demand lines by the thousand, with the columns of the exchange format: all rows are taken in, or none.")
say(UploadTooLarge, 413)
say(UploadUnreadable, 422)
ENVELOPE_BYTES = 64 * 1024
"""What a form may add to the file that it carries."""
FORM = "multipart/form-data"
STEPS: dict[str, tuple[Sorter, Writer]] = {"lots": (sort_lots, write_lots), "demands": (sort_lines, write_lines)}
CSV_EXAMPLES = {
    "lots": "lot_id,site_id,supplier_id,product,grade,quantity_kg,available_from,available_until,shelf_life_days,ask_vnd_per_kg\n"
    "L-17,phi-dien,phi-dien,vải thiều,1,1200,2027-06-07,2027-06-09,7,15000\n",
    "demands": "line_id,buyer_id,site_id,product,max_grade,quantity_kg,deliver_from,deliver_until,bid_vnd_per_kg\n"
    "D-4,GO!,go-ha-noi,vải thiều,1,800,2027-06-08,2027-06-09,27000\n",
}


class Separator(StrEnum):
    """What stands between the cells of a CSV file."""

    COMMA = "comma"
    SEMICOLON = "semicolon"
    TAB = "tab"
    BAR = "bar"


SIGNS = {Separator.COMMA: ",", Separator.SEMICOLON: ";", Separator.TAB: "\t", Separator.BAR: "|"}


class Encoding(StrEnum):
    """How the letters of a CSV file are written as bytes."""

    UTF_8 = "utf-8"
    UTF_16 = "utf-16"
    CP1258 = "cp1258"


class UploadOut(Out):
    """What an upload did, or, as a dry run, would do."""

    uid: str | None = Field(description="Names this upload; absent after a dry run.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    new: int = Field(description="Rows that are new.", examples=[120])
    changed: int = Field(description="Rows of a known code that changed.", examples=[3])
    same: int = Field(description="Rows that were there already, just so.", examples=[0])
    notes: list[str] = Field(
        description="How the file was read, and what seems odd about it.", examples=[["read as utf-8, separated by semicolon"]]
    )
    preview: list[dict[str, str]] = Field(
        description="The first rows as they were understood.", examples=[[{"lot_id": "L-17", "quantity_kg": "1200"}]]
    )


DryRun = Annotated[bool, Query(description="Only say what would happen.", examples=[True])]
Force = Annotated[bool, Query(description="Take in a file that has been taken in before.", examples=[False])]
Confirmed = Annotated[bool, Query(description="Unusual quantities, past days and a guessed encoding are meant.", examples=[False])]
FileName = Annotated[str, Query(max_length=255, description="What the file is called.", examples=["tuan-23.csv"])]
Decimals = Annotated[
    Decimal | None, Query(description="The sign before decimals; seen from the file where it isn't said.", examples=["comma"])
]
Separated = Annotated[
    Separator | None, Query(description="What separates cells; seen from the file where it isn't said.", examples=["semicolon"])
]
Encoded = Annotated[Encoding | None, Query(description="The encoding; seen from the file where it isn't said.", examples=["utf-8"])]


def _example_rows(table: str) -> list[dict[str, int | str]]:
    """Return the example of a table as JSON bears it: numbers as numbers."""
    rows = csv.DictReader(io.StringIO(CSV_EXAMPLES[table]))
    return [{name: int(text) if text.isdigit() else text for name, text in row.items()} for row in rows]


def _body(table: str) -> dict[str, Any]:
    """Describe the body of an upload."""
    binary = {"type": "string", "format": "binary"}
    row = {"type": "object", "additionalProperties": True, "description": "A row: columns of the exchange format and their values."}
    # An object, for generated clients stumble over a bare list among several kinds of body; a bare list is understood all the same.
    rows = {"type": "object", "properties": {"rows": {"type": "array", "items": row}}, "required": ["rows"], "additionalProperties": False}
    return {
        "requestBody": {
            "required": True,
            "description": f"The table `{table}` of the exchange format, up to 50 MB and 200,000 rows. The header may stand in one of the "
            "first 20 rows.",
            "content": {
                Media.CSV.value: {"schema": {"type": "string"}, "example": CSV_EXAMPLES[table]},
                Media.JSON.value: {"schema": rows, "example": {"rows": _example_rows(table)}},
                Media.XLSX.value: {"schema": binary},
                FORM: {
                    "schema": {"type": "object", "properties": {"file": binary}, "required": ["file"]},
                    "encoding": {"file": {"contentType": ", ".join(Media)}},
                },
            },
        }
    }


@api.post(
    "/uploads/lots",
    may=Permission.LOTS_WRITE,
    body_limit=MOST_BYTES + ENVELOPE_BYTES,
    takes_long=True,
    audited=False,
    openapi_extra=_body("lots"),
)
async def upload_lots(
    asked: Writing,
    request: Request,
    dry_run: DryRun = False,
    force: Force = False,
    confirmed: Confirmed = False,
    file_name: FileName = "",
    decimal: Decimals = None,
    separator: Separated = None,
    encoding: Encoded = None,
) -> UploadOut:
    """Upload lots.

    New codes are declared, known ones revised, equal ones left alone. The answer to a faulty upload lists up to 1,000 cells with row,
    column and what is expected. The same file a second time is refused with `already_imported`, unless `force`.
    """
    said = Said(encoding, separator and SIGNS[separator], decimal)
    return await _taken(asked, request, "lots", said, Wanted(dry_run, force, confirmed), file_name)  # type: ignore[return-value]


@api.post(
    "/uploads/demands",
    may=Permission.DEMAND_WRITE,
    body_limit=MOST_BYTES + ENVELOPE_BYTES,
    takes_long=True,
    audited=False,
    openapi_extra=_body("demands"),
)
async def upload_demands(
    asked: Writing,
    request: Request,
    dry_run: DryRun = False,
    force: Force = False,
    confirmed: Confirmed = False,
    file_name: FileName = "",
    decimal: Decimals = None,
    separator: Separated = None,
    encoding: Encoded = None,
) -> UploadOut:
    """Upload demand lines; see the upload of lots."""
    said = Said(encoding, separator and SIGNS[separator], decimal)
    return await _taken(asked, request, "demands", said, Wanted(dry_run, force, confirmed), file_name)  # type: ignore[return-value]


async def _taken(asked: Writing, request: Request, table: str, said: Said, wanted: Wanted, file_name: str) -> Response:
    """Read the file before the transaction, so that a slow one keeps nobody waiting, then take it in."""
    content, media, name = await _content(request)
    shown = names.storable("".join(c for c in (file_name or name) if c.isprintable()))
    prepared = await run_in_threadpool(prepare, table, content, media, shown, said)
    rule = rule_of(request.scope["route"])
    return await run_in_threadpool(perform, asked, rule, lambda: _out(take(asked, prepared, wanted)))


async def _content(request: Request) -> tuple[bytes, Media, str]:
    """Return the file, its kind and its name."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        return await request.body(), media_of(kind, ""), ""
    try:
        async with request.form(max_files=1, max_fields=1, max_part_size=ENVELOPE_BYTES) as form:
            file = form.get("file")
            if file is None or isinstance(file, str):
                raise Refused(422, "bad_form", "a form with one file, named file", errors=[ErrorItem(pointer="/file", message="a file")])
            content, name, said = await file.read(), file.filename or "", file.content_type or ""
    except (MultiPartException, StarletteRefusal) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(422, "bad_form", "not a form with one file") from None
    return content, media_of(said.partition(";")[0].strip().lower(), name), name


def media_of(kind: str, name: str) -> Media:
    """Return the kind of a file by what the sender says, or, in a form, by its name."""
    endings = {".csv": Media.CSV, ".txt": Media.CSV, ".json": Media.JSON, ".xlsx": Media.XLSX}
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    if ending in endings:
        return endings[ending]
    if kind in set(Media):
        return Media(kind)
    wanted = ", ".join([*Media, FORM])
    raise Refused(415, "unsupported_media_type", f"send {wanted}", headers={"Accept": wanted})


def take(asked: Writing, prepared: Prepared, wanted: Wanted) -> Taken:
    """Take a prepared upload in, or say what would happen, and note it in the trail."""
    sort, write = STEPS[prepared.table]
    try:
        done = take_in(asked.session, asked.scope, prepared, wanted, asked.by, now(asked.session), sort=sort, write=write)
    except UploadRefused as refused:
        raise _listed(refused) from None
    if done.uid is not None:
        facts = {"file": prepared.file_name, "new": done.new, "changed": done.changed, "sha256": prepared.sha256}
        asked.note(f"upload.{prepared.table}", "import_batch", done.uid, after=facts)
    return done


def _listed(refused: UploadRefused) -> Refused:
    """Return the refusal with its cells, up to a thousand."""
    items = [
        ErrorItem(table=issue.table, row=issue.row or None, column=issue.column or None, value=issue.value or None, message=issue.expected)
        for issue in refused.issues
    ]
    return Refused(422, refused.code, str(refused), errors=items, facts={"errors": refused.total})


def _out(done: Taken) -> UploadOut:
    return UploadOut(uid=done.uid, new=done.new, changed=done.changed, same=done.same, notes=done.notes, preview=done.preview)
