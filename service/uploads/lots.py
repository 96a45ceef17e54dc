"""Lots of an upload: which are new, which change and how, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from catalog import names, repository
from catalog.importers import Intake, Row, batched, import_forecasts, import_lots
from catalog.intake import SUSPICIOUS_RATIO
from catalog.models import ForecastRevision, Grade, Lot, Side
from catalog.prices import price_doubt, recent_asks
from catalog.tenancy import Scope
from matching.io.issues import Issues
from matching.io.parse import Parsed
from service.days import today
from service.db import now
from service.planning.ledger.transitions import Act
from service.planning.market_changes import lock_standing, turn_down_unfit
from service.planning.standing_rules import CLOSED_LOTS, LotRules
from service.uploads.importing import Catalogue, Sorted, check_ranges, dates, refer
from service.uploads.reading import Prepared
from service.uploads.tables import NOT_SAID

FIXED = {"organisation_id": "supplier_id", "site_id": "site_id", "product_id": "product", "grade": "grade"}
"""What a lot keeps once it is declared, and the column that says it."""
REVISED = ("quantity_kg", "available_from", "available_until")


def sort_lots(session: Session, scope: Scope, prepared: Prepared, at: datetime) -> Sorted:
    """Say which lots are new and which change; faults go to ``prepared.issues``."""
    parsed, issues = prepared.read.parsed, prepared.issues
    rows = _rows(session, scope, parsed, issues)
    check_ranges(issues, Lot, parsed, rows)
    _check_codes(parsed, issues)
    found = Sorted(spreads=_spreads(parsed, issues))
    known = _known(session, scope, rows)
    rules = LotRules(session, known.values())
    for place, row in enumerate(rows):
        before = known.get(row["code"])
        if parsed.fits["quantity_kg"][place] and row["quantity_kg"] < 1:
            issues.add("lots", int(parsed.rows[place]), "quantity_kg", str(row["quantity_kg"]), "1 kg or more; withdraw a lot that is gone")
        if before is None:
            found.new.append(row)
            continue
        changes = {name: value for name, value in row.items() if getattr(before, name) != value and name != "supplier_id"}
        if changes:
            _check_change(parsed, issues, place, before, row, scope)
            for column, value, expected in rules.faults(before, row):
                issues.add("lots", int(parsed.rows[place]), column, value, expected)
            found.changed.append((before, changes))
        else:
            found.same += 1
    if not len(issues):
        _doubt(session, found, today(at))
    return found


def write_lots(intake: Intake, found: Sorted) -> None:
    """Add the new lots, and change the others with a forecast revision where the quantity or the window moves."""
    if found.new:
        import_lots(intake, found.new)
    revisions = []
    for lot, changes in found.changed:
        if any(name in changes for name in REVISED):
            revisions.append(_revision(lot, changes, intake, found.spreads.get(lot.code)))
        for name, value in {**changes, "updated_by": intake.by}.items():
            setattr(lot, name, value)
    intake.session.flush()
    changed = [lot.id for lot, _ in found.changed]
    if changed:
        act = Act(intake.by, intake.source, now(intake.session))
        turn_down_unfit(intake.session, intake.association_id, act, lot_ids=changed)
    if revisions:
        intake.session.execute(insert(ForecastRevision), revisions)
    import_forecasts(intake, {code: (low, None, high) for code, (low, high) in found.spreads.items()})


def _spreads(parsed: Parsed, issues: Issues) -> dict[str, tuple[int, int]]:
    """Return the percentiles of each lot that has any, kg; one that isn't said is the quantity. Those that don't ascend are noted."""
    found: dict[str, tuple[int, int]] = {}
    columns = (parsed[name].tolist() for name in ("lot_id", "low_kg", "quantity_kg", "high_kg"))
    for place, (code, low, kg, high) in enumerate(zip(*columns, strict=True)):
        if low == high == NOT_SAID:
            continue
        found[code] = (kg if low == NOT_SAID else low, kg if high == NOT_SAID else high)
        if not found[code][0] <= kg <= found[code][1] and parsed.fits["quantity_kg"][place]:
            issues.add("lots", int(parsed.rows[place]), "low_kg", str(low), "low_kg, quantity_kg and high_kg in ascending order")
    return found


def _rows(session: Session, scope: Scope, parsed: Parsed, issues: Issues) -> list[Row]:
    """Return the columns of every lot, references as numbers."""
    catalogue = Catalogue.of(session, scope, Side.SUPPLY)
    suppliers = refer(issues, parsed, "supplier_id", catalogue.organisations, "the code of a cooperative or group of yours")
    sites = refer(issues, parsed, "site_id", catalogue.sites, "the code of a site of yours")
    products = refer(issues, parsed, "product", catalogue.products, "the code of a product of the association")
    _check_sites(parsed, issues, sites, suppliers)
    _check_grades(session, parsed, issues, products)
    values = {name: parsed[name].tolist() for name in parsed.values}
    first, last = dates(parsed, "available_from"), dates(parsed, "available_until")
    return [
        {
            "code": values["lot_id"][i],
            "organisation_id": suppliers[i],
            "supplier_id": suppliers[i],
            "site_id": sites[i].id if sites[i] is not None else None,
            "product_id": products[i],
            "grade": values["grade"][i],
            "quantity_kg": values["quantity_kg"][i],
            "available_from": first[i],
            "available_until": last[i],
            "cut_on_pickup": values["cut_on_pickup"][i],
            "shelf_life_days": values["shelf_life_days"][i],
            "ask_vnd_per_kg": values["ask_vnd_per_kg"][i],
            "min_take_kg": values["min_take_kg"][i],
            "indivisible": values["indivisible"][i],
            "cold": values["cold"][i],
            "litres_per_kg": values["litres_per_kg"][i],
            "harvest": values["harvest_id"][i] or None,
        }
        for i in range(len(parsed))
    ]


def _check_sites(parsed: Parsed, issues: Issues, sites: list[Any], suppliers: list[Any]) -> None:
    for place, (site, supplier) in enumerate(zip(sites, suppliers, strict=True)):
        if site is not None and supplier is not None and site.organisation_id not in (None, supplier):
            issues.add("lots", int(parsed.rows[place]), "site_id", site.code, "a site of this supplier")


def _check_grades(session: Session, parsed: Parsed, issues: Issues, products: list[Any]) -> None:
    wanted = {product for product in products if product is not None}
    rungs = {tuple(row) for row in session.execute(select(Grade.product_id, Grade.rank).where(Grade.product_id.in_(wanted)))}
    for place, (product, grade) in enumerate(zip(products, parsed["grade"].tolist(), strict=True)):
        if product is not None and parsed.fits["grade"][place] and (product, grade) not in rungs:
            issues.add("lots", int(parsed.rows[place]), "grade", str(grade), "a grade of this product")


def _check_codes(parsed: Parsed, issues: Issues) -> None:
    for place, code in enumerate(parsed["lot_id"].tolist()):
        try:
            names.clean(code)
        except ValueError as error:
            issues.add(parsed.schema.name, int(parsed.rows[place]), "lot_id", ascii(code), str(error))


def _known(session: Session, scope: Scope, rows: list[Row]) -> dict[str, Lot]:
    """Return the lots of the association that bear one of the codes, whoever they belong to."""
    found: dict[str, Lot] = {}
    for part in batched([row["code"] for row in rows], 5000):
        mine = Lot.association_id == scope.association_id, Lot.code.in_(part)
        lock_standing(session, lot_ids=list(session.scalars(select(Lot.id).where(*mine))))
        query = select(Lot).where(*mine).with_for_update(key_share=True)
        found |= {lot.code: lot for lot in session.scalars(query.order_by(Lot.id))}
    return found


def _check_change(parsed: Parsed, issues: Issues, place: int, before: Lot, row: Row, scope: Scope) -> None:
    number, mine = int(parsed.rows[place]), (scope.organisation_id, *scope.group_ids)
    if scope.organisation_id is not None and before.organisation_id not in mine:
        issues.add("lots", number, "lot_id", row["code"], "a code that isn't taken")
        return
    for name, column in FIXED.items():
        if row[name] is not None and getattr(before, name) != row[name]:
            issues.add(
                "lots", number, column, parsed.texts.get(column, [""])[place], "what this lot was declared with; declare another lot"
            )
    if before.status in CLOSED_LOTS:
        issues.add("lots", number, "lot_id", row["code"], f"a lot that is on offer; this one is {before.status}")


def _doubt(session: Session, found: Sorted, now: Any) -> None:
    """Note what is possible but unlikely of the new lots."""
    usual: dict[tuple[int, int], float | None] = {}
    for row in found.new:
        pair = row["organisation_id"], row["product_id"]
        if pair not in usual:
            usual[pair] = repository.usual_kg(session, *pair)
        often = usual[pair]
        if often is not None and not often / SUSPICIOUS_RATIO <= row["quantity_kg"] <= often * SUSPICIOUS_RATIO:
            odd = f"{row['code']} has {row['quantity_kg']} kg, where {often:.0f} kg are usual: is the unit right?"
            found.doubts.append(("quantity_kg", odd))
            break
    priced = [*found.new, *(_whole(*pair) for pair in found.changed)]
    recent = {number: recent_asks(session, number) for number in {row["product_id"] for row in priced}}
    doubt = next(filter(None, (_price_doubt(row, recent) for row in priced)), "")
    if doubt:
        found.doubts.append(("ask_vnd_per_kg", doubt))
    past = sum(row["available_until"] < now for row in found.new)
    if past:
        found.doubts.append(("available_until", f"{past} new lots can't be picked up any more: their last day is before {now}"))


def _whole(lot: Lot, changes: Row) -> Row:
    """Return what a price check needs of a changed lot; no price where that stays."""
    return {"code": lot.code, "product_id": lot.product_id, "ask_vnd_per_kg": changes.get("ask_vnd_per_kg")}


def _price_doubt(row: Row, recent: Mapping[int, Sequence[int]]) -> str:
    price = row["ask_vnd_per_kg"]
    doubt = "" if price is None else price_doubt(price, recent[row["product_id"]])
    return f"{row['code']}: {doubt}" if doubt else ""


def _revision(lot: Lot, changes: Row, intake: Intake, spread: tuple[int, int] | None) -> Row:
    kg = changes.get("quantity_kg", lot.quantity_kg)
    low, high = (kg, kg) if spread is None else spread
    return {
        "lot_id": lot.id,
        "expected_kg": kg,
        "low_kg": low,
        "high_kg": high,
        "available_from": changes.get("available_from", lot.available_from),
        "available_until": changes.get("available_until", lot.available_until),
        "reason": intake.source,
        "made_by": intake.by,
    }
