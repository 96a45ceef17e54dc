"""Every pair that a lot or line is in, with the first step that stops it and by how much it misses.

The steps are those of `matching.model.reasons`, in their order; what stops a pair before the plan is found as the compiled funnel finds
it, so the counts agree. After the plan a pair is stopped where the other side, the number of suppliers, a minimum or the trucks stop it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.explain.context import PlanContext
from matching.model.plan import LINE, LOT
from matching.model.problem import BoolArray, FloatArray, IntArray
from matching.model.reasons import AFTER_PLAN, FUNNEL, Reason
from matching.pairs.screening import barring_steps, hours_missing, largest_payload_kg

STEPS = (*FUNNEL, *AFTER_PLAN)
AT = {reason: step for step, reason in enumerate(STEPS)}
MOST_TRANSIT_DAYS = 1
"""Days between pick-up and delivery by truck that the funnel counts with."""
PRICED = AT[Reason.COLD]

Ways = tuple[tuple[int, int], ...]
"""First pick-up day and last delivery day of each way in which certificates meet what is required."""


class LotDays(NamedTuple):
    """What dates and life depend on, of a lot."""

    grade: int
    from_day: int
    until_day: int
    cut_on_pickup: bool
    life_days: int


class LineDays(NamedTuple):
    """The same of a line."""

    max_grade: int
    from_day: int
    until_day: int
    min_life_days: int


class Judged(NamedTuple):
    """The first step that a pair fails before any price, or None, and by how much it misses there: grades or days."""

    reason: Reason | None
    short: int


def judge(lot: LotDays, line: LineDays, plain: Ways, full: Ways, horizon: tuple[int, int]) -> Judged:
    """Send one pair through the steps that compare whole numbers.

    Parameters
    ----------
    plain, full : ways of meeting the requirements without market codes, and all of them.
    horizon : first and last day on which a truck may stop.
    """
    if lot.grade > line.max_grade:
        return Judged(Reason.GRADE, lot.grade - line.max_grade)
    for ways, reason in ((plain, Reason.CERTIFICATE), (full, Reason.MARKET_CODE)):
        reach = max((last for first, last in ways if first <= lot.until_day), default=None)
        if reach is None or reach < line.from_day:
            return Judged(reason, 0 if reach is None else line.from_day - reach)
    apart = max(0, lot.from_day - line.until_day, line.from_day - lot.until_day - MOST_TRANSIT_DAYS)
    if apart:
        return Judged(Reason.DATES, apart)
    dated = False
    for first, last in full:
        low, high = max(lot.from_day, first, horizon[0]), min(line.until_day, last, horizon[1])
        if _meet(low, lot.until_day, line.from_day, high, MOST_TRANSIT_DAYS):
            dated = True
            if _fresh(lot, line, low, high):
                return Judged(None, 0)
    return Judged(Reason.REMAINING_LIFE, _life_short(lot, line)) if dated else Judged(Reason.DATES, 0)


def _meet(p0: int, p1: int, d0: int, d1: int, most: int) -> bool:
    """Whether a pick-up day and a delivery day 0 to ``most`` days later lie within both ranges."""
    return p0 <= p1 and d0 <= d1 and most >= 0 and max(p0, d0 - most) <= min(p1, d1)


def _fresh(lot: LotDays, line: LineDays, low: int, high: int) -> bool:
    """Whether goods picked up from ``low`` on can be there by ``high`` with life enough."""
    spare = lot.life_days - line.min_life_days
    most = min(MOST_TRANSIT_DAYS, spare) if lot.cut_on_pickup else MOST_TRANSIT_DAYS
    last = high if lot.cut_on_pickup else min(high, lot.from_day + spare)
    return _meet(low, lot.until_day, line.from_day, last, most)


def _life_short(lot: LotDays, line: LineDays) -> int:
    """Days of life missing on the best day of delivery, certificates and horizon left aside."""
    harvest = lot.until_day if lot.cut_on_pickup else lot.from_day
    return max(1, line.min_life_days - (lot.life_days - max(0, line.from_day - harvest)))


class JudgedPairs(NamedTuple):
    """All pairs of one lot or line; shape of each column (n_pairs,).

    Attributes
    ----------
    lot, line : rows of both sides.
    step : number of the first step in `STEPS` that stops the pair; the last one where nothing else does.
    short : by how much it misses there: grades, days, minutes, or đồng per kg; 0 where there is no such figure.
    rate_vnd_per_kg : cheapest haulage at a full truck, infinite where it was not priced or none may drive.
    gain_vnd_per_kg : bid and saved penalty less floor price and that haulage, minus infinity likewise.
    kg : what the plan moves of it.
    """

    lot: IntArray
    line: IntArray
    step: IntArray
    short: FloatArray
    rate_vnd_per_kg: FloatArray
    gain_vnd_per_kg: FloatArray
    kg: IntArray

    def take(self, rows: IntArray | BoolArray) -> JudgedPairs:
        """Return some of them."""
        return JudgedPairs(
            self.lot[rows], self.line[rows], self.step[rows], self.short[rows],
            self.rate_vnd_per_kg[rows], self.gain_vnd_per_kg[rows], self.kg[rows],
        )  # fmt: skip

    def other(self, subject: str) -> IntArray:
        """Rows of the other side."""
        return self.line if subject == LOT else self.lot


def lot_days(context: PlanContext, row: int) -> LotDays:
    """Return what dates and life depend on, of a lot."""
    lots = context.problem.lots
    return LotDays(
        int(lots.grade[row]), int(lots.from_day[row]), int(lots.until_day[row]), bool(lots.cut_on_pickup[row]), int(lots.life_days[row])
    )


def line_days(context: PlanContext, row: int) -> LineDays:
    """Return the same of a line."""
    lines = context.problem.lines
    return LineDays(int(lines.max_grade[row]), int(lines.from_day[row]), int(lines.until_day[row]), int(lines.min_life_days[row]))


def ways_of(context: PlanContext, lot: int, entry: int) -> tuple[Ways, Ways]:
    """Return the ways of meeting an entry's requirements with a lot, without market codes and with them."""
    g, (plain, full) = context.market.ground, _sets(context, entry)
    first = int(g.lots[lot, 6])
    return tuple(_ways(context, first + plain)), tuple(_ways(context, first + full))


