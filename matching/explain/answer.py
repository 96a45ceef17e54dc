"""What would get a lot or line matched: the cheapest single change, found by search and verified by solving again.

A change is promised only if, with it, solving again around the lot or line gives a complete plan that keeps every rule, uses clearly more
of it, and is worth clearly more than the best plan found with the same change in which it gets no more than now. The second condition is
what makes a promise come true when somebody solves the whole problem anew: a plan without it would be worse by more than a search misses.
How much is promised is asked in the same way: plans with less than that, searched for from the one found, must be clearly worse, or less
than half as much is promised.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from matching.explain.candidates import Candidate, Costs, find_candidates
from matching.explain.changes import Change, ChangeKind, apply, set_cell
from matching.explain.context import PlanContext
from matching.explain.local import Found, Local, around
from matching.explain.pairs import JudgedPairs, find_pairs
from matching.model.plan import LOT
from matching.model.problem import Problem
from matching.verify import verify

PROMISED_SHARE, SURE_SHARE = 0.5, 0.2
"""Shares of what solving again finds that are promised: where plans with less are clearly worse, and where that isn't known."""
PRICE_SEARCHES = 3
"""Searches for how far a price must go."""
TOLERANCE_SHARE = 0.1
"""Share of the promised kilograms by which a promise may fall short."""


class Outcome(StrEnum):
    """What became of the search for a change. The codes are stable."""

    FOUND = "found"
    NONE = "none"
    MATCHED = "matched"
    TIME = "time"


@dataclass(frozen=True)
class Effort:
    """How hard a change is looked for.

    Attributes
    ----------
    iterations : of each search around a lot or line.
    trials : changes other than of price that are tried at most.
    margin_vnd, margin_share : a plan with it must be worth so much more than one without, at least, and so large a share of what the
        additional goods are worth.
    doubt : how many times more where the change is worth something to others too, so that both plans had to be
        searched for, and where only a part of the plan was planned again.
    least_share : share of what is open that a change must match at least.
    price_step_vnd : prices are rounded to this.
    """

    iterations: int = 1500
    trials: int = 6
    margin_vnd: int = 1_200_000
    margin_share: float = 0.05
    doubt: float = 2.0
    least_share: float = 0.25
    price_step_vnd: int = 100


@dataclass(frozen=True)
class Promise:
    """A change that was verified.

    Attributes
    ----------
    promised_kg : so much of the lot or line will be used in all, at least.
    found_kg : what the plan found uses in all.
    cost_vnd : what the change is thought to cost its maker.
    gain_vnd : by how much the plan found is worth more than one in which the lot or line gets no more than now.
    """

    change: Change
    promised_kg: int
    found_kg: int
    cost_vnd: int
    gain_vnd: int

    def as_json(self) -> dict[str, Any]:
        """Return the promise as JSON values."""
        figures = {name: getattr(self, name) for name in ("promised_kg", "found_kg", "cost_vnd", "gain_vnd")}
        return self.change.as_json() | figures


