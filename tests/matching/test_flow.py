"""The volumes relaxation against a linear programme built pair by pair, and the transport against another solver."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ortools.graph.python import min_cost_flow
from scipy.optimize import linprog

from matching.model.plan import LINE, LOT
from matching.model.problem import FORBID, HUB, PIN, Problem
from matching.volumes import network_simplex, sifting
from matching.volumes.network_simplex import (
    Basis,
    Transport,
    TransportProblem,
    is_optimal,
    solve_transport,
)
from matching.volumes.relaxation import relaxation_bound, relaxed_plan, shadow_prices, solve_volumes
from tests.matching.builders import build_problem
from tests.matching.naive_haulage import naive_carriers, naive_km, naive_rate
from tests.matching.random_problems import FEATURES, random_problem
from tests.matching.test_lanes import is_admissible


def can_go(problem: Problem, i: int, j: int, least: int, most: int, by_truck: bool) -> bool:
    days = range(int(problem.lots.from_day[i]), int(problem.lots.until_day[i]) + 1)
    if not by_truck:
        problem = problem.replace(horizon_from_day=-(10**6), horizon_until_day=10**6)
    return any(is_admissible(problem, i, j, p, p + n) for p in days for n in range(least, most + 1))


def naive_pairs(problem: Problem) -> dict[tuple[int, int], float]:
    """Cheapest rate of each eligible pair."""
    made, km = problem.decisions, naive_km(problem)
    rates: dict[tuple[int, int], float] = {}
    forbidden = {(int(made.lot[k]), int(made.line[k])) for k in np.flatnonzero(made.kind == FORBID)}
    for i, j in itertools.product(range(problem.n_lots), range(problem.n_lines)):
        rate = naive_rate(problem, km, i, j) if can_go(problem, i, j, 0, 1, by_truck=True) else np.inf
        for days, vnd_per_kg in naive_carriers(problem, i, j):
            if can_go(problem, i, j, days, days, by_truck=False):
                rate = min(rate, vnd_per_kg)
        if np.isfinite(rate) and (i, j) not in forbidden:
            rates[i, j] = rate
    return rates


def naive_optimum(problem: Problem) -> float | None:
    """Value of the linear programme, or None if the pins cannot be kept."""
    lots, lines, made = problem.lots, problem.lines, problem.decisions
    rates = naive_pairs(problem)
    pairs = list(rates)
    pins: dict[tuple[int, int], int] = {}
    for k in np.flatnonzero(made.kind == PIN):
        pair = (int(made.lot[k]), int(made.line[k]))
        pins[pair] = max(pins.get(pair, 0), int(made.kg[k]))
    if any(kg > 0 and pair not in rates for pair, kg in pins.items()):
        return None
    penalty = float((lines.short_vnd_per_kg * lines.kg).sum())
    if not pairs:
        return -penalty
    gain = [float(lines.bid_vnd_per_kg[j] + lines.short_vnd_per_kg[j] - lots.ask_vnd_per_kg[i]) - rates[i, j] for i, j in pairs]
    rows = np.zeros((problem.n_lots + problem.n_lines, len(pairs)))
    for column, (i, j) in enumerate(pairs):
        rows[i, column] = rows[problem.n_lots + j, column] = 1
    made_lp = linprog(
        -np.array(gain), A_ub=rows, b_ub=np.concatenate([lots.kg, lines.kg]), bounds=[(pins.get(pair, 0), None) for pair in pairs]
    )
    return -float(made_lp.fun or 0.0) - penalty if made_lp.status == 0 else None


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_volumes_are_worth_what_the_linear_programme_says(seed: int) -> None:
    problem = random_problem(seed, size=8)
    optimum, volumes = naive_optimum(problem), solve_volumes(problem)
    if optimum is None:
        assert volumes.unmet_pin_kg > 0
        return
    assert volumes.unmet_pin_kg == 0
    assert volumes.objective_vnd == pytest.approx(optimum, rel=1e-9, abs=1.0)
    assert optimum - 1e-3 <= volumes.bound_vnd <= volumes.objective_vnd + 2


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_volumes_keep_quantities_pins_and_forbids(seed: int) -> None:
    problem = random_problem(seed, size=10)
    volumes = solve_volumes(problem)
    flows, made = volumes.flows, problem.decisions
    assert (np.bincount(flows.lot, flows.kg, problem.n_lots) <= problem.lots.kg).all()
    assert (np.bincount(flows.line, flows.kg, problem.n_lines) <= problem.lines.kg).all()
    kg = dict.fromkeys(zip(made.lot.tolist(), made.line.tolist()), 0)
    for lot, line, amount in zip(flows.lot.tolist(), flows.line.tolist(), flows.kg.tolist()):
        kg[lot, line] = kg.get((lot, line), 0) + amount
    for k in range(len(made.lot)):
        pair = (int(made.lot[k]), int(made.line[k]))
        assert (kg[pair] == 0) if made.kind[k] == FORBID else (kg[pair] >= made.kg[k] or volumes.unmet_pin_kg > 0)


def test_threads_do_not_change_the_answer() -> None:
    problem = random_problem(3, size=40)
    one, two = solve_volumes(problem), solve_volumes(problem, workers=2)
    assert one.objective_vnd == two.objective_vnd
    assert (one.flows.kg == two.flows.kg).all()
    assert (one.lot_price == two.lot_price).all()


@pytest.mark.parametrize("seed", range(6))
def test_pairs_looked_at_few_at_a_time_lead_to_the_flow_of_all(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = random_problem(seed, size=60)
    found = []
    for few in (sifting.Few(1, 1), sifting.Few(1, 3), sifting.Few(10_000, 10_000)):
        monkeypatch.setattr(sifting, "FEW", few)
        monkeypatch.setattr(sifting, "MORE", few)
        found.append(solve_volumes(problem))
    assert len({(volumes.objective_vnd, volumes.bound_vnd) for volumes in found}) == 1


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_the_bound_of_every_plan_is_no_less_than_the_relaxation(seed: int) -> None:
    problem = random_problem(seed, size=8)
    assert relaxation_bound(problem) >= solve_volumes(problem).objective_vnd


def test_a_hub_lets_goods_wait_in_the_bound_but_not_in_the_relaxation() -> None:
    late = {
        "lots": [{"available_from": "2027-06-07", "available_until": "2027-06-07", "shelf_life_days": 9}],
        "demands": [{"deliver_from": "2027-06-10", "deliver_until": "2027-06-10"}],
    }
    hub = {"site_id": "h1", "kind": "hub", "lat": 21.2, "lon": 106.0}
    sites = [{"site_id": "c1"}, {"site_id": "b1", "kind": "buyer", "lat": 21.03, "lon": 105.85}]
    assert relaxation_bound(build_problem(**late, sites=sites)) <= 2
    problem = build_problem(**late, sites=[*sites, hub])
    assert solve_volumes(problem).objective_vnd == 0
    assert relaxation_bound(problem) > 800 * 9000


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_one_more_kilogram_adds_no_more_than_its_price(seed: int) -> None:
    problem = random_problem(seed, size=6, features=FEATURES - {"decisions"})
    volumes = solve_volumes(problem)
    for i in range(problem.n_lots):
        more = problem.lots.kg.copy()
        more[i] += 1
        gained = solve_volumes(problem.replace(lots=problem.lots.replace(kg=more))).objective_vnd - volumes.objective_vnd
        assert gained <= volumes.lot_price[i] + 2
    for j in range(problem.n_lines):
        more = problem.lines.kg.copy()
        more[j] += 1
        gained = solve_volumes(problem.replace(lines=problem.lines.replace(kg=more))).objective_vnd - volumes.objective_vnd
        assert gained <= volumes.line_price[j] + 2


def test_prices_of_a_scarce_lot_and_of_an_unfilled_line() -> None:
    problem = build_problem(demands=[{"quantity_kg": 5000, "short_vnd_per_kg": 1500}])
    volumes = solve_volumes(problem)
    prices = shadow_prices(volumes)
    assert prices.subject.tolist() == [LOT, LINE]
    assert prices.vnd_per_kg[1] == pytest.approx(-1500)
    rate = volumes.flows.rate_vnd_per_kg[0]
    assert prices.vnd_per_kg[0] == pytest.approx(20000 + 1500 - 10000 - rate, abs=1e-5)


def test_a_lot_wholly_pinned_still_prices_the_line() -> None:
    pin = {"lot_id": "lot1", "line_id": "line1", "decision": "pin", "kg": 800}
    problem = build_problem(decisions=[pin])
    volumes = solve_volumes(problem)
    assert volumes.flows.kg.tolist() == [800]
    assert volumes.line_price[0] == pytest.approx(10000 - volumes.flows.rate_vnd_per_kg[0], abs=1e-5)


def test_prices_near_the_largest_number_neither_overflow_nor_stop() -> None:
    dear = 8_000_000_000_000_000
    problem = build_problem(demands=[{"bid_vnd_per_kg": dear, "quantity_kg": 1}])
    volumes = solve_volumes(problem)
    assert volumes.scale < 1000
    assert volumes.objective_vnd == pytest.approx(float(dear), rel=1e-6)
    assert volumes.bound_vnd >= volumes.objective_vnd


def test_the_plan_has_one_undated_allocation_for_each_pair() -> None:
    problem = random_problem(11, size=30)
    volumes = solve_volumes(problem)
    plan = relaxed_plan(problem, volumes)
    pairs = list(zip(plan.allocations.lot.tolist(), plan.allocations.line.tolist()))
    assert len(pairs) == len(set(pairs)) > 0
    assert plan.allocations.kg.sum() == volumes.flows.kg.sum()
    assert set(plan.allocations.pickup_day.tolist()) == {-1}
    assert len(plan.trips.km) == 0


def test_an_empty_problem_has_an_empty_answer() -> None:
    volumes = solve_volumes(build_problem(lots=[], demands=[]))
    assert volumes.objective_vnd == 0
    assert len(volumes.flows.kg) == 0


def test_a_wrong_flow_is_never_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(given_: TransportProblem, basis: Basis | None = None) -> Transport:
        made = solve_transport(given_, basis)
        return made._replace(units=np.zeros_like(given_.gain))

    monkeypatch.setattr(sifting, "solve_transport", nothing)
    with pytest.raises(ArithmeticError, match="certificate"):
        solve_volumes(build_problem())


# the transport alone -------------------------------------------------------------------------------------------------
def random_transport(seed: int, n_sources: int, n_sinks: int, density: float, largest: int) -> TransportProblem:
    r = np.random.default_rng(seed)
    is_arc = r.random((n_sources, n_sinks)) < density
    source, sink = np.nonzero(is_arc)
    gain = r.integers(-largest // 5, largest, len(source))
    start = np.searchsorted(source, np.arange(n_sources + 1)).astype(np.int64)
    return TransportProblem(r.integers(0, 50, n_sources), r.integers(1, 90, n_sinks), start, sink.astype(np.int64), gain)


def other_solver(problem: TransportProblem) -> int:
    """Best gain by OR-Tools' cost scaling."""
    supply, demand, start, sink, gain = problem
    solver, n, m = min_cost_flow.SimpleMinCostFlow(), len(supply), len(demand)
    source = np.repeat(np.arange(n), np.diff(start))
    solver.add_arcs_with_capacity_and_unit_cost(source, n + sink, np.minimum(supply[source], demand[sink]), -gain)
    solver.add_arcs_with_capacity_and_unit_cost(np.full(n, n + m), np.arange(n), supply, np.zeros(n, dtype=np.int64))
    solver.add_arcs_with_capacity_and_unit_cost(n + np.arange(m), np.full(m, n + m), demand, np.zeros(m, dtype=np.int64))
    assert solver.solve() == solver.OPTIMAL
    return -int(solver.optimal_cost())


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n_sources=st.integers(1, 30),
    n_sinks=st.integers(1, 30),
    density=st.floats(0.05, 1),
    largest=st.sampled_from([3, 10, 10**9]),
)
def test_transport_is_worth_what_another_solver_finds(seed: int, n_sources: int, n_sinks: int, density: float, largest: int) -> None:
    given_ = random_transport(seed, n_sources, n_sinks, density, largest)
    made = solve_transport(given_)
    assert is_optimal(given_, made)
    assert int((made.units * given_.gain).sum()) == other_solver(given_)


