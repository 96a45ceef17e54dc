"""`write_result`: a `Result` as the tables of the exchange format."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from matching.io.schema import CARRIER_CLASS, OUTPUT_TABLES
from matching.io.staging import place_files
from matching.model.plan import (
    CARRIER,
    CARRIER_RESOURCE,
    CLASS_RESOURCE,
    LOT,
    Allocations,
    Legs,
    Prices,
    Reasons,
    Result,
    Scarce,
    Status,
    Stops,
    Trips,
)
from matching.model.problem import IntArray, Problem, TextArray

PLAN_FILE = "plan.json"
BYTE_ORDER_MARK = "\ufeff"
LANE_MARK = ">"
"""Stands between both ends of a carrier's lane, which has no id of its own."""
OWN_TABLES = ("allocations", "legs", "trips", "stops")
"""What a plan decides; reasons and prices are said about it."""

Rows = Iterable[Sequence[Any]]


def write_result(
    folder: Path,
    problem: Problem,
    result: Result,
    *,
    engine: str,
    input_sha256: str,
    recipe: Mapping[str, Any] | None = None,
    marked: bool = False,
) -> None:
    """Write a result as ``plan.json`` and its tables; equal results give equal bytes but for ``seconds``.

    Parameters
    ----------
    folder : made if need be; an earlier plan's tables in it are replaced or removed, other files are left alone.
    engine : name and version of what made the plan.
    input_sha256 : digest of the problem that was read, 64 hexadecimal digits.
    recipe : what else it takes to make the plan again (`matching.recipe.Recipe.as_json`).
    marked : whether CSV files begin with a byte order mark, by which spreadsheet programs know UTF-8.

    Raises
    ------
    OSError : where the folder cannot be written; it is then left as it was.
    """
    tables = relaxed_tables(problem, result) if result.status == Status.RELAXED else plan_tables(problem, result)
    contents = {f"{name}.csv": BYTE_ORDER_MARK * marked + text for name, text in tables.items()}
    facts = summary(result, engine, input_sha256) | ({} if recipe is None else {**recipe, "plan_sha256": plan_sha256(tables)})
    contents[PLAN_FILE] = json.dumps(facts, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    stale = [f"{name}.csv" for name in OUTPUT_TABLES if name not in tables]
    place_files(folder, contents, stale)


def plan_tables(problem: Problem, result: Result) -> dict[str, str]:
    """Return the CSV text of every table of a plan, by name."""
    plan = result.plan
    return {
        "allocations": _allocations(problem, plan.allocations, dated=True),
        "legs": _legs(problem, plan.legs),
        "trips": _trips(problem, plan.trips),
        "stops": _stops(problem, plan.stops),
        "reasons": _reasons(problem, result.reasons),
        "prices": _prices(problem, result.prices),
        "scarce": _scarce(problem, result.scarce),
    }


def relaxed_tables(problem: Problem, result: Result) -> dict[str, str]:
    """Return the CSV text of the tables of a volumes relaxation, which has neither dates nor trucks."""
    return {
        "allocations": _allocations(problem, result.plan.allocations, dated=False),
        "prices": _prices(problem, result.prices),
    }


def plan_sha256(tables: Mapping[str, str]) -> str:
    """Return the digest of a plan's own tables, whatever is said about it: 64 hexadecimal digits."""
    sha = hashlib.sha256()
    for name in OWN_TABLES:
        sha.update(f"{name}\x1e{tables.get(name, '')}\x1f".encode())
    return sha.hexdigest()


def summary(result: Result, engine: str, input_sha256: str) -> dict[str, Any]:
    """Return what ``plan.json`` holds of every plan."""
    return {
        "objective_vnd": int(result.objective_vnd),
        "bound_vnd": None if result.bound_vnd is None else int(result.bound_vnd),
        "status": str(result.status.value),
        "seconds": round(float(result.seconds), 3),
        "seed": int(result.seed),
        "engine": engine,
        "input_sha256": input_sha256,
    }


def _csv(header: str, rows: Rows) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header.split())
    writer.writerows(rows)
    return file.getvalue()


