"""The outline of a plan: which pairs the volumes would serve if haulage cost what real trucks cost, before any truck is planned.

The volumes under the discrete rules, with no variable whole, see at once what takes a search of trips long to find: which suppliers leave
room for which others, and what is worth keeping for a later line. A search that begins with these pairs alone, and is given all others
once its trips have formed, ends far higher than one that begins with all of them; `docs/formulation.md` has the figures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matching.bounds.model import linear
from matching.bounds.volumes import volumes_model
from matching.bounds.ways import CARRIER, DIRECT, THROUGH_HUB, Ways, find_ways
from matching.model.problem import HUB, PIN, FloatArray, IntArray, Problem
from matching.pairs.lanes import Lanes
from matching.search.hubs.movements import Movements, hub_ways, settled, storage_boxes

DEARER = 1.4
"""What real trucks cost on a kilogram, against full ones on the shortest way."""
REDUCED_VND_PER_KG = 2_500.0
"""Ways whose reduced cost is above this are not looked at: the volumes at the plain rates say that they don't pay."""

NO_BOXES = Lanes(*(np.zeros(0, dtype=np.int64) for _ in range(8)))


@dataclass(frozen=True, eq=False)
class Outline:
    """What the volumes would do.

    Attributes
    ----------
    pairs : lot × n_lines + line of all pairs served without a hub, ascending.
    movements : goods that wait at hubs, possibly none.
    """

    pairs: IntArray
    movements: Movements


def outline(
    problem: Problem,
    lot_price: FloatArray,
    line_price: FloatArray,
    seconds_left: Callable[[], float] = lambda: float("inf"),
    *,
    hubs: bool = True,
) -> Outline | None:
    """Return the outline of a plan, or None where there is none, or none in time.

    Parameters
    ----------
    lot_price, line_price : shadow prices of the plain volumes, đồng per kg, shapes (n_lots,) and (n_lines,).
    hubs : whether goods may wait at hubs.
    """
    boxes = storage_boxes(problem) if hubs and (problem.sites.kind == HUB).any() else NO_BOXES
    ways = _worth_a_look(problem, _priced(problem, find_ways(problem), boxes), lot_price, line_price)
    if len(ways.lot) == 0:
        return None
    reached = linear(volumes_model(problem, ways), seconds_left)
    if reached.point is None:
        return None
    kg = np.floor(reached.point[: len(ways.lot)] + 1e-6).astype(np.int64)
    served = np.flatnonzero((kg > 0) & (ways.kind != THROUGH_HUB))
    through = np.flatnonzero((kg > 0) & (ways.kind == THROUGH_HUB))
    width, decided = max(1, problem.n_lines), problem.decisions
    pinned = (decided.lot * width + decided.line)[decided.kind == PIN]
    pairs = np.unique(np.concatenate([ways.lot[served] * width + ways.line[served], pinned]))
    return Outline(pairs, settled(problem, boxes, ways.lot[through], ways.line[through], kg[through], lot_price, line_price))


def _priced(problem: Problem, ways: Ways, boxes: Lanes) -> Ways:
    """Ways at what real trucks cost; through hubs, those alone on which goods may wait a night."""
    plain = ways.take(ways.kind != THROUGH_HUB)
    dearer = np.where(plain.kind == DIRECT, DEARER, 1.0)
    parts = [Ways(plain.lot, plain.line, plain.kind, plain.rate_vnd_per_kg * dearer)]
    if len(boxes.lot):
        through = ways.take(ways.kind == THROUGH_HUB)
        rows, rate = hub_ways(problem, boxes, through.lot, through.line)
        through = through.take(rows)
        parts.append(Ways(through.lot, through.line, through.kind, rate))
    return Ways(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("lot", "line", "kind", "rate_vnd_per_kg")))


def _worth_a_look(problem: Problem, ways: Ways, lot_price: FloatArray, line_price: FloatArray) -> Ways:
    lots, lines = problem.lots, problem.lines
    gain = (lines.bid_vnd_per_kg + lines.short_vnd_per_kg)[ways.line] - lots.ask_vnd_per_kg[ways.lot] - ways.rate_vnd_per_kg
    reduced = lot_price[ways.lot] + line_price[ways.line] - gain
    return ways.take((ways.kind == CARRIER) | (reduced <= REDUCED_VND_PER_KG))
