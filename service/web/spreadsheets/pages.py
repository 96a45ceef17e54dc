"""A spreadsheet on its way in: sent once, shown as it was understood, corrected and mended in the page, taken in when all is right."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import delete, select
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from catalog import names
from catalog.base import now_utc
from catalog.errors import Conflict, Invalid, NeedsConfirmation, NotFound, fault
from catalog.models import Organisation
from catalog.sheet_models import HeadingMemory, SheetDraft
from catalog.tenancy import check_version, find
from service.auth.permissions import Permission
from service.http.context import Uid
from service.http.problems import Refused
from service.http.routing import perform
from service.uploads.errors import UploadTooLarge, UploadUnreadable
from service.uploads.raw import MOST_BYTES, MOST_ROWS, TooLarge, Unreadable
from service.web.context import PageContext, PageRequest
from service.web.error_texts import words
from service.web.pages import Pages
from service.web.registers.all import REGISTERS
from service.web.spreadsheets import templates
from service.web.spreadsheets.grid import Book, packed, read, text_of, unpacked
from service.web.spreadsheets.interpret import LATE, Part, Problem, interpret, resolve
from service.web.spreadsheets.targets import ORDER, TARGETS, Target
from service.web.texts import mark

pages = Pages("sheets")
LIMIT = MOST_BYTES + 1_000_000
FIRST_ROWS = 5
MOST_SHOWN = 100
KEPT = timedelta(days=14)
YEARS = (-1, 3)
ABOUT: dict[str, str] = {
    "year": mark("Which year are the days without a year in?"),
    "unit": mark("Which unit are the amounts without a unit in?"),
    "rounding": mark("How are fractions of a kilogram rounded?"),
    "past": mark("These days have passed. Which year is meant?"),
}
MEDIA = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _target(visit: PageContext, kind: str) -> Target:
    target = TARGETS.get(kind)
    if target is None:
        raise NotFound("sheet", kind)
    if not visit.principal.may(target.may):
        raise Refused(403, "forbidden", "this account may not take in such a sheet")
    return target


@pages.get("/sheets/{kind}", may=Permission.OWN_ACCOUNT)
def show_upload(visit: PageRequest, kind: str) -> Response:
    """Show how rows come from a spreadsheet."""
    visit.params = {"kind": kind}
    return _upload_form(visit)


def _upload_form(visit: PageContext) -> Response:
    return visit.show("spreadsheets/upload.html", target=_target(visit, visit.params["kind"]))


@pages.post("/sheets/{kind}", may=Permission.OWN_ACCOUNT, body_limit=LIMIT, audited=False, takes_long=True, form=_upload_form)
async def upload(visit: PageRequest, kind: str) -> Response:
    """Keep the cells of a file until they are taken in."""
    visit.params = {"kind": kind}
    file = visit.form.files.get("file")
    if file is None:
        raise Invalid([fault("file", "", "a value")])
    try:
        book = await run_in_threadpool(read, file.content, file.name)
    except Unreadable as error:
        raise UploadUnreadable(f"expected {error}") from error
    except TooLarge as error:
        raise UploadTooLarge(str(error)) from error
    return await run_in_threadpool(perform, visit, visit.rule, lambda: _keep(visit, kind, file.name, file.content, book))


def _keep(visit: PageContext, kind: str, name: str, content: bytes, book: Book) -> Response:
    """Keep a file in work, and drop those that nobody has come back to."""
    _target(visit, kind)
    mine = (SheetDraft.association_id == visit.scope.association_id, SheetDraft.updated_at < now_utc() - KEPT)
    visit.session.execute(delete(SheetDraft).where(*mine))
    draft = SheetDraft(
        association_id=visit.scope.association_id, organisation_id=visit.scope.organisation_id, kind=kind,
        file_name="".join(sign for sign in name if sign.isprintable())[:255] or "file", sha256=hashlib.sha256(content).hexdigest(),
        content=packed(book), said={"base_1904": book.base_1904}, updated_by=visit.by,
    )  # fmt: skip
    visit.session.add(draft)
    visit.session.flush()
    return visit.go(f"/sheets/drafts/{draft.uid}")


def _draft(visit: PageContext, uid: str, *, lock: bool = False) -> SheetDraft:
    """Return a file in work; only who sent it in goes on with it."""
    row = find(visit.session, visit.scope, SheetDraft, uid, lock=lock)
    if row.updated_by != visit.by:
        raise NotFound("sheet draft", uid)
    return row


@pages.get("/sheets/drafts/{uid}", may=Permission.OWN_ACCOUNT)
def show_draft(visit: PageRequest, uid: Uid) -> Response:
    """Show how a file was understood, and what is to be mended."""
    visit.params = {"uid": uid}
    return _show(visit)


def _show(visit: PageContext) -> Response:
    draft = _draft(visit, visit.params["uid"])
    book = unpacked(draft.content)
    parts = interpret(visit, book, draft.said, draft.kind, _memory(visit))
    refused = [Problem(*one[:6]) for one in draft.said.get("refused", [])]
    problems = [*(one for part in parts for one in part.problems), *refused]
    asked: dict[str, int] = {}
    for part in parts:
        for about, count in part.asked.items():
            asked[about] = asked.get(about, 0) + count
    year = now_utc().year
    return visit.show(
        "spreadsheets/draft.html",
        draft=draft, parts=parts, book=book, problems=problems[:MOST_SHOWN], n_problems=len(problems), asked=asked, about=ABOUT,
        years=[(str(one), str(one)) for one in range(year + YEARS[0], year + YEARS[1])],
        kinds=[("", visit.say("Leave this sheet out")), *((key, visit.say(TARGETS[key].title)) for key in ORDER
               if visit.principal.may(TARGETS[key].may))],
        text_of=text_of, first_rows=FIRST_ROWS, column=_letter, say=lambda text: words(text, visit),
        label=lambda part, name: visit.say(next(one.label for one in part.target.fields if one.name == name)),
        part_of={part.place: part for part in parts}, options_of=_options_of(visit, parts), ready=_is_ready(parts),
        rows=sum(len(part.records) for part in parts), links="links" in book.notices,
    )  # fmt: skip


def _options_of(visit: PageContext, parts: list[Part]) -> dict[int, dict[str, Any]]:
    """Return the options of needed fields that no column holds, by sheet."""
    return {part.place: part.target.options(visit) if part.missing and part.target else {} for part in parts}


def _is_ready(parts: list[Part]) -> bool:
    clean = all(not part.problems and not part.missing and not part.asked for part in parts)
    return clean and any(part.records for part in parts)


def _letter(column: int) -> str:
    """Return the letters by which spreadsheets call a column."""
    letters = ""
    column += 1
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _memory(visit: PageContext) -> dict[str, dict[str, str]]:
    """Return what headings mean to the visitor's organisation."""
    number = visit.scope.organisation_id
    query = select(HeadingMemory).where(HeadingMemory.association_id == visit.scope.association_id)
    query = query.where(HeadingMemory.organisation_id.is_(None) if number is None else HeadingMemory.organisation_id == number)
    found: dict[str, dict[str, str]] = {}
    for row in visit.session.scalars(query):
        found.setdefault(row.kind, {})[row.heading] = row.field
    return found


