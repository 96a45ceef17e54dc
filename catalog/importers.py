"""Bulk writing: rows by code, new ones inserted, changed ones updated, equal ones left alone.

A second import of the same rows writes nothing. Nothing is written either while a fault is left: ranges are read off the tables' own
checks, so that an upload is refused with row and field before the database would refuse it without.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Select, Table, delete, func, insert, select, update
from sqlalchemy.orm import Session

from catalog import names
from catalog.base import Base, now_utc
from catalog.errors import Fault, Invalid, fault
from catalog.models import (
    MAX_GRADE,
    AccessRule,
    Certificate,
    ForecastRevision,
    Grade,
    Lot,
    Organisation,
    OrganisationKind,
    Product,
    Road,
    Side,
    Site,
    SiteDate,
    Tariff,
    TariffBand,
    VehicleClass,
)

Row = dict[str, Any]
Value = TypeVar("Value")
FIRST_ROW = 2
"""Number of the first record as a spreadsheet shows it, below its header."""


@dataclass
class Tally:
    """How many rows of each table were new, changed, or there already."""

    new: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    same: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Intake:
    """Where an import goes and in whose name; `tally` counts what it does."""

    session: Session
    association_id: int
    by: str
    source: str
    tally: Tally = field(default_factory=Tally)


def faults_in(model: type[Base], rows: Sequence[Mapping[str, Any]]) -> list[Fault]:
    """Return every value that a table's checks on range or length refuse, with its row."""
    table = model.__table__
    assert isinstance(table, Table)
    found: list[Fault] = []
    for check in (check for column in table.columns for check in column.constraints):
        if column := check.info.get("column"):
            found += _out_of("range", column, check.info.get("range"), rows, lambda value: value)
            found += _out_of("length", column, check.info.get("length"), rows, len)
    return sorted(found)


def _out_of(what: str, column: str, limits: tuple[float, float] | None, rows: Sequence[Mapping[str, Any]], measure: Any) -> list[Fault]:
    if limits is None:
        return []
    low, high = limits
    expected = f"a number from {low:,} to {high:,}" if what == "range" else f"a text of {low} to {high} characters"
    return [
        fault(column, row[column], expected, number)
        for number, row in enumerate(rows, FIRST_ROW)
        if row.get(column) is not None and not low <= measure(row[column]) <= high
    ]


