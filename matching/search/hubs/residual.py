"""What a plan leaves to be decided: kilograms, minimums, suppliers, trucks and throughput."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from matching.model.calendar import has_throughput
from matching.model.plan import Plan
from matching.model.problem import BUYER, HUB, MINUTES_PER_DAY, NO_LIMIT, IntArray, Problem
from matching.search.hubs.plan_ops import site_days


@dataclass(frozen=True)
class Residual:
    """What remains beside a kept plan.

    Attributes
    ----------
    lot_kg, line_kg : mass still to be had or wanted, shape (n_lots,) and (n_lines,), kg.
    lot_min_kg, line_min_kg : what taking or delivering any of it must still come to, the same shapes.
    line_suppliers : suppliers that each line still admits, shape (n_lines,).
    used : trips of each class on each date, by (class, day).
    flow_kg : throughput used of each site with a throughput or an opening, by (site, day); a date that is there is paid.
    """

    lot_kg: IntArray
    line_kg: IntArray
    lot_min_kg: IntArray
    line_min_kg: IntArray
    line_suppliers: IntArray
    used: dict[tuple[int, int], int]
    flow_kg: dict[tuple[int, int], int]

    def beside(self, problem: Problem, plan: Plan) -> Residual:
        """Return the same with the trucks and the throughput of a plan used too; its kilograms are not taken."""
        used, flow = dict(self.used), dict(self.flow_kg)
        for key, n in _starts(plan).items():
            used[key] = used.get(key, 0) + n
        for key, kg in _at_sites(problem, plan).items():
            flow[key] = flow.get(key, 0) + kg
        return dataclasses.replace(self, used=used, flow_kg=flow)


def residual(problem: Problem, plan: Plan) -> Residual:
    """Return what a plan leaves of a problem."""
    a, lots, lines = plan.allocations, problem.lots, problem.lines
    taken, filled = _sums(a.lot, a.kg, problem.n_lots), _sums(a.line, a.kg, problem.n_lines)
    pairs = np.unique(np.stack([a.line, lots.supplier[a.lot]], axis=1), axis=0)
    met = np.bincount(pairs[:, 0], minlength=problem.n_lines)
    suppliers = np.where(lines.max_suppliers >= NO_LIMIT, lines.max_suppliers, np.maximum(0, lines.max_suppliers - met))
    return Residual(
        lot_kg=np.where(lots.indivisible & (taken > 0), 0, lots.kg - taken),
        line_kg=np.where(suppliers > 0, lines.kg - filled, 0),
        lot_min_kg=np.maximum(0, lots.min_take_kg - taken),
        line_min_kg=np.maximum(0, lines.min_fill_kg - filled),
        line_suppliers=suppliers,
        used=_starts(plan),
        flow_kg=_at_sites(problem, plan),
    )


def _sums(owner: IntArray, kg: IntArray, n: int) -> IntArray:
    total = np.zeros(n, dtype=np.int64)
    np.add.at(total, owner, kg)
    return total


def _starts(plan: Plan) -> dict[tuple[int, int], int]:
    """Trips of each class that start on each date."""
    first = plan.stops.seq == 1
    vehicle, day = plan.trips.vehicle[plan.stops.trip[first]], plan.stops.arrive_min[first] // MINUTES_PER_DAY
    keys, n = np.unique(np.stack([vehicle, day], axis=1), axis=0, return_counts=True)
    return {(int(c), int(d)): int(count) for (c, d), count in zip(keys, n, strict=True)}


def _at_sites(problem: Problem, plan: Plan) -> dict[tuple[int, int], int]:
    """Throughput used at each site on each date on which anything moves there; sites that have neither limit nor fee are left out."""
    site, day, kg, loading = site_days(problem, plan)
    sites = problem.sites
    matters = has_throughput(problem)[site] | (sites.opening_vnd[site] > 0)
    counted = np.where(loading == ~np.isin(sites.kind[site], (HUB, BUYER)), kg, 0)[matters]
    keys, group = np.unique(np.stack([site, day], axis=1)[matters], axis=0, return_inverse=True)
    total = _sums(group.reshape(-1), counted, len(keys))
    return {(int(s), int(d)): int(n) for (s, d), n in zip(keys, total, strict=True)}
