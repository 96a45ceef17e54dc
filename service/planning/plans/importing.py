"""A `Problem` of the exchange format into the database: all of it, or nothing.

The format's reader has already refused what the format refuses; what is refused here goes beyond what one lot or line can be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from buyers.models import DemandLine
from catalog import importers, names
from catalog.errors import AlreadyImported, Fault, Invalid
from catalog.importers import Intake, Row, finite
from catalog.models import Association, ImportBatch, Lot, OrganisationKind, Side, SiteKind
from matching.harvest.outlook import UNKNOWN
from matching.io import Season, read_season
from matching.model.errors import BadInput, InputIssue
from matching.model.problem import ANY_PRODUCT, AS_USUAL, DECISION_KINDS, NO_BASE, NO_HARVEST, NO_LIMIT, NO_ZONE, SITE_KINDS, Problem
from service.planning.models import Decision
from service.planning.plans.standing_import import StandingIntake, ask_about_prices
from service.planning.states import DecisionKind

EPOCH = date(1970, 1, 1)
COLUMNS = {
    "open_from_min": "open_from",
    "open_until_min": "open_until",
    "stop_min": "stop_minutes",
    "min_per_tonne": "minutes_per_tonne",
    "harvest": "harvest_id",
    "day": "date",
}
"""Names of the exchange format where the database's differ."""
NAMING = {"sites": "site_id", "lots": "lot_id", "demands": "line_id", "vehicles": "class_id"}
"""The column that names a row, which is the database's ``code``, by table of the exchange format."""


def title_of(table: str, column: str) -> str:
    """Return what the exchange format calls a column of the database."""
    return NAMING.get(table, "id") if column == "code" else COLUMNS.get(column, column)


@dataclass(frozen=True)
class Imported:
    """What an import did: its uid, and how many rows of each table were new, changed, or there already."""

    uid: str
    new: dict[str, int]
    changed: dict[str, int]
    same: dict[str, int]


@dataclass(frozen=True)
class _Ids:
    """Numbers of what the rows refer to, by code."""

    suppliers: dict[str, int]
    buyers: dict[str, int]
    products: dict[str, int]
    sites: dict[str, int]


def import_path(
    session: Session, association_id: int, path: Path, by: str, *, force: bool = False, confirmed: bool = True,
    read: Callable[[Path], Season] = read_season,
) -> Imported:  # fmt: skip
    """Take in a folder or a workbook.

    Parameters
    ----------
    read : what reads it; the exact exchange format alone by default.

    Raises
    ------
    BadInput
        With every fault of the input at once.
    AlreadyImported
        If the same content has been taken in before, unless `force`.
    NeedsConfirmation
        If a price looks mistyped, unless `confirmed`.
    """
    season = read(path)
    done = import_problem(session, association_id, season.problem, by, file_name=path.name, force=force, confirmed=confirmed)
    importers.import_forecasts(Intake(session, association_id, by, source=_source(path.name)), _harvests(season))
    return done


def _source(file_name: str) -> str:
    return f"import of {file_name}"[:500]


def _harvests(season: Season) -> dict[str, tuple[int, int | None, int]]:
    """Return the percentiles of the lots whose harvest is uncertain, kg, by code."""
    known, ids = season.outlook, season.problem.lots.id
    rows = np.flatnonzero(known.p50_kg != UNKNOWN).tolist()
    return {str(ids[row]): (int(known.p10_kg[row]), int(known.p50_kg[row]), int(known.p90_kg[row])) for row in rows}


def import_problem(
    session: Session, association_id: int, problem: Problem, by: str, *, file_name: str, force: bool = False, confirmed: bool = True
) -> Imported:
    """Take in a problem; see `import_path`. What is there already under the same code is changed, and nothing is removed."""
    digest = problem.digest()
    _refuse_again(session, association_id, digest, force)
    intake = Intake(session, association_id, by, source=_source(file_name))
    ids, standing = _references(intake, problem), StandingIntake(intake)
    if not confirmed:
        ask_about_prices(intake, _lots(problem, ids), _lines(problem, ids), _accepted(problem, ids))
    steps: list[tuple[str, Callable[[], Any]]] = [
        ("certificates", lambda: importers.import_certificates(intake, _certificates(problem, ids))),
        ("lots", lambda: standing.lots(_lots(problem, ids))),
        ("demands", lambda: standing.lines(_lines(problem, ids), _accepted(problem, ids), _required(problem))),
        ("vehicles", lambda: _vehicles(intake, problem, ids)),
        ("access", lambda: importers.import_access(intake, _access(problem))),
        ("calendar", lambda: importers.import_site_dates(intake, _site_dates(problem, ids))),
        ("lanes", lambda: importers.import_roads(intake, _roads(problem, ids))),
    ]
    _all(steps)
    standing.follow()
    _decisions(intake, problem)
    session.execute(update(Association).where(Association.id == association_id).values(detour_factor=problem.detour_factor))
    return _note(intake, problem, digest, file_name)


