"""Every eligible pair of the volumes relaxation with its gain, by whole arrays and no compiled loop: what a plain script does.

It shares nothing with the engine's funnel. It takes problems without decisions, without known kilometres, and with at most one
certificate of each supplier and scheme, as our own instances are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.model.problem import ANY_PRODUCT, HUB, Problem

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

EARTH_KM = 6371.0088


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs that gain something; shape of each column (n_pairs,).

    Attributes
    ----------
    gain_vnd_per_kg : bid + penalty saved − ask − cheapest haulage.
    """

    lot: Whole
    line: Whole
    gain_vnd_per_kg: Floats


def all_pairs(problem: Problem) -> Pairs:
    """Find every pair that gains something.

    Raises
    ------
    ValueError : where the problem has what this plain way does not know.
    """
    _require_plain(problem)
    rates = _Rates(problem)
    parts = [_block(problem, product, rates) for product in range(len(problem.product_ids))]
    parts.append(_carried(problem))
    lot, line, gain = (np.concatenate(column) for column in zip(*parts))
    order = np.lexsort((-gain, line, lot))
    lot, line, gain = lot[order], line[order], gain[order]
    is_first = np.ones(len(lot), dtype=np.bool_)
    is_first[1:] = (np.diff(lot) != 0) | (np.diff(line) != 0)
    kept = is_first & (gain > 0)
    return Pairs(lot[kept], line[kept], gain[kept])


def _require_plain(problem: Problem) -> None:
    certificates = problem.certificates
    named = set(zip(certificates.supplier.tolist(), certificates.scheme.tolist()))
    if len(named) < len(certificates.supplier) or (certificates.product != ANY_PRODUCT).any():
        raise ValueError("more than one certificate of a supplier and scheme, or one of a single product")
    if len(problem.decisions.lot) or np.isfinite(problem.roads.km).any():
        raise ValueError("decisions or known kilometres")


# who may serve whom --------------------------------------------------------------------------------------------------
Block = tuple[Whole, Whole, Floats]


def _block(problem: Problem, product: int, rates: _Rates) -> Block:
    """Pairs of one product that a truck can serve on the same day or the next."""
    lots, lines = problem.lots, problem.lines
    of_line = np.repeat(np.arange(problem.n_lines), np.diff(lines.product_start))
    lot, line = np.flatnonzero(lots.product == product), np.unique(of_line[lines.product == product])
    fits = np.zeros((len(lot), len(line)), dtype=np.bool_)
    for transit_days in (0, 1):
        fits |= _fits(problem, lot[:, None], line[None, :], transit_days, in_horizon=True)
    a, b = np.nonzero(fits & (lots.site[lot][:, None] != lines.site[line][None, :]))
    return _gains(problem, lot[a], line[b], rates.of(lots.site[lot[a]], lines.site[line[b]], lots.cold[lot[a]]))


def _gains(problem: Problem, lot: Whole, line: Whole, rate: Floats) -> Block:
    lines = problem.lines
    margin = (lines.bid_vnd_per_kg + lines.short_vnd_per_kg)[line] - problem.lots.ask_vnd_per_kg[lot]
    return lot, line, margin - rate


def _fits(problem: Problem, lot: Whole, line: Whole, transit_days: Whole | int, *, in_horizon: bool) -> Flags:
    """Tell which pairs have a pick-up day from which goods arrive in time; shapes broadcast."""
    lots, lines = problem.lots, problem.lines
    first = np.maximum(lots.from_day[lot], lines.from_day[line] - transit_days)
    last = np.minimum(lots.until_day[lot], lines.until_day[line] - transit_days)
    life = lots.life_days[lot] - lines.min_life_days[line]
    fits = (lots.grade[lot] <= lines.max_grade[line]) & (~lots.cut_on_pickup[lot] | (life >= transit_days))
    last = np.where(lots.cut_on_pickup[lot], last, np.minimum(last, lots.from_day[lot] + life - transit_days))
    if in_horizon:
        first = np.maximum(first, problem.horizon_from_day)
        last = np.minimum(last, problem.horizon_until_day - transit_days)
    first, last = _certified(problem, lot, line, transit_days, first, last)
    return np.asarray(fits & (first <= last))


