"""The eligibility funnel: how many counterparts of each lot and line survive each step, and how near the nearest miss was.

Pairs of one product go through the steps of `matching.model.reasons.FUNNEL` in order, each counted at the first that it fails. The
steps that only compare whole numbers run in one compiled loop; what survives them is priced block by block. No table of all
pairs is made: only the lanes that pay are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from matching.compiled import compiled
from matching.model.problem import FloatArray, IntArray, Problem
from matching.model.reasons import FUNNEL, Reason
from matching.pairs.certificates import EVER
from matching.pairs.eligibility import (
    BLOCK_PAIRS,
    CUT,
    DELIVER_FROM,
    DELIVER_UNTIL,
    FROM,
    FULL_SET,
    GRADE,
    LIFE,
    MAX_GRADE,
    MIN_LIFE,
    PLAIN_SET,
    PRODUCT,
    QUESTION,
    UNTIL,
    Ground,
    fill_reach,
    fits,
    tighten,
)
from matching.pairs.screening import PAYS, STEP, Market, gain_at, hours_missing, market, screen_pairs
from matching.volumes.arcs import Arcs, carrier_arcs

N_STEPS = len(FUNNEL)
AT_GRADE, AT_CERTIFICATE, AT_MARKET_CODE, AT_DATES, AT_LIFE = range(1, 6)
SURVIVES = 6
FAR = EVER


@dataclass(frozen=True, eq=False)
class Funnel:
    """What became of every pair of a lot and a line of one product.

    Attributes
    ----------
    lot_survivors, line_survivors : counterparts that survive each step, shapes (n_lots, n_steps) and (n_lines, n_steps).
    lot_days_apart, line_days_apart : fewest days by which dates miss each other, FAR where none do; shapes (n_lots,), (n_lines,).
    lot_life_short, line_life_short : fewest days by which remaining life falls short, likewise.
    lot_price_short, line_price_short : least đồng per kg by which a price misses floor plus haulage, infinite where none do.
    lot_hours, line_hours : of the trip that misses a driver's or a site's hours by least, the minutes missing (infinite where none does),
        the minutes it takes and the minutes of the shift; shapes (n_lots, 3) and (n_lines, 3).
    lane_lot, lane_line, lane_gain : lanes that pay, by truck or carrier, and đồng per kg at a full truck, shape (n_lanes,).
    """

    lot_survivors: IntArray
    line_survivors: IntArray
    lot_days_apart: IntArray
    line_days_apart: IntArray
    lot_life_short: IntArray
    line_life_short: IntArray
    lot_price_short: FloatArray
    line_price_short: FloatArray
    lot_hours: FloatArray
    line_hours: FloatArray
    lane_lot: IntArray
    lane_line: IntArray
    lane_gain: FloatArray


def find_funnel(problem: Problem, *, max_transit_days: int = 1, on_the_clock: bool = True) -> Funnel:
    """Send every pair of one product through the funnel.

    Parameters
    ----------
    on_the_clock : bar pairs that no truck can serve within its shift and both sites' hours; the volumes relaxation lets them be.
    max_transit_days : most days between pick-up and delivery by truck. Carriers join at the end, as lanes that pay.
    """
    of = market(problem, max_transit_days, on_the_clock=on_the_clock)
    tally = _tally(problem, of.ground)
    lanes = [_priced(of, tally, lot, entry) for lot, entry in _counted(of.ground, tally, max_transit_days)]
    lanes.append(_paying(problem, carrier_arcs(of)))
    lot, line, gain = (np.concatenate(column) for column in zip(*lanes))
    by_line = _per_line(problem, of.ground, tally)
    return Funnel(
        _survivors(tally.lot_failed),
        _survivors(by_line.failed),
        tally.lot_missed[:, 0],
        by_line.missed[:, 0],
        tally.lot_missed[:, 1],
        by_line.missed[:, 1],
        tally.lot_price_short,
        tally.line_price_short,
        tally.lot_hours,
        tally.line_hours,
        lot,
        line,
        gain,
    )


class _Tally(NamedTuple):
    """Counts in the making: pairs by the step they fail (the last column survives all), and nearest misses in days."""

    lot_failed: IntArray  # (n_lots, N_STEPS + 1)
    entry_failed: IntArray  # (n_entries, N_STEPS + 1)
    lot_missed: IntArray  # (n_lots, 2): days apart, days of life short
    entry_missed: IntArray  # (n_entries, 2)
    lot_price_short: FloatArray
    line_price_short: FloatArray
    lot_hours: FloatArray  # (n_lots, 3): minutes missing, taken, of the shift
    line_hours: FloatArray  # (n_lines, 3)


def _tally(problem: Problem, g: Ground) -> _Tally:
    n_entries = len(g.entry_line)
    return _Tally(
        np.zeros((problem.n_lots, N_STEPS + 1), dtype=np.int64),
        np.zeros((n_entries, N_STEPS + 1), dtype=np.int64),
        np.full((problem.n_lots, 2), FAR, dtype=np.int64),
        np.full((n_entries, 2), FAR, dtype=np.int64),
        np.full(problem.n_lots, np.inf),
        np.full(problem.n_lines, np.inf),
        np.full((problem.n_lots, 3), np.inf),
        np.full((problem.n_lines, 3), np.inf),
    )


class _ByLine(NamedTuple):
    failed: IntArray
    missed: IntArray


def _per_line(problem: Problem, g: Ground, tally: _Tally) -> _ByLine:
    """Add the entries of each line up."""
    failed = np.zeros((problem.n_lines, N_STEPS + 1), dtype=np.int64)
    missed = np.full((problem.n_lines, 2), FAR, dtype=np.int64)
    np.add.at(failed, g.entry_line, tally.entry_failed)
    np.minimum.at(missed, g.entry_line, tally.entry_missed)
    return _ByLine(failed, missed)


def _survivors(failed: IntArray) -> IntArray:
    """Turn counts of first failures into counts of survivors of each step; nothing fails the first, sharing a product."""
    after: IntArray = failed[:, ::-1].cumsum(axis=1)[:, ::-1]
    return np.ascontiguousarray(after[:, 1:])


# steps that compare whole numbers ------------------------------------------------------------------------------------
def _counted(g: Ground, tally: _Tally, most: int) -> Iterator[tuple[IntArray, IntArray]]:
    """Count every pair at the first of these steps that it fails; yield the survivors block by block as (lot, entry)."""
    widest = int(np.diff(g.entry_start).max(initial=0))
    out = np.empty((max(BLOCK_PAIRS, widest), 2), dtype=np.int64)
    place = 0
    while place < len(g.lots):
        place, n = _count_from(
            g.lots,
            g.entries,
            g.entry_start,
            g.n_sets,
            g.way_start,
            g.ways,
            g.truck_ways,
            place,
            min(most, EVER),
            tally.lot_failed,
            tally.entry_failed,
            tally.lot_missed,
            tally.entry_missed,
            out,
        )
        yield out[:n, 0].copy(), out[:n, 1].copy()


@compiled
def _count_from(
    lots: IntArray,
    entries: IntArray,
    entry_start: IntArray,
    n_sets: IntArray,
    way_start: IntArray,
    ways: IntArray,
    truck_ways: IntArray,
    lot: int,
    most: int,
    lot_failed: IntArray,
    entry_failed: IntArray,
    lot_missed: IntArray,
    entry_missed: IntArray,
    out: IntArray,
) -> tuple[int, int]:
    """Count lots from ``lot`` on until ``out`` may be full; return where it stopped, and how many pairs it wrote."""
    n, reach = 0, np.empty(n_sets.max() if len(n_sets) else 0, dtype=np.int64)
    while lot < len(lots):
        begin, end = entry_start[lots[lot, PRODUCT]], entry_start[lots[lot, PRODUCT] + 1]
        if n + end - begin > len(out):
            break
        grade, first, last = lots[lot, GRADE], lots[lot, FROM], lots[lot, UNTIL] + most
        fill_reach(way_start, ways, lots[lot, QUESTION], n_sets[lots[lot, PRODUCT]], lots[lot, UNTIL], reach)
        for entry in range(begin, end):
            step = _plain_step(entries, entry, grade, first, last, reach)
            if step == SURVIVES:
                step = _dates_step(lots, lot, entries, entry, way_start, truck_ways, most)
            if step == SURVIVES:
                out[n, 0], out[n, 1] = lot, entry
                n += 1
                continue
            lot_failed[lot, step] += 1
            entry_failed[entry, step] += 1
            if step == AT_DATES:
                # Zero where only the horizon or a certificate is in the way.
                missed = max(0, first - entries[entry, DELIVER_UNTIL], entries[entry, DELIVER_FROM] - last)
                lot_missed[lot, 0], entry_missed[entry, 0] = min(lot_missed[lot, 0], missed), min(entry_missed[entry, 0], missed)
            elif step == AT_LIFE:
                missed = _life_short(lots, lot, entries, entry)
                lot_missed[lot, 1], entry_missed[entry, 1] = min(lot_missed[lot, 1], missed), min(entry_missed[entry, 1], missed)
        lot += 1
    return lot, n


@compiled
def _plain_step(entries: IntArray, entry: int, grade: int, first: int, last: int, reach: IntArray) -> int:
    """First step that a pair fails by plain comparison, or SURVIVES; nearly all failures are found here."""
    if entries[entry, MAX_GRADE] < grade:
        return AT_GRADE
    if reach[entries[entry, PLAIN_SET]] < entries[entry, DELIVER_FROM]:
        return AT_CERTIFICATE
    if reach[entries[entry, FULL_SET]] < entries[entry, DELIVER_FROM]:
        return AT_MARKET_CODE
    if entries[entry, DELIVER_UNTIL] < first or entries[entry, DELIVER_FROM] > last:
        return AT_DATES
    return SURVIVES


@compiled
def _dates_step(lots: IntArray, lot: int, entries: IntArray, entry: int, way_start: IntArray, truck_ways: IntArray, most: int) -> int:
    """Dates or remaining life, whichever a pair fails first, or SURVIVES."""
    if fits(lots, lot, entries, entry, way_start, truck_ways, 0, most):
        return SURVIVES
    question, found = lots[lot, QUESTION] + entries[entry, FULL_SET], AT_DATES
    for way in range(way_start[question], way_start[question + 1]):
        low, high = max(lots[lot, FROM], truck_ways[way, 0]), min(entries[entry, DELIVER_UNTIL], truck_ways[way, 1])
        box = tighten(low, lots[lot, UNTIL], entries[entry, DELIVER_FROM], high, 0, most)
        if box[0] <= box[1]:
            found = AT_LIFE
    return found


@compiled
def _life_short(lots: IntArray, lot: int, entries: IntArray, entry: int) -> int:
    """Days of life missing on the best day of delivery, certificates and horizon left aside."""
    if lots[lot, CUT]:
        age = max(0, entries[entry, DELIVER_FROM] - lots[lot, UNTIL])
    else:
        age = max(0, entries[entry, DELIVER_FROM] - lots[lot, FROM])
    return int(max(1, entries[entry, MIN_LIFE] - (lots[lot, LIFE] - age)))


# steps that need a rate ----------------------------------------------------------------------------------------------
Paying = tuple[IntArray, IntArray, FloatArray]


def _priced(of: Market, tally: _Tally, lot: IntArray, entry: IntArray) -> Paying:
    """Count a block at cold, door, hours, decision and price; return the pairs that pay."""
    line, screened = of.ground.entry_line[entry], screen_pairs(of, lot, entry)
    step, gain = screened.step, screened.gain_vnd_per_kg
    _add_steps(tally.lot_failed, lot, step)
    _add_steps(tally.entry_failed, entry, step)
    missed = step == STEP[Reason.PRICE]
    np.minimum.at(tally.lot_price_short, lot[missed], -gain[missed])
    np.minimum.at(tally.line_price_short, line[missed], -gain[missed])
    late = np.flatnonzero(step == STEP[Reason.HOURS])
    if len(late):
        misses = np.column_stack(hours_missing(of, lot[late], entry[late]))
        _keep_nearest(tally.lot_hours, lot[late], misses)
        _keep_nearest(tally.line_hours, line[late], misses)
    pays = step == PAYS
    return lot[pays], line[pays], gain[pays]


def _keep_nearest(nearest: FloatArray, row: IntArray, misses: FloatArray) -> None:
    """Keep of each row the miss whose first figure is least."""
    order = np.lexsort((misses[:, 0], row))
    rows, first = np.unique(row[order], return_index=True)
    found = misses[order[first]]
    better = found[:, 0] < nearest[rows, 0]
    nearest[rows[better]] = found[better]


def _add_steps(failed: IntArray, row: IntArray, step: IntArray) -> None:
    """Add pairs to the counts of their rows."""
    width = failed.shape[1]
    counts = np.bincount(row * width + step, minlength=failed.size)
    failed += counts.reshape(failed.shape)


def _paying(problem: Problem, arcs: Arcs) -> Paying:
    """Carriers' lanes that pay."""
    gain = gain_at(problem, arcs.lot, arcs.line, arcs.rate_vnd_per_kg)
    return arcs.lot[gain > 0], arcs.line[gain > 0], gain[gain > 0]