def require(model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Refuse rows that a table's checks would refuse.

    Raises
    ------
    Invalid
        With every fault.
    """
    if found := faults_in(model, rows):
        raise Invalid(found)


def upsert(intake: Intake, model: Any, rows: Sequence[Row], **scope: Any) -> dict[str, int]:
    """Insert or update rows by their `code` within a scope, and return the number of every code there is in it.

    Parameters
    ----------
    rows : values of columns, all with the same keys, `code` among them.
    scope : columns that hold the same value in every row, such as ``side``.
    """
    require(model, rows)
    scope = {"association_id": intake.association_id, **scope}
    known = _known(intake.session, model, scope, rows)
    fresh = [{**scope, **row, **_signed(model, intake)} for row in rows if row["code"] not in known]
    if fresh:
        intake.session.execute(insert(model), fresh)
    changed = sum(_update(intake, model, known[row["code"]], row) for row in rows if row["code"] in known)
    _count(intake.tally, model, len(fresh), changed, len(rows) - len(fresh) - changed)
    return codes(intake.session, model, scope)


def codes(session: Session, model: Any, scope: Mapping[str, Any]) -> dict[str, int]:
    """Return the number of every code within a scope."""
    return dict(session.execute(select(model.code, model.id).where(*_where(model, scope))).all())


def _where(model: Any, scope: Mapping[str, Any]) -> list[Any]:
    return [getattr(model, name) == value for name, value in scope.items()]


def _known(session: Session, model: Any, scope: Mapping[str, Any], rows: Sequence[Row]) -> dict[str, Any]:
    wanted = [model.id, model.code, *(getattr(model, name) for name in (rows[0] if rows else {}) if name != "code")]
    return {row.code: row for row in session.execute(select(*wanted).where(*_where(model, scope)))}


def _signed(model: Any, intake: Intake) -> Row:
    return {"updated_by": intake.by} if hasattr(model, "updated_by") else {}


def _update(intake: Intake, model: Any, known: Any, row: Row) -> bool:
    changes = {name: value for name, value in row.items() if getattr(known, name) != value}
    if changes:
        kept = {"version": model.version + 1, "updated_at": now_utc(), "updated_by": intake.by}
        statement = update(model).where(model.id == known.id).values(**changes, **kept)
        intake.session.execute(statement.execution_options(synchronize_session=False))
    return bool(changes)


def _count(tally: Tally, model: Any, new: int, changed: int, same: int) -> None:
    for counter, number in ((tally.new, new), (tally.changed, changed), (tally.same, same)):
        counter[model.__tablename__] += number


def add_missing(intake: Intake, model: Any, rows: Sequence[Row], **scope: Any) -> None:
    """Insert those rows, which have no code, that aren't there yet; a row that occurs twice is wanted twice."""
    require(model, rows)
    if not rows:
        return
    names_ = list(rows[0])
    there: Counter[tuple[Any, ...]] = Counter(
        intake.session.execute(select(*(getattr(model, n) for n in names_)).where(*_where(model, scope))).all()
    )
    fresh = []
    for row in rows:
        value = tuple(row[n] for n in names_)
        if there[value] > 0:
            there[value] -= 1
        else:
            fresh.append({**scope, **row, **_signed(model, intake), **({"source": intake.source} if hasattr(model, "source") else {})})
    if fresh:
        intake.session.execute(insert(model), fresh)
    _count(intake.tally, model, len(fresh), 0, len(rows) - len(fresh))


def named(code: str, name: str | None = None) -> Row:
    """Return the columns of a name with its keys; the code is the name where there is none."""
    shown = code if name is None else names.clean(name)
    return {"code": code, "name": shown, "sort_key": names.sort_key(shown), "search_key": names.search_key(shown)}


def import_organisations(intake: Intake, wanted: Iterable[str], kind: OrganisationKind, side: Side) -> dict[str, int]:
    """Add organisations that are known by their code alone; those that are there keep their names and kind."""
    scope = {"association_id": intake.association_id, "side": side}
    there = codes(intake.session, Organisation, scope)
    upsert(intake, Organisation, [{**named(code), "kind": kind} for code in wanted if code not in there], side=side)
    return codes(intake.session, Organisation, scope)


def import_products(intake: Intake, wanted: Iterable[str], grades: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Add products that are known by their code alone, and the rungs of their grade ladders that lots stand on."""
    there = codes(intake.session, Product, {"association_id": intake.association_id})
    ids = upsert(intake, Product, [named(code) for code in wanted if code not in there])
    rungs = {tuple(row) for row in intake.session.execute(select(Grade.product_id, Grade.rank))}
    # A rung beyond the ladder is left to the check of the lot that names it, which knows the row.
    fresh = [(ids[code], rank) for code, rank in dict.fromkeys(grades) if (ids[code], rank) not in rungs and 1 <= rank <= MAX_GRADE]
    rows = [{"product_id": product, "rank": rank, "name": f"loại {rank}"} for product, rank in fresh]
    if rows:
        intake.session.execute(insert(Grade), rows)
    return ids


def import_sites(intake: Intake, rows: Sequence[Row]) -> dict[str, int]:
    """Add or update sites; rows hold the columns of `Site`."""
    return upsert(intake, Site, rows)


def import_lots(intake: Intake, rows: Sequence[Row]) -> dict[str, int]:
    """Add or update lots; rows hold the columns of `Lot`, references as numbers. The database enters them in the ledger."""
    return upsert(intake, Lot, rows)


def import_forecasts(intake: Intake, given: Mapping[str, tuple[int, int | None, int]]) -> None:
    """Add a revision of the forecast of each lot whose percentiles are not those of its latest one.

    Parameters
    ----------
    given : tenth percentile, median and ninetieth percentile by the lot's code, kg; the lot's quantity is the median where it is None.
    """
    for part in batched(list(given), 5000):
        lots = {lot.id: lot for lot in intake.session.scalars(_lots_of(intake, part))}
        known = _latest(intake, list(lots))
        rows = []
        for number, lot in lots.items():
            low, middle, high = given[lot.code]
            amounts = {"low_kg": low, "expected_kg": lot.quantity_kg if middle is None else middle, "high_kg": high}
            if known.get(number) != tuple(amounts.values()):
                rows.append({"lot_id": number, **amounts, **_said_of(lot, intake)})
        if rows:
            intake.session.execute(insert(ForecastRevision), rows)


def _lots_of(intake: Intake, codes: Sequence[str]) -> Select[Lot]:
    return select(Lot).where(Lot.association_id == intake.association_id, Lot.code.in_(codes)).order_by(Lot.id)


def _said_of(lot: Lot, intake: Intake) -> Row:
    return {"available_from": lot.available_from, "available_until": lot.available_until, "reason": intake.source, "made_by": intake.by}


def _latest(intake: Intake, lots: Sequence[int]) -> dict[int, tuple[int, int, int]]:
    """Return tenth percentile, median and ninetieth percentile of the latest forecast of each lot that has one, kg."""
    one = ForecastRevision
    newest = select(func.max(one.id)).where(one.lot_id.in_(lots)).group_by(one.lot_id)
    query = select(one.lot_id, one.low_kg, one.expected_kg, one.high_kg).where(one.id.in_(newest))
    return {lot: (low, middle, high) for lot, low, middle, high in intake.session.execute(query)}


def import_certificates(intake: Intake, rows: Sequence[Row]) -> None:
    """Add certificates that aren't there yet."""
    add_missing(intake, Certificate, rows, association_id=intake.association_id)


def import_access(intake: Intake, rows: Sequence[Row]) -> None:
    """Add access rules that aren't there yet."""
    add_missing(intake, AccessRule, rows, association_id=intake.association_id)


def import_roads(intake: Intake, rows: Sequence[Row]) -> None:
    """Add or update known roads and carriers by their two ends."""
    require(Road, rows)
    known = {
        (road.from_site_id, road.to_site_id): road
        for road in intake.session.scalars(select(Road).where(Road.association_id == intake.association_id))
    }
    fresh = [row for row in rows if (row["from_site_id"], row["to_site_id"]) not in known]
    if fresh:
        intake.session.execute(insert(Road), [{"association_id": intake.association_id, "source": intake.source, **row} for row in fresh])
    changed = sum(_assign(known[row["from_site_id"], row["to_site_id"]], row) for row in rows if row not in fresh)
    _count(intake.tally, Road, len(fresh), changed, len(rows) - len(fresh) - changed)


def import_site_dates(intake: Intake, rows: Sequence[Row]) -> None:
    """Add or update dates of sites by site and day; rows hold the columns of `SiteDate`."""
    require(SiteDate, rows)
    dates = intake.session.scalars(select(SiteDate).where(SiteDate.association_id == intake.association_id))
    known = {(one.site_id, one.day): one for one in dates}
    fresh = [row for row in rows if (row["site_id"], row["day"]) not in known]
    if fresh:
        intake.session.execute(insert(SiteDate), [{"association_id": intake.association_id, **row} for row in fresh])
    changed = sum(_assign(known[row["site_id"], row["day"]], row) for row in rows if (row["site_id"], row["day"]) in known)
    _count(intake.tally, SiteDate, len(fresh), changed, len(rows) - len(fresh) - changed)


def _assign(record: Any, row: Row) -> bool:
    changes = {name: value for name, value in row.items() if getattr(record, name) != value}
    for name, value in changes.items():
        setattr(record, name, value)
    return bool(changes)


def import_vehicles(
    intake: Intake, rows: Sequence[Row], tariffs: Mapping[str, tuple[int, Sequence[tuple[float, float]]]], valid_from: Any
) -> dict[str, int]:
    """Add or update vehicle classes, and a tariff from a date on where it differs from the one in force.

    Parameters
    ----------
    rows : columns of `VehicleClass`.
    tariffs : code → fixed VND per trip, and the bands as pairs of first km and VND per km.
    valid_from : first day of a tariff that is new; a class without any tariff gets one for all time.
    """
    ids = upsert(intake, VehicleClass, rows)
    in_force = tariffs_on(intake.session, list(ids.values()), valid_from)
    for code, (fixed_vnd, bands) in tariffs.items():
        wanted = (fixed_vnd, tuple(bands))
        found = in_force.get(ids[code])
        if found != wanted:
            _add_tariff(intake, ids[code], None if found is None else valid_from, wanted)
        _count(intake.tally, Tariff, found != wanted, 0, found == wanted)
    return ids


def _add_tariff(intake: Intake, vehicle_class_id: int, valid_from: Any, wanted: tuple[int, Sequence[tuple[float, float]]]) -> None:
    fixed_vnd, bands = wanted
    require(TariffBand, [{"from_km": km, "vnd_per_km": rate} for km, rate in bands])
    same_day = select(Tariff).where(Tariff.vehicle_class_id == vehicle_class_id, Tariff.valid_from == valid_from)
    if valid_from is not None and (old := intake.session.scalars(same_day).one_or_none()) is not None:
        intake.session.execute(delete(TariffBand).where(TariffBand.tariff_id == old.id))
        intake.session.delete(old)
        intake.session.flush()
    tariff = Tariff(vehicle_class_id=vehicle_class_id, fixed_vnd=fixed_vnd, source=intake.source)
    if valid_from is not None:
        tariff.valid_from = valid_from
    intake.session.add(tariff)
    intake.session.flush()
    intake.session.execute(insert(TariffBand), [{"tariff_id": tariff.id, "from_km": km, "vnd_per_km": rate} for km, rate in bands])


def tariffs_on(session: Session, vehicle_class_ids: Sequence[int], day: Any) -> dict[int, tuple[int, tuple[tuple[float, float], ...]]]:
    """Return each class's tariff in force on a day: fixed VND per trip, and the bands in ascending order of their first km."""
    wanted = select(Tariff).where(Tariff.vehicle_class_id.in_(vehicle_class_ids), Tariff.valid_from <= day).order_by(Tariff.valid_from)
    latest = {tariff.vehicle_class_id: tariff for tariff in session.scalars(wanted)}
    bands: dict[int, list[tuple[float, float]]] = {tariff.id: [] for tariff in latest.values()}
    for band in session.scalars(
        select(TariffBand).where(TariffBand.tariff_id.in_(bands)).order_by(TariffBand.tariff_id, TariffBand.from_km)
    ):
        bands[band.tariff_id].append((band.from_km, band.vnd_per_km))
    return {key: (tariff.fixed_vnd, tuple(bands[tariff.id])) for key, tariff in latest.items()}


def batched(ids: Sequence[Value], size: int = 10_000) -> Iterator[Sequence[Value]]:
    """Yield ids or codes in parts that fit into one statement."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def finite(value: float) -> float | None:
    """Return a number, or None for one that stands for the absence of a limit or a value."""
    return float(value) if math.isfinite(value) else None
