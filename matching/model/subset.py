"""A part of a problem as a problem of its own: some lots and lines, and what they touch.

Rows are renumbered in their order, so that the same lots and lines always make the same part.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np

from matching.model.problem import HUB, IntArray, Problem, _Table

AnyTable = TypeVar("AnyTable", bound=_Table)


@dataclass(frozen=True, eq=False)
class Subset:
    """A part of a problem and where its rows stand in the whole.

    Attributes
    ----------
    problem : the part.
    lots, lines, sites, roads, decisions : rows of the whole, ascending, by row of the part.
    """

    problem: Problem
    lots: IntArray
    lines: IntArray
    sites: IntArray
    roads: IntArray
    decisions: IntArray


def subset(problem: Problem, lots: IntArray, lines: IntArray, also: IntArray | None = None) -> Subset:
    """Cut some lots and lines out of a problem, with their sites, all hubs and bases, and what else concerns them.

    Parameters
    ----------
    lots, lines : ascending rows, shape (n,) each.
    also : rows of further sites to keep, shape (n,).

    Returns
    -------
    Subset
        Vehicle classes, access rules, products, schemes, settings and the horizon are those of the whole; suppliers and buyers are those
        that appear. A decision is kept if both its lot and its line are.
    """
    sites, roads = _sites(problem, lots, lines, also), problem.roads
    place = _places(sites, problem.n_sites)
    kept_roads = np.flatnonzero((place[roads.from_site] >= 0) & (place[roads.to_site] >= 0))
    lot_place, line_place = _places(lots, problem.n_lots), _places(lines, problem.n_lines)
    kept = np.flatnonzero((lot_place[problem.decisions.lot] >= 0) & (line_place[problem.decisions.line] >= 0))
    vehicles, decisions = problem.vehicles, rows_of(problem.decisions, kept)
    dates = np.flatnonzero(place[problem.calendar.site] >= 0)
    kept_road = rows_of(roads, kept_roads)
    part = problem.replace(
        sites=rows_of(problem.sites, sites),
        lots=rows_of(problem.lots, lots, site=place[problem.lots.site[lots]]),
        lines=_lines(problem, lines, place),
        vehicles=vehicles.replace(base_site=place[vehicles.base_site]),
        calendar=rows_of(problem.calendar, dates, site=place[problem.calendar.site[dates]]),
        roads=kept_road.replace(from_site=place[kept_road.from_site], to_site=place[kept_road.to_site]),
        decisions=decisions.replace(lot=lot_place[decisions.lot], line=line_place[decisions.line]),
    )
    return Subset(_with_parties(part), lots, lines, sites, kept_roads, kept)


def rows_of(table: AnyTable, rows: IntArray, **columns: Any) -> AnyTable:
    """Return some rows of a table, with some columns given anew."""
    taken = {f.name: getattr(table, f.name) for f in fields(table) if f.metadata.get("per_row", True)}  # type: ignore[arg-type]
    return table.replace(**({name: v[rows] for name, v in taken.items() if isinstance(v, np.ndarray)} | columns))


def _places(rows: IntArray, n: int) -> IntArray:
    """Where each of ``n`` rows of the whole stands in the part, or -1; the last entry, which -1 finds, is -1."""
    place = np.full(n + 1, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    return place


def _sites(problem: Problem, lots: IntArray, lines: IntArray, also: IntArray | None) -> IntArray:
    more = np.zeros(0, dtype=np.int64) if also is None else also
    bases = problem.vehicles.base_site
    hubs = np.flatnonzero(problem.sites.kind == HUB)
    return np.unique(np.concatenate([problem.lots.site[lots], problem.lines.site[lines], hubs, bases[bases >= 0], more]))


def _lines(problem: Problem, rows: IntArray, place: IntArray) -> Any:
    """Rows of the demand lines with their ragged lists."""
    lines = problem.lines
    product_start, product = _ragged(lines.product_start, rows)
    require_start, require = _ragged(lines.require_start, rows)
    return rows_of(
        lines,
        rows,
        site=place[lines.site[rows]],
        product_start=product_start,
        product=lines.product[product],
        require_start=require_start,
        require_scheme=lines.require_scheme[require],
        require_level=lines.require_level[require],
    )


def _ragged(start: IntArray, rows: IntArray) -> tuple[IntArray, IntArray]:
    """Starts of the lists of some rows, and the entries that they hold."""
    count = start[rows + 1] - start[rows]
    begin = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return begin, np.repeat(start[rows] - begin[:-1], count) + np.arange(int(begin[-1]))


def _with_parties(part: Problem) -> Problem:
    """Leave out suppliers without lots, their certificates, and buyers without lines."""
    suppliers, buyers = np.unique(part.lots.supplier), np.unique(part.lines.buyer)
    supplier, buyer = _places(suppliers, len(part.supplier_ids)), _places(buyers, len(part.buyer_ids))
    kept = np.flatnonzero(supplier[part.certificates.supplier] >= 0)
    certificates = rows_of(part.certificates, kept)
    return part.replace(
        lots=part.lots.replace(supplier=supplier[part.lots.supplier]),
        lines=part.lines.replace(buyer=buyer[part.lines.buyer]),
        certificates=certificates.replace(supplier=supplier[certificates.supplier]),
        supplier_ids=tuple(part.supplier_ids[i] for i in suppliers),
        buyer_ids=tuple(part.buyer_ids[i] for i in buyers),
    )
