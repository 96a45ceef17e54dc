"""The clock of the trip search against a walk through every minute: a truck goes exactly where some schedule exists."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from matching.model.problem import MINUTES_PER_DAY, Problem
from matching.network.geography import road_minutes
from matching.verify import verify
from tests.matching.builders import build_problem
from tests.matching.solving import run, unproven

__all__ = ["unproven"]

Minutes = npt.NDArray[np.bool_]
DAYS = 3


def timing_problem(seed: int, n_pick_ups: int) -> Problem:
    """Return indivisible lots at so many places for one receiver that wants all or none; hours and closures at random; any trip pays."""
    r = random.Random(seed)
    sites = [_place(r, f"c{n}", "cooperative") for n in range(n_pick_ups)] + [_place(r, "b1", "buyer")]
    first, last = r.choice([(7, 7), (7, 8)]), r.choice([(7, 7), (7, 8), (8, 9), (9, 9)])
    lot = {"available_from": f"2027-06-0{first[0]}", "available_until": f"2027-06-0{first[1]}", "quantity_kg": 1000, "indivisible": "yes"}
    line = {"deliver_from": f"2027-06-0{last[0]}", "deliver_until": f"2027-06-0{last[1]}", "quantity_kg": 1000 * n_pick_ups}
    return build_problem(
        sites=sites,
        lots=[{**lot, "site_id": f"c{n}", "shelf_life_days": 9} for n in range(n_pick_ups)],
        demands=[{**line, "min_fill_kg": 1000 * n_pick_ups, "bid_vnd_per_kg": 90000}],
        vehicles=[
            {"payload_kg": 3000, "max_hours": r.choice([3, 6, 11.5, 20, 30]), "kmh": r.choice([12, 40]), "max_stops": n_pick_ups + 1}
        ],
        access=[{"closed_from": r.choice(["05:00", "22:00"]), "closed_until": r.choice(["09:30", "13:00", "24:00"])}],
        settings={"horizon_from": "2027-06-07", "horizon_until": "2027-06-09"},
    )


def _place(r: random.Random, name: str, kind: str) -> dict[str, Any]:
    opens = r.choice(
        [("00:00", "24:00"), ("05:00", "20:00"), ("20:00", "05:00"), ("06:00", "08:00"), ("23:00", "01:00"), ("13:00", "14:30")]
    )
    return {
        "site_id": name,
        "kind": kind,
        "lat": round(21 + 0.4 * r.random(), 3),
        "lon": round(106 + 0.4 * r.random(), 3),
        "open_from": opens[0],
        "open_until": opens[1],
        "stop_minutes": r.choice([5, 30]),
        "minutes_per_tonne": r.choice([0, 12.5]),
        "zone": r.choice(["inner", ""]),
    }


def some_schedule_exists(problem: Problem) -> bool:
    """Whether one truck can fetch everything, in any order of the pick-ups and from any minute on, or each lot a truck of its own."""
    lots = list(range(problem.n_lots))
    return any(_goes(problem, order) for order in _orders(lots)) or all(_goes(problem, [lot]) for lot in lots)


def _orders(places: list[int]) -> list[list[int]]:
    if len(places) < 2:
        return [places]
    return [[first, *rest] for first in places for rest in _orders([p for p in places if p != first])]


def _goes(problem: Problem, order: list[int]) -> bool:
    """Try every first minute; after it each stop begins as early as it may, which no later beginning can improve on."""
    path = [*(int(problem.lots.site[lot]) for lot in order), int(problem.lines.site[0])]
    lots, lines = problem.lots, problem.lines
    windows = [(lots.from_day[lot], lots.until_day[lot]) for lot in order] + [(lines.from_day[0], lines.until_day[0])]
    kg = [1000.0] * len(order) + [1000.0 * len(order)]
    lasts = [
        int(np.ceil(problem.sites.stop_min[s] + problem.sites.min_per_tonne[s] * m / 1000 - 1e-9)) for s, m in zip(path, kg, strict=True)
    ]
    begins = [_may_begin(problem, s, n, *days) for s, n, days in zip(path, lasts, windows, strict=True)]
    return any(_arrives(problem, path, lasts, begins, start) for start in np.flatnonzero(begins[0]).tolist())


def _may_begin(problem: Problem, site: int, lasts: int, from_day: int, until_day: int) -> Minutes:
    """Minutes of the horizon at which a stop may begin: each of its minutes open, none closed, its date right."""
    minutes = np.arange(DAYS * MINUTES_PER_DAY)
    open_now = np.array([_open(problem, site, int(clock)) for clock in minutes % MINUTES_PER_DAY])
    day = minutes // MINUTES_PER_DAY + problem.horizon_from_day
    fits = (day >= from_day) & (day <= until_day) & (minutes + lasts < len(minutes))
    for later in range(lasts):
        fits[: len(fits) - later] &= open_now[later:]
    return fits


def _open(problem: Problem, site: int, clock: int) -> bool:
    s, a = problem.sites, problem.access
    begin, end = int(s.open_from_min[site]), int(s.open_until_min[site])
    is_open = begin <= clock < end if begin < end else clock >= begin or clock < end
    closed_from, closed_until = int(a.closed_from_min[0]), int(a.closed_until_min[0])
    shut = closed_from <= clock < closed_until if closed_from < closed_until else clock >= closed_from or clock < closed_until
    return is_open and not (shut and s.zone[site] >= 0)


def _arrives(problem: Problem, path: list[int], lasts: list[int], begins: list[Minutes], start: int) -> bool:
    now = start
    for n in range(1, len(path)):
        drive = road_minutes(problem, np.array(path[n - 1]), np.array(path[n]), float(problem.vehicles.kmh[0]))
        now += lasts[n - 1] + int(drive)
        later = np.flatnonzero(begins[n][now:])
        if len(later) == 0:
            return False
        now += int(later[0])
    return now + lasts[-1] - start <= float(problem.vehicles.max_hours[0]) * 60


@pytest.mark.parametrize("n_pick_ups", [1, 2])
def test_a_truck_goes_exactly_where_some_schedule_exists(n_pick_ups: int, unproven: None) -> None:
    went = []
    for seed in range(20):
        problem = timing_problem(seed, n_pick_ups)
        plan = run(problem, iterations=200).plan
        assert verify(problem, plan).ok
        went.append(len(plan.trips.vehicle) > 0)
        assert went[-1] == some_schedule_exists(problem), f"seed {seed}"
    assert 3 <= sum(went) <= 17, "both answers must occur often"
