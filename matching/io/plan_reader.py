"""`read_plan`: the tables of a plan as a `Plan`, so that it can be verified again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from matching.io import cells
from matching.io.cells import decimal, whole
from matching.io.issues import Issues
from matching.io.parse import Parsed, check_keys, parse_table
from matching.io.raw import RawTable, read_csv
from matching.io.schema import CARRIER_CLASS, Column, Schema
from matching.io.write import PLAN_FILE, scarce_id
from matching.model.plan import (
    CARRIER,
    CARRIER_RESOURCE,
    CLASS_RESOURCE,
    LINE,
    LOT,
    SITE_RESOURCE,
    Allocations,
    Legs,
    Plan,
    Reasons,
    Scarce,
    Status,
    Stops,
    Trips,
)
from matching.model.problem import IntArray, Problem


def _must(name: str, parse: cells.Parser, dtype: Any = np.int64, blank: Any = 0) -> Column:
    return Column(name, parse, dtype, blank, required=True)


def _id(name: str) -> Column:
    return _must(name, cells.identifier, object, "")


_DATE = cells.date(1, 9999)
ALLOCATIONS = Schema(
    "allocations",
    (
        _id("allocation_id"),
        _id("lot_id"),
        _id("line_id"),
        _must("kg", whole(unit="kg")),
        _must("pickup_date", _DATE),
        _must("delivery_date", _DATE),
    ),
    key=("allocation_id",),
    required=True,
)
LEGS = Schema("legs", (_id("allocation_id"), _must("leg", whole(1)), _id("trip_id"), _id("from_site"), _id("to_site")), required=True)
TRIPS = Schema(
    "trips",
    (_id("trip_id"), _id("class_id"), _must("km", decimal(unit="km"), np.float64), _must("cost_vnd", whole(unit="VND"))),
    key=("trip_id",),
    required=True,
)
STOPS = Schema(
    "stops",
    (_id("trip_id"), _must("seq", whole(1)), _id("site_id"), _must("arrive", cells.instant), _must("depart", cells.instant)),
    required=True,
)
REASONS = Schema(
    "reasons",
    (
        _must("subject", cells.one_of(LOT, LINE)),
        _id("id"),
        _must("open_kg", whole(unit="kg")),
        _must("reason", cells.text, object, ""),
        Column("detail", cells.text, object, ""),
    ),
)
RESOURCES = (CLASS_RESOURCE, SITE_RESOURCE, CARRIER_RESOURCE)
SCARCE = Schema(
    "scarce",
    (
        _must("resource", cells.one_of(*RESOURCES)),
        _id("id"),
        _must("date", _DATE),
        _must("used", whole()),
        _must("limit", whole()),
        Column("vnd_per_unit", decimal(unit="VND"), np.float64, np.nan),
    ),
)
PLAN_TABLES = {schema.name: schema for schema in (ALLOCATIONS, LEGS, TRIPS, STOPS, REASONS, SCARCE)}


@dataclass(frozen=True)
class Summary:
    """What ``plan.json`` claims; None for a bound that is not known."""

    objective_vnd: int
    bound_vnd: int | None
    status: Status
    seconds: float
    seed: int
    engine: str
    input_sha256: str


def read_plan(folder: Path, problem: Problem) -> Plan:
    """Read the tables of a plan of ``problem``.

    Parameters
    ----------
    folder : holds ``allocations.csv``, ``legs.csv``, ``trips.csv`` and ``stops.csv``.

    Returns
    -------
    The plan as it stands there; whether it keeps the rules is the verifier's business. Stops are ordered by trip and seq.

    Raises
    ------
    BadInput : with every cell that cannot be read and every id that neither the problem nor the plan has.
    """
    issues = Issues(tuple(PLAN_TABLES))
    a, legs, trips, stops = (_read(folder, schema, issues) for schema in (ALLOCATIONS, LEGS, TRIPS, STOPS))
    check_keys({table.schema.name: table for table in (a, legs, trips, stops)}, issues)
    classes = [*problem.vehicles.id, CARRIER_CLASS]
    plan = Plan(
        Allocations(
            lot=_refer(a, "lot_id", problem.lots.id, "a lot of the input", issues),
            line=_refer(a, "line_id", problem.lines.id, "a line of the input", issues),
            kg=a["kg"],
            pickup_day=a["pickup_date"],
            delivery_day=a["delivery_date"],
        ),
        Legs(
            allocation=_refer(legs, "allocation_id", a["allocation_id"], "an allocation of the plan", issues),
            leg=legs["leg"],
            trip=_refer(legs, "trip_id", trips["trip_id"], "a trip of the plan", issues),
            from_site=_refer(legs, "from_site", problem.sites.id, "a site of the input", issues),
            to_site=_refer(legs, "to_site", problem.sites.id, "a site of the input", issues),
        ),
        Trips(
            vehicle=_carriers(_refer(trips, "class_id", classes, f"a vehicle class of the input or {CARRIER_CLASS}", issues), trips),
            km=trips["km"],
            cost_vnd=trips["cost_vnd"],
        ),
        _stops(stops, trips, problem, issues),
    )
    issues.raise_any()
    return plan


def read_reasons(folder: Path, problem: Problem) -> Reasons:
    """Read why lots and lines of a plan are left open; without ``reasons.csv`` there are none.

    Raises
    ------
    BadInput : with every cell that cannot be read and every id that the problem does not have.
    """
    issues = Issues(tuple(PLAN_TABLES))
    table = _read(folder, REASONS, issues)
    of_line = table["subject"] == 1
    index = np.where(of_line, _places(table["id"], problem.lines.id), _places(table["id"], problem.lots.id))
    table.tell(issues, (index < 0) & table.fits["id"] & table.fits["subject"], "id", "a lot or line of the input, as subject says")
    issues.raise_any()
    subject = np.where(of_line, LINE, LOT).astype(object)
    return Reasons(subject, index.astype(np.int64), table["open_kg"], table["reason"], table["detail"])


def read_scarce(folder: Path, problem: Problem) -> Scarce:
    """Read what a plan uses to its limit; without ``scarce.csv`` that is nothing.

    Raises
    ------
    BadInput : with every cell that cannot be read and every id that the problem does not have.
    """
    issues = Issues(tuple(PLAN_TABLES))
    table = _read(folder, SCARCE, issues)
    rows = [len(problem.vehicles.id), problem.n_sites, len(problem.roads.km)]
    ids = [[scarce_id(problem, resource, n) for n in range(count)] for resource, count in zip(RESOURCES, rows, strict=True)]
    index = np.choose(table["resource"], [_places(table["id"], names) for names in ids])
    table.tell(issues, (index < 0) & table.fits["id"] & table.fits["resource"], "id", "a class, site or carrier lane of the input")
    issues.raise_any()
    resource = np.array(RESOURCES, dtype=object)[table["resource"]]
    return Scarce(resource, index.astype(np.int64), table["date"], table["used"], table["limit"], table["vnd_per_unit"])


def read_summary(folder: Path) -> Summary:
    """Read ``plan.json``.

    Raises
    ------
    BadInput : where it is missing or does not hold what the format asks for.
    """
    issues = Issues((PLAN_FILE,))
    claims = _json(folder / PLAN_FILE, issues)
    checks = {
        "objective_vnd": ("a whole number of VND", _is_whole),
        "bound_vnd": ("a whole number of VND, or null", lambda value: value is None or _is_whole(value)),
        "status": (", ".join(Status), lambda value: value in tuple(Status)),
        "seconds": ("a number of seconds", lambda value: isinstance(value, float) or _is_whole(value)),
        "seed": ("a whole number", _is_whole),
        "engine": ("text", lambda value: isinstance(value, str)),
        "input_sha256": ("text", lambda value: isinstance(value, str)),
    }
    for key, (expected, fits) in checks.items():
        if claims is not None and not fits(claims.get(key, ...)):
            issues.add("plan.json", 0, key, str(claims.get(key, "")), expected)
    issues.raise_any()
    assert claims is not None
    fields: dict[str, Any] = {key: claims[key] for key in checks}
    return Summary(**{**fields, "status": Status(fields["status"])})


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _json(path: Path, issues: Issues) -> dict[str, Any] | None:
    try:
        claims = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        issues.add(PLAN_FILE, 0, "", path.name, f"a file that can be read ({error.strerror})")
    except ValueError as error:
        issues.add(PLAN_FILE, 0, "", path.name, f"JSON in UTF-8 ({error})")
    else:
        if isinstance(claims, dict):
            return claims
        issues.add(PLAN_FILE, 0, "", str(claims), "a JSON object")
    return None


def _read(folder: Path, schema: Schema, issues: Issues) -> Parsed:
    path = folder / f"{schema.name}.csv"
    raw: RawTable | None = None
    if path.exists():
        raw = read_csv(path, schema, issues)
    elif schema.required:
        issues.add(schema.name, 0, "", "", f"a file {path.name}: this table must be there")
    return parse_table(schema, raw, issues)


def _refer(table: Parsed, column: str, ids: Any, expected: str, issues: Issues) -> IntArray:
    """Return the place of each id of a column among ``ids``, noting those that are not there."""
    found = _places(table[column], ids)
    table.tell(issues, (found < 0) & table.fits[column], column, expected)
    return found


def _places(column: Any, ids: Any) -> IntArray:
    """Return the place where each id first stands among ``ids``, -1 where it does not."""
    first: dict[str, int] = {}
    for place, name in enumerate(ids):
        first.setdefault(name, place)
    return np.array([first.get(name, -1) for name in column], dtype=np.int64)


def _carriers(vehicle: IntArray, trips: Parsed) -> IntArray:
    return np.where(trips["class_id"] == CARRIER_CLASS, CARRIER, vehicle)


def _stops(stops: Parsed, trips: Parsed, problem: Problem, issues: Issues) -> Stops:
    trip = _refer(stops, "trip_id", trips["trip_id"], "a trip of the plan", issues)
    site = _refer(stops, "site_id", problem.sites.id, "a site of the input", issues)
    order = np.lexsort((stops["seq"], trip))
    return Stops(trip[order], stops["seq"][order], site[order], stops["arrive"][order], stops["depart"][order])
