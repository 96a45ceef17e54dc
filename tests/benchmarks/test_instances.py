"""Our own random instances are valid, repeatable, and solved to the same worth by everyone."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.instances import SHAPES, scaled_nation, write_instance
from benchmarks.peers.direct_mip import direct_model
from benchmarks.peers.linear import Linear, solve_cp_sat, solve_highs
from benchmarks.peers.optional import has_library
from benchmarks.peers.pairs import all_pairs
from benchmarks.peers.volumes import PEERS
from benchmarks.peers.volumes_first import plan_volumes_first, restricted, trucks_by_telephone
from benchmarks.suites import require_equal
from matching.io import read_problem
from matching.model.problem import Problem
from matching.verify import verify
from matching.volumes.relaxation import solve_volumes
from tests.matching.builders import build_problem


@pytest.fixture(scope="module")
def commune(tmp_path_factory: pytest.TempPathFactory) -> Problem:
    folder = tmp_path_factory.mktemp("commune")
    write_instance(folder, SHAPES["commune"], 1)
    return read_problem(folder)


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Problem:
    folder = tmp_path_factory.mktemp("district")
    write_instance(folder, SHAPES["district"], 2)
    return read_problem(folder)


def test_an_instance_has_the_size_of_its_shape(district: Problem) -> None:
    assert (district.n_lots, district.n_lines) == (SHAPES["district"].n_lots, SHAPES["district"].n_lines)


def test_the_same_seed_gives_the_same_instance_and_another_seed_another(tmp_path: Path) -> None:
    digests = []
    for place, seed in enumerate((7, 7, 8)):
        write_instance(tmp_path / str(place), SHAPES["commune"], seed)
        digests.append(read_problem(tmp_path / str(place)).digest())
    assert digests[0] == digests[1] != digests[2]


def test_a_smaller_nation_keeps_its_products_and_days() -> None:
    small = scaled_nation(1000)
    assert (small.n_lots, small.n_lines, small.n_cooperatives) == (1000, 200, 200)
    assert (small.n_products, small.n_days) == (SHAPES["nation"].n_products, SHAPES["nation"].n_days)


@pytest.mark.parametrize("name", [name for name, (needs, _) in PEERS.items() if has_library(needs) and needs != "ot"])
def test_every_installed_solver_finds_the_same_volumes_as_the_engine(name: str, commune: Problem) -> None:
    require_equal(name, solve_volumes(commune).objective_vnd, {"objective_vnd": PEERS[name][1](commune, all_pairs(commune))})


def test_a_flow_over_all_pairs_agrees_on_a_district_with_hubs_and_carriers(district: Problem) -> None:
    worth = PEERS["OR-Tools min-cost flow"][1](district, all_pairs(district))
    require_equal("OR-Tools min-cost flow", solve_volumes(district).objective_vnd, {"objective_vnd": worth})


def test_a_peer_of_another_worth_is_an_error() -> None:
    with pytest.raises(ArithmeticError, match="highspy finds 1002 VND where the engine finds 1000"):
        require_equal("highspy", 1000, {"objective_vnd": 1002.0})


def test_the_plain_pair_builder_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="decisions or known kilometres"):
        all_pairs(build_problem(decisions=[{}]))


@pytest.mark.parametrize("size", ["commune", "district"])
def test_volumes_first_keeps_every_rule_and_moves_only_the_volumes(size: str, request: pytest.FixtureRequest) -> None:
    problem: Problem = request.getfixturevalue(size)
    plan = plan_volumes_first(problem)
    verdict = verify(problem, plan).require()
    assert 0 < verdict.objective_vnd <= solve_volumes(problem).objective_vnd
    flows = solve_volumes(problem).flows
    allowed = {(lot, line) for lot, line in zip(flows.lot.tolist(), flows.line.tolist())}
    assert set(zip(plan.allocations.lot.tolist(), plan.allocations.line.tolist())) <= allowed


def test_volumes_first_gives_up_a_line_that_its_trucks_leave_under_its_minimum() -> None:
    sites = [
        {"site_id": "near", "lat": 21.03, "lon": 105.86},
        {"site_id": "far", "lat": 21.80, "lon": 106.70},
        {"site_id": "b1", "kind": "buyer", "lat": 21.03, "lon": 105.85},
    ]
    # A kilogram from afar pays in a full truck, but four hundred of them do not pay a truck of their own.
    lots = [{"site_id": "near", "quantity_kg": 400}, {"site_id": "far", "quantity_kg": 400, "supplier_id": "s2", "ask_vnd_per_kg": 18000}]
    both = build_problem(sites=sites, lots=lots, demands=[{"min_fill_kg": 700}])
    assert solve_volumes(both).flows.kg.tolist() == [400, 400]
    assert len(plan_volumes_first(both).allocations.kg) == 0
    without = build_problem(sites=sites, lots=lots, demands=[{}])
    assert plan_volumes_first(without).allocations.kg.tolist() == [400]


def test_an_amount_fits_nothing_but_itself(commune: Problem) -> None:
    flows = solve_volumes(commune).flows
    alone = restricted(commune, flows.lot, flows.line, flows.kg)
    made = trucks_by_telephone(alone).allocations
    assert (made.lot == made.line).all()


def test_the_whole_model_of_direct_trips_is_worth_no_less_than_a_plan_of_direct_trips() -> None:
    problem = build_problem()
    model = direct_model(problem)
    telephone = verify(problem, trucks_by_telephone(problem)).objective_vnd
    highs, cp_sat = solve_highs(model, 10.0), solve_cp_sat(model, 10.0)
    assert highs.objective is not None
    assert cp_sat.objective is not None
    assert highs.objective == pytest.approx(cp_sat.objective, abs=1)
    assert highs.objective >= telephone


def test_both_solvers_get_the_same_rows() -> None:
    model = Linear()
    a, b = model.column(5.0, 10), model.column(4.0, 10)
    model.switch([a, b], 3, 12, gain=-7.0)
    model.row([a], [1], upper=6)
    model.constant = 100.0
    assert solve_highs(model, 5.0).objective == pytest.approx(100 + 6 * 5 + 6 * 4 - 7)
    assert solve_cp_sat(model, 5.0).objective == pytest.approx(100 + 6 * 5 + 6 * 4 - 7)
