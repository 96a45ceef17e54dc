"""Demand lines of an upload: which are new, which change and how, and what is wrong with them.

What a form or the API would refuse is refused here, by row and column: the line's contract, its promises and its confirmed days count.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from buyers.importers import import_lines
from buyers.intake import apply_change
from buyers.models import DemandLine, LineStatus
from buyers.prices import recent_bids
from catalog import names
from catalog.importers import Intake, Row, batched
from catalog.models import Side, SiteKind
from catalog.prices import price_doubt
from catalog.tenancy import Scope
from matching.io.issues import Issues
from matching.io.parse import Parsed
from matching.model.problem import NO_LIMIT
from service.days import today
from service.db import now
from service.planning.ledger.transitions import Act
from service.planning.market_changes import after_lines_changed, lock_standing
from service.planning.standing_rules import CHANGEABLE, CLOSED_LINES, LineRules
from service.uploads.importing import Catalogue, Sorted, check_ranges, dates, refer
from service.uploads.reading import Prepared

FIXED = {"organisation_id": "buyer_id", "site_id": "site_id", "max_grade": "max_grade", "min_life_days": "min_life_days"}
"""What a line keeps once kilograms are promised to it, and the column that says it."""
Entries = tuple[list[int], list[tuple[str, int]]]


def sort_lines(session: Session, scope: Scope, prepared: Prepared, at: datetime) -> Sorted:
    """Say which lines are new and which change; faults go to ``prepared.issues``."""
    parsed, issues = prepared.read.parsed, prepared.issues
    rows, entries = _rows(session, scope, parsed, issues)
    check_ranges(issues, DemandLine, parsed, rows)
    _check_each(parsed, issues, rows)
    found = Sorted()
    known = _known(session, scope, rows)
    rules = LineRules(session, known.values())
    for place, row in enumerate(rows):
        whole = {**row, "products": entries[place][0], "requires": entries[place][1]}
        before = known.get(row["code"])
        if before is None:
            found.new.append(whole)
            continue
        if _differs(before, whole):
            _check_change(parsed, issues, place, before, whole, scope)
            for column, value, expected in rules.faults(before, whole):
                issues.add("demands", int(parsed.rows[place]), column, value, expected)
            found.changed.append((before, whole))
        else:
            found.same += 1
    if not len(issues):
        _doubt_prices(session, found)
    past = sum(row["deliver_until"] < today(at) for row in found.new)
    if past:
        found.doubts.append(("deliver_until", f"{past} new lines can't be delivered any more: their last day is before {today(at)}"))
    return found


def _doubt_prices(session: Session, found: Sorted) -> None:
    """Note the first price of a new line, or new price of a known one, that looks mistyped."""
    priced = [*found.new, *(row for line, row in found.changed if row["bid_vnd_per_kg"] != line.bid_vnd_per_kg)]
    recent = {number: recent_bids(session, number) for number in {row["products"][0] for row in priced if row["products"]}}
    for row in priced:
        doubt = price_doubt(row["bid_vnd_per_kg"], recent.get(next(iter(row["products"]), 0), []))
        if doubt:
            found.doubts.append(("bid_vnd_per_kg", f"{row['code']}: {doubt}"))
            return


def write_lines(intake: Intake, found: Sorted) -> None:
    """Add the new lines and change the others, with what they accept and require."""
    act = Act(intake.by, intake.source, now(intake.session))
    for line, row in found.changed:
        apply_change(intake.session, line, {name: row[name] for name in CHANGEABLE}, intake.by)
    intake.session.flush()
    given = [*found.new, *(row for _, row in found.changed)]
    if given:
        rows = [{name: value for name, value in row.items() if name not in ("products", "requires")} for row in given]
        import_lines(intake, rows, {row["code"]: row["products"] for row in given}, {row["code"]: row["requires"] for row in given})
    after_lines_changed(intake.session, intake.association_id, act, [line.id for line, _ in found.changed])


def _rows(session: Session, scope: Scope, parsed: Parsed, issues: Issues) -> tuple[list[Row], list[Entries]]:
    """Return the columns of every line, references as numbers, and the products and certificates of each."""
    catalogue = Catalogue.of(session, scope, Side.DEMAND)
    buyers = refer(issues, parsed, "buyer_id", catalogue.organisations, "the code of a buyer of yours")
    doors = {code: site for code, site in catalogue.sites.items() if site.kind is SiteKind.BUYER}
    sites = refer(issues, parsed, "site_id", doors, "the code of a site where this buyer receives")
    for place, (site, buyer) in enumerate(zip(sites, buyers, strict=True)):
        if site is not None and buyer is not None and site.organisation_id not in (None, buyer):
            issues.add("demands", int(parsed.rows[place]), "site_id", site.code, "the code of a site where this buyer receives")
    values = {name: parsed[name].tolist() for name in parsed.values}
    first, last = dates(parsed, "deliver_from"), dates(parsed, "deliver_until")
    rows = [
        {
            "code": values["line_id"][i],
            "organisation_id": buyers[i],
            "site_id": sites[i].id if sites[i] is not None else None,
            "max_grade": values["max_grade"][i],
            "quantity_kg": values["quantity_kg"][i],
            "deliver_from": first[i],
            "deliver_until": last[i],
            "min_life_days": values["min_life_days"][i],
            "bid_vnd_per_kg": values["bid_vnd_per_kg"][i],
            "min_fill_kg": values["min_fill_kg"][i],
            "max_suppliers": None if values["max_suppliers"][i] >= NO_LIMIT else values["max_suppliers"][i],
            "min_supplier_kg": values["min_supplier_kg"][i],
            "short_vnd_per_kg": values["short_vnd_per_kg"][i],
        }
        for i in range(len(parsed))
    ]
    return rows, [_entries(parsed, issues, catalogue, place) for place in range(len(parsed))]


def _entries(parsed: Parsed, issues: Issues, catalogue: Catalogue, place: int) -> Entries:
    found = []
    for code in parsed["product"][place]:
        if code in catalogue.products:
            found.append(catalogue.products[code])
        else:
            issues.add("demands", int(parsed.rows[place]), "product", code, "codes of products of the association, separated by ';'")
    needs = [(scheme, int(level)) for scheme, level in parsed["requires"][place]]
    return found, needs


def _check_each(parsed: Parsed, issues: Issues, rows: Sequence[Row]) -> None:
    for place, row in enumerate(rows):
        for column in ("min_fill_kg", "min_supplier_kg"):
            if parsed.fits[column][place] and parsed.fits["quantity_kg"][place] and row[column] > row["quantity_kg"]:
                issues.add("demands", int(parsed.rows[place]), column, str(row[column]), f"at most the quantity_kg of {row['quantity_kg']}")
        try:
            names.clean(row["code"])
        except ValueError as error:
            issues.add("demands", int(parsed.rows[place]), "line_id", ascii(row["code"]), str(error))


def _known(session: Session, scope: Scope, rows: Sequence[Row]) -> dict[str, DemandLine]:
    """Return the lines of the association that bear one of the codes, whoever they belong to."""
    found: dict[str, DemandLine] = {}
    for part in batched([row["code"] for row in rows], 5000):
        mine = DemandLine.association_id == scope.association_id, DemandLine.code.in_(part)
        lock_standing(session, line_ids=list(session.scalars(select(DemandLine.id).where(*mine))))
        query = select(DemandLine).where(*mine)
        query = query.options(selectinload(DemandLine.products), selectinload(DemandLine.requirements)).with_for_update(key_share=True)
        found |= {line.code: line for line in session.scalars(query.order_by(DemandLine.id))}
    return found


def _products(line: DemandLine) -> list[int]:
    return [entry.product_id for entry in line.products]


def _requires(line: DemandLine) -> list[tuple[str, int]]:
    return [(entry.scheme, entry.min_level) for entry in line.requirements]


def _differs(before: DemandLine, row: Row) -> bool:
    columns = any(getattr(before, name) != value for name, value in row.items() if name not in ("products", "requires"))
    return columns or _products(before) != row["products"] or _requires(before) != row["requires"]


def _check_change(parsed: Parsed, issues: Issues, place: int, before: DemandLine, row: Row, scope: Scope) -> None:
    number = int(parsed.rows[place])
    taken = scope.organisation_id is not None and before.organisation_id not in (scope.organisation_id, *scope.group_ids)
    if taken or (row["organisation_id"] is not None and before.organisation_id != row["organisation_id"]):
        issues.add("demands", number, "line_id", row["code"], "a code that isn't taken")
        return
    if before.status in CLOSED_LINES:
        issues.add("demands", number, "line_id", row["code"], f"a line that is open; this one is {before.status}")
    if before.status is LineStatus.OPEN and before.call_off_id is None:
        return
    kept: list[tuple[str, Any, Any]] = [(column, getattr(before, name), row[name]) for name, column in FIXED.items()]
    kept += [("product", _products(before), row["products"]), ("requires", _requires(before), row["requires"])]
    for column, was, wanted in kept:
        if was != wanted and wanted is not None:
            text = parsed.texts.get(column, [""] * len(parsed))[place]
            issues.add("demands", number, column, text, "what this line asked for when kilograms were promised to it")
