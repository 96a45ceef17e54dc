"""What the drawings show: tonnes by hop, by site and by product, counted from a plan alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from matching.model.plan import CARRIER, Plan
from matching.model.problem import FloatArray, IntArray, Problem


@dataclass(frozen=True)
class Tally:
    """Figures of a plan; tonnes everywhere.

    Attributes
    ----------
    hops : tonnes driven from a site straight to another by a vehicle class or CARRIER.
    shipped_t, received_t : picked up at and delivered to each site, shape (n_sites,).
    matched_t, open_t : by product, shape (n_products,); what is open counts under the first product that its line names.
    offered_t : supply by product, shape (n_products,).
    n_trips : trips of the plan.
    """

    hops: dict[tuple[int, int, int], float]
    shipped_t: FloatArray
    received_t: FloatArray
    matched_t: FloatArray
    open_t: FloatArray
    offered_t: FloatArray
    n_trips: int

    @property
    def wanted_t(self) -> FloatArray:
        """Tonnes that the demand lines ask for, by product."""
        return self.matched_t + self.open_t


def tally(problem: Problem, plan: Plan) -> Tally:
    """Count what the drawings show."""
    lots, lines, made = problem.lots, problem.lines, plan.allocations
    filled_kg = _sum(made.line, made.kg, problem.n_lines)
    n_products = len(problem.product_ids)
    return Tally(
        hops=_hops(plan),
        shipped_t=_sum(lots.site[made.lot], made.kg, problem.n_sites) / 1000,
        received_t=_sum(lines.site[made.line], made.kg, problem.n_sites) / 1000,
        matched_t=_sum(lots.product[made.lot], made.kg, n_products) / 1000,
        open_t=_sum(lines.product[lines.product_start[:-1]], lines.kg - filled_kg, n_products) / 1000,
        offered_t=_sum(lots.product, lots.kg, n_products) / 1000,
        n_trips=len(plan.trips.vehicle),
    )


def _sum(index: IntArray, kg: IntArray | FloatArray, length: int) -> FloatArray:
    return np.bincount(index, weights=kg.astype(np.float64), minlength=length).astype(np.float64)


def _hops(plan: Plan) -> dict[tuple[int, int, int], float]:
    """Tonnes on board between each two stops in a row; a carrier's journey is one hop."""
    tonnes: Counter[tuple[int, int, int]] = Counter()
    roads = _itineraries(plan)
    legs, kg = plan.legs, plan.allocations.kg
    for trip, start, end, moved_kg in zip(legs.trip.tolist(), legs.from_site.tolist(), legs.to_site.tolist(), kg[legs.allocation].tolist()):
        vehicle = int(plan.trips.vehicle[trip])
        sites = [start, end] if vehicle == CARRIER else roads[trip]
        driven = sites[sites.index(start) : sites.index(end) + 1]
        for a, b in pairwise(driven):
            tonnes[a, b, vehicle] += moved_kg / 1000
    return dict(sorted(tonnes.items()))


def _itineraries(plan: Plan) -> dict[int, list[int]]:
    """Sites of each truck trip in the order of its stops."""
    roads: dict[int, list[int]] = {}
    for row in np.lexsort((plan.stops.seq, plan.stops.trip)).tolist():
        roads.setdefault(int(plan.stops.trip[row]), []).append(int(plan.stops.site[row]))
    return roads
