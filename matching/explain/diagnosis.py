"""Why one lot or line is open: the funnel with counts, the first binding reason, the nearest misses in figures, and to whom it lost."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from matching.explain.context import PlanContext
from matching.explain.near_misses import Miss, find_misses
from matching.explain.pairs import AT, STEPS, JudgedPairs, find_pairs
from matching.explain.policy_limits import PolicyHold, PolicyLimits, PolicyRule
from matching.model.plan import LINE, LOT
from matching.model.problem import FloatArray, IntArray
from matching.model.reasons import Reason

FLOOR_SLACK = 1.02
"""A supplier that has no more than so many times its floor is one that the floor keeps in the plan."""


class Match(StrEnum):
    """How far a lot or line is matched."""

    WHOLLY = "wholly"
    PARTLY = "partly"
    NONE = "none"


class Offer(StrEnum):
    """What makes an offer better that a lot or line lost to. The codes are stable."""

    DECIDED = "decided"
    LOWER_ASK = "lower_ask"
    HIGHER_BID = "higher_bid"
    CONTRACT = "contract"
    NEARER = "nearer"
    FULLER_TRUCK = "fuller_truck"


@dataclass(frozen=True)
class Step:
    """A step of the funnel and how many counterparts survive it."""

    reason: Reason
    left: int


@dataclass(frozen=True)
class Loss:
    """Goods that others have instead.

    Attributes
    ----------
    offer : what makes theirs better.
    kg : how much of it there is.
    others : rows of the lots, or lines, that have it, the most first.
    ahead_vnd_per_kg : by how much their kilogram gains more on the average; negative where only the trucks make it better.
    """

    offer: Offer
    kg: int
    others: tuple[int, ...]
    ahead_vnd_per_kg: float


@dataclass(frozen=True)
class Diagnosis:
    """Everything that is said of one lot or line.

    Attributes
    ----------
    reason : the first step that no counterpart survives; None where nothing is open.
    funnel : counterparts that survive each step; the last counts those that the plan uses.
    partners : rows of the counterparts that the plan uses, with kilograms, the most first.
    misses : the nearest ones, nearest first.
    losses : to whom it lost, the most first; empty where it lost to nobody.
    holds : floors and caps of the plan's policy that decide.
    """

    subject: str
    row: int
    kg: int
    used_kg: int
    reason: Reason | None
    funnel: tuple[Step, ...]
    partners: tuple[tuple[int, int], ...]
    misses: tuple[Miss, ...]
    losses: tuple[Loss, ...]
    holds: tuple[PolicyHold, ...] = ()

    @property
    def open_kg(self) -> int:
        """Mass that is open."""
        return self.kg - self.used_kg

    @property
    def match(self) -> Match:
        """How far it is matched."""
        if self.open_kg <= 0:
            return Match.WHOLLY
        return Match.PARTLY if self.used_kg else Match.NONE


def diagnose(context: PlanContext, subject: str, row: int) -> Diagnosis:
    """Tell the story of one lot or line, be it open or wholly matched."""
    pairs = find_pairs(context, subject, row)
    kg, open_kg = int(context.kg(subject)[row]), int(context.open_kg(subject)[row])
    funnel = _funnel(subject, pairs)
    reason = None if open_kg <= 0 else next((step.reason for step in funnel if step.left == 0), Reason.TRUCK)
    missed = find_misses(context, subject, pairs) if open_kg > 0 else ()
    losses = _losses(context, subject, row, pairs) if open_kg > 0 else ()
    holds = _holds(context, subject, pairs, losses) if open_kg > 0 else ()
    return Diagnosis(subject, row, kg, kg - open_kg, reason, funnel, _partners(subject, pairs), missed, losses, holds)


def diagnose_open(context: PlanContext) -> list[Diagnosis]:
    """Tell the stories of all lots, then all lines, that the plan leaves open."""
    return [diagnose(context, subject, row) for subject in (LOT, LINE) for row in np.flatnonzero(context.open_kg(subject) > 0).tolist()]


def _funnel(subject: str, pairs: JudgedPairs) -> tuple[Step, ...]:
    """Count the counterparts that survive each step."""
    last = len(STEPS) - 1
    left = [int((pairs.step > k).sum()) for k in range(last)] + [int((pairs.kg > 0).sum())]
    left[0] = len(pairs.step)
    # A pair that is stopped at the last step has survived all others, so the last step is the only one that stops it.
    reasons = [Reason.NO_SUPPLY_OF_PRODUCT if subject == LINE and k == 0 else reason for k, reason in enumerate(STEPS)]
    return tuple(Step(reason, n) for reason, n in zip(reasons, left))


def _partners(subject: str, pairs: JudgedPairs) -> tuple[tuple[int, int], ...]:
    """Return the counterparts that the plan uses, the most first."""
    found = dict(zip(pairs.other(subject).tolist(), pairs.kg.tolist()))
    return tuple(sorted(((row, kg) for row, kg in found.items() if kg > 0), key=lambda one: (-one[1], one[0])))


# what a policy decides ------------------------------------------------------------------------------------------------
def _holds(context: PlanContext, subject: str, pairs: JudgedPairs, losses: tuple[Loss, ...]) -> tuple[PolicyHold, ...]:
    """Name the suppliers whose cap stops pairs with room, and those whose floors keep what others lost to them."""
    if context.limits is None:
        return ()
    return (*_caps(context, pairs), *_floors(context, subject, context.limits, losses))


def _caps(context: PlanContext, pairs: JudgedPairs) -> list[PolicyHold]:
    found: dict[int, PolicyHold] = {}
    stopped = pairs.take(pairs.step >= AT[Reason.THROUGHPUT])
    for lot, line in zip(stopped.lot.tolist(), stopped.line.tolist(), strict=True):
        room, supplier = context.cap_room_kg(lot), int(context.problem.lots.supplier[lot])
        if room is not None and room < min(context.use.lot_open_kg[lot], context.use.line_open_kg[line]):
            assert context.limits is not None
            found[supplier] = PolicyHold(PolicyRule.CAP, supplier, "", context.limits.cap_pct, room)
    return [found[supplier] for supplier in sorted(found)]


def _floors(context: PlanContext, subject: str, limits: PolicyLimits, losses: tuple[Loss, ...]) -> list[PolicyHold]:
    """Floors of the suppliers of lots that others lost to, where these have no more than their floor."""
    if subject != LOT:
        return []
    rivals = {int(context.problem.lots.supplier[row]) for loss in losses for row in loss.others}
    due, taken = limits.floor_kg, context.supplier_kg
    held = [one for one in sorted(rivals) if due[one] > 0 and taken[one] <= due[one] * FLOOR_SLACK]
    return [PolicyHold(PolicyRule.FLOOR, one, limits.floor_names[one], None, int(due[one])) for one in held]


# to whom it lost -----------------------------------------------------------------------------------------------------
def _losses(context: PlanContext, subject: str, row: int, pairs: JudgedPairs) -> tuple[Loss, ...]:
    """Say which class of offer has what this lot or line could have had, on pairs that pay but have no room.

    Of a pair that the plan uses, others may have the rest.
    """
    lost = pairs.take(pairs.step == AT[Reason.BETTER_OFFER])
    a = context.plan.allocations
    gain = dict(zip(lost.other(subject).tolist(), lost.gain_vnd_per_kg.tolist()))
    rows = np.flatnonzero(np.isin(a.line if subject == LOT else a.lot, list(gain)))
    rows = rows[(a.lot if subject == LOT else a.line)[rows] != row]
    if len(rows) == 0:
        return ()
    theirs, rates = _their_gain(context, rows)
    disputed, rivals = (a.line, a.lot) if subject == LOT else (a.lot, a.line)
    found: dict[Offer, list[tuple[int, int, float]]] = {}
    own_rate = dict(zip(lost.other(subject).tolist(), lost.rate_vnd_per_kg.tolist()))
    for k, n in enumerate(rows.tolist()):
        over, rival = int(disputed[n]), int(rivals[n])
        ahead = float(theirs[k]) - gain[over]
        nearer = own_rate[over] - float(rates[k])
        offer = _class(context, subject, row, n, ahead, nearer)
        found.setdefault(offer, []).append((rival, int(a.kg[n]), ahead))
    return tuple(sorted((_loss(offer, those) for offer, those in found.items()), key=lambda loss: (-loss.kg, loss.offer)))


def _their_gain(context: PlanContext, rows: IntArray) -> tuple[FloatArray, FloatArray]:
    """What a kilogram of some allocations gains at its cheapest haulage, and that haulage, đồng per kg; no gain where none is known."""
    problem, a = context.problem, context.plan.allocations
    lot, line = a.lot[rows], a.line[rows]
    worth = (problem.lines.bid_vnd_per_kg + problem.lines.short_vnd_per_kg)[line] - problem.lots.ask_vnd_per_kg[lot]
    entry = np.array([context.entry(i, j) for i, j in zip(lot.tolist(), line.tolist(), strict=True)], dtype=np.int64)
    rate = context.rates(lot, entry)
    rate = np.where(np.isfinite(rate), rate, worth)
    return worth - rate, rate


def _class(context: PlanContext, subject: str, row: int, allocation: int, ahead: float, nearer: float) -> Offer:
    """Say what makes the offer of an allocation better than that of a lot or line."""
    problem, a = context.problem, context.plan.allocations
    lot, line = int(a.lot[allocation]), int(a.line[allocation])
    if context.market.decided.is_pinned(np.array([lot]), np.array([line]))[0]:
        return Offer.DECIDED
    if ahead <= 0:
        return Offer.FULLER_TRUCK
    if subject == LOT:
        price = int(problem.lots.ask_vnd_per_kg[row] - problem.lots.ask_vnd_per_kg[lot])
        return Offer.LOWER_ASK if price >= nearer else Offer.NEARER
    lines = problem.lines
    bid, short = (int(column[line] - column[row]) for column in (lines.bid_vnd_per_kg, lines.short_vnd_per_kg))
    best = max((bid, Offer.HIGHER_BID), (short, Offer.CONTRACT), (nearer, Offer.NEARER), key=lambda one: one[0])
    return best[1]


def _loss(offer: Offer, those: list[tuple[int, int, float]]) -> Loss:
    """Sum up the rivals of one class."""
    kg: dict[int, int] = {}
    for rival, moved, _ in those:
        kg[rival] = kg.get(rival, 0) + moved
    total = sum(kg.values())
    ahead = sum(moved * more for _, moved, more in those) / max(1, total)
    return Loss(offer, total, tuple(sorted(kg, key=lambda one: (-kg[one], one))), ahead)
