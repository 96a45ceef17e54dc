"""A small problem cut out of a large one, with lanes of its own.

The trip search knows direct trips alone. A transfer through a hub becomes two such problems: the hub stands for the receivers in the first
and for the farms in the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from matching.model.problem import NO_BASE, Access, IntArray, Lines, Lots, Problem
from matching.model.subset import rows_of
from matching.pairs.lanes import Lanes
from matching.search.resource_use import ResourceUse
from matching.search.subproblem import Residual


@dataclass(frozen=True)
class Closure:
    """Hours of every day in which a site is closed to all trucks of a part."""

    site: int
    from_min: int
    until_min: int


class TransferPart(NamedTuple):
    """A small problem with lanes between its lots and lines.

    Attributes
    ----------
    site : row in the whole problem of each of its sites.
    use : resources that trips beside it use, by site and road of the part.
    """

    problem: Problem
    lanes: Lanes
    site: IntArray
    use: ResourceUse


def cut(problem: Problem, lots: Lots, lines: Lines, lanes: Lanes, left: Residual, closure: Closure | None = None) -> TransferPart:
    """Cut a part out of a problem.

    Parameters
    ----------
    lots, lines : tables of the part, their sites numbered as in the problem.
    lanes : between them.
    left : what trips beside the part leave.
    """
    if closure is not None:
        problem = _closed(problem, closure)
    v, roads = problem.vehicles, problem.roads
    site = np.unique(np.concatenate([lots.site, lines.site, v.base_site[v.base_site >= 0]]))
    new = np.full(problem.n_sites + 1, NO_BASE, dtype=np.int64)
    new[site] = np.arange(len(site))
    road = np.flatnonzero((new[roads.from_site] >= 0) & (new[roads.to_site] >= 0))
    none, calendar = np.zeros(0, dtype=np.int64), problem.calendar
    dates = np.flatnonzero(new[calendar.site] >= 0)
    small = problem.replace(
        sites=rows_of(problem.sites, site),
        lots=lots.replace(site=new[lots.site]),
        lines=lines.replace(site=new[lines.site]),
        vehicles=v.replace(base_site=new[v.base_site]),
        certificates=rows_of(problem.certificates, none),
        calendar=rows_of(calendar, dates, site=new[calendar.site[dates]]),
        roads=rows_of(roads, road, from_site=new[roads.from_site[road]], to_site=new[roads.to_site[road]]),
        decisions=rows_of(problem.decisions, none),
        horizon_from_day=max(problem.horizon_from_day, int(lanes.pickup_from_day.min())),
        horizon_until_day=min(problem.horizon_until_day, int(lanes.deliver_until_day.max())),
    )
    return TransferPart(small, lanes, site, left.use.at(np.concatenate([site, problem.n_sites + road])))


def _closed(problem: Problem, closure: Closure) -> Problem:
    """Give a site a zone of its own with its old zone's hours and one closure more."""
    sites, access = problem.sites, problem.access
    zone, names = sites.zone.copy(), (*sites.zone_names, "closed hub")
    old, zone[closure.site] = zone[closure.site], len(sites.zone_names)
    same = np.flatnonzero(access.zone == old) if old >= 0 else np.zeros(0, dtype=np.int64)
    mine = np.full(len(same) + 1, zone[closure.site])
    rules = Access(
        zone=np.concatenate([access.zone, mine]),
        min_payload_kg=np.concatenate([access.min_payload_kg, access.min_payload_kg[same], [0]]),
        closed_from_min=np.concatenate([access.closed_from_min, access.closed_from_min[same], [closure.from_min]]),
        closed_until_min=np.concatenate([access.closed_until_min, access.closed_until_min[same], [closure.until_min]]),
    )
    return problem.replace(sites=sites.replace(zone=zone, zone_names=names), access=rules)


def left_lots(problem: Problem, left: Residual, rows: IntArray) -> Lots:
    """Return what is left of some lots."""
    return rows_of(problem.lots, rows, kg=left.lot_kg[rows], min_take_kg=left.lot_min_kg[rows])


def left_lines(problem: Problem, left: Residual, rows: IntArray) -> Lines:
    """Return what is left of some lines, without products and requirements, which lanes have settled.

    Their shortage penalty is 0: what a kilogram saves of it belongs into the margin of its lane.
    """
    none, start = np.zeros(0, dtype=np.int64), np.zeros(len(rows) + 1, dtype=np.int64)
    return rows_of(
        problem.lines,
        rows,
        kg=left.line_kg[rows],
        min_fill_kg=left.line_min_kg[rows],
        max_suppliers=left.line_suppliers[rows],
        short_vnd_per_kg=np.zeros(len(rows), dtype=np.int64),
        product_start=start,
        product=none,
        require_start=start,
        require_scheme=none,
        require_level=none,
    )