def _sets(context: PlanContext, entry: int) -> tuple[int, int]:
    row = context.market.ground.entries[entry]
    return int(row[4]), int(row[5])


def _ways(context: PlanContext, question: int) -> list[tuple[int, int]]:
    g = context.market.ground
    rows = g.ways[g.way_start[question] : g.way_start[question + 1]]
    return [(int(first), int(last)) for first, last in rows.tolist()]


def find_pairs(context: PlanContext, subject: str, row: int) -> JudgedPairs:
    """Judge every pair of one product that a lot or line is in, before and after the plan."""
    problem = context.problem
    lot, entry = context.pairs(subject, row)
    line = context.market.ground.entry_line[entry]
    step, short = _before_price(context, subject, row, lot, entry)
    rate, gain = np.full(len(lot), np.inf), np.full(len(lot), -np.inf)
    priced = np.flatnonzero(step >= PRICED)
    rate[priced] = context.rates(lot[priced], entry[priced])
    worth = (problem.lines.bid_vnd_per_kg + problem.lines.short_vnd_per_kg)[line] - problem.lots.ask_vnd_per_kg[lot]
    gain[priced] = worth[priced] - rate[priced]
    _price(context, lot, entry, step, short, rate, gain)
    _after(context, lot, line, step)
    return JudgedPairs(lot, line, step, short, rate, gain, _moved(context, subject, row, lot, line))


