"""Branch and price: whole trips, node by node, the node with the greatest bound first.

A node limits how many trips have certain features (`matching.bounds.whole_trips.features`), and holds some yes/no choices of the volumes'
rules. Its bound is that of `matching.bounds.whole_trips.root`. The branch is chosen among the most fractional features: by solving both
sides of
each with the columns at hand when it is first looked at, and then by what that brought the bound down for each fraction of a trip (as in
reliability branching, Achterberg, Koch and Martin, doi:10.1016/j.orl.2004.04.002).
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from matching.bounds.whole_trips.features import Feature, features_of
from matching.bounds.whole_trips.root import Root, bound_of, generate, put_limits, resolve
from matching.model.problem import FloatArray
from matching.optimizer import SecondsLeft

MOST_CANDIDATES, MOST_TRIALS = 200, 4
"""Features that are compared, and those of them that may be solved first since nothing is known of them."""
WHOLE = 1e-5

Limits = dict[Feature, tuple[float, float]]
Side = tuple[Limits, dict[int, float]]


@dataclass(frozen=True)
class Candidate:
    """Both sides of a branch, and how far the point is from either."""

    key: Feature | int
    sides: tuple[Side, Side]
    away: tuple[float, float]


class History:
    """How much sides brought the bound down for each unit that the point was away from them, when they were last solved."""

    def __init__(self) -> None:
        self._falls: dict[Feature | int, tuple[float, ...]] = {}

    def knows(self, candidate: Candidate) -> bool:
        """Whether both sides have been solved."""
        return candidate.key in self._falls

    def expected(self, candidate: Candidate) -> list[float]:
        """What both sides are likely to bring the bound down by, đồng."""
        return [fall * away for fall, away in zip(self._falls[candidate.key], candidate.away, strict=True)]

    def note(self, candidate: Candidate, falls: list[float]) -> None:
        """Remember what both sides brought the bound down by."""
        self._falls[candidate.key] = tuple(fall / away for fall, away in zip(falls, candidate.away, strict=True))


@dataclass(order=True)
class Node:
    """Sorted by the bound of its parent, the greatest first."""

    minus_bound: float
    number: int
    limits: Limits = field(compare=False)
    fixed: dict[int, float] = field(compare=False)


def branch_and_price(root: Root, seconds_left: SecondsLeft, incumbent: Callable[[], int], most_nodes: int) -> Iterator[float]:
    """Yield ever smaller bounds on every plan, none below the incumbent."""
    open_nodes, number, settled = [Node(-np.inf, 0, {}, {})], 0, -np.inf
    trips, history = most_trips(root), History()
    while open_nodes and number < most_nodes:
        node = heapq.heappop(open_nodes)
        yield max(-node.minus_bound, settled)
        if -node.minus_bound <= max(incumbent(), settled):
            return
        put_node(root, node.limits, node.fixed)
        if not generate(root, seconds_left):
            if root.is_empty:
                continue
            return
        bound = min(-node.minus_bound, bound_of(root, node.fixed, trips))
        if bound <= incumbent():
            continue
        sides = branches(root, node, history, bound - incumbent(), seconds_left)
        # All that the proof can tell apart is whole here.
        settled = settled if sides else max(settled, bound)
        for limits, fixed in sides:
            number += 1
            heapq.heappush(open_nodes, Node(-bound, number, limits, fixed))
    if not open_nodes:
        yield max(float(incumbent()), settled)


def most_trips(root: Root) -> float:
    """More trips than a best plan can have: each moves something, and without pins no plan pays more than its goods are worth."""
    p = root.stage.problem
    moved = float(min(p.lots.kg.sum(), p.lines.kg.sum()))
    goods = float(np.dot(p.lines.bid_vnd_per_kg + p.lines.short_vnd_per_kg, p.lines.kg))
    cheapest = min((float(listed.cost_vnd.min()) for listed in root.listed if len(listed.cost_vnd)), default=1.0)
    return moved if p.decisions.kg.any() else min(moved, goods / max(1.0, cheapest))


def put_node(root: Root, limits: Limits, fixed: dict[int, float]) -> None:
    """Let the linear program be that of a node."""
    put_limits(root, limits)
    model = root.program.model
    whole = np.flatnonzero(model.whole)
    low = np.array([fixed.get(column, 0.0) for column in whole.tolist()])
    high = np.array([fixed.get(column, model.most[column]) for column in whole.tolist()])
    root.solver.set_limits(whole, low, high)


def branches(root: Root, node: Node, history: History, enough: float, seconds_left: SecondsLeft) -> tuple[Side, ...]:
    """Both sides of the best branch; none where all is whole.

    Parameters
    ----------
    enough : đồng by which a bound has to come down for its side to be done with.
    """
    point, before = root.outcome.values, root.outcome.objective
    assert point is not None
    best: tuple[Side, ...] = ()
    most, trials = -np.inf, 0
    for candidate in _candidates(root, node, point):
        if history.knows(candidate):
            falls = history.expected(candidate)
        elif trials < MOST_TRIALS:
            trials += 1
            falls = _tried(root, candidate, before, seconds_left)
            if max(falls) < np.inf:
                history.note(candidate, falls)
        else:
            continue
        if seconds_left() <= 0:
            return candidate.sides
        score = min(falls[0], enough) * min(falls[1], enough)
        if score > most:
            best, most = candidate.sides, score
    return best


def _tried(root: Root, candidate: Candidate, before: float, seconds_left: SecondsLeft) -> list[float]:
    """How much both sides bring the bound down with the columns at hand, at least a đồng; endlessly where a side holds nothing."""
    falls = []
    for limits, fixed in candidate.sides:
        put_node(root, limits, fixed)
        solved = resolve(root, seconds_left)
        after = root.outcome.objective if solved else before
        falls.append(np.inf if root.is_empty else max(before - after, 1.0))
    return falls


def _candidates(root: Root, node: Node, point: FloatArray) -> list[Candidate]:
    """Branches that are worth comparing, the most fractional first."""
    model = root.program.model
    found: list[tuple[float, int, Candidate]] = []
    for column in np.flatnonzero(model.whole).tolist():
        share = min(point[column], 1.0 - point[column])
        if share > WHOLE:
            down, up = ((node.limits, node.fixed | {column: value}) for value in (0.0, 1.0))
            made = Candidate(column, (down, up), (float(point[column]), 1.0 - float(point[column])))
            found.append((-float(share) - 0.25, len(found), made))
    often: dict[Feature, float] = defaultdict(float)
    for column, block in root.columns:
        if point[column] > 1e-9:
            for feature in features_of(block.pattern):
                often[feature] += float(point[column])
    for feature, times in often.items():
        below, above = float(np.floor(times)), float(np.ceil(times))
        share = min(times - below, above - times)
        low, high = node.limits.get(feature, (0.0, np.inf))
        # A limit that is met but for a rounding would be set again and again.
        if share > WHOLE and low <= below and above <= high:
            sides = (node.limits | {feature: (low, below)}, node.fixed), (node.limits | {feature: (above, high)}, node.fixed)
            weight = 0.1 * (2 - len(feature.calls)) if len(feature.calls) <= 2 else -0.3
            found.append((-float(share) - weight, len(found), Candidate(feature, sides, (times - below, above - times))))
    return [candidate for _, _, candidate in sorted(found, key=lambda entry: entry[:2])[:MOST_CANDIDATES]]
