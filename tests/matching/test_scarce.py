"""What a plan uses to its limit: found, priced, written and read again."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from matching.bounds.prove import prove
from matching.bounds.scarce import ScarcePrices
from matching.explain.scarce import find_scarce
from matching.io import read_scarce, write_result
from matching.model.problem import Problem
from tests.matching.builders import BUYER, COOPERATIVE, build_problem
from tests.matching.solving import run

DAY = "2027-06-08"
ONE_DAY = {"deliver_from": DAY, "deliver_until": DAY}
LOT = {"available_from": DAY, "available_until": DAY}
CHEAP = {"fixed_vnd": 100_000, "vnd_per_km": "0:2000"}


def prices(problem: Problem) -> ScarcePrices:
    told: list[ScarcePrices] = []
    prove(problem, seconds_left=lambda: math.inf, incumbent=lambda: 0, on_bound=lambda _: None, iterations_only=True, on_scarce=told.append)
    return told[-1]


def test_a_full_receiver_is_named_with_its_date_and_what_one_more_kilogram_would_add() -> None:
    problem = build_problem(sites=[COOPERATIVE, {**BUYER, "throughput_kg_per_day": 300}], lots=[LOT], demands=[ONE_DAY], vehicles=[CHEAP])
    found = find_scarce(problem, run(problem, iterations=200).plan, prices(problem))
    assert (found.resource.tolist(), found.index.tolist(), found.used.tolist(), found.limit.tolist()) == (["site"], [1], [300], [300])
    assert np.datetime_as_string(found.day.astype("datetime64[D]")).tolist() == [DAY]
    assert 9_000 < found.vnd_per_unit[0] < 10_000


def test_a_used_fleet_is_named_and_one_more_truck_is_worth_what_it_carries() -> None:
    truck = {**CHEAP, "payload_kg": 200, "count_per_day": 1}
    problem = build_problem(lots=[LOT], demands=[ONE_DAY], vehicles=[truck], settings={"horizon_from": DAY, "horizon_until": DAY})
    found = find_scarce(problem, run(problem, iterations=200).plan, prices(problem))
    assert (found.resource.tolist(), found.used.tolist(), found.limit.tolist()) == (["class"], [1], [1])
    assert 200 * 8_000 < found.vnd_per_unit[0] < 200 * 10_000


def test_where_nothing_is_used_up_nothing_is_scarce() -> None:
    problem = build_problem(vehicles=[CHEAP])
    assert len(find_scarce(problem, run(problem, iterations=200).plan, {}).day) == 0


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    lane = {"vnd_per_kg": 500, "capacity_kg": 100, "transit_days": 0}
    sites = [{**COOPERATIVE, "max_vehicle_kg": 10}, BUYER]
    problem = build_problem(sites=sites, lots=[LOT], demands=[ONE_DAY], lanes=[lane])
    result = run(problem, iterations=200)
    assert result.scarce.resource.tolist() == ["carrier"]
    write_result(tmp_path, problem, result, engine="mca", input_sha256=problem.digest())
    assert "carrier,c1>b1,2027-06-08,100,100," in (tmp_path / "scarce.csv").read_text()
    again = read_scarce(tmp_path, problem)
    for name in ("resource", "index", "day", "used", "limit"):
        assert getattr(again, name).tolist() == getattr(result.scarce, name).tolist()
    assert again.vnd_per_unit == pytest.approx(result.scarce.vnd_per_unit, nan_ok=True, abs=1e-3)