@pytest.mark.parametrize("largest", [2, 1000])
def test_transport_of_many_ties_ends(largest: int) -> None:
    given_ = random_transport(1, 300, 200, 0.5, largest)
    made = solve_transport(given_)
    assert is_optimal(given_, made)
    assert int((made.units * given_.gain).sum()) == other_solver(given_)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), share=st.floats(0, 1))
def test_a_flow_goes_on_from_the_tree_of_fewer_arcs(seed: int, share: float) -> None:
    whole = random_transport(seed, 25, 20, 0.7, 50)
    source = np.repeat(np.arange(25), np.diff(whole.start))
    kept = np.flatnonzero(np.random.default_rng(seed).random(len(source)) < share)
    fewer = whole._replace(start=np.searchsorted(source[kept], np.arange(26)), sink=whole.sink[kept], gain=whole.gain[kept])
    made = solve_transport(whole, solve_transport(fewer).basis.renumbered(kept))
    assert is_optimal(whole, made)
    assert int((made.units * whole.gain).sum()) == other_solver(whole)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), density=st.floats(0.1, 1), largest=st.sampled_from([2, 50, 10**6]))
def test_the_tree_stands_in_preorder_with_its_depths_and_potentials(seed: int, density: float, largest: int) -> None:
    given_ = random_transport(seed, 25, 20, density, largest)
    links, _, potential = solve_transport(given_).basis
    root, path, node = 45, [45], int(links[network_simplex.NEXT, 45])
    source = np.append(np.repeat(np.arange(25), np.diff(given_.start)), network_simplex.NONE)
    for _ in range(45):
        assert links[network_simplex.NEXT, links[network_simplex.PREVIOUS, node]] == node
        while path[-1] != links[network_simplex.PARENT, node]:
            path.pop()
        path.append(node)
        assert links[network_simplex.DEPTH, node] == len(path) - 1
        arc, parent = links[network_simplex.ARC, node], links[network_simplex.PARENT, node]
        assert arc == network_simplex.NONE or {node, int(parent)} == {int(source[arc]), 25 + int(given_.sink[arc])}
        assert potential[node] - potential[parent] == (
            0 if arc == network_simplex.NONE else given_.gain[arc] * (-1 if links[network_simplex.UPWARD, node] else 1)
        )
        node = int(links[network_simplex.NEXT, node])
    assert node == root


def test_the_certificate_refuses_every_kind_of_fault() -> None:
    given_ = random_transport(2, 12, 9, 0.6, 100)
    made = solve_transport(given_)
    arc = int(np.flatnonzero(made.units)[0])
    fewer, price = made.units.copy(), made.source_price + 1
    fewer[arc] -= 1
    assert not is_optimal(given_, made._replace(units=fewer))
    assert not is_optimal(given_, made._replace(units=made.units + 1000))
    assert not is_optimal(given_, made._replace(units=-made.units - 1))
    assert not is_optimal(given_, made._replace(source_price=price))
    assert not is_optimal(given_, made._replace(sink_price=made.sink_price - 1))


def test_hubs_carriers_and_pins_occur_in_the_random_problems() -> None:
    problems = [random_problem(seed, size=8) for seed in range(40)]
    assert any((p.sites.kind == HUB).any() for p in problems)
    assert any((~np.isnan(p.roads.vnd_per_kg)).any() for p in problems)
    assert sum((solve_volumes(p).flows.road >= 0).any() for p in problems) >= 3
    assert sum(naive_optimum(p) is not None for p in problems) >= 10
