"""The flow of some goods, whose arcs are made only where prices ask for them (sifting).

Problem data
    Lots and lines that share products, with kg s_i and d_j, and pairs of a lot and an entry of a line.

Method
    A pair's *most* is its gain per kilogram as if nothing but its grade, its dates and the cheapest haulage mattered; its gain is never
    more. It is all that is kept of a pair until it becomes an arc.
    1. One price for all goods, at which as much is offered as is wanted, gives the first prices u, v of lots and lines. Each lot's and
       each entry's few pairs with the largest most - u_i - v_j are looked at closely, and become arcs if they may be used.
    2. The flow on the arcs is solved from its last tree (`matching.volumes.network_simplex`), which gives prices u, v.
    3. The pairs with the largest most - u_i - v_j above zero, a few of each lot and entry, are looked at, and 2. follows, until there
       are none. In the end every pair is an arc, may not be used, or has gain ≤ most ≤ u_i + v_j: the flow and the prices are optimal
       among all pairs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.compiled import compiled
from matching.model.problem import BoolArray, FloatArray, IntArray
from matching.network.rates import pair_rates
from matching.pairs.eligibility import screened_blocks
from matching.pairs.screening import Market
from matching.volumes.arcs import Arcs, truck_arcs
from matching.volumes.network_simplex import Basis, Transport, TransportProblem, is_optimal, solve_transport


class Few(NamedTuple):
    """How many pairs are looked at together: of each lot, and of each entry, which stands in many more pairs."""

    of_lot: int
    of_entry: int


FEW, MORE = Few(4, 16), Few(4, 32)
"""Pairs that are looked at first, and each time before prices are made anew."""
FAR_VND = 1e9
"""Taken off guessed prices, so that each lot and each entry has some pairs looked at."""
AT_ONCE = 1 << 15
"""Pairs whose most is computed together, so that their columns stay in the processor's own memory."""
ROUNDED_VND, ROUNDED_SHARE = 1e-6, 2e-7
"""Added to each most, so that neither four bytes nor sums of prices make it less than the gain."""


class Goods(NamedTuple):
    """What the goods of a problem have in common.

    Attributes
    ----------
    supply, demand : kg of each lot, shape (n_lots,), and line, shape (n_lines,), less what is pinned.
    carried : arcs of carriers.
    scale : gains are rounded to one ``scale``-th of a đồng.
    """

    of: Market
    supply: IntArray
    demand: IntArray
    carried: Arcs
    scale: float


class Sifted(NamedTuple):
    """An optimal flow of some lots and lines.

    Attributes
    ----------
    arcs, units : arcs with flow, by lot, and kg on each.
    lot_price, line_price : whole dual prices in the scale, shapes (n_lots,) and (n_lines,).
    """

    arcs: Arcs
    units: IntArray
    lot_price: IntArray
    line_price: IntArray


def sift(goods: Goods, lots: IntArray, lines: IntArray) -> Sifted:
    """Solve the flow of some lots and lines, and check the certificate.

    Parameters
    ----------
    lots, lines : ascending rows that share no product with others, shapes (n_lots,) and (n_lines,).

    Raises
    ------
    ArithmeticError
        The certificate of optimality failed, which is a defect of ours.
    """
    offers, made = _offers(goods, lots), _Made(goods, lots, lines)
    line_of = places(lines, goods.of.ground.entry_line[offers.entries])
    wants = goods.demand[lines] > 0
    made.add(goods.carried.take(np.isin(goods.carried.lot, lots)))
    lot_price, line_price = _guessed(goods, lots, lines)
    rows = _pick(offers, lot_price - FAR_VND, np.where(wants, line_price, np.inf)[line_of], FEW)
    while True:
        made.add(_arcs(goods.of, offers, lots, rows))
        flow = made.solve()
        # Pairs of a line that wants nothing more need not be looked at before the line's price is asked for.
        line_price = np.where(wants, flow.sink_price / goods.scale, np.inf)
        rows = _pick(offers, flow.source_price / goods.scale, line_price[line_of], MORE)
        if len(rows) == 0:
            break
    made.add(_arcs(goods.of, offers, lots, np.flatnonzero(~wants[line_of][offers.place])))
    return made.proven()


def places(rows: IntArray, wanted: IntArray) -> IntArray:
    """Place of each wanted row within ascending ``rows``, which hold it; a table is quicker than a search."""
    if len(wanted) == 0:
        return np.zeros(0, dtype=np.int64)
    table = np.empty(int(rows[-1]) + 1, dtype=np.int64)
    table[rows] = np.arange(len(rows))
    return table[wanted]


