"""Eligibility of a lot for a demand line, as compiled loops over tables sorted by product.

Decision
    For a lot and a line that share a product, which (pick-up day p, delivery day d) are admissible.

Formulation
    grade          grade ≤ max_grade
    certificates   some way (first, last) of meeting all requirements has first ≤ p and d ≤ last
    dates          p in the lot's dates, d in the line's, both inside the horizon, least ≤ d - p ≤ most
    life           shelf life - (d - harvest day) ≥ least remaining life, the harvest day being p or the lot's first day

For one way this is a system of differences in two unknowns, so tightening each bound once by the others gives a box in
which every (p, d) with least ≤ d - p ≤ most is admissible. As d is never before p, the horizon need only begin pick-up and
end delivery, so it is folded into the ways.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.compiled import compiled
from matching.model.problem import FORBID, PIN, BoolArray, IntArray, Problem
from matching.pairs.certificates import EVER, requirement_sets, staircases

BLOCK_PAIRS = 1 << 19
"""Pairs that are looked at together; small enough to stay in memory caches, large enough to hide the cost of a call."""

LATEST = (1 << 30) - 1
"""Days beyond are none; so far two of them add up within four bytes."""

PRODUCT, GRADE, FROM, UNTIL, CUT, LIFE, QUESTION = range(7)
MAX_GRADE, DELIVER_FROM, DELIVER_UNTIL, MIN_LIFE, PLAIN_SET, FULL_SET = range(6)


DayArray = npt.NDArray[np.int32]


class Ground(NamedTuple):
    """Everything that the eligibility loops read.

    An *entry* is a line with one product it accepts. A *question* is a supplier with a product and a requirement set.

    Attributes
    ----------
    lots : columns PRODUCT to QUESTION (the first question of the lot's supplier and product), shape (n_lots, 7).
    entries : columns MAX_GRADE to FULL_SET (sets numbered within the product), by product, then line, shape (n_entries, 6).
    entry_start : entries of product ``p`` are rows ``entry_start[p]:entry_start[p + 1]``.
    entry_line : line of each entry, shape (n_entries,).
    n_sets : requirement sets numbered within each product, shape (n_products,).
    way_start : ways of meeting question ``q`` are ``way_start[q]:way_start[q + 1]``.
    ways : first pick-up day and last delivery day of each way, shape (n_ways, 2).
    truck_ways : the same inside the horizon, which binds trucks alone.
    """

    lots: IntArray
    entries: IntArray
    entry_start: IntArray
    entry_line: IntArray
    n_sets: IntArray
    way_start: IntArray
    ways: IntArray
    truck_ways: IntArray


def ground(problem: Problem) -> Ground:
    """Prepare a problem for the eligibility loops."""
    lots, lines, sets = problem.lots, problem.lines, requirement_sets(problem)
    product, line = _entry_rows(problem)
    start = np.searchsorted(product, np.arange(len(problem.product_ids) + 1)).astype(np.int64)
    plain, full, set_start, set_of = _sets_by_product(start, product, sets.certificates_of_line[line], sets.of_line[line])
    question, asked = _questions(problem, set_start, set_of)
    offers = staircases(problem, sets, *asked)
    ways = np.stack([offers.first_day, offers.last_day], axis=1)
    inside = np.stack([np.maximum(ways[:, 0], problem.horizon_from_day), np.minimum(ways[:, 1], problem.horizon_until_day)], axis=1)
    supply = (lots.product, lots.grade, lots.from_day, lots.until_day, lots.cut_on_pickup, lots.life_days, question)
    wanted = (*(c[line] for c in (lines.max_grade, lines.from_day, lines.until_day, lines.min_life_days)), plain, full)
    return Ground(_table(supply), _table(wanted), start, line, np.diff(set_start), offers.start, ways, inside)


def _table(columns: tuple[IntArray | BoolArray, ...]) -> IntArray:
    """Put columns side by side, so that a row is one stretch of memory."""
    return np.ascontiguousarray(np.stack(columns, axis=1).astype(np.int64))


def _entry_rows(problem: Problem) -> tuple[IntArray, IntArray]:
    """Product and line of each distinct accepted product, by product, then by line."""
    lines, width = problem.lines, max(1, problem.n_lines)
    line = np.repeat(np.arange(problem.n_lines), np.diff(lines.product_start))
    keys = np.unique(lines.product * width + line)
    return keys // width, keys % width


def _sets_by_product(start: IntArray, product: IntArray, plain: IntArray, full: IntArray) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Number the requirement sets within each product; return both local columns, where each product starts, and the sets."""
    width = int(max(plain.max(initial=0), full.max(initial=0))) + 1
    keys = np.unique(np.concatenate([product * width + plain, product * width + full]))
    set_start = np.searchsorted(keys, np.arange(len(start)) * width).astype(np.int64)
    local = [np.searchsorted(keys, product * width + column) - set_start[product] for column in (plain, full)]
    return local[0], local[1], set_start, keys % width


def _questions(problem: Problem, set_start: IntArray, set_of: IntArray) -> tuple[IntArray, tuple[IntArray, IntArray, IntArray]]:
    """Ask of each supplier with a product all sets of that product; return each lot's first question and the questions."""
    lots, width = problem.lots, len(problem.product_ids) + 1
    parties, party = np.unique(lots.supplier * width + lots.product, return_inverse=True)
    product = parties % width
    asked = np.diff(set_start)[product]
    first = np.concatenate([[0], np.cumsum(asked)]).astype(np.int64)
    within = np.arange(first[-1]) - np.repeat(first[:-1], asked)
    sets = set_of[np.repeat(set_start[product], asked) + within]
    return first[party], (np.repeat(parties // width, asked), np.repeat(product, asked), sets)


# decisions -----------------------------------------------------------------------------------------------------------
class Decided(NamedTuple):
    """Sorted keys ``lot × n_lines + line`` of the pairs on which a broker has decided."""

    n_lines: int
    forbidden: IntArray
    pinned: IntArray

    def is_forbidden(self, lot: IntArray, line: IntArray) -> BoolArray:
        return self._holds(self.forbidden, lot, line)

    def is_pinned(self, lot: IntArray, line: IntArray) -> BoolArray:
        return self._holds(self.pinned, lot, line)

    def _holds(self, keys: IntArray, lot: IntArray, line: IntArray) -> BoolArray:
        if len(keys) == 0:
            return np.zeros(len(lot), dtype=np.bool_)
        return np.isin(lot * self.n_lines + line, keys)


def decided_pairs(problem: Problem) -> Decided:
    """Collect forbidden pairs, and pins of at least a kilogram."""
    made = problem.decisions
    keys = made.lot * max(1, problem.n_lines) + made.line
    return Decided(max(1, problem.n_lines), np.unique(keys[made.kind == FORBID]), np.unique(keys[(made.kind == PIN) & (made.kg > 0)]))


# compiled ------------------------------------------------------------------------------------------------------------
@compiled
def tighten(p0: int, p1: int, d0: int, d1: int, least: int, most: int) -> tuple[int, int, int, int, int]:
    """Tighten day ranges by least ≤ d - p ≤ most; the first range is (1, 0) when nothing is left."""
    low, high = max(p0, d0 - most), min(p1, d1 - least)
    first, last = max(d0, p0 + least), min(d1, p1 + most)
    if low > high or first > last or least > most or p0 > p1 or d0 > d1:
        return 1, 0, 1, 0, 0
    return low, high, first, last, min(most, last - low)


@compiled
def box_of(
    lots: IntArray, lot: int, entries: IntArray, entry: int, first: int, last: int, least: int, most: int
) -> tuple[int, int, int, int, int]:
    """Admissible days of a lot and an entry under one way: pick-up, delivery, most days between."""
    d1, spare = min(entries[entry, DELIVER_UNTIL], last), lots[lot, LIFE] - entries[entry, MIN_LIFE]
    if lots[lot, CUT]:
        most = min(most, spare)
    else:
        d1 = min(d1, lots[lot, FROM] + spare)
    return tighten(max(lots[lot, FROM], first), lots[lot, UNTIL], entries[entry, DELIVER_FROM], d1, least, most)


@compiled
def fits(lots: IntArray, lot: int, entries: IntArray, entry: int, way_start: IntArray, ways: IntArray, least: int, most: int) -> bool:
    """Tell whether the grade and some way admit some pair of days."""
    if lots[lot, GRADE] > entries[entry, MAX_GRADE]:
        return False
    question = lots[lot, QUESTION] + entries[entry, FULL_SET]
    for way in range(way_start[question], way_start[question + 1]):
        box = box_of(lots, lot, entries, entry, ways[way, 0], ways[way, 1], least, most)
        if box[0] <= box[1]:
            return True
    return False


@compiled
def fill_reach(way_start: IntArray, ways: IntArray, question: int, n_sets: int, until_day: int, reach: IntArray) -> None:
    """For each set of a product, the last day that a way covers which begins no later than the lot ends, or -EVER."""
    for member in range(n_sets):
        reach[member] = -EVER
        for way in range(way_start[question + member], way_start[question + member + 1]):
            if ways[way, 0] <= until_day:
                reach[member] = max(reach[member], ways[way, 1])


@compiled
def _screened_from(
    lots: IntArray,
    entry_start: IntArray,
    compared: DayArray,
    n_sets: IntArray,
    way_start: IntArray,
    ways: IntArray,
    wanted: IntArray,
    place: int,
    most: int,
    out: IntArray,
) -> tuple[int, int]:
    """Write the (lot, entry) pairs of ``wanted[place:]`` that pass `screened_blocks`; return where it stopped, and how many."""
    n, reach = 0, np.empty(n_sets.max() if len(n_sets) else 0, dtype=np.int64)
    passes = np.empty(len(out), dtype=np.bool_)
    while place < len(wanted):
        lot = wanted[place]
        begin, end = entry_start[lots[lot, PRODUCT]], entry_start[lots[lot, PRODUCT] + 1]
        if n + end - begin > len(out):
            break
        fill_reach(way_start, ways, lots[lot, QUESTION], n_sets[lots[lot, PRODUCT]], lots[lot, UNTIL], reach)
        grade, first, last = np.int32(lots[lot, GRADE]), np.int32(lots[lot, FROM]), np.int32(min(lots[lot, UNTIL] + most, LATEST))
        for k in range(end - begin):
            # One comparison after another without a branch is what the processor does several of at a time.
            entry = begin + k
            passes[k] = (compared[0, entry] >= grade) & (compared[1, entry] <= last) & (compared[2, entry] >= first)
        for k in range(end - begin):
            if passes[k] and reach[compared[3, begin + k]] >= compared[1, begin + k]:
                out[n, 0], out[n, 1] = lot, begin + k
                n += 1
        place += 1
    return place, n


@compiled
def _all_fit(
    lots: IntArray,
    entries: IntArray,
    way_start: IntArray,
    ways: IntArray,
    lot: IntArray,
    entry: IntArray,
    least: IntArray,
    most: IntArray,
) -> BoolArray:
    """Apply `fits` to given pairs."""
    good = np.empty(len(lot), dtype=np.bool_)
    for k in range(len(lot)):
        good[k] = fits(lots, lot[k], entries, entry[k], way_start, ways, least[k], most[k])
    return good


def screened_blocks(g: Ground, wanted: IntArray, most: int, size: int = BLOCK_PAIRS) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield the pairs of some lots that grade, dates and the last day of a certificate do not rule out, as `pair_blocks` does.

    Parameters
    ----------
    size : about how many pairs a block holds.
    """
    widest = int(np.diff(g.entry_start).max(initial=0))
    out = np.empty((max(size, widest), 2), dtype=np.int64)
    columns = g.entries[:, (MAX_GRADE, DELIVER_FROM, DELIVER_UNTIL, FULL_SET)].T
    compared = np.ascontiguousarray(columns.clip(-LATEST, LATEST).astype(np.int32))
    place = 0
    while place < len(wanted):
        place, n = _screened_from(
            g.lots, g.entry_start, compared, g.n_sets, g.way_start, g.truck_ways, wanted, place, min(most, LATEST), out
        )
        yield out[:n, 0].copy(), out[:n, 1].copy()


def pair_blocks(g: Ground, wanted: IntArray, most: int) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield all eligible pairs of some lots, block by block, as (lot, entry), in the order of ``wanted``, then by line.

    Parameters
    ----------
    wanted : rows of lots, shape (n_wanted,).
    most : most days between pick-up and delivery.
    """
    for lot, entry in screened_blocks(g, wanted, most):
        kept = fit_within(g, lot, entry, most)
        yield lot[kept], entry[kept]


def fit_within(g: Ground, lot: IntArray, entry: IntArray, most: int) -> BoolArray:
    """Tell which (lot, entry) pairs a truck can serve with at most ``most`` days between pick-up and delivery."""
    days = np.full(len(lot), min(most, EVER), dtype=np.int64)
    made: BoolArray = _all_fit(g.lots, g.entries, g.way_start, g.truck_ways, lot, entry, np.zeros_like(days), days)
    return made


def fit_between(g: Ground, lot: IntArray, entry: IntArray, least: int, most: int) -> BoolArray:
    """Tell which (lot, entry) pairs a truck can serve with ``least`` to ``most`` days between pick-up and delivery."""
    span = (np.full(len(lot), least), np.full(len(lot), min(most, EVER)))
    made: BoolArray = _all_fit(g.lots, g.entries, g.way_start, g.truck_ways, lot, entry, *span)
    return made


def fit_exactly(g: Ground, lot: IntArray, entry: IntArray, days: IntArray) -> BoolArray:
    """Tell which (lot, entry) pairs a carrier that takes exactly ``days`` days can serve."""
    made: BoolArray = _all_fit(g.lots, g.entries, g.way_start, g.ways, lot, entry, days, days)
    return made


def most_days_between(g: Ground, lot: IntArray, entry: IntArray, most: int) -> IntArray:
    """Most days between pick-up and delivery that pairs admit, at most ``most``; negative where they admit none."""
    made: IntArray = _all_most_days(g.lots, g.entries, g.way_start, g.truck_ways, lot, entry, min(most, EVER))
    return made


@compiled
def _all_most_days(
    lots: IntArray, entries: IntArray, way_start: IntArray, ways: IntArray, lot: IntArray, entry: IntArray, most: int
) -> IntArray:
    """Longest stay between pick-up and delivery over all ways of each pair."""
    days = np.full(len(lot), -1, dtype=np.int64)
    for k in range(len(lot)):
        question = lots[lot[k], QUESTION] + entries[entry[k], FULL_SET]
        for way in range(way_start[question], way_start[question + 1]):
            box = box_of(lots, lot[k], entries, entry[k], ways[way, 0], ways[way, 1], 0, most)
            if box[0] <= box[1]:
                days[k] = max(days[k], min(box[4], box[3] - box[0]))
    return days
