"""Which certificates of a supplier cover what a demand line requires, and on which days.

A certificate covers an allocation when it is valid on the pick-up day and on the delivery day. So each way of meeting all
requirements of a line is a pair (first day, last day): pick-up no earlier than the first, delivery no later than the last.
The first day is the latest beginning, the last day the earliest end, of the certificates used. Ways that another way
includes are dropped; what remains is a *staircase*: first and last days both strictly ascending.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.compiled import compiled
from matching.model.problem import ANY_PRODUCT, BoolArray, IntArray, Lines, Problem

EVER = 1 << 40
"""A day later than all others; its negative is earlier than all others."""

Members = tuple[tuple[int, int], ...]


class RequirementSets(NamedTuple):
    """Distinct sets of (scheme, level) that lines require.

    Attributes
    ----------
    start, scheme, level : set ``s`` requires ``scheme[start[s]:start[s + 1]]`` at ``level[...]`` or higher; set 0 is empty.
    of_line : set that each line requires, shape (n_lines,).
    certificates_of_line : the same without market codes, shape (n_lines,).
    """

    start: IntArray
    scheme: IntArray
    level: IntArray
    of_line: IntArray
    certificates_of_line: IntArray


def requirement_sets(problem: Problem) -> RequirementSets:
    """Number the distinct requirement sets of all lines."""
    lines = problem.lines
    seen: dict[Members, int] = {(): 0}
    is_market = is_market_code(problem)
    market = is_market[lines.require_scheme] if len(is_market) else np.zeros(len(lines.require_scheme), dtype=np.bool_)
    every = _number(lines, np.ones(len(market), dtype=np.bool_), seen)
    plain = _number(lines, ~market, seen)
    atoms = [atom for members in seen for atom in members]
    start = np.concatenate([[0], np.cumsum([len(members) for members in seen])]).astype(np.int64)
    table = np.array(atoms, dtype=np.int64).reshape(-1, 2)
    return RequirementSets(start, table[:, 0].copy(), table[:, 1].copy(), every, plain)


def is_market_code(problem: Problem) -> BoolArray:
    """Tell which schemes are market codes (planting-area or packing codes of an export market), shape (n_schemes,)."""
    return np.array([scheme.startswith("PUC:") for scheme in problem.scheme_ids], dtype=np.bool_)


def _number(lines: Lines, keep: BoolArray, seen: dict[Members, int]) -> IntArray:
    """Give each line the number of its set of kept requirements, entering new sets into ``seen``."""
    of_line = np.zeros(len(lines.id), dtype=np.int64)
    kept = list(zip(lines.require_scheme.tolist(), lines.require_level.tolist(), keep.tolist()))
    starts = lines.require_start.tolist()
    memory: dict[tuple[tuple[int, int, bool], ...], int] = {}
    for line in np.flatnonzero(np.diff(lines.require_start)).tolist():
        written = tuple(kept[starts[line] : starts[line + 1]])
        if written not in memory:
            members = tuple(sorted({(scheme, level) for scheme, level, is_kept in written if is_kept}))
            memory[written] = seen.setdefault(members, len(seen))
        of_line[line] = memory[written]
    return of_line


class Staircases(NamedTuple):
    """Ways of meeting requirement sets, for each (party, set) asked for.

    Attributes
    ----------
    start : the ways of question ``q`` are rows ``start[q]:start[q + 1]``, shape (n_questions + 1,).
    first_day, last_day : pick-up no earlier and delivery no later than these, both ascending within a question.
    """

    start: IntArray
    first_day: IntArray
    last_day: IntArray


def staircases(problem: Problem, sets: RequirementSets, supplier: IntArray, product: IntArray, asked_set: IntArray) -> Staircases:
    """Find for each question, a supplier with a product and a requirement set, all ways of meeting it.

    Parameters
    ----------
    supplier, product, asked_set : one row per question, shape (n_questions,).
    """
    held = problem.certificates
    order = np.argsort(held.supplier, kind="stable")
    by_supplier = np.searchsorted(held.supplier[order], np.arange(len(problem.supplier_ids) + 1)).astype(np.int64)
    columns = (held.product, held.scheme, held.level, held.from_day, held.until_day)
    shelf = _Shelf(by_supplier, *(np.ascontiguousarray(column[order]) for column in columns))
    made: Staircases = _all_staircases(shelf, sets, np.stack([supplier, product, asked_set], axis=1))
    return made


class _Shelf(NamedTuple):
    """Certificates ordered by supplier; those of supplier ``s`` are rows ``start[s]:start[s + 1]``."""

    start: IntArray
    product: IntArray
    scheme: IntArray
    level: IntArray
    from_day: IntArray
    until_day: IntArray


@compiled
def _all_staircases(shelf: _Shelf, sets: RequirementSets, asked: IntArray) -> Staircases:
    """Answer all questions (supplier, product, set); the staircases grow into arrays that double when full."""
    start = np.zeros(len(asked) + 1, dtype=np.int64)
    first, last = np.empty(len(asked) + 16, dtype=np.int64), np.empty(len(asked) + 16, dtype=np.int64)
    most = 1
    for supplier in range(len(shelf.start) - 1):
        most = max(most, shelf.start[supplier + 1] - shelf.start[supplier])
    ways, made = np.empty((most + 1, 2), dtype=np.int64), np.empty((most * most + most, 2), dtype=np.int64)
    for q in range(len(asked)):
        n_ways = _ways_to_meet(shelf, sets, asked[q], ways, made)
        used = start[q]
        while used + n_ways > len(first):
            first, last = np.concatenate((first, first)), np.concatenate((last, last))
        for w in range(n_ways):
            first[used + w], last[used + w] = ways[w, 0], ways[w, 1]
        start[q + 1] = used + n_ways
    return Staircases(start, first[: start[-1]].copy(), last[: start[-1]].copy())


@compiled
def _ways_to_meet(shelf: _Shelf, sets: RequirementSets, asked: IntArray, ways: IntArray, made: IntArray) -> int:
    """Fill ``ways`` with the staircase of one question and return its length."""
    supplier, product, asked_set = asked[0], asked[1], asked[2]
    ways[0, 0], ways[0, 1], n_ways = -EVER, EVER, 1
    for k in range(sets.start[asked_set], sets.start[asked_set + 1]):
        n_made = 0
        for c in range(shelf.start[supplier], shelf.start[supplier + 1]):
            fits = shelf.product[c] == product or shelf.product[c] == ANY_PRODUCT
            if fits and shelf.scheme[c] == sets.scheme[k] and shelf.level[c] >= sets.level[k]:
                n_made = _narrow(ways, n_ways, shelf.from_day[c], shelf.until_day[c], made, n_made)
        n_ways = _prune(made, n_made, ways)
    return n_ways


@compiled
def _narrow(ways: IntArray, n_ways: int, from_day: int, until_day: int, made: IntArray, n_made: int) -> int:
    """Append every way, cut to a certificate's days, to ``made``; return its new length."""
    for w in range(n_ways):
        low, high = max(ways[w, 0], from_day), min(ways[w, 1], until_day)
        if low <= high:
            made[n_made, 0], made[n_made, 1] = low, high
            n_made += 1
    return n_made