# pairs ---------------------------------------------------------------------------------------------------------------
class _Offers(NamedTuple):
    """Pairs by lot that have not been looked at.

    Attributes
    ----------
    start : pairs of the goods' lot ``i`` are ``start[i]:start[i + 1]``, shape (n_lots + 1,).
    place : place of each pair's entry within ``entries``, shape (n_pairs,).
    most : đồng per kg, shape (n_pairs,); minus infinity once a pair has been looked at.
    entries : rows of the ground, ascending, shape (n_entries,).
    """

    start: IntArray
    place: npt.NDArray[np.int32]
    most: npt.NDArray[np.float32]
    entries: IntArray


def _offers(goods: Goods, lots: IntArray) -> _Offers:
    """Find the pairs of some lots that may gain something."""
    of, supply, lines = goods.of, goods.of.problem.lots, goods.of.problem.lines
    value = lines.bid_vnd_per_kg + lines.short_vnd_per_kg
    blocks = [(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32))]
    for lot, entry in screened_blocks(of.ground, lots, of.hub_days, AT_ONCE):
        line = of.ground.entry_line[entry]
        most = value[line] - supply.ask_vnd_per_kg[lot] - pair_rates(of.haulage, supply.site[lot], lines.site[line], supply.cold[lot])
        most = np.where(most > -1.0, most * (1.0 + ROUNDED_SHARE) + 0.5 / goods.scale + ROUNDED_VND, 0.0)
        kept = most > 0
        blocks.append((lot[kept].astype(np.int32), entry[kept].astype(np.int32), most[kept].astype(np.float32)))
    lot, entry = (np.concatenate([block[column] for block in blocks]) for column in (0, 1))
    gains = np.concatenate([block[2] for block in blocks])
    is_ours = np.zeros(len(of.ground.entry_line), dtype=np.bool_)
    is_ours[entry] = True
    entries = np.flatnonzero(is_ours)
    return _Offers(np.searchsorted(lot, np.append(lots, of.problem.n_lots)), places(entries, entry).astype(np.int32), gains, entries)


def _arcs(of: Market, offers: _Offers, lots: IntArray, rows: IntArray) -> Arcs:
    """Look at some pairs closely; return the arcs that they are."""
    lot = lots[np.searchsorted(offers.start, rows, side="right") - 1]
    return truck_arcs(of, lot, offers.entries[offers.place[rows]])


def _guessed(goods: Goods, lots: IntArray, lines: IntArray) -> tuple[FloatArray, FloatArray]:
    """Guess what a kilogram of each lot and of each line is worth, đồng: one price clears the market, and haulage costs nothing."""
    problem = goods.of.problem
    ask = problem.lots.ask_vnd_per_kg[lots].astype(np.float64)
    value = (problem.lines.bid_vnd_per_kg + problem.lines.short_vnd_per_kg)[lines].astype(np.float64)
    price, kg = np.concatenate([ask, value]), np.concatenate([goods.supply[lots], goods.demand[lines]]).astype(np.float64)
    order = np.argsort(price, kind="stable")
    # What is offered up to a price is what is wanted from it on where both together reach all that is wanted.
    clearing = price[order][np.searchsorted(kg[order].cumsum(), min(float(goods.demand[lines].sum()), kg.sum()))] if kg.any() else 0.0
    return np.maximum(0.0, clearing - ask), np.maximum(0.0, value - clearing)


def _pick(offers: _Offers, lot_price: FloatArray, entry_price: FloatArray, few: Few) -> IntArray:
    """Take the few pairs of each lot and of each entry whose most exceeds its prices by most; return their rows, ascending."""
    made: IntArray = _picked(offers.start, offers.place, offers.most, lot_price, entry_price, *few)
    return made