def _refuse_again(session: Session, association_id: int, digest: str, force: bool) -> None:
    before = select(ImportBatch).where(ImportBatch.association_id == association_id, ImportBatch.sha256 == digest)
    found = session.scalars(before.order_by(ImportBatch.id).limit(1)).one_or_none()
    if found is not None and not force:
        raise AlreadyImported(found.uid, found.made_by, found.made_at)


def _all(steps: Sequence[tuple[str, Callable[[], Any]]]) -> None:
    """Take every step, and raise what all of them refuse at once."""
    issues: list[InputIssue] = []
    for table, step in steps:
        try:
            step()
        except Invalid as invalid:
            issues += [_issue(table, fault) for fault in invalid.faults]
    if issues:
        raise BadInput(issues)


def _issue(table: str, fault: Fault) -> InputIssue:
    return InputIssue(table, fault.row, title_of(table, fault.field), fault.value, fault.expected)


def _references(intake: Intake, problem: Problem) -> _Ids:
    grades = zip(problem.lots.product, problem.lots.grade)
    found: dict[str, Any] = {}

    def products() -> None:
        rungs = [(problem.product_ids[product], int(grade)) for product, grade in grades]
        found["products"] = importers.import_products(intake, problem.product_ids, rungs)

    def organisations(name: str, wanted: Sequence[str], kind: OrganisationKind, side: Side) -> Callable[[], None]:
        return lambda: found.__setitem__(name, importers.import_organisations(intake, wanted, kind, side))

    def sites() -> None:
        found["sites"] = importers.import_sites(intake, _sites(problem, _owners(problem, found)))

    _all([
        ("lots", organisations("suppliers", problem.supplier_ids, OrganisationKind.COOPERATIVE, Side.SUPPLY)),
        ("demands", organisations("buyers", problem.buyer_ids, OrganisationKind.BUYER, Side.DEMAND)),
        ("lots", products),
    ])  # fmt: skip
    _all([("sites", sites)])
    return _Ids(**found)


def _owners(problem: Problem, found: dict[str, dict[str, int]]) -> dict[int, int]:
    """Return the owner of each site at which one party alone has lots or lines."""
    seen: dict[int, set[int]] = {}
    for site, supplier in zip(problem.lots.site.tolist(), problem.lots.supplier.tolist()):
        seen.setdefault(site, set()).add(found["suppliers"][problem.supplier_ids[supplier]])
    for site, buyer in zip(problem.lines.site.tolist(), problem.lines.buyer.tolist()):
        seen.setdefault(site, set()).add(found["buyers"][problem.buyer_ids[buyer]])
    return {site: next(iter(owners)) for site, owners in seen.items() if len(owners) == 1}


def _limit(value: int) -> int | None:
    return None if value >= NO_LIMIT else int(value)


def _day(days: int) -> date:
    return EPOCH + timedelta(days=int(days))


def _sites(problem: Problem, owners: dict[int, int]) -> list[Row]:
    s = problem.sites
    return [
        {
            "code": str(s.id[i]),
            "kind": SiteKind(SITE_KINDS[s.kind[i]]),
            **_shown(str(s.name[i])),
            "organisation_id": owners.get(i),
            "lat": float(s.lat[i]),
            "lon": float(s.lon[i]),
            "open_from_min": int(s.open_from_min[i]),
            "open_until_min": int(s.open_until_min[i]),
            "stop_min": float(s.stop_min[i]),
            "min_per_tonne": float(s.min_per_tonne[i]),
            "max_vehicle_kg": _limit(s.max_vehicle_kg[i]),
            "zone": None if s.zone[i] == NO_ZONE else s.zone_names[s.zone[i]],
            "opening_vnd": int(s.opening_vnd[i]),
            "throughput_kg_per_day": _limit(s.throughput_kg_per_day[i]),
            "handling_vnd_per_kg": float(s.handling_vnd_per_kg[i]),
        }
        for i in range(problem.n_sites)
    ]


