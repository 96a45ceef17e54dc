"""Published formats become inputs that the engine solves to the known optimum, and bad files are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.classics import facilities_text, fixed_charge_text, routing_text, transportation_text
from benchmarks.convert import main
from benchmarks.converters import KINDS, Converted, convert_text
from benchmarks.converters.facilities import convert_facilities
from benchmarks.converters.tsplib import read_routing
from matching.io import read_problem
from matching.model.plan import Result
from matching.solver import Limits, SolveParams, solve
from tests.benchmarks import tiny_classics as tiny
from tests.benchmarks.tiny_classics import least_routing_cost, least_shipping_cost, least_split_cost, numbers


def transportation_optimum() -> float:
    given = np.array(numbers(tiny.TRANSPORTATION))
    return least_shipping_cost(given[None, 2:5], given[None, 5:9], given[9:].reshape(3, 4))


def fixed_charge_optimum() -> float:
    given = np.array(numbers(tiny.FIXED_CHARGE))
    return least_shipping_cost(given[None, 2:5], given[None, 5:9], given[9:21].reshape(3, 4), fixed=given[21:].reshape(3, 4))


def facilities_optimum() -> float:
    given = np.array(numbers(tiny.FACILITIES))
    facilities, customers = given[2:10].reshape(4, 2), given[10:].reshape(5, 5)
    demand = customers[:, 0]
    return least_shipping_cost(facilities[None, :, 0], demand[None], (customers[:, 1:] / demand[:, None]).T, opening=facilities[:, 1])


def commodities_optimum() -> float:
    supply, demand = np.array([[20, 15, 10], [12, 18, 14.0]]), np.array([[12, 14, 9], [10, 8, 12.0]])
    return least_shipping_cost(
        supply,
        demand,
        np.array([[4, 7, 5], [6, 3, 8], [5, 6, 2.0]]),
        fixed=np.array([[20, 35, 15], [10, 25, 40], [30, 20, 10.0]]),
        capacity=np.array([[18, 25, 20], [25, 16, 25], [20, 25, 17.0]]),
        min_load=np.array([5, 4, 3.0]),
        max_sources=np.array([2, 1, 2.0]),
    )


def few_sinks_optimum() -> float:
    cost = np.array([[2, 3, 4, 6], [3, 2, 5, 4], [6, 4, 2, 3.0]])
    demand, least, most = np.array([[15, 20, 10, 25.0]]), np.array([5, 5, 5.0]), np.array([2, 1, 2.0])
    return least_shipping_cost(np.array([[30, 30, 30.0]]), demand, cost, min_load=least, max_sinks=most)


def cvrp_optimum() -> float:
    given = read_routing(tiny.CVRP)
    return least_routing_cost(given.distance, given.demand.tolist(), given.capacity)


def sdvrp_optimum() -> float:
    given = read_routing(tiny.SDVRP)
    return least_split_cost(given.distance, given.demand.tolist(), given.capacity, most_tours=3)


CASES: dict[str, tuple[str, str, Callable[[], float], float]] = {
    "transportation": ("transportation", tiny.TRANSPORTATION, transportation_optimum, 550.0),
    "fixed charges": ("fixed-charge", tiny.FIXED_CHARGE, fixed_charge_optimum, 525.0),
    "facilities": ("facilities", tiny.FACILITIES, facilities_optimum, 308.5),
    "commodities": ("commodities", tiny.COMMODITIES, commodities_optimum, 348.0),
    "few sinks": ("commodities", tiny.FEW_SINKS, few_sinks_optimum, 175.0),
    "routing": ("cvrp", tiny.CVRP, cvrp_optimum, 392.0),
    "split routing": ("sdvrp", tiny.SDVRP, sdvrp_optimum, 174.0),
}


def solved(made: Converted, folder: Path) -> Result:
    """Solve on one core until the engine's proof or a number of iterations that the tiny instances need many times over."""
    made.write(folder)
    return solve(read_problem(folder), SolveParams(Limits(seconds=None, iterations=20_000, cores=1)), stopwatch=lambda: 0.0)


@pytest.mark.parametrize("name", CASES)
def test_a_known_optimum_is_reached_and_no_bound_is_beyond_it(name: str, tmp_path: Path) -> None:
    kind, text, _, known = CASES[name]
    made = convert_text(kind, text)
    result = solved(made, tmp_path / "input")
    assert made.known_cost_of(result.objective_vnd) == pytest.approx(known, abs=0.02)
    assert result.bound_vnd is not None
    assert made.known_cost_of(result.bound_vnd) <= known + 0.02