@compiled
def _picked(
    start: IntArray,
    place: npt.NDArray[np.int32],
    most: npt.NDArray[np.float32],
    lot_price: FloatArray,
    entry_price: FloatArray,
    of_lot: int,
    of_entry: int,
) -> IntArray:
    """Take the few pairs of each lot and of each entry whose most exceeds its prices by most; return their rows, ascending."""
    n_entries = len(entry_price)
    over, row = np.zeros((n_entries, of_entry)), np.full((n_entries, of_entry), -1)
    weakest, least = np.zeros(n_entries, dtype=np.int64), np.zeros(n_entries)
    lot_over, lot_row = np.zeros(of_lot), np.full(of_lot, -1)
    taken = np.zeros(len(place), dtype=np.bool_)
    for lot in range(len(lot_price)):
        lot_over[:], lot_row[:], lot_weakest, lot_least = 0.0, -1, 0, 0.0
        for k in range(start[lot], start[lot + 1]):
            entry = place[k]
            excess = most[k] - lot_price[lot] - entry_price[entry]
            if excess > 0.0:
                if excess > least[entry]:
                    weakest[entry], least[entry] = _keep(over[entry], row[entry], weakest[entry], excess, k)
                if excess > lot_least:
                    lot_weakest, lot_least = _keep(lot_over, lot_row, lot_weakest, excess, k)
        _take(taken, lot_row)
    _take(taken, row.ravel())
    rows = np.flatnonzero(taken)
    most[rows] = -np.inf
    return rows


@compiled
def _keep(over: FloatArray, row: IntArray, weakest: int, excess: float, k: int) -> tuple[int, float]:
    """Let a pair take the place of the weakest that is held; return the place of the weakest and its excess."""
    over[weakest], row[weakest] = excess, k
    # The library's own search for the least is made for long rows, and took most of the time here.
    weakest = 0
    for i in range(1, len(over)):
        if over[i] < over[weakest]:
            weakest = i
    return weakest, over[weakest]


@compiled
def _take(taken: BoolArray, rows: IntArray) -> None:
    """Mark some rows, those that are none left out."""
    for k in rows:
        if k >= 0:
            taken[k] = True


# arcs ----------------------------------------------------------------------------------------------------------------
class _Made:
    """The arcs that were made, and the flow on them."""

    def __init__(self, goods: Goods, lots: IntArray, lines: IntArray) -> None:
        none = np.zeros(0, dtype=np.int64)
        self._goods, self._lots, self._lines = goods, lots, lines
        self._arcs, self._gain = Arcs(none, none, none, np.zeros(0)), none
        self._closed: list[tuple[Arcs, IntArray]] = []
        self._basis: Basis | None = None
        self._flow: Transport | None = None

    def add(self, arcs: Arcs) -> None:
        """Put in the arcs that gain something; those to lines that want nothing more only set a price."""
        lots, lines = self._goods.of.problem.lots, self._goods.of.problem.lines
        margin = lines.bid_vnd_per_kg[arcs.line] + lines.short_vnd_per_kg[arcs.line] - lots.ask_vnd_per_kg[arcs.lot]
        gain = np.rint((margin - arcs.rate_vnd_per_kg) * self._goods.scale).astype(np.int64)
        wants = self._goods.demand[arcs.line] > 0
        shut, used = np.flatnonzero((gain > 0) & ~wants), np.flatnonzero((gain > 0) & wants)
        self._closed.append((arcs.take(shut), gain[shut]))
        lot = np.concatenate([self._arcs.lot, arcs.lot[used]])
        order = np.argsort(lot, kind="stable")
        if self._basis is not None:
            self._basis = self._basis.renumbered(np.argsort(order, kind="stable"))
        self._arcs = Arcs(*(np.concatenate([old, new[used]])[order] for old, new in zip(self._arcs, arcs, strict=True)))
        self._gain = np.concatenate([self._gain, gain[used]])[order]

    def solve(self) -> Transport:
        """Solve the flow, from the last one on."""
        self._flow = solve_transport(self._given(), self._basis)
        self._basis = self._flow.basis
        return self._flow

    def proven(self) -> Sifted:
        """Check the certificate of the last flow."""
        flow = self._flow or self.solve()
        if not is_optimal(self._given(), flow):
            raise ArithmeticError("the certificate of an optimal flow failed")
        used = np.flatnonzero(flow.units)
        return Sifted(self._arcs.take(used), flow.units[used], flow.source_price, self._with_closed(flow))

    def _given(self) -> TransportProblem:
        goods, source = self._goods, places(self._lots, self._arcs.lot)
        start = np.searchsorted(source, np.arange(len(self._lots) + 1))
        sink = places(self._lines, self._arcs.line)
        return TransportProblem(goods.supply[self._lots], goods.demand[self._lines], start, sink, self._gain)

    def _with_closed(self, flow: Transport) -> IntArray:
        """Prices of lines, where a line that wants nothing more is worth the best gain that its lots do not earn elsewhere."""
        price = flow.sink_price.copy()
        for arcs, gain in self._closed:
            np.maximum.at(price, places(self._lines, arcs.line), gain - flow.source_price[places(self._lots, arcs.lot)])
        return price
