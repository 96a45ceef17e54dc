"""Plans of carriers alone: the program against others' programs, the searches against the program."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from matching.carrier_flow.incumbent import Incumbent
from matching.carrier_flow.neighbourhood import search_nearby
from matching.carrier_flow.program import CarrierProgram, find_carrier_flows
from matching.carrier_flow.solve import solve_carrier_flow
from matching.carrier_flow.spanning_tree import TreeSearch, is_for_trees
from matching.exact import solve_exactly
from matching.model.problem import FloatArray, Problem
from matching.solver import Limits, SolveParams, solve
from matching.verify import verify
from tests.matching.builders import build_problem

BID = 100_000


def charged(seed: int, n_lots: int, n_lines: int, *, lot: dict[str, Any] | None = None, **line: Any) -> Problem:
    """Lots and lines at places of their own, with a carrier between any two that charges for a day and by the kilogram."""
    rng = np.random.default_rng(seed)
    origins, targets = [f"o{i}" for i in range(n_lots)], [f"d{j}" for j in range(n_lines)]
    sites = [{"site_id": site, "kind": "cooperative"} for site in origins] + [{"site_id": site, "kind": "buyer"} for site in targets]

    def kg() -> int:
        return int(rng.integers(20, 90))

    return build_problem(
        sites=sites,
        lots=[{"lot_id": o, "site_id": o, "supplier_id": o, "quantity_kg": kg(), "ask_vnd_per_kg": 0, **(lot or {})} for o in origins],
        demands=[{"line_id": d, "site_id": d, "quantity_kg": kg(), "bid_vnd_per_kg": BID, **line} for d in targets],
        vehicles=[],
        certificates=[],
        lanes=[
            {"from_site": o, "to_site": d, "vnd_per_kg": int(rng.integers(100, 900)), "fixed_vnd": int(rng.integers(5_000, 90_000))}
            for o, d in itertools.product(origins, targets)
        ],
    )  # fmt: skip


def program_of(problem: Problem) -> CarrierProgram:
    flows = find_carrier_flows(problem)
    assert flows is not None
    return CarrierProgram(problem, flows)


def best_by_another(problem: Problem) -> float:
    """The most that a plan can be worth, by a program written pair by pair for another solver."""
    p, roads = problem, problem.roads
    pairs = list(itertools.product(range(p.n_lots), range(p.n_lines)))
    road = {(int(roads.from_site[r]), int(roads.to_site[r])): r for r in range(len(roads.km))}
    r = np.array([road[int(p.lots.site[i]), int(p.lines.site[j])] for i, j in pairs])
    n, most = len(pairs), np.array([min(p.lots.kg[i], p.lines.kg[j]) for i, j in pairs])
    gain = np.array([p.lines.bid_vnd_per_kg[j] - p.lots.ask_vnd_per_kg[i] for i, j in pairs]) - roads.vnd_per_kg[r]
    by_lot = np.array([[float(i == lot) for i, _ in pairs] for lot in range(p.n_lots)])
    by_line = np.array([[float(j == line) for _, j in pairs] for line in range(p.n_lines)])
    sums = np.hstack([np.vstack([by_lot, by_line]), np.zeros((p.n_lots + p.n_lines, n))])
    paid = np.hstack([np.eye(n), -np.diag(most.astype(float))])
    found = milp(
        -np.concatenate([gain, -roads.fixed_vnd[r]]),
        constraints=[LinearConstraint(sums, -np.inf, np.concatenate([p.lots.kg, p.lines.kg])), LinearConstraint(paid, -np.inf, 0.0)],
        integrality=np.repeat([0, 1], n),
        bounds=Bounds(0, np.concatenate([most, np.ones(n)])),
        options={"mip_rel_gap": 0.0},
    )
    assert found.fun is not None
    return -float(found.fun)


def countdown(n: int) -> Callable[[], float]:
    """Seconds left of a clock that has run out once it was asked ``n`` times, a hundred of them a second."""
    left = iter(range(n, 0, -1))
    return lambda: next(left, 0) / 100


def values_of(program: CarrierProgram, kg: FloatArray) -> FloatArray:
    """All columns of a program where some kilograms flow and every charge that they need is paid."""
    values = np.zeros(len(program.cost))
    values[: len(kg)] = kg
    for column in program.charges():
        values[column] = float(kg[program.members[column]].any())
    return values


@pytest.mark.parametrize("seed", range(4))
def test_the_program_finds_what_another_program_finds(seed: int) -> None:
    problem = charged(seed, 5, 6)
    found = solve(problem, SolveParams(Limits(seconds=None, iterations=50)), stopwatch=lambda: 0.0)
    assert found.status == "optimal"
    assert found.objective_vnd == pytest.approx(best_by_another(problem), abs=1.0)


RULES: dict[str, dict[str, Any]] = {
    "least fill": {"min_fill_kg": 40},
    "least of a supplier": {"min_supplier_kg": 30},
    "one supplier": {"max_suppliers": 1},
    "least take": {"lot": {"min_take_kg": 50}},
    "whole lots": {"lot": {"indivisible": "yes"}},
}


@pytest.mark.parametrize("rule", list(RULES))
@pytest.mark.parametrize("seed", range(3))
def test_rules_hold_where_there_is_no_truck_at_all(seed: int, rule: str) -> None:
    problem = charged(seed, 3, 2, **RULES[rule])
    found = solve(problem, SolveParams(Limits(seconds=None, iterations=50)), stopwatch=lambda: 0.0)
    assert found.status == "optimal"
    assert found.objective_vnd == solve_exactly(problem)[0]


@pytest.mark.parametrize("seed", range(4))
def test_a_tree_is_worth_what_its_flows_are_and_never_more_than_the_best(seed: int) -> None:
    problem = charged(seed, 7, 8)
    program = program_of(problem)
    assert is_for_trees(program)
    search = TreeSearch(program, np.ones(len(program.flows.lot), dtype=np.bool_), (seed, 0))
    before = search.worth_vnd
    search.go_on()
    assert program.worth_vnd(values_of(program, search.kg())) == pytest.approx(search.worth_vnd, abs=1.0)
    assert before <= search.worth_vnd <= best_by_another(problem) + 1.0
    assert search.worth_vnd >= 0.99 * best_by_another(problem)


def test_trees_are_not_for_flows_with_limits_of_their_own() -> None:
    assert is_for_trees(program_of(charged(1, 3, 3)))
    assert not is_for_trees(program_of(charged(1, 3, 3, max_suppliers=1)))
    tight = charged(1, 3, 3)
    tight = tight.replace(roads=tight.roads.replace(capacity_kg=np.full(len(tight.roads.km), 5)))
    assert not is_for_trees(program_of(tight))
    narrow = charged(1, 3, 3)
    narrow = narrow.replace(sites=narrow.sites.replace(throughput_kg_per_day=np.full(narrow.n_sites, 10)))
    assert not is_for_trees(program_of(narrow))
    opened = charged(1, 3, 3)
    opened = opened.replace(sites=opened.sites.replace(opening_vnd=np.full(opened.n_sites, 10)))
    assert not is_for_trees(program_of(opened))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("line", [{}, {"max_suppliers": 2}])
def test_a_search_nearby_comes_to_the_best_and_not_beyond(seed: int, line: dict[str, Any]) -> None:
    problem = charged(seed, 6, 6, **line)
    program = program_of(problem)
    proven = solve_carrier_flow(problem, seconds=None, stopwatch=lambda: 0.0, should_stop=lambda: False)
    assert proven is not None
    best = Incumbent(program)
    # Rules other than charges need a first solution: nothing at all is one.
    best.offer(np.zeros(len(program.cost)))
    search_nearby(program, best, countdown(150), (seed, 0))
    assert best.values is not None
    assert best.worth_vnd == program.worth_vnd(best.values)
    assert 0.99 * proven.bound_vnd <= best.worth_vnd <= proven.bound_vnd + 1.0


@pytest.mark.parametrize("cores", [1, 2])
def test_what_is_found_in_time_is_a_plan_below_its_bound(cores: int) -> None:
    problem = charged(5, 12, 12)
    left = countdown(400)
    found = solve_carrier_flow(problem, seconds=4.0, stopwatch=lambda: 4.0 - left(), should_stop=lambda: False, cores=cores)
    assert found is not None
    assert found.plan is not None
    assert verify(problem, found.plan).require().objective_vnd <= found.bound_vnd


def test_what_breaks_a_row_is_no_solution() -> None:
    program = program_of(charged(2, 3, 3))
    n = len(program.flows.lot)
    kg = np.zeros(n)
    kg[0] = float(program.flows.most_kg[0])
    assert program.worth_vnd(values_of(program, kg)) > 0
    unpaid = values_of(program, kg)
    unpaid[n:] = 0.0
    assert program.worth_vnd(unpaid) == -np.inf
    assert program.worth_vnd(values_of(program, 2 * kg)) == -np.inf
    best = Incumbent(program)
    assert best.offer(unpaid) == -np.inf
    assert best.values is None