def _certified(problem: Problem, lot: Whole, line: Whole, transit_days: Whole | int, first: Whole, last: Whole) -> tuple[Whole, Whole]:
    """Narrow the pick-up days to those that the supplier's certificates cover."""
    lines, certificates = problem.lines, problem.certificates
    required = np.unique(np.column_stack([lines.require_scheme, lines.require_level]), axis=0)
    of_line = np.repeat(np.arange(problem.n_lines), np.diff(lines.require_start))
    for scheme, level in required.tolist():
        wants = np.zeros(problem.n_lines, dtype=np.bool_)
        wants[of_line[(lines.require_scheme == scheme) & (lines.require_level == level)]] = True
        begins, ends = (np.full(len(problem.supplier_ids), day) for day in (np.int64(1 << 40), np.int64(-1 << 40)))
        held = (certificates.scheme == scheme) & (certificates.level >= level)
        begins[certificates.supplier[held]], ends[certificates.supplier[held]] = certificates.from_day[held], certificates.until_day[held]
        supplier = problem.lots.supplier[lot]
        first = np.where(wants[line], np.maximum(first, begins[supplier]), first)
        last = np.where(wants[line], np.minimum(last, ends[supplier] - transit_days), last)
    return first, last


def _carried(problem: Problem) -> Block:
    """Pairs on carriers' lanes."""
    parts = [_on_road(problem, int(road)) for road in np.flatnonzero(~np.isnan(problem.roads.vnd_per_kg))]
    empty: Block = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))
    lot, line, gain = (np.concatenate(column) for column in zip(empty, *parts))
    return lot, line, gain


def _on_road(problem: Problem, road: int) -> Block:
    roads, lots, lines = problem.roads, problem.lots, problem.lines
    lot, line = np.flatnonzero(lots.site == roads.from_site[road]), np.flatnonzero(lines.site == roads.to_site[road])
    accepts = np.zeros((len(problem.product_ids), problem.n_lines), dtype=np.bool_)
    accepts[lines.product, np.repeat(np.arange(problem.n_lines), np.diff(lines.product_start))] = True
    fits = _fits(problem, lot[:, None], line[None, :], int(roads.transit_days[road]), in_horizon=False)
    fits &= accepts[lots.product[lot]][:, line] & (bool(roads.cold[road]) | ~lots.cold[lot])[:, None]
    a, b = np.nonzero(fits)
    return _gains(problem, lot[a], line[b], np.full(len(a), roads.vnd_per_kg[road]))


# what haulage costs --------------------------------------------------------------------------------------------------
class _Rates:
    """Cheapest rate of a full truck between sites, direct or through a hub."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        hubs = np.flatnonzero(problem.sites.kind == HUB)
        every = np.arange(problem.n_sites)
        handling = problem.sites.handling_vnd_per_kg[hubs]
        cold = np.array([False, True])[:, None, None]
        # A truck needs two different stops, so goods of a hub's own place do not pass it.
        away = np.where(every[:, None] == hubs[None, :], np.inf, 0.0)
        self._into = self._direct(every[None, :, None], hubs[None, None, :], cold) + handling + away
        self._out = self._direct(hubs[None, None, :], every[None, :, None], cold) + away

    def of(self, a: Whole, b: Whole, cold: Flags) -> Floats:
        """Rates from sites to sites, đồng per kg, shape of ``a``."""
        best = self._direct(a, b, cold)
        for hub in range(self._into.shape[2]):
            best = np.minimum(best, self._into[cold.astype(int), a, hub] + self._out[cold.astype(int), b, hub])
        return best

    def _direct(self, a: Whole, b: Whole, cold: Flags) -> Floats:
        sites, v = self._problem.sites, self._problem.vehicles
        km = self._km(a, b)
        door = np.minimum(sites.max_vehicle_kg[a], sites.max_vehicle_kg[b])
        best = np.full(np.broadcast_shapes(km.shape, cold.shape), np.inf)
        for k in range(len(v.id)):
            bands = slice(int(v.band_start[k]), int(v.band_start[k + 1]))
            ends = np.append(v.band_km[bands][1:], np.inf)
            cost = np.full(km.shape, float(v.fixed_vnd[k]))
            for start, end, rate in zip(v.band_km[bands], ends, v.band_vnd_per_km[bands]):
                cost += rate * np.clip(np.minimum(km, end) - start, 0.0, None)
            admitted = (door >= v.payload_kg[k]) & (~cold | bool(v.refrigerated[k]))
            best = np.where(admitted, np.minimum(best, cost / v.payload_kg[k]), best)
        return best

    def _km(self, a: Whole, b: Whole) -> Floats:
        lat, lon = np.radians(self._problem.sites.lat), np.radians(self._problem.sites.lon)
        h = np.sin((lat[b] - lat[a]) / 2) ** 2 + np.cos(lat[a]) * np.cos(lat[b]) * np.sin((lon[b] - lon[a]) / 2) ** 2
        return np.asarray(2 * EARTH_KM * np.arcsin(np.minimum(1.0, np.sqrt(h))) * self._problem.detour_factor)
