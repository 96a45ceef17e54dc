"""Lots and demand lines from Excel: the template, the file, and each faulty cell in its own words."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from catalog.errors import Invalid, fault
from service import sheets
from service.api import uploads as api
from service.auth.permissions import Permission
from service.http.problems import ErrorItem
from service.http.routing import perform
from service.uploads.importing import Wanted
from service.uploads.raw import MOST_BYTES
from service.uploads.reading import Media, Prepared, prepare
from service.web.context import PageContext, PageRequest
from service.web.error_texts import words
from service.web.pages import Pages
from service.web.texts import mark

pages = Pages("uploads")
LIMIT = MOST_BYTES + api.ENVELOPE_BYTES
MOST_SHOWN = 200
COLUMNS: dict[str, str] = {
    "lot_id": mark("Code of the lot"),
    "site_id": mark("Code of the site"),
    "supplier_id": mark("Code of the cooperative"),
    "product": mark("Product"),
    "grade": mark("Grade"),
    "quantity_kg": mark("Quantity, kg"),
    "available_from": mark("First day of pick-up"),
    "available_until": mark("Last day of pick-up"),
    "cut_on_pickup": mark("Harvested for the pick-up"),
    "shelf_life_days": mark("Days that it keeps"),
    "ask_vnd_per_kg": mark("Floor price, đồng per kg"),
    "min_take_kg": mark("Least amount for one buyer, kg"),
    "indivisible": mark("To one buyer, all of it"),
    "cold": mark("Needs cold"),
    "litres_per_kg": mark("Litres per kg"),
    "harvest_id": mark("Code of the harvest: its grades are picked up on one day"),
    "low_kg": mark("Least harvest to expect, kg: nine in ten bring more"),
    "high_kg": mark("Largest harvest to expect, kg: one in ten brings more"),
    "line_id": mark("Code of the line"),
    "buyer_id": mark("Code of the buyer"),
    "max_grade": mark("Lowest grade"),
    "requires": mark("Certificates asked for"),
    "deliver_from": mark("First day of delivery"),
    "deliver_until": mark("Last day of delivery"),
    "min_life_days": mark("Least days that it still keeps"),
    "bid_vnd_per_kg": mark("Price, đồng per kg"),
    "min_fill_kg": mark("Least amount in all, kg"),
    "max_suppliers": mark("Most suppliers"),
    "min_supplier_kg": mark("Least amount of one supplier, kg"),
    "short_vnd_per_kg": mark("Penalty for what is missing, đồng per kg"),
}
"""What the columns of the exchange format mean."""


@pages.get("/uploads/lots", may=Permission.LOTS_WRITE)
def show_lots(visit: PageRequest) -> Response:
    """Show how lots come from Excel."""
    return _lots(visit)


@pages.get("/uploads/demands", may=Permission.DEMAND_WRITE)
def show_demands(visit: PageRequest) -> Response:
    """Show how demand lines come from Excel."""
    return _demands(visit)


def _lots(visit: PageContext) -> Response:
    return _form(visit, "lots")


def _demands(visit: PageContext) -> Response:
    return _form(visit, "demands")


def _form(visit: PageContext, table: str) -> Response:
    items = visit.problem.errors if visit.problem else []
    errors = [(one, _column(visit, one), words(one.message, visit)) for one in items[:MOST_SHOWN] if one.row or one.column]
    return visit.show("uploads.html", table=table, errors=errors, total=visit.problem.facts.get("errors", 0) if visit.problem else 0)


def _column(visit: PageContext, item: ErrorItem) -> str:
    return visit.say(COLUMNS[item.column]) if item.column in COLUMNS else (item.column or "")


@pages.post("/uploads/lots", may=Permission.LOTS_WRITE, body_limit=LIMIT, audited=False, takes_long=True, form=_lots)
async def upload_lots(visit: PageRequest) -> Response:
    """Take in lots from a file, all of them or none."""
    return await _take(visit, "lots", "/lots")


@pages.post("/uploads/demands", may=Permission.DEMAND_WRITE, body_limit=LIMIT, audited=False, takes_long=True, form=_demands)
async def upload_demands(visit: PageRequest) -> Response:
    """Take in demand lines from a file, all of them or none."""
    return await _take(visit, "demands", "/demand")


async def _take(visit: PageContext, table: str, after: str) -> Response:
    """Read the file before the transaction, so that a slow one keeps nobody waiting, then take it in."""
    file = visit.form.files.get("file")
    if file is None:
        raise Invalid([fault("file", "", "a value")])
    media = api.media_of(file.kind, file.name)
    prepared = await run_in_threadpool(prepare, table, file.content, media, "".join(c for c in file.name if c.isprintable()))
    wanted = Wanted(force="force" in visit.form, confirmed="confirmed" in visit.form)
    return await run_in_threadpool(perform, visit, visit.rule, lambda: _taken(visit, prepared, wanted, after))


def _taken(visit: PageContext, prepared: Prepared, wanted: Wanted, after: str) -> Response:
    done = api.take(visit, prepared, wanted)
    said = visit.say("%(new)s new rows, %(changed)s changed, %(same)s as they were.", new=done.new, changed=done.changed, same=done.same)
    return visit.go(after, said)


@pages.get("/uploads/lots/template", may=Permission.LOTS_WRITE)
def get_lots_template(visit: PageRequest) -> Response:
    """Return a workbook with one's lots, to go on writing in."""
    return workbook(sheets.lots(visit.session, visit.scope), "lots", visit)


@pages.get("/uploads/demands/template", may=Permission.DEMAND_WRITE)
def get_demands_template(visit: PageRequest) -> Response:
    """Return a workbook with one's demand lines, to go on writing in."""
    return workbook(sheets.demands(visit.session, visit.scope), "demands", visit)


def workbook(table: sheets.Table, name: str, visit: PageContext) -> Response:
    """Return a table as a workbook, with a second sheet that says what each column means."""
    meanings: list[list[str | int | float]] = [[column, visit.say(COLUMNS[column])] for column in table.header]
    content = sheets.as_workbook(table, name, {visit.say("Columns"): sheets.Table([visit.say("Column"), visit.say("Meaning")], meanings)})
    headers = {**visit.headers, "content-disposition": f'attachment; filename="{name}.xlsx"'}
    return Response(content, media_type=Media.XLSX.value, headers=headers)
