"""What an organisation is told of a lot or line stays the same while others' prices move within their published step."""

from __future__ import annotations

import itertools
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.tenancy import Scope
from matching.explain.context import PlanContext
from matching.io import read_problem
from matching.model.plan import LINE, LOT
from matching.model.problem import Problem
from service.disclosure import PRICE_STEPS, Distance, step_above, step_below
from service.season import sample_folder
from service.web import near_misses
from service.web.formats import Formats
from service.web.near_misses import Figures
from tests.matching.builders import build_problem
from tests.matching.random_problems import random_problem
from tests.matching.test_reasons import plan_of
from tests.service.cli_support import empty_plan

OWN_PRICES = (1_000, 9_000, 18_000, 500_000)
"""Prices that somebody states to find out where the answer changes, đồng per kg."""


def told(monkeypatch: pytest.MonkeyPatch, context: PlanContext, subject: str, row: int, organisation: int | None = 7) -> Figures | None:
    """Return what an organisation is told of a lot or line."""
    monkeypatch.setattr(near_misses, "_found", lambda *_: (context, row, False))
    visit: Any = SimpleNamespace(scope=Scope(1, organisation), formats=Formats("en"), language="en", say=_say)
    return near_misses._figures(visit, subject, "code")


def _say(text: str, **values: Any) -> str:
    return text % values if values else text


def priced_at(problem: Problem, subject: str, row: int, price: int) -> Problem:
    """Return the problem in which one lot or line states another price."""
    rows, column = (problem.lots, "ask_vnd_per_kg") if subject == LOT else (problem.lines, "bid_vnd_per_kg")
    changed = getattr(rows, column).copy()
    changed[row] = price
    return problem.replace(**{"lots" if subject == LOT else "lines": rows.replace(**{column: changed})})


def moved_within_steps(problem: Problem, subject: str) -> list[Problem]:
    """Return the problem with the other side's prices at either end of the steps that they lie in."""
    problem = problem.replace(lines=problem.lines.replace(short_vnd_per_kg=0 * problem.lines.short_vnd_per_kg))
    if subject == LINE:
        asks = problem.lots.ask_vnd_per_kg
        ends = [np.array([step_above(ask) for ask in asks.tolist()]), np.array([_lowest_of_step(ask) for ask in asks.tolist()])]
        return [problem.replace(lots=problem.lots.replace(ask_vnd_per_kg=end)) for end in ends]
    bids = problem.lines.bid_vnd_per_kg
    ends = [np.array([step_below(bid) for bid in bids.tolist()]), np.array([_highest_of_step(bid) for bid in bids.tolist()])]
    return [problem.replace(lines=problem.lines.replace(bid_vnd_per_kg=end)) for end in ends]


def _lowest_of_step(ask: int) -> int:
    return PRICE_STEPS[max(PRICE_STEPS.index(step_above(ask)) - 1, 0)] + 1


def _highest_of_step(bid: int) -> int:
    return PRICE_STEPS[PRICE_STEPS.index(step_below(bid)) + 1] - 1


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 100_000))
@pytest.mark.parametrize("subject", [LOT, LINE])
def test_no_answer_tells_two_prices_of_one_step_apart(subject: str, seed: int) -> None:
    problem = random_problem(seed, size=8, features=frozenset())
    rows = len((problem.lots if subject == LOT else problem.lines).id)
    with pytest.MonkeyPatch.context() as monkeypatch:
        for row, price in itertools.product(range(rows), OWN_PRICES):
            own = priced_at(problem, subject, row, price)
            plan = plan_of(own)
            lowest, highest = (told(monkeypatch, PlanContext(moved, plan), subject, row) for moved in moved_within_steps(own, subject))
            assert lowest == highest, (row, price)


@pytest.mark.parametrize(("subject", "price"), [(LINE, 1_000), (LOT, 500_000)])
def test_no_product_of_the_season_tells_its_best_price_closer_than_the_published_step(
    monkeypatch: pytest.MonkeyPatch, subject: str, price: int
) -> None:
    problem, told_of = read_problem(sample_folder()), []
    for product in range(len(problem.product_ids)):
        row = asked_about(problem, subject, product)
        if row is None:
            continue
        own = priced_at(problem, subject, row, price)
        answers = [told(monkeypatch, PlanContext(moved, empty_plan()), subject, row) for moved in moved_within_steps(own, subject)]
        assert answers[0] == answers[1], problem.product_ids[product]
        assert answers[0] is not None
        figures = {int(figure.replace(",", "")) for figure in re.findall(r"[\d,]{4,}", answers[0].nearest)}
        assert figures <= set(PRICE_STEPS) | set(OWN_PRICES)
        told_of.append(product)
    assert len(told_of) >= 2


def asked_about(problem: Problem, subject: str, product: int) -> int | None:
    """Return a lot of a product, or a line that takes it; None where there is none."""
    if subject == LOT:
        found = np.flatnonzero(problem.lots.product == product)
    else:
        entries = np.flatnonzero(problem.lines.product == product)
        found = np.searchsorted(problem.lines.product_start, entries, side="right") - 1
    return int(found[0]) if len(found) else None


def test_the_association_is_told_the_exact_price(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = priced_at(build_problem(), LINE, 0, 1_000)
    context = PlanContext(problem, plan_of(problem))
    exact = told(monkeypatch, context, LINE, 0, organisation=None)
    published = told(monkeypatch, context, LINE, 0)
    assert exact is not None
    assert published is not None
    assert re.search(r"misses by [\d,]+ đồng per kg", exact.nearest)
    assert published.nearest == near_misses.APART[Distance.FAR]


def test_prices_published_are_more_than_a_tenth_apart() -> None:
    assert all(higher >= 1.1 * lower for lower, higher in itertools.pairwise(PRICE_STEPS))
