"""`whole_trip_bounds`: list every trip, price it, and branch until trips are whole.

What is kept: the volumes' rules, whole trips with their stops, hours, dates, shifts, doors, payloads and litres, and the limits on
starts. What is let go, so that a bound stays a bound: openings' and carriers' daily charges, that goods and minutes are whole, and the
clock where trips have more than eight stops. Goods through hubs are not listed, so a problem that may have them has no such bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from matching.bounds.ways import DIRECT, THROUGH_HUB, find_ways
from matching.bounds.whole_trips.patterns import list_all
from matching.bounds.whole_trips.root import make_root
from matching.bounds.whole_trips.stage import make_stage
from matching.bounds.whole_trips.tree import branch_and_price
from matching.model.problem import Problem
from matching.optimizer import SecondsLeft

MOST_NODES = 20_000
MOST_WAYS = 4_000


def whole_trip_bounds(
    problem: Problem, seconds_left: SecondsLeft, incumbent: Callable[[], int], most_nodes: int = MOST_NODES
) -> Iterator[float]:
    """Yield ever smaller bounds on every plan; none where trips are too many to be listed."""
    ways = find_ways(problem)
    if (ways.kind == THROUGH_HUB).any() or not 0 < (ways.kind == DIRECT).sum() <= MOST_WAYS:
        return
    stage = make_stage(problem, ways)
    listed = list_all(stage, lambda: seconds_left() > 0)
    if listed is not None:
        yield from branch_and_price(make_root(stage, ways, listed), seconds_left, incumbent, most_nodes)