@pytest.mark.parametrize("name", CASES)
def test_a_known_optimum_is_the_smallest_cost_that_another_way_finds(name: str) -> None:
    _, _, optimum, known = CASES[name]
    assert optimum() == pytest.approx(known, abs=1e-6)


@pytest.mark.parametrize("name", [name for name in CASES if "routing" not in name])
def test_problems_of_carriers_alone_are_proven_optimal(name: str, tmp_path: Path) -> None:
    kind, text, _, known = CASES[name]
    made = convert_text(kind, text)
    result = solved(made, tmp_path / "input")
    assert result.bound_vnd is not None
    # A carrier's trip is rounded to the whole đồng, which may hide half of one on each lane.
    assert made.known_cost_of(result.bound_vnd) == pytest.approx(known, abs=0.2)


def test_splitting_loads_pays_in_the_tiny_case() -> None:
    given = read_routing(tiny.SDVRP)
    assert least_routing_cost(given.distance, given.demand.tolist(), given.capacity) > sdvrp_optimum()


def test_charges_change_what_is_best_in_the_tiny_case() -> None:
    given = np.array(numbers(tiny.FIXED_CHARGE))
    without = least_shipping_cost(given[None, 2:5], given[None, 5:9], given[9:21].reshape(3, 4))
    assert without + given[21:].sum() > fixed_charge_optimum() > without


def test_a_customer_of_nothing_is_left_out() -> None:
    made = convert_text("transportation", "1 2  5  5 0  1 2")
    assert [row[0] for row in made.tables["demands"].rows] == ["d1-k1"]


def test_costs_keep_their_decimals() -> None:
    made = convert_text("transportation", "1 1  5  5  0.125")
    assert made.vnd_per_cost == 1000
    assert made.tables["lanes"].rows[0][2] == "125"


def test_the_word_capacity_takes_the_number_that_is_given_for_it() -> None:
    made = convert_facilities("1 1\ncapacity 7.5\n4 12\n", capacity=9)
    assert made.tables["lots"].rows[0][5] == 9


@pytest.mark.parametrize("kind", ["cvrp", "sdvrp"])
def test_only_split_routing_divides_lots(kind: str) -> None:
    made = convert_text(kind, tiny.CVRP)
    column = made.tables["lots"].header.split().index("indivisible")
    assert {row[column] for row in made.tables["lots"].rows} == {"yes" if kind == "cvrp" else "no"}


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("FULL_MATRIX", "0 5 6 7  5 0 8 9  6 8 0 4  7 9 4 0"),
        ("LOWER_ROW", "5  6 8  7 9 4"),
        ("LOWER_DIAG_ROW", "0  5 0  6 8 0  7 9 4 0"),
        ("UPPER_ROW", "5 6 7  8 9  4"),
        ("UPPER_DIAG_ROW", "0 5 6 7  0 8 9  0 4  0"),
    ],
)
def test_every_form_of_a_matrix_gives_the_same_distances(form: str, words: str) -> None:
    text = tiny.SDVRP.replace("LOWER_ROW", form).replace("40\n42 5\n41 6 4", words)
    assert read_routing(text).distance.tolist() == [[0, 5, 6, 7], [5, 0, 8, 9], [6, 8, 0, 4], [7, 9, 4, 0]]


def test_a_depot_that_is_not_the_first_node_becomes_the_first_site() -> None:
    moved = tiny.SDVRP.replace("1 0\n2 4", "1 4\n2 0").replace("DEPOT_SECTION\n1", "DEPOT_SECTION\n2")
    given = read_routing(moved)
    assert given.demand.tolist() == [0, 4, 4, 4]
    assert given.distance[0].tolist() == [0, 40, 5, 6]