@pages.post("/sheets/drafts/{uid}", may=Permission.OWN_ACCOUNT, audited=False, form=_show)
def mend(visit: PageRequest, uid: Uid) -> Response:
    """Keep what was corrected and mended; take the file in if that is asked for and all is right."""
    draft = _draft(visit, uid, lock=True)
    version = visit.form.get("version")
    check_version(draft, int(version) if version.isdecimal() else None)
    if visit.form.get("do") == "discard":
        visit.session.delete(draft)
        return visit.go(TARGETS[draft.kind].after, visit.say("The file is discarded. Nothing was taken in."), "info")
    book = unpacked(draft.content)
    said = _said(visit, draft.said)
    draft.said, draft.updated_at = said, now_utc()
    visit.session.flush()
    parts = interpret(visit, book, said, draft.kind, _memory(visit))
    if _remember(visit, parts, said):
        parts = interpret(visit, book, said, draft.kind, _memory(visit))
    if visit.form.get("do") != "take" or not _is_ready(parts):
        return visit.go(f"/sheets/drafts/{uid}")
    return _take(visit, draft, parts)


CELL = re.compile(r"cell-(\d+)-(\d+)-(\w+)$")


def _said(visit: PageContext, held: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was said of a file before and now."""
    said: dict[str, Any] = {**held, "refused": []}
    kinds, columns, defaults, cells = (dict(said.get(name, {})) for name in ("kinds", "columns", "defaults", "cells"))
    skip, confirmed = set(said.get("skip", [])), set(said.get("confirmed", []))
    for name, text in visit.form:
        text = text.strip()
        if name.startswith("kind-"):
            kinds[name.removeprefix("kind-")] = text
        elif found := re.fullmatch(r"column-(\d+)-(\d+)", name):
            columns[found[1]] = {**columns.get(found[1], {}), found[2]: text}
        elif found := re.fullmatch(r"default-(\d+)-(\w+)", name):
            defaults[found[1]] = {**defaults.get(found[1], {}), found[2]: text}
        elif (found := CELL.match(name)) and text:
            cells[f"{found[1]}:{found[2]}:{found[3]}"] = text
        elif (found := re.fullmatch(r"(skip|confirm)-(\d+)-(\d+)", name)) and text:
            (skip if found[1] == "skip" else confirmed).add(f"{found[2]}:{found[3]}")
    for name in ("unit", "rounding", "past"):
        said[name] = visit.form.get(name) or said.get(name, "")
    year = visit.form.get("year")
    said["year"] = int(year) if year.isdecimal() else said.get("year")
    return {
        **said,
        "kinds": kinds,
        "columns": columns,
        "defaults": defaults,
        "cells": cells,
        "skip": sorted(skip),
        "confirmed": sorted(confirmed),
    }


def _remember(visit: PageContext, parts: list[Part], said: Mapping[str, Any]) -> bool:
    """Keep what headings mean, as it was just confirmed, for the next file of this organisation; return whether that is news."""
    is_news = False
    scope = visit.scope
    for part in parts:
        corrected = said["columns"].get(str(part.place), {})
        for column, field in corrected.items():
            heading = part.table.headings[int(column)] if part.target and int(column) < len(part.table.headings) else ""
            if not heading or part.target is None:
                continue
            mine = (
                HeadingMemory.association_id == scope.association_id,
                HeadingMemory.kind == part.target.key,
                HeadingMemory.heading == heading[:300],
            )
            own = (
                HeadingMemory.organisation_id.is_(None)
                if scope.organisation_id is None
                else HeadingMemory.organisation_id == scope.organisation_id
            )
            row = visit.session.scalars(select(HeadingMemory).where(*mine, own)).one_or_none()
            if row is None:
                row = HeadingMemory(association_id=scope.association_id, organisation_id=scope.organisation_id, kind=part.target.key,
                                    heading=heading[:300], field=field)  # fmt: skip
                visit.session.add(row)
                is_news = True
            is_news = is_news or row.field != field
            row.field = field
    visit.session.flush()
    return is_news


def _take(visit: PageContext, draft: SheetDraft, parts: list[Part]) -> Response:
    """Take in every row of every sheet, or none; what is refused is shown beside its row."""
    refused: list[Problem] = []
    counts = {"new": 0, "changed": 0, "same": 0}
    told = len(visit.deeds)
    with visit.session.begin_nested() as trial:
        for part in sorted((one for one in parts if one.target), key=lambda one: ORDER.index(one.target.key if one.target else "")):
            refused += _take_part(visit, part, counts)
        if refused:
            trial.rollback()
    if refused:
        del visit.deeds[told:]
        visit.session.expire_all()
        draft = _draft(visit, draft.uid)
        listed = [[one.sheet, one.row, one.column, one.field, one.text, one.expected] for one in refused]
        draft.said = {**draft.said, "refused": listed}
        visit.session.flush()
        return visit.go(f"/sheets/drafts/{draft.uid}", visit.say("Some rows can't be taken in yet. Nothing was saved."), "warn")
    visit.note("sheet.take", "sheet_draft", draft.uid, None, {"file": draft.file_name, **counts})
    after = TARGETS[draft.kind].after
    visit.session.delete(draft)
    said = visit.say("%(new)s new rows, %(changed)s changed, %(same)s as they were.", **counts)
    return visit.go(after, said)


def _take_part(visit: PageContext, part: Part, counts: dict[str, int]) -> list[Problem]:
    """Take in the rows of one sheet; return what is refused."""
    assert part.target is not None
    refused: list[Problem] = []
    made = _made(visit, part)
    taker = part.target.taker(visit)
    # A group may name a cooperative that stands below it.
    for place, values in sorted(part.records, key=lambda one: one[1].get("kind") == "group"):
        sponsor = str(values.get("sponsor") or "")
        if sponsor.startswith(LATE) and names.search_key(sponsor.removeprefix(LATE)) not in made:
            taker.finish()
            made = _made(visit, part)
        try:
            counts[taker.take(resolve(values, made))] += 1
        except NeedsConfirmation as doubt:
            refused.append(Problem(part.place, place, -2, doubt.field.partition(",")[0], "", doubt.doubt))
        except Invalid as invalid:
            refused += [_problem(part, place, one.field, one.value, one.expected) for one in invalid.faults]
        except (Conflict, NotFound, ValueError) as error:
            refused.append(_problem(part, place, part.target.fields[0].name, "", str(error)))
    taker.finish()
    return refused


def _made(visit: PageContext, part: Part) -> dict[str, str]:
    """Return the uids of the association's organisations by their names, where rows name some that came with the workbook."""
    late = any(isinstance(held, str) and held.startswith(LATE) for _, values in part.records for held in values.values())
    if not late:
        return {}
    query = select(Organisation.search_key, Organisation.uid).where(Organisation.association_id == visit.scope.association_id)
    return dict(visit.session.execute(query.where(Organisation.closed_on.is_(None))).all())


def _problem(part: Part, place: int, name: str, text: str, expected: str) -> Problem:
    """Return a refusal at the cell of its field, as far as a column holds it."""
    assert part.target is not None
    first = re.split(r"[,.]", name)[0]
    known = {one.name for one in part.target.fields}
    field = {"quantity_kg": "amount", "products": "product"}.get(first, first)
    field = field if field in known else part.target.fields[0].name
    column = next((column for column, held in part.table.columns.items() if held == field), -1)
    return Problem(part.place, place, column, field, text, expected)


@pages.get("/sheets/{kind}/workbook", may=Permission.OWN_ACCOUNT)
def get_workbook(visit: PageRequest, kind: str) -> Response:
    """Return the rows of a register, those that are searched for, as a workbook that comes back."""
    target, register = _target(visit, kind), next((one for one in REGISTERS if one.key == kind), None)
    if register is None:
        raise NotFound("sheet", kind)
    asked = dict(parse_qsl(visit.query))
    query = register.rows(visit, asked.get("q", "")[:100], asked).order_by(*register.order).limit(MOST_ROWS)
    content = templates.workbook(visit, target, register.values(visit, list(visit.session.scalars(query))))
    return Response(content, media_type=MEDIA, headers={"content-disposition": f'attachment; filename="{kind}.xlsx"'})


@pages.get("/sheets/{kind}/template", may=Permission.OWN_ACCOUNT)
def get_template(visit: PageRequest, kind: str) -> Response:
    """Return an empty workbook with headings, lists to choose from and a row that shows how."""
    target = _target(visit, kind)
    content = templates.workbook(visit, target, [])
    return Response(content, media_type=MEDIA, headers={"content-disposition": f'attachment; filename="{names.search_key(kind)}.xlsx"'})