@dataclass(frozen=True)
class Answer:
    """The cheapest change that was found, and what else would do.

    Attributes
    ----------
    used_kg : what the plan uses now.
    promises : verified changes, the cheapest first, of each kind the cheapest.
    tried : searches that were made.
    passed_over : changes that were not tried, since what they could bring at the most is too little to be told from a search's error.
    """

    outcome: Outcome
    used_kg: int
    promises: tuple[Promise, ...]
    tried: int
    passed_over: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the answer as JSON values."""
        figures = {"used_kg": self.used_kg, "tolerance_share": TOLERANCE_SHARE, "tried": self.tried}
        return {"outcome": self.outcome.value, **figures, "changes": [promise.as_json() for promise in self.promises]}

    @property
    def best(self) -> Promise | None:
        """The cheapest change that was found."""
        return self.promises[0] if self.promises else None


EFFORT, COSTS = Effort(), Costs()


def what_would_change(
    context: PlanContext,
    subject: str,
    row: int,
    *,
    effort: Effort = EFFORT,
    costs: Costs = COSTS,
    seed: int = 0,
    expired: Callable[[], bool] = lambda: False,
    late: Callable[[], bool] = lambda: False,
) -> Answer:
    """Look for the cheapest single change that gets a lot or line matched.

    Parameters
    ----------
    expired : asked between searches; once it is true the best answer so far is given.
    late : asked within searches, often; once it is true the search at hand is given up, for a part of one verifies nothing.
    """
    open_kg = int(context.open_kg(subject)[row])
    used = int(context.kg(subject)[row]) - open_kg
    if open_kg <= 0:
        return Answer(Outcome.MATCHED, used, (), 0)
    search = _Search(context, subject, row, effort, costs, seed, (expired, late))
    search.run()
    outcome = Outcome.FOUND if search.promises else Outcome.TIME if search.cut_short else Outcome.NONE
    promises = sorted(search.promises, key=lambda one: (one.cost_vnd, -one.promised_kg))
    return Answer(outcome, used, tuple(promises), search.tried, search.passed_over)


class _Late(Exception):
    """The time was over in the middle of a search."""


Asked = Callable[[], bool]


class _Search:
    """A search under way."""

    def __init__(
        self, context: PlanContext, subject: str, row: int, effort: Effort, costs: Costs, seed: int, over: tuple[Asked, Asked]
    ) -> None:
        self.context, self.subject, self.row, self.effort, self.costs = context, subject, row, effort, costs
        self.seed, (self.expired, self.late) = seed, over
        self.pairs = find_pairs(context, subject, row)
        self.local: Local = around(context, subject, row)
        self.open_kg = int(context.open_kg(subject)[row])
        self.least_kg = max(1, min(self.open_kg, int(np.ceil(self.effort.least_share * self.open_kg))))
        self.promises: list[Promise] = []
        self.tried, self.passed_over, self.cut_short = 0, 0, False
        self._now: Found | None = None
        self._plan_vnd = verify(context.problem, context.plan).objective_vnd
        self._slack_vnd = 0

    def run(self) -> None:
        """Look for changes until all were tried, enough were, or time is up."""
        try:
            self._run()
        except _Late:
            self.cut_short = True

    def _run(self) -> None:
        """Try prices first, since they nearly always do and bound what may be paid; then what is cheaper."""
        for kind in self._price_kinds():
            self._price(kind)
        found = find_candidates(self.context, self.subject, self.pairs, self.costs)
        # What could not pay for the margin even on full trucks is no answer.
        hopeful = [one for one in found if one.hope_vnd >= self.effort.margin_vnd]
        self.passed_over = len(found) - len(hopeful)
        candidates = [one for one in hopeful if self._is_cheaper(one)]
        for trials, one in enumerate(candidates):
            if not self._is_cheaper(one):
                break
            if trials >= self.effort.trials or self.expired():
                self.cut_short = True
                break
            self._try(one)

    def _is_cheaper(self, one: Candidate) -> bool:
        return all(one.cost_vnd < made.cost_vnd for made in self.promises)

    # changes of one cell that is no price ---------------------------------------------------------------------------
    def _try(self, one: Candidate) -> None:
        problem = apply(self.context.problem, one.change)
        with_it = self._solve(problem)
        if with_it is None or with_it.kg - self.local.used_kg < self.least_kg:
            return
        without = self._solve(problem, most_kg=self.local.used_kg) if self._helps_others(one.change) else self._without()
        doubt = self.effort.doubt if self._helps_others(one.change) else 1.0
        if without is not None:
            self._judge(one.change, problem, with_it, without.worth_vnd, one.cost_vnd, doubt)

    def _helps_others(self, change: Change) -> bool:
        """Whether a change may be worth something even if the lot or line gets no more."""
        return change.subject != self.context.name(self.subject, self.row) or change.table != ("lots" if self.subject == LOT else "demands")

    def _judge(self, change: Change, problem: Problem, with_it: Found, without_vnd: int, cost_vnd: int, doubt: float = 1.0) -> None:
        """Keep a promise if the change, made in the problem, clearly gets the lot or line matched."""
        more, gain = with_it.kg - self.local.used_kg, with_it.worth_vnd - without_vnd
        if more >= self.least_kg and gain >= doubt * self._margin_vnd(more):
            promised = self.local.used_kg + max(1, int(PROMISED_SHARE * more))
            if not self._is_firm(problem, with_it, promised):
                promised = self.local.used_kg + max(1, int(SURE_SHARE * more))
            self.promises.append(Promise(change, promised, with_it.kg, cost_vnd, gain))

    def _is_firm(self, problem: Problem, with_it: Found, promised_kg: int) -> bool:
        """Whether plans of a changed problem that use less than is promised are clearly worse than the one found."""
        if self.expired():
            return False
        try:
            # From the plan found itself: it may be nearly as good with a part of its goods left out.
            less = self._solve(problem, most_kg=promised_kg - 1, start=with_it)
        except _Late:
            return False
        return less is None or with_it.worth_vnd - less.worth_vnd >= self._margin_vnd(with_it.kg - promised_kg)

    def _margin_vnd(self, kg: int) -> float:
        """What a plan with so many kilograms more must be worth more; of a part of a plan less is known than of all of it."""
        doubt = 1.0 if self.local.is_whole else self.effort.doubt
        # Where searches around it better the plan itself, plans without the goods are likely to be better than what was found, too.
        return 2.0 * self._slack_vnd + doubt * max(self.effort.margin_vnd, self.effort.margin_share * kg * self._unit_vnd())

    def _unit_vnd(self) -> float:
        lots, lines = self.context.problem.lots, self.context.problem.lines
        return float(lots.ask_vnd_per_kg[self.row] if self.subject == LOT else lines.bid_vnd_per_kg[self.row])

    def _solve(self, problem: Problem, *, most_kg: int | None = None, start: Found | None = None) -> Found | None:
        self.tried += 1
        plan = None if start is None else start.plan
        iterations, seed = self.effort.iterations, self.seed
        found = self.local.solve(problem, most_kg=most_kg, iterations=iterations, seed=seed, start=plan, stopped=self.late)
        if self.late():
            raise _Late
        return found

    def _without(self) -> Found | None:
        """The best plan found in which the lot or line gets no more, for changes that concern it alone."""
        if self._now is None:
            self._now = self._solve(self.context.problem, most_kg=self.local.used_kg)
            self._note(self._now.worth_vnd if self._now is not None else self._plan_vnd)
        return self._now

    def _note(self, worth_vnd: int) -> None:
        """Take note of a plan for the unchanged problem: by so much at least is the plan that is asked about less than the best."""
        self._slack_vnd = max(self._slack_vnd, worth_vnd - self._plan_vnd)

    # prices ------------------------------------------------------------------------------------------------------------
    def _price_kinds(self) -> tuple[ChangeKind, ...]:
        passing = self.pairs.take(np.isfinite(self.pairs.rate_vnd_per_kg))
        if len(passing.step) == 0:
            return ()
        return (ChangeKind.ASK,) if self.subject == LOT else (ChangeKind.BID,)

    def _price(self, kind: ChangeKind) -> None:
        """Find how far a price must go: as far as makes up for what the best plan with the goods in it loses, and the margin.

        A plan found at one price is a plan at every other one, so each search gives a price that would do; a further search at that price
        may find a plan that needs less.
        """
        old, without = round(self._unit_vnd()), self._without()
        if without is None or old < self.effort.price_step_vnd:
            return
        most = move = old
        kept: tuple[int, Found] | None = None
        for _ in range(PRICE_SEARCHES):
            if self.expired():
                self.cut_short = self.cut_short or kept is None
                break
            try:
                found = self._solve(self._priced(kind, old, move), start=None if kept is None else kept[1])
            except _Late:
                self.cut_short = self.cut_short or kept is None
                break
            more = 0 if found is None else found.kg - self.local.used_kg
            if found is None or more < self.least_kg:
                break
            at_old = found.worth_vnd - move * found.kg
            self._note(at_old)
            needed = self._rounded_up((without.worth_vnd + self._margin_vnd(more) - at_old) / more)
            if needed > most or (kept is not None and needed >= kept[0]):
                break
            move = max(self.effort.price_step_vnd, needed)
            kept = move, replace(found, worth_vnd=at_old)
        if kept is not None:
            self._promise_price(kind, old, *kept)

    def _promise_price(self, kind: ChangeKind, old: int, move: int, found: Found) -> None:
        """Promise what a plan, of which the worth at the old price is given, brings at the new one."""
        without = self._without()
        assert without is not None
        change = set_cell(self.context.problem, kind, self.row, old - move if kind is ChangeKind.ASK else old + move)
        paid, now = move * found.kg, move * self.local.used_kg
        with_it = replace(found, worth_vnd=found.worth_vnd + paid)
        self._judge(change, apply(self.context.problem, change), with_it, without.worth_vnd + now, paid)

    def _priced(self, kind: ChangeKind, old: int, move: int) -> Problem:
        new = max(0, old - move) if kind is ChangeKind.ASK else old + move
        return apply(self.context.problem, set_cell(self.context.problem, kind, self.row, new))

    def _rounded_up(self, vnd: float) -> int:
        step = self.effort.price_step_vnd
        return int(np.ceil(max(0.0, vnd) / step)) * step


__all__ = ["Answer", "Effort", "JudgedPairs", "Outcome", "Promise", "what_would_change"]