def _shown(name: str) -> Row:
    """Return a site's name, which may be missing, with its keys."""
    if not name:
        return {"name": "", "sort_key": "", "search_key": ""}
    return {"name": name, "sort_key": names.sort_key(name), "search_key": names.search_key(name)}


def _certificates(problem: Problem, ids: _Ids) -> list[Row]:
    c = problem.certificates
    return [
        {
            "organisation_id": ids.suppliers[problem.supplier_ids[c.supplier[i]]],
            "product_id": None if c.product[i] == ANY_PRODUCT else ids.products[problem.product_ids[c.product[i]]],
            "scheme": problem.scheme_ids[c.scheme[i]],
            "level": int(c.level[i]),
            "valid_from": _day(c.from_day[i]),
            "valid_until": _day(c.until_day[i]),
        }
        for i in range(len(c.supplier))
    ]


def _lots(problem: Problem, ids: _Ids) -> list[Row]:
    lots, site_id = problem.lots, problem.sites.id
    return [
        {
            "code": str(lots.id[i]),
            "organisation_id": (supplier := ids.suppliers[problem.supplier_ids[lots.supplier[i]]]),
            "supplier_id": supplier,
            "site_id": ids.sites[site_id[lots.site[i]]],
            "product_id": ids.products[problem.product_ids[lots.product[i]]],
            "grade": int(lots.grade[i]),
            "quantity_kg": int(lots.kg[i]),
            "available_from": _day(lots.from_day[i]),
            "available_until": _day(lots.until_day[i]),
            "cut_on_pickup": bool(lots.cut_on_pickup[i]),
            "shelf_life_days": int(lots.life_days[i]),
            "ask_vnd_per_kg": int(lots.ask_vnd_per_kg[i]),
            "min_take_kg": int(lots.min_take_kg[i]),
            "indivisible": bool(lots.indivisible[i]),
            "cold": bool(lots.cold[i]),
            "litres_per_kg": float(lots.litres_per_kg[i]),
            "harvest": None if lots.harvest[i] == NO_HARVEST else problem.harvest_ids[lots.harvest[i]],
        }
        for i in range(problem.n_lots)
    ]


def _lines(problem: Problem, ids: _Ids) -> list[Row]:
    lines, site_id = problem.lines, problem.sites.id
    return [
        {
            "code": str(lines.id[i]),
            "organisation_id": ids.buyers[problem.buyer_ids[lines.buyer[i]]],
            "site_id": ids.sites[site_id[lines.site[i]]],
            "max_grade": int(lines.max_grade[i]),
            "quantity_kg": int(lines.kg[i]),
            "deliver_from": _day(lines.from_day[i]),
            "deliver_until": _day(lines.until_day[i]),
            "min_life_days": int(lines.min_life_days[i]),
            "bid_vnd_per_kg": int(lines.bid_vnd_per_kg[i]),
            "min_fill_kg": int(lines.min_fill_kg[i]),
            "max_suppliers": _limit(lines.max_suppliers[i]),
            "min_supplier_kg": int(lines.min_supplier_kg[i]),
            "short_vnd_per_kg": int(lines.short_vnd_per_kg[i]),
        }
        for i in range(problem.n_lines)
    ]


def _accepted(problem: Problem, ids: _Ids) -> dict[str, list[int]]:
    lines, start = problem.lines, problem.lines.product_start
    return {
        str(lines.id[i]): [ids.products[problem.product_ids[p]] for p in lines.product[start[i] : start[i + 1]]]
        for i in range(problem.n_lines)
    }


def _required(problem: Problem) -> dict[str, list[tuple[str, int]]]:
    lines, start = problem.lines, problem.lines.require_start
    needs = [(problem.scheme_ids[s], int(level)) for s, level in zip(lines.require_scheme, lines.require_level)]
    return {str(lines.id[i]): needs[start[i] : start[i + 1]] for i in range(problem.n_lines)}


