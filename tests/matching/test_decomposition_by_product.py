"""The outline and bound of a country, one product's goods at a time."""

from __future__ import annotations

import numpy as np
import pytest

from matching.bounds.model import linear
from matching.bounds.volumes import volumes_model
from matching.bounds.ways import find_ways
from matching.decomposition import by_product
from matching.decomposition.by_product import CountryOutline, outline_goods
from matching.decomposition.planner import DecompositionPlanner, guiding_volumes
from matching.model.problem import Problem
from matching.model.subset import rows_of
from matching.solver import Limits, SolveParams, solve
from matching.volumes.relaxation import relaxation_bound, separate_goods, solve_volumes
from tests.matching.random_problems import FEATURES, random_problem
from tests.matching.test_decomposition import InTurn, never


@pytest.fixture(scope="module")
def country() -> Problem:
    """Some 200 lots of several products, with everything but hubs; each line wants one product."""
    problem = random_problem(17, 200, FEATURES - {"decisions", "hubs"})
    lines = problem.lines
    wanted = lines.product[lines.product_start[:-1]]
    return problem.replace(lines=lines.replace(product=wanted, product_start=np.arange(problem.n_lines + 1)))


def outlined(problem: Problem, executor: InTurn | None = None) -> CountryOutline:
    volumes = solve_volumes(problem)
    return outline_goods(problem, volumes.lot_price, volumes.line_price + problem.lines.short_vnd_per_kg, executor or InTurn(), never)


@pytest.mark.parametrize("seed", [3, 17, 29])
def test_the_bounds_of_all_goods_add_up_to_one_that_no_plan_exceeds(seed: int) -> None:
    problem = random_problem(seed, 40, FEATURES - {"decisions"})
    bound = outlined(problem).bound_vnd
    plan = solve(problem, SolveParams(Limits(None, 20_000, 1)), stopwatch=lambda: 0.0)
    assert plan.objective_vnd <= bound + 1
    assert bound <= relaxation_bound(problem) + len(separate_goods(problem)) + 1


def test_the_bound_is_that_of_the_whole_programs_prices(country: Problem) -> None:
    whole = linear(volumes_model(country, find_ways(country)), lambda: 60.0).bound
    assert outlined(country).bound_vnd == pytest.approx(whole, abs=1.0)


def test_a_detour_is_driven_around_by_gates_of_other_goods(country: Problem) -> None:
    used = solve_volumes(country).flows
    a, b = np.unique(np.stack([country.lots.site[used.lot], country.lines.site[used.line]]), axis=1)
    kept, length = np.arange(3), np.full(3, 400.0)
    roads = rows_of(country.roads, kept, from_site=a[kept], to_site=b[kept], km=length, vnd_per_kg=np.full(3, np.nan))
    detours = country.replace(roads=roads)
    whole = linear(volumes_model(detours, find_ways(detours)), lambda: 60.0).bound
    assert outlined(detours).bound_vnd == pytest.approx(whole, abs=1.0)


def test_plain_volumes_of_all_goods_bound_what_those_of_the_whole_do(country: Problem) -> None:
    most = len(separate_goods(country))
    assert relaxation_bound(country) <= outlined(country, InTurn(most=0)).bound_vnd <= relaxation_bound(country) + 2 * most


def test_discrete_rules_bring_the_bound_down(country: Problem) -> None:
    assert outlined(country).bound_vnd < relaxation_bound(country)


def test_goods_with_many_ways_are_bounded_by_prices(country: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = outlined(country)
    monkeypatch.setattr(by_product, "MOST_WAYS", 10)
    by_prices = outlined(country)
    assert whole.bound_vnd <= by_prices.bound_vnd <= relaxation_bound(country) + 1_000
    assert by_prices.pairs is not None
    assert len(by_prices.pairs) > 10


def test_goods_that_were_not_reached_are_bounded_by_their_plain_volumes(country: Problem) -> None:
    assert len(separate_goods(country)) > 1
    cut_short = outlined(country, InTurn(most=1))
    assert cut_short.pairs is None
    assert outlined(country).bound_vnd <= cut_short.bound_vnd <= relaxation_bound(country) + len(separate_goods(country))


def test_an_outline_serves_no_lot_or_line_beyond_its_quantity(country: Problem) -> None:
    flows = outlined(country).flows
    assert len(flows.lot) > 20
    assert (np.bincount(flows.lot, weights=flows.kg, minlength=country.n_lots) <= country.lots.kg).all()
    assert (np.bincount(flows.line, weights=flows.kg, minlength=country.n_lines) <= country.lines.kg).all()


def test_the_first_trips_serve_pairs_of_the_outline_alone(country: Problem) -> None:
    begun = outlined(country)
    assert begun.pairs is not None
    guide = guiding_volumes(country, workers=1)._replace(flows=begun.flows)
    planner = DecompositionPlanner(country, guide, InTurn(), seed=1, rows_per_part=80, pairs=begun.pairs)
    planner.improve(0.0, never)
    made = planner.plan().allocations
    assert len(made.lot) > 10
    assert np.isin(made.lot * country.n_lines + made.line, begun.pairs).all()
    planner.improve(0.5, never)
    later = planner.plan().allocations
    assert not np.isin(later.lot * country.n_lines + later.line, begun.pairs).all()