def _before_price(context: PlanContext, subject: str, row: int, lot: IntArray, entry: IntArray) -> tuple[IntArray, FloatArray]:
    """Judge pairs one by one; what passes stands at the first step that needs a rate."""
    problem, line = context.problem, context.market.ground.entry_line[entry]
    horizon = (problem.horizon_from_day, problem.horizon_until_day)
    step, short = np.full(len(lot), PRICED, dtype=np.int64), np.zeros(len(lot))
    fixed = lot_days(context, row) if subject == LOT else line_days(context, row)
    for k, (i, j, e) in enumerate(zip(lot.tolist(), line.tolist(), entry.tolist())):
        supply, wanted = (fixed, line_days(context, j)) if subject == LOT else (lot_days(context, i), fixed)
        found = judge(supply, wanted, *ways_of(context, i, e), horizon)  # type: ignore[arg-type]
        if found.reason is not None and not context.carried(i, j):
            step[k], short[k] = AT[found.reason], found.short
    return step, short


def _price(
    context: PlanContext, lot: IntArray, entry: IntArray, step: IntArray, short: FloatArray, rate: FloatArray, gain: FloatArray
) -> None:
    """Stop priced pairs at cold, door, hours, decision or price."""
    priced, line = step >= PRICED, context.market.ground.entry_line[entry]
    forbidden = priced & context.market.decided.is_forbidden(lot, line)
    unpaid = priced & ~forbidden & (gain <= 0)
    step[priced] = AT[Reason.BETTER_OFFER]
    step[unpaid] = AT[Reason.PRICE]
    short[unpaid] = -gain[unpaid]
    step[forbidden] = AT[Reason.FORBIDDEN]
    blocked = np.flatnonzero(priced & np.isinf(rate))
    if len(blocked):
        step[blocked] = barring_steps(context.market, lot[blocked], line[blocked])
        short[blocked] = 0
        late = blocked[step[blocked] == AT[Reason.HOURS]]
        short[late] = hours_missing(context.market, lot[late], entry[late]).short_min


def _after(context: PlanContext, lot: IntArray, line: IntArray, step: IntArray) -> None:
    """Say what stops paying pairs, given the plan."""
    problem, use = context.problem, context.use
    paying = np.flatnonzero(step == AT[Reason.BETTER_OFFER])
    i, j = lot[paying], line[paying]
    possible = np.minimum(use.lot_open_kg[i], use.line_open_kg[j])
    brought = use.brought_by(problem, i, j)
    welcome = (brought > 0) | (use.suppliers_left[j] > 0)
    lot_most, line_most = context.possible
    enough = (possible + brought >= problem.lines.min_supplier_kg[j]) & (lot_most[i] >= problem.lots.min_take_kg[i])
    whole = (possible >= problem.lots.kg[i]) & (problem.lots.kg[i] <= largest_payload_kg(problem, i, j))
    enough &= (~problem.lots.indivisible[i] | whole) & (line_most[j] >= problem.lines.min_fill_kg[j])
    code = context.capacity.barred(i, j, possible).code
    at = np.choose(code, (AT[Reason.TRUCK], AT[Reason.THROUGHPUT], AT[Reason.FLEET]))
    at = np.where(enough, at, AT[Reason.MINIMUM])
    at = np.where(welcome, at, AT[Reason.SUPPLIERS_LIMIT])
    step[paying] = np.where(possible > 0, at, AT[Reason.BETTER_OFFER])


def _moved(context: PlanContext, subject: str, row: int, lot: IntArray, line: IntArray) -> IntArray:
    """What the plan moves of each pair; of a line that names a product twice, on each of its pairs."""
    a = context.plan.allocations
    mine = np.flatnonzero((a.lot if subject == LOT else a.line) == row)
    other = a.line[mine] if subject == LOT else a.lot[mine]
    total = np.bincount(other, a.kg[mine], context.problem.n_lines if subject == LOT else context.problem.n_lots).astype(np.int64)
    return np.asarray(total[line] if subject == LOT else total[lot])


def wanting(context: PlanContext, subject: str) -> IntArray:
    """Rows of lots or lines that the plan leaves open."""
    return np.flatnonzero(context.open_kg(subject) > 0)


__all__ = ["AT", "LINE", "LOT", "STEPS", "Judged", "JudgedPairs", "find_pairs", "judge", "line_days", "lot_days", "wanting", "ways_of"]