def _allocations(problem: Problem, a: Allocations, *, dated: bool) -> str:
    columns: list[Any] = [_numbered("a", len(a.lot)), problem.lots.id[a.lot], problem.lines.id[a.line], a.kg.tolist()]
    header = "allocation_id lot_id line_id kg"
    if dated:
        columns += [_dates(a.pickup_day), _dates(a.delivery_day)]
        header += " pickup_date delivery_date"
    return _csv(header, zip(*columns, strict=True))


def _legs(problem: Problem, legs: Legs) -> str:
    site = problem.sites.id
    ids = [f"a{n + 1}" for n in legs.allocation], legs.leg.tolist(), [f"t{n + 1}" for n in legs.trip]
    return _csv("allocation_id leg trip_id from_site to_site", zip(*ids, site[legs.from_site], site[legs.to_site], strict=True))


def _trips(problem: Problem, trips: Trips) -> str:
    classes = [CARRIER_CLASS if vehicle == CARRIER else problem.vehicles.id[vehicle] for vehicle in trips.vehicle]
    km = [f"{value:.6f}" for value in trips.km]
    return _csv("trip_id class_id km cost_vnd", zip(_numbered("t", len(km)), classes, km, trips.cost_vnd.tolist(), strict=True))


def _stops(problem: Problem, stops: Stops) -> str:
    trips, sites = [f"t{n + 1}" for n in stops.trip], problem.sites.id[stops.site]
    rows = zip(trips, stops.seq.tolist(), sites, _instants(stops.arrive_min), _instants(stops.depart_min), strict=True)
    return _csv("trip_id seq site_id arrive depart", rows)


def _reasons(problem: Problem, reasons: Reasons) -> str:
    ids = _subject_ids(problem, reasons.subject, reasons.index)
    rows = zip(reasons.subject, ids, reasons.open_kg.tolist(), reasons.reason, reasons.detail, strict=True)
    return _csv("subject id open_kg reason detail", rows)


def _prices(problem: Problem, prices: Prices) -> str:
    ids = _subject_ids(problem, prices.subject, prices.index)
    # Adding zero turns -0.0 into 0.0.
    return _csv("subject id vnd_per_kg", zip(prices.subject, ids, (np.round(prices.vnd_per_kg, 6) + 0.0).tolist(), strict=True))


def _scarce(problem: Problem, scarce: Scarce) -> str:
    ids = [scarce_id(problem, what, n) for what, n in zip(scarce.resource, scarce.index.tolist(), strict=True)]
    prices = ["" if np.isnan(price) else round(float(price), 3) for price in scarce.vnd_per_unit]
    rows = zip(scarce.resource, ids, _dates(scarce.day), scarce.used.tolist(), scarce.limit.tolist(), prices, strict=True)
    return _csv("resource id date used limit vnd_per_unit", rows)


def scarce_id(problem: Problem, resource: str, index: int) -> str:
    """Return the id of a class or a site; a carrier is called after both ends of its lane."""
    if resource == CARRIER_RESOURCE:
        roads, sites = problem.roads, problem.sites.id
        return f"{sites[roads.from_site[index]]}{LANE_MARK}{sites[roads.to_site[index]]}"
    return str((problem.vehicles.id if resource == CLASS_RESOURCE else problem.sites.id)[index])


def _subject_ids(problem: Problem, subject: TextArray, index: IntArray) -> list[str]:
    return [str(problem.lots.id[n] if what == LOT else problem.lines.id[n]) for what, n in zip(subject, index, strict=True)]


def _numbered(letter: str, n: int) -> list[str]:
    return [f"{letter}{i}" for i in range(1, n + 1)]


def _dates(days: IntArray) -> list[str]:
    """Return days since 1970-01-01 as ``YYYY-MM-DD``."""
    return [str(day) for day in np.datetime_as_string(days.astype("datetime64[D]"))]


def _instants(minutes: IntArray) -> list[str]:
    """Return minutes since 1970-01-01T00:00 as ``YYYY-MM-DDTHH:MM``."""
    return [str(minute) for minute in np.datetime_as_string(minutes.astype("datetime64[m]"))]