@compiled
def _prune(made: IntArray, n_made: int, ways: IntArray) -> int:
    """Copy the ways that no other includes into ``ways``, both days ascending, and return how many they are."""
    n_ways = 0
    for m in range(n_made):
        if not _is_covered(ways, n_ways, made[m, 0], made[m, 1]):
            n_ways = _insert(ways, n_ways, made[m, 0], made[m, 1])
    return n_ways


@compiled
def _is_covered(ways: IntArray, n_ways: int, low: int, high: int) -> bool:
    """Tell whether some way includes [low, high]."""
    covering = 0
    for w in range(n_ways):
        if ways[w, 0] <= low and ways[w, 1] >= high:
            covering += 1
    return covering > 0


@compiled
def _insert(ways: IntArray, n_ways: int, low: int, high: int) -> int:
    """Drop the ways that [low, high] includes, put it in its place, and return the new length."""
    kept = 0
    for w in range(n_ways):
        if ways[w, 0] < low or ways[w, 1] > high:
            ways[kept, 0], ways[kept, 1] = ways[w, 0], ways[w, 1]
            kept += 1
    place = kept
    while place > 0 and ways[place - 1, 0] > low:
        ways[place, 0], ways[place, 1] = ways[place - 1, 0], ways[place - 1, 1]
        place -= 1
    ways[place, 0], ways[place, 1] = low, high
    return kept + 1