def _vehicles(intake: Intake, problem: Problem, ids: _Ids) -> None:
    v, start = problem.vehicles, problem.vehicles.band_start
    rows = [
        {
            "code": str(v.id[i]),
            "payload_kg": int(v.payload_kg[i]),
            "volume_l": finite(v.volume_l[i]),
            "refrigerated": bool(v.refrigerated[i]),
            "kmh": float(v.kmh[i]),
            "count_per_day": _limit(v.count_per_day[i]),
            "max_stops": int(v.max_stops[i]),
            "max_hours": float(v.max_hours[i]),
            "base_site_id": None if v.base_site[i] == NO_BASE else ids.sites[problem.sites.id[v.base_site[i]]],
        }
        for i in range(problem.n_classes)
    ]
    bands = list(zip(v.band_km.tolist(), v.band_vnd_per_km.tolist()))
    tariffs = {str(v.id[i]): (int(v.fixed_vnd[i]), bands[start[i] : start[i + 1]]) for i in range(problem.n_classes)}
    importers.import_vehicles(intake, rows, tariffs, _day(problem.horizon_from_day))


def _access(problem: Problem) -> list[Row]:
    a = problem.access
    return [
        {
            "zone": problem.sites.zone_names[a.zone[i]],
            "min_payload_kg": int(a.min_payload_kg[i]),
            "closed_from_min": int(a.closed_from_min[i]),
            "closed_until_min": int(a.closed_until_min[i]),
        }
        for i in range(len(a.zone))
    ]


def _site_dates(problem: Problem, ids: _Ids) -> list[Row]:
    c = problem.calendar
    return [
        {
            "site_id": ids.sites[problem.sites.id[c.site[i]]],
            "day": _day(c.day[i]),
            "closed": bool(c.closed[i]),
            "open_from_min": _dated(c.open_from_min[i]),
            "open_until_min": _dated(c.open_until_min[i]),
            "throughput_kg": _dated(c.throughput_kg[i]),
        }
        for i in range(len(c.site))
    ]


def _dated(value: int) -> int | None:
    return None if value == AS_USUAL else int(value)


def _roads(problem: Problem, ids: _Ids) -> list[Row]:
    r, site_id = problem.roads, problem.sites.id
    return [
        {
            "from_site_id": ids.sites[site_id[r.from_site[i]]],
            "to_site_id": ids.sites[site_id[r.to_site[i]]],
            "km": finite(r.km[i]),
            "minutes": finite(r.minutes[i]),
            "vnd_per_kg": finite(r.vnd_per_kg[i]),
            "fixed_vnd": int(r.fixed_vnd[i]),
            "capacity_kg": _limit(r.capacity_kg[i]),
            "transit_days": int(r.transit_days[i]),
            "cold": bool(r.cold[i]),
        }
        for i in range(len(r.from_site))
    ]


def _decisions(intake: Intake, problem: Problem) -> None:
    """Make the active decision of every pair named what the input says; other pairs keep theirs."""
    session, scope, d = intake.session, {"association_id": intake.association_id}, problem.decisions
    if not len(d.lot):
        return
    lots, lines = importers.codes(session, Lot, scope), importers.codes(session, DemandLine, scope)
    standing = select(Decision).where(Decision.association_id == intake.association_id, Decision.revoked_at.is_(None))
    active = {(decision.lot_id, decision.line_id): decision for decision in session.scalars(standing)}
    for i in range(len(d.lot)):
        pair = lots[str(problem.lots.id[d.lot[i]])], lines[str(problem.lines.id[d.line[i]])]
        decision = active.get(pair) or Decision(**scope, lot_id=pair[0], line_id=pair[1], decided_by=intake.by)
        decision.kind, decision.kg = DecisionKind(DECISION_KINDS[d.kind[i]]), int(d.kg[i])
        intake.tally.new["decision"] += pair not in active
        session.add(decision)
    session.flush()


def _note(intake: Intake, problem: Problem, digest: str, file_name: str) -> Imported:
    tally = intake.tally
    batch = ImportBatch(
        association_id=intake.association_id,
        sha256=digest,
        file_name=file_name[:255],
        n_rows=sum(sum(counter.values()) for counter in (tally.new, tally.changed, tally.same)),
        horizon_from=_day(problem.horizon_from_day),
        horizon_until=_day(problem.horizon_until_day),
        made_by=intake.by,
    )
    intake.session.add(batch)
    intake.session.flush()
    new, changed, same = ({k: n for k, n in counter.items() if n} for counter in (tally.new, tally.changed, tally.same))
    return Imported(batch.uid, new, changed, same)
