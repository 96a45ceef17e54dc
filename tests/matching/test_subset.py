"""A part of a problem is a problem of its own."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.model.subset import Subset, subset
from matching.pairs.lanes import find_lanes
from tests.matching.random_problems import random_problem

seeds = st.integers(0, 400)


def _half(seed: int, choice: int) -> tuple[Subset, int]:
    problem = random_problem(seed, 8)
    rng = np.random.default_rng(choice)
    lots = np.flatnonzero(rng.random(problem.n_lots) < 0.6)
    lines = np.flatnonzero(rng.random(problem.n_lines) < 0.6)
    return subset(problem, lots, lines), seed


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(0, 1000))
def test_a_part_has_the_lanes_of_the_whole_between_its_lots_and_lines(seed: int, choice: int) -> None:
    part, _ = _half(seed, choice)
    whole = find_lanes(random_problem(seed, 8), prune_unprofitable=False)
    kept = np.isin(whole.lot, part.lots) & np.isin(whole.line, part.lines)
    made = find_lanes(part.problem, prune_unprofitable=False)
    for column in ("pickup_from_day", "pickup_until_day", "deliver_from_day", "deliver_until_day", "max_days", "margin_vnd_per_kg"):
        assert getattr(made, column).tolist() == getattr(whole, column)[kept].tolist()
    assert part.lots[made.lot].tolist() == whole.lot[kept].tolist()
    assert part.lines[made.line].tolist() == whole.line[kept].tolist()


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(0, 1000))
def test_ids_and_sites_of_a_part_are_those_of_the_whole(seed: int, choice: int) -> None:
    part, _ = _half(seed, choice)
    whole, made = random_problem(seed, 8), part.problem
    assert made.lots.id.tolist() == whole.lots.id[part.lots].tolist()
    assert made.sites.id[made.lots.site].tolist() == whole.sites.id[whole.lots.site[part.lots]].tolist()
    assert made.sites.id[made.lines.site].tolist() == whole.sites.id[whole.lines.site[part.lines]].tolist()
    assert [made.supplier_ids[i] for i in made.lots.supplier] == [whole.supplier_ids[i] for i in whole.lots.supplier[part.lots]]
    assert [made.buyer_ids[i] for i in made.lines.buyer] == [whole.buyer_ids[i] for i in whole.lines.buyer[part.lines]]
    assert made.sites.id[made.roads.to_site].tolist() == whole.sites.id[whole.roads.to_site[part.roads]].tolist()


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_the_whole_is_a_part_of_itself(seed: int) -> None:
    whole = random_problem(seed, 8)
    made = subset(whole, np.arange(whole.n_lots), np.arange(whole.n_lines)).problem
    assert made.decisions.lot.tolist() == whole.decisions.lot.tolist()
    assert made.lines.require_scheme.tolist() == whole.lines.require_scheme.tolist()
    assert made.lines.product.tolist() == whole.lines.product.tolist()
    assert made.vehicles.base_site.shape == whole.vehicles.base_site.shape
    based = whole.vehicles.base_site >= 0
    assert made.sites.id[made.vehicles.base_site[based]].tolist() == whole.sites.id[whole.vehicles.base_site[based]].tolist()
    assert (made.vehicles.base_site[~based] == whole.vehicles.base_site[~based]).all()
