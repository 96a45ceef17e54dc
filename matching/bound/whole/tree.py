"""Branch and price: whole trips, node by node, the node with the greatest bound first.

A node limits how many trips have certain features (`matching.bound.whole.features`), and holds some yes/no choices of the volumes'
rules. Its bound is that of `matching.bound.whole.root`. The branch is chosen among the most fractional features by solving both
sides of each with the columns at hand.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from matching.bound.model import SecondsLeft
from matching.bound.whole.features import Feature, features_of
from matching.bound.whole.root import Root, bound_of, generate, put_limits, resolve
from matching.problem import FloatArray

MOST_TRIALS = 8
WHOLE = 1e-5

Limits = dict[Feature, tuple[float, float]]
Side = tuple[Limits, dict[int, float]]


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
    trips = most_trips(root)
    while open_nodes and number < most_nodes:
        node = heapq.heappop(open_nodes)
        yield max(-node.minus_bound, settled)
        if -node.minus_bound <= max(incumbent(), settled):
            return
        put_node(root, node.limits, node.fixed)
        if not generate(root, seconds_left):
            return
        bound = min(-node.minus_bound, bound_of(root, node.fixed, trips))
        if bound <= incumbent():
            continue
        sides = branches(root, node, seconds_left)
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
    for column in np.flatnonzero(model.whole).tolist():
        low, high = (fixed[column], fixed[column]) if column in fixed else (0.0, model.most[column])
        root.solver.changeColBounds(column, low, high)


def branches(root: Root, node: Node, seconds_left: SecondsLeft) -> list[Side]:
    """Both sides of the best branch; none where all is whole."""
    point = np.array(root.solver.getSolution().col_value)
    before = root.solver.getInfo().objective_function_value
    best: list[Side] = []
    most = -np.inf
    for sides in _candidates(root, node, point):
        falls = []
        for limits, fixed in sides:
            put_node(root, limits, fixed)
            solved = resolve(root, seconds_left)
            falls.append(max(before - root.solver.getInfo().objective_function_value, 1.0) if solved else 1.0)
        if seconds_left() <= 0:
            return sides
        score = min(falls) * 5 + max(falls)
        if score > most:
            best, most = sides, score
    return best


def _candidates(root: Root, node: Node, point: FloatArray) -> list[list[Side]]:
    """Pairs of sides that are worth trying, the most fractional first."""
    model = root.program.model
    found: list[tuple[float, int, list[Side]]] = []
    for column in np.flatnonzero(model.whole).tolist():
        share = min(point[column], 1.0 - point[column])
        if share > WHOLE:
            sides = [(node.limits, node.fixed | {column: value}) for value in (0.0, 1.0)]
            found.append((-float(share) - 0.25, len(found), sides))
    often: dict[Feature, float] = defaultdict(float)
    for column, block in root.columns:
        if point[column] > 1e-9:
            for feature in features_of(block.pattern):
                often[feature] += float(point[column])
    for feature, times in often.items():
        share = min(times - np.floor(times), np.ceil(times) - times)
        if share > WHOLE:
            low, high = node.limits.get(feature, (0.0, np.inf))
            down, up = (low, float(np.floor(times))), (float(np.ceil(times)), high)
            sides = [(node.limits | {feature: limit}, node.fixed) for limit in (down, up)]
            weight = 0.1 * (2 - len(feature.calls)) if len(feature.calls) <= 2 else -0.3
            found.append((-float(share) - weight, len(found), sides))
    return [sides for _, _, sides in sorted(found, key=lambda entry: entry[:2])[:MOST_TRIALS]]
