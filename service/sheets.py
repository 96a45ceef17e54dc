"""Lots and demand lines as tables for people's spreadsheet programs, with the columns of the exchange format.

Nothing in them is ever run: a text that begins like a formula gets an apostrophe in CSV, and is written as a text in a workbook.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import xlsxwriter
from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session, aliased

from buyers.models import DemandLine, LineProduct, LineRequirement
from catalog.models import ForecastRevision, Lot, Organisation, Product, Site
from catalog.tenancy import Scope, conditions
from matching.io.schema import DATE_COLUMNS
from service.uploads.csv_text import FORMULA_SIGNS

MOST_ROWS = 200_000


@dataclass(frozen=True)
class Table:
    """A header and rows: texts and numbers, empty texts for what isn't there."""

    header: list[str]
    rows: list[list[str | int | float]]


def lots(session: Session, scope: Scope, first: date | None = None, last: date | None = None) -> Table:
    """Return the lots that a scope sees, in the order of their entry; one more than may be exported where there are too many."""
    supplier, forecast = aliased(Organisation), aliased(ForecastRevision)
    columns = {
        "lot_id": Lot.code, "site_id": Site.code, "supplier_id": supplier.code, "product": Product.code, "grade": Lot.grade,
        "quantity_kg": Lot.quantity_kg, "available_from": Lot.available_from, "available_until": Lot.available_until,
        "cut_on_pickup": Lot.cut_on_pickup, "shelf_life_days": Lot.shelf_life_days, "ask_vnd_per_kg": Lot.ask_vnd_per_kg,
        "min_take_kg": Lot.min_take_kg, "indivisible": Lot.indivisible, "cold": Lot.cold, "litres_per_kg": Lot.litres_per_kg,
        "harvest_id": Lot.harvest, "low_kg": forecast.low_kg, "high_kg": forecast.high_kg,
    }  # fmt: skip
    newest = select(func.max(ForecastRevision.id)).where(ForecastRevision.lot_id == Lot.id).correlate(Lot).scalar_subquery()
    query = select(*columns.values()).select_from(Lot).join(Site, Site.id == Lot.site_id).join(supplier, supplier.id == Lot.organisation_id)
    query = query.join(Product, Product.id == Lot.product_id).where(*conditions(Lot, scope))
    query = query.outerjoin(forecast, and_(forecast.id == newest, forecast.low_kg < forecast.high_kg))
    return _table(session, query, list(columns), Lot, (Lot.available_from, Lot.available_until), first, last)


def demands(session: Session, scope: Scope, first: date | None = None, last: date | None = None) -> Table:
    """Return the demand lines that a scope sees; see `lots`."""
    columns = {
        "line_id": DemandLine.code, "buyer_id": Organisation.code, "site_id": Site.code, "product": DemandLine.id,
        "max_grade": DemandLine.max_grade, "requires": DemandLine.id.label("requires"), "quantity_kg": DemandLine.quantity_kg,
        "deliver_from": DemandLine.deliver_from, "deliver_until": DemandLine.deliver_until, "min_life_days": DemandLine.min_life_days,
        "bid_vnd_per_kg": DemandLine.bid_vnd_per_kg, "min_fill_kg": DemandLine.min_fill_kg, "max_suppliers": DemandLine.max_suppliers,
        "min_supplier_kg": DemandLine.min_supplier_kg, "short_vnd_per_kg": DemandLine.short_vnd_per_kg,
    }  # fmt: skip
    query = select(*columns.values()).join(Site, Site.id == DemandLine.site_id)
    query = query.join(Organisation, Organisation.id == DemandLine.organisation_id).where(*conditions(DemandLine, scope))
    made = _table(session, query, list(columns), DemandLine, (DemandLine.deliver_from, DemandLine.deliver_until), first, last)
    _name_entries(session, scope, made)
    return made


def _table(
    session: Session,
    query: Select[*tuple[Any, ...]],
    header: list[str],
    model: Any,
    days: tuple[Any, Any],
    first: date | None,
    last: date | None,
) -> Table:
    starts, ends = days
    if first is not None:
        query = query.where(ends >= first)
    if last is not None:
        query = query.where(starts <= last)
    found = session.execute(query.order_by(model.id).limit(MOST_ROWS + 1))
    return Table(header, [[_cell(value) for value in row] for row in found])


def _cell(value: Any) -> str | int | float:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return ""
    return value if isinstance(value, (int, float)) else value.isoformat() if isinstance(value, date) else str(value)


def _name_entries(session: Session, scope: Scope, table: Table) -> None:
    """Put the products and certificates of each line where its number stands."""
    mine = select(DemandLine.id).where(*conditions(DemandLine, scope))
    products: dict[Any, list[str]] = {}
    wanted = select(LineProduct.line_id, Product.code).join(Product, Product.id == LineProduct.product_id)
    for line, code in session.execute(wanted.where(LineProduct.line_id.in_(mine)).order_by(LineProduct.line_id, LineProduct.position)):
        products.setdefault(line, []).append(code)
    needs: dict[Any, list[str]] = {}
    required = select(LineRequirement.line_id, LineRequirement.scheme, LineRequirement.min_level).where(LineRequirement.line_id.in_(mine))
    for line, scheme, level in session.execute(required.order_by(LineRequirement.line_id, LineRequirement.position)):
        needs.setdefault(line, []).append(f"{scheme}>={level}" if level else scheme)
    product, require = table.header.index("product"), table.header.index("requires")
    for row in table.rows:
        row[product], row[require] = ";".join(products.get(row[product], [])), ";".join(needs.get(row[require], []))


def as_csv(table: Table) -> bytes:
    """Return a table as CSV in UTF-8, with the mark by which spreadsheet programs know it."""
    file = io.StringIO(newline="")
    # Every text is quoted: a semicolon in one would begin a new cell where lists are separated by semicolons.
    writer = csv.writer(file, lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(table.header)
    writer.writerows([_tame(cell) for cell in row] for row in table.rows)
    return file.getvalue().encode("utf-8-sig")


def _tame(cell: str | int | float) -> str | int | float:
    """Put an apostrophe before what looks like a formula, also behind apostrophes of its own, so that reading takes exactly one away."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip("'").startswith(FORMULA_SIGNS) else cell


def as_workbook(table: Table, name: str, more: Mapping[str, Table] | None = None) -> bytes:
    """Return a table as a workbook of one sheet, with more sheets behind it where they are given."""
    file = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    with xlsxwriter.Workbook(file, options) as book:
        bold, day = book.add_format({"bold": True, "bottom": 1}), book.add_format({"num_format": "yyyy-mm-dd"})
        for title, content in {name: table, **(more or {})}.items():
            sheet = book.add_worksheet(title)
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(content.header), 18)
            sheet.write_row(0, 0, content.header, bold)
            dates = [column for column, heading in enumerate(content.header) if heading in DATE_COLUMNS]
            for number, row in enumerate(content.rows, 1):
                sheet.write_row(number, 0, row)
                for column in dates:
                    if row[column]:
                        sheet.write_datetime(number, column, date.fromisoformat(str(row[column])), day)
    return file.getvalue()
