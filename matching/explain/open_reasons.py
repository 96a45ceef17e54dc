"""Why lots and lines stay open: the first step that no counterpart survives, with the nearest miss in figures.

Before a plan, a pair goes through `matching.model.reasons.FUNNEL`; the lanes that pay then go, with the plan's open kilograms, through
`matching.model.reasons.AFTER_PLAN`. The reason of a lot or line is the first step that none of its counterparts survives.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np

from matching.explain.capacity import FREE, SITE_FULL, Barred, CapacityScreen
from matching.model.plan import LINE, LOT, Plan, Reasons
from matching.model.problem import BoolArray, FloatArray, IntArray, Problem, TextArray
from matching.model.reasons import AFTER_PLAN, FUNNEL, Reason
from matching.pairs.funnel import FAR, N_STEPS, Funnel, find_funnel
from matching.pairs.screening import largest_payload_kg
from matching.rules._coupling import suppliers_left


def explain_open(problem: Problem, plan: Plan, funnel: Funnel | None = None) -> Reasons:
    """Give every lot and line that is not wholly used its reason.

    Parameters
    ----------
    funnel : as `find_funnel` makes it; made here if it is not given.

    Returns
    -------
    Reasons
        Lots first, then lines, each in the order of the tables.
    """
    counts = find_funnel(problem) if funnel is None else funnel
    used = use_of(problem, plan)
    after = after_plan(problem, plan, counts, used)
    lots = _side(LOT, counts.lot_survivors, [counts.lane_lot, *(lot for lot, _ in after.survivors)], used.lot_open_kg)
    lines = _side(LINE, counts.line_survivors, [counts.lane_line, *(line for _, line in after.survivors)], used.line_open_kg)
    details = (_details(problem, counts, after, lots), _details(problem, counts, after, lines))
    return Reasons(
        np.array([LOT] * len(lots.row) + [LINE] * len(lines.row), dtype=object),
        np.concatenate([lots.row, lines.row]),
        np.concatenate([used.lot_open_kg[lots.row], used.line_open_kg[lines.row]]),
        np.concatenate([lots.code, lines.code]),
        np.concatenate(details),
    )


Rows = tuple[IntArray, IntArray]
EPOCH = date(1970, 1, 1).toordinal()


# what a plan leaves open ---------------------------------------------------------------------------------------------
class OpenAmounts(NamedTuple):
    """What a plan leaves open, and which suppliers serve which line."""

    lot_open_kg: IntArray
    line_open_kg: IntArray
    suppliers_left: IntArray  # that a line still admits, shape (n_lines,)
    served: IntArray  # sorted keys line × n_suppliers + supplier
    brought_kg: IntArray  # by each of ``served``

    def brought_by(self, problem: Problem, lot: IntArray, line: IntArray) -> IntArray:
        """Kilograms that the supplier of each pair already brings to its line."""
        if len(self.served) == 0:
            return np.zeros(len(lot), dtype=np.int64)
        keys = line * len(problem.supplier_ids) + problem.lots.supplier[lot]
        place = np.minimum(np.searchsorted(self.served, keys), len(self.served) - 1)
        return np.where(self.served[place] == keys, self.brought_kg[place], 0)


def use_of(problem: Problem, plan: Plan) -> OpenAmounts:
    """Count what a plan leaves open."""
    made, lots = plan.allocations, problem.lots
    taken, filled = np.zeros(problem.n_lots, dtype=np.int64), np.zeros(problem.n_lines, dtype=np.int64)
    np.add.at(taken, made.lot, made.kg)
    np.add.at(filled, made.line, made.kg)
    served, place = np.unique(made.line * len(problem.supplier_ids) + lots.supplier[made.lot], return_inverse=True)
    brought = np.zeros(len(served), dtype=np.int64)
    np.add.at(brought, place, made.kg)
    n_suppliers = np.bincount(served // max(1, len(problem.supplier_ids)), minlength=problem.n_lines)
    return OpenAmounts(lots.kg - taken, problem.lines.kg - filled, suppliers_left(problem, n_suppliers), served, brought)


class AfterPlan(NamedTuple):
    """What becomes of the paying lanes once a plan is made.

    Attributes
    ----------
    survivors : for each step of AFTER_PLAN but the last, the (lot, line) of the lanes that survive it and those before.
    barred : what full sites and used fleets do to the lanes that survive the minimums, shape of those.
    """

    survivors: list[Rows]
    barred: Barred


def after_plan(problem: Problem, plan: Plan, counts: Funnel, used: OpenAmounts) -> AfterPlan:
    """Send the paying lanes through the steps after the plan."""
    possible = np.minimum(used.lot_open_kg[counts.lane_lot], used.line_open_kg[counts.lane_line])
    room = np.flatnonzero(possible > 0)
    lot, line, possible = counts.lane_lot[room], counts.lane_line[room], possible[room]
    brought = used.brought_by(problem, lot, line)
    welcome = (brought > 0) | (used.suppliers_left[line] > 0)
    enough = welcome & _is_enough(problem, used, lot, line, np.where(welcome, possible, 0), brought)
    left = lot[enough], line[enough]
    barred = CapacityScreen(problem, plan).barred(*left, possible[enough])
    taken, started = barred.code != SITE_FULL, barred.code == FREE
    later = [(left[0][kept], left[1][kept]) for kept in (taken, started)]
    return AfterPlan([(lot, line), (lot[welcome], line[welcome]), left, *later], barred)


def _is_enough(problem: Problem, used: OpenAmounts, lot: IntArray, line: IntArray, possible: IntArray, brought: IntArray) -> BoolArray:
    """Tell which lanes could meet every minimum amount with what is left."""
    lots, lines = problem.lots, problem.lines
    lot_possible, line_possible = _sums(problem, used, lot, line, possible)
    enough = (possible + brought >= lines.min_supplier_kg[line]) & (lot_possible[lot] >= lots.min_take_kg[lot])
    whole = ~lots.indivisible[lot] | ((possible >= lots.kg[lot]) & (lots.kg[lot] <= largest_payload_kg(problem, lot, line)))
    return np.asarray(enough & whole & (line_possible[line] >= lines.min_fill_kg[line]))


def possible_kg(problem: Problem, used: OpenAmounts, lot: IntArray, line: IntArray) -> tuple[IntArray, IntArray]:
    """What each lot and each line could come to with all that is left of these paying lanes, kg, shapes (n_lots,) and (n_lines,)."""
    return _sums(problem, used, lot, line, np.minimum(used.lot_open_kg[lot], used.line_open_kg[line]))


def _sums(problem: Problem, used: OpenAmounts, lot: IntArray, line: IntArray, possible: IntArray) -> tuple[IntArray, IntArray]:
    """What the plan uses of each lot and line, and what its lanes could add, kg."""
    of_lot = np.bincount(lot, possible, problem.n_lots).astype(np.int64) + (problem.lots.kg - used.lot_open_kg)
    of_line = np.bincount(line, possible, problem.n_lines).astype(np.int64) + (problem.lines.kg - used.line_open_kg)
    return of_lot, of_line


# the first step that nothing survives --------------------------------------------------------------------------------
ALL_STEPS = (*FUNNEL, *AFTER_PLAN)


class _Open(NamedTuple):
    """Open rows of one side: the step that stops each, and how many counterparts reach that step."""

    subject: str
    row: IntArray
    step: IntArray
    before: IntArray
    code: TextArray


def _side(subject: str, survivors: IntArray, lane_rows: list[IntArray], open_kg: IntArray) -> _Open:
    """Find the first step that no counterpart of an open row survives."""
    n, row = len(survivors), np.flatnonzero(open_kg > 0)
    paying, *later = [np.bincount(rows, minlength=n) for rows in lane_rows]
    # A carrier's lane may pay where trucks fail earlier: then every step of the funnel counts as survived.
    early = np.where(paying[:, None] > 0, np.maximum(survivors, 1), survivors)
    counts = np.column_stack([early, *later, np.zeros(n, dtype=np.int64)])[row]
    step = (counts == 0).argmax(axis=1)
    reach = np.column_stack([survivors[row], paying[row], *(one[row] for one in later)])
    before = np.where(step > 0, reach[np.arange(len(row)), np.where(step >= N_STEPS, step, step - 1)], 0)
    codes = np.array([str(reason) for reason in ALL_STEPS], dtype=object)
    if subject == LINE:
        codes[0] = str(Reason.NO_SUPPLY_OF_PRODUCT)
    return _Open(subject, row, step, before, codes[step])


# figures -------------------------------------------------------------------------------------------------------------
def _details(problem: Problem, counts: Funnel, after: AfterPlan, side: _Open) -> TextArray:
    """Write one line of text for each open row: how many counterparts came so far, and the nearest miss."""
    is_lot = side.subject == LOT
    other = "lines" if is_lot else "lots"
    days = (counts.lot_days_apart if is_lot else counts.line_days_apart)[side.row]
    life = (counts.lot_life_short if is_lot else counts.line_life_short)[side.row]
    price = (counts.lot_price_short if is_lot else counts.line_price_short)[side.row]
    hours = (counts.lot_hours if is_lot else counts.line_hours)[side.row]
    lane_row, n = (counts.lane_lot, problem.n_lots) if is_lot else (counts.lane_line, problem.n_lines)
    best, limits = _best_gain(counts, lane_row, n)[side.row], _limit_texts(problem, after, 0 if is_lot else 1)
    named = [limits.get(row, "") for row in side.row.tolist()]
    columns = [column.tolist() for column in (side.step, side.before, days, life, price, best)]
    texts = [_text(other, *figures) for figures in zip(*columns, named, hours.tolist(), strict=True)]
    made = np.empty(len(texts), dtype=object)
    made[:] = texts
    return made


def _limit_texts(problem: Problem, after: AfterPlan, side: int) -> dict[int, str]:
    """Name for each lot (``side`` 0) or line (1) the full site or used class that stops one of its lanes."""
    rows, barred = after.survivors[2][side], after.barred
    made: dict[int, str] = {}
    for k in np.flatnonzero(barred.code != FREE).tolist():
        made.setdefault(int(rows[k]), _limit_text(problem, barred, k))
    return made


def _limit_text(problem: Problem, barred: Barred, k: int) -> str:
    day = date.fromordinal(EPOCH + int(barred.day[k])).isoformat()
    if barred.code[k] == SITE_FULL:
        site = int(barred.site[k])
        limit, left = int(problem.sites.throughput_kg_per_day[site]), int(barred.left[k])
        return f"{problem.sites.id[site]} handles {limit:,} kg a day and has {left:,} kg left on {day}"
    vehicle = int(barred.vehicle[k])
    return f"all {int(problem.vehicles.count_per_day[vehicle])} trucks of class {problem.vehicles.id[vehicle]} are used on {day}"


def _best_gain(counts: Funnel, lane_row: IntArray, n: int) -> FloatArray:
    """Best gain of the paying lanes of each row, đồng per kg."""
    best = np.zeros(n)
    np.maximum.at(best, lane_row, counts.lane_gain)
    return best


def _text(
    other: str, step: int, before: int, days: int, life: int, price: float, best: float, limit: str, hours: list[float]
) -> str:  # fmt: skip
    """Say in words and figures how near the nearest counterpart came."""
    reason = ALL_STEPS[step]
    if reason is Reason.DATES and 0 < days < FAR:
        return f"{before} {other} fit until here; nearest miss: dates {days} days apart"
    if reason is Reason.REMAINING_LIFE and life < FAR:
        return f"{before} {other} fit until here; nearest miss: {life} days of shelf life short"
    if reason is Reason.PRICE and np.isfinite(price):
        return f"{before} {other} fit until here; nearest miss: price {price:,.0f} VND/kg below floor plus haulage"
    if reason is Reason.HOURS and np.isfinite(hours[0]):
        return f"{before} {other} fit until here; nearest miss: {_hours_text(*hours)}"
    if step >= N_STEPS:
        paying = f"{before} {other} would pay, the best {best:,.0f} VND/kg at a full truck"
        return f"{paying}; {limit}" if limit and reason in (Reason.THROUGHPUT, Reason.FLEET) else paying
    return f"{before} {other} fit until here" if step else f"no {other} of this product"


def _hours_text(short_min: float, takes_min: float, shift_min: float) -> str:
    """Say how long the trip takes and the shift is, or by how much opening hours miss."""
    if takes_min > shift_min:
        return f"the road and both stops take {takes_min / 60:.1f} h, a driver has {shift_min / 60:g}"
    return f"opening hours {np.ceil(short_min):.0f} minutes apart"