@pytest.mark.parametrize(("rule", "near", "far"), [("EUC_2D", 36, 40), ("CEIL_2D", 37, 41)])
def test_straight_lines_are_rounded_as_the_file_says(rule: str, near: int, far: int) -> None:
    # From the depot it is 36.06 to the second node and 40.31 to the fifth.
    given = read_routing(tiny.CVRP.replace("EUC_2D", rule))
    assert (given.distance[0, 1], given.distance[0, 4]) == (near, far)


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("transportation", "1 1  4  5  1", "demand exceeds supply"),
        ("transportation", "1 1  5  5", "ends before all its numbers"),
        ("transportation", "1 1  5  5  1 2", "1 more numbers than expected"),
        ("transportation", "1 1  5.5  5  1", "quantities must be whole"),
        ("transportation", "1 1  5  5  x", "'x' is not a number"),
        ("transportation", "1 1  5  5  -1", "not a finite number from 0"),
        ("transportation", "1 1  5  5  nan", "not a finite number from 0"),
        ("transportation", "1 1  5  5  0.1234567", "more than 6 decimals"),
        ("transportation", "1.5 1  5  5  1", "1.5 is not a whole number"),
        ("facilities", "1 1  9 7  0 0", "a customer wants nothing"),
        ("facilities", "1 1  capacity 7  3 0", "'capacity' is not a number"),
        ("commodities", "COMMODITIES 1 SOURCES 1 SINKS 1 SUPPLY 1 DEMAND 1", "COST must be there"),
        ("commodities", tiny.COMMODITIES + "MAX_SINKS 1 1 1", "cannot be told together"),
        ("commodities", tiny.COMMODITIES + "MIN_LOAD 1 1 1", "MIN_LOAD is there twice"),
        ("commodities", tiny.COMMODITIES + "TURNS 1", "unknown keyword 'TURNS'"),
        ("cvrp", tiny.CVRP.replace("CAPACITY : 10", "CAPACITY : 5"), "wants more than a vehicle holds"),
        ("cvrp", tiny.CVRP.replace("CAPACITY : 10", "CAPACITY : 10\nDISTANCE : 200"), "DISTANCE cannot be told"),
        ("cvrp", tiny.CVRP.replace("CAPACITY : 10\n", ""), "CAPACITY is missing"),
        ("cvrp", tiny.CVRP.replace("2 4\n3 5", "2 0\n3 5"), "every customer something"),
        ("cvrp", tiny.CVRP.replace("DIMENSION : 8", "DIMENSION : 9"), "8 nodes have a demand, but DIMENSION is 9"),
        ("cvrp", tiny.CVRP.replace("EUC_2D", "GEO"), "EDGE_WEIGHT_TYPE GEO is none of"),
        ("cvrp", tiny.CVRP.replace("DEPOT_SECTION\n 1", "DEPOT_SECTION\n 1 2"), "there must be one depot"),
        ("cvrp", tiny.SDVRP.replace("LOWER_ROW", "SPIRAL"), "EDGE_WEIGHT_FORMAT SPIRAL is none of"),
        ("cvrp", tiny.SDVRP.replace("41 6 4", "41 6"), "has 5 numbers, expected 6"),
        ("cvrp", "hello\n" + tiny.CVRP, "'hello' is neither a header nor in a section"),
        ("tsp", tiny.CVRP, "unknown kind 'tsp'"),
    ],
)
def test_what_cannot_be_converted_is_refused_with_its_reason(kind: str, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        convert_text(kind, text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("transportation", transportation_text(6, 7, 1)),
        ("fixed-charge", fixed_charge_text(5, 4, 2)),
        ("facilities", facilities_text(6, 9, 3)),
        ("cvrp", routing_text(12, 4)),
        ("sdvrp", routing_text(9, 5, lots_per_tour=1.5)),
    ],
)
def test_random_instances_can_be_read_by_the_engine(kind: str, text: str, tmp_path: Path) -> None:
    convert_text(kind, text).write(tmp_path)
    problem = read_problem(tmp_path)
    assert problem.n_lots > 0
    assert problem.n_lines > 0


def test_the_command_writes_an_input_and_turns_a_plan_into_its_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, plan = tmp_path / "tiny.txt", tmp_path / "plan"
    file.write_text("1 1  5  5  3", encoding="utf-8")
    assert main(["transportation", str(file), str(tmp_path / "input")]) == 0
    made = convert_text("transportation", file.read_text(encoding="utf-8"))
    plan.mkdir()
    (plan / "plan.json").write_text(json.dumps({"objective_vnd": made.income_vnd - 1600, "bound_vnd": made.income_vnd - 1500}), "utf-8")
    assert main(["transportation", str(file), "--cost", str(plan)]) == 0
    assert "cost 16, proven to be at least 15" in capsys.readouterr().out
    assert read_problem(tmp_path / "input").n_lots == 1


def test_the_command_refuses_a_bad_file_with_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.txt"
    file.write_text("1 1  4  5  3", encoding="utf-8")
    assert main(["transportation", str(file), str(tmp_path / "input")]) == 2
    assert "demand exceeds supply" in capsys.readouterr().err
    assert not (tmp_path / "input").exists()


def test_every_kind_has_a_case() -> None:
    assert {kind for kind, *_ in CASES.values()} == set(KINDS)
