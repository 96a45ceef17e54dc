"""The coordinator's day: best-paying line first, ring the nearest eligible lot, order the smallest truck that pays.

Every trip is direct, from one gate to one door, and nothing is reconsidered once the next line is begun. Where a line
wants few suppliers, those that can bring a fair share of it are rung before the others. What a broker has pinned is
arranged first, whether it pays or not. A carrier by the kilogram is asked where it is cheaper than the truck, or where no truck pays.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from matching.baseline.calls import Book, Calls, telephone_book
from matching.baseline.dispatch import Dispatch, Order
from matching.baseline.ledger import Ledger
from matching.model.plan import Plan
from matching.model.problem import FORBID, PIN, Problem

if TYPE_CHECKING:
    from matching.network.carriers import CarrierLanes
    from matching.pairs.lanes import Lanes


def plan_by_telephone(problem: Problem, lanes: Lanes, carriers: CarrierLanes | None = None) -> Plan:
    """Plan as a coordinator with a telephone does.

    Parameters
    ----------
    lanes : the admissible lot → line pairs with their boxes of days, from the eligibility funnel.
    carriers : the lanes on which a carrier takes goods by the kilogram; none are asked where absent.

    Returns
    -------
    Plan
        Complete and valid, all trips direct; the same for the same problem. Pins that direct trips cannot keep are
        kept as far as they can; that a pin fails is the only rule that the plan may break.
    """
    coordinator = _Coordinator(problem, telephone_book(problem, lanes, carriers))
    for line, pins in _pins(problem).items():
        coordinator.keep_pins(line, pins)
    lines = problem.lines
    for line in np.lexsort((np.arange(problem.n_lines), -lines.bid_vnd_per_kg)).tolist():
        coordinator.serve(line)
    return coordinator.ledger.plan()


class _Coordinator:
    """One planning session."""

    def __init__(self, problem: Problem, book: Book) -> None:
        self.ledger = Ledger(problem)
        self._problem, self._book = problem, book
        self._dispatch = Dispatch(problem, self.ledger)
        self._forbidden = _forbidden(problem)

    def serve(self, line: int) -> None:
        """Fill a line from the nearest lots; give all back where it stays below the line's minimum."""
        mark, calls = len(self.ledger.bookings), self._calls(line)
        places = range(len(calls.lots))
        if self.ledger.suppliers_left[line] < len(places):
            stock_kg = self._stock(calls)
            for place in places:
                if self._brings_share(calls, line, place, stock_kg):
                    self._call(calls, line, place)
        for place in places:
            self._call(calls, line, place)
        if self._short_of_fill(line):
            self.ledger.take_back(mark)

    def keep_pins(self, line: int, pins: dict[int, int]) -> None:
        """Send a line what is pinned to it, and as much more as its minimum asks, whatever that costs."""
        mark, calls = len(self.ledger.bookings), self._calls(line)
        for place, lot in enumerate(calls.lots.tolist()):
            if lot in pins:
                self._call(calls, line, place, must=True, kg=pins[lot])
        for place in range(len(calls.lots)):
            if self._short_of_fill(line):
                self._call(calls, line, place, must=True)
        if self._short_of_fill(line):
            self.ledger.take_back(mark)

    def _stock(self, calls: Calls) -> Counter[int]:
        """Kilograms that each supplier on a page has left."""
        stock_kg: Counter[int] = Counter()
        for lot, supplier in zip(calls.lots.tolist(), self._problem.lots.supplier[calls.lots].tolist()):
            stock_kg[supplier] += self.ledger.lot_left_kg[lot]
        return stock_kg

    def _brings_share(self, calls: Calls, line: int, place: int, stock_kg: Counter[int]) -> bool:
        """Has a lot's supplier a fair share of what a line with few suppliers still wants, or does it serve it already?"""
        supplier, ledger = int(self._problem.lots.supplier[calls.lots[place]]), self.ledger
        brings = stock_kg[supplier] * ledger.suppliers_left[line]
        return ledger.supplier_kg[line, supplier] > 0 or brings >= ledger.line_left_kg[line]

    def _calls(self, line: int) -> Calls:
        return Calls(self._problem, self._book, line)

    def _short_of_fill(self, line: int) -> bool:
        filled = int(self._problem.lines.kg[line]) - self.ledger.line_left_kg[line]
        return filled < int(self._problem.lines.min_fill_kg[line])

    def _call(self, calls: Calls, line: int, place: int, must: bool = False, kg: int | None = None) -> None:
        """Ring one supplier: all that its lot and the line have left, or ``kg``; nothing where a minimum fails."""
        lot, ledger = int(calls.lots[place]), self.ledger
        want_kg = min(ledger.lot_left_kg[lot], ledger.line_left_kg[line])
        if want_kg == 0:
            return
        least_kg = self._least(lot, line)
        if kg is not None:
            want_kg = min(want_kg, max(kg, least_kg))
        if 0 < want_kg >= least_kg and self._may_supply(lot, line):
            self._send_all(calls, line, place, want_kg, least_kg, must)

    def _send_all(self, calls: Calls, line: int, place: int, want_kg: int, least_kg: int, must: bool) -> None:
        """Send load after load; take all back where they come to less than the least."""
        mark, left_kg, lot = len(self.ledger.bookings), want_kg, int(calls.lots[place])
        smallest_kg = want_kg if self._problem.lots.indivisible[lot] else 1
        worth = self._worth(lot, line)
        while left_kg > 0 and (must or worth > 0):
            sent_kg = self._dispatch.send(calls, Order(line, lot, place, left_kg, smallest_kg, worth, must))
            if sent_kg == 0:
                break
            left_kg -= sent_kg
        if want_kg - left_kg < least_kg:
            self.ledger.take_back(mark)

    def _worth(self, lot: int, line: int) -> int:
        """What a kilogram earns before haulage, the penalty that it saves included."""
        lots, lines = self._problem.lots, self._problem.lines
        return int(lines.bid_vnd_per_kg[line] - lots.ask_vnd_per_kg[lot] + lines.short_vnd_per_kg[line])

    def _least(self, lot: int, line: int) -> int:
        """Kilograms that the lot's, the supplier's and the broker's minimums still ask of this call."""
        lots, ledger = self._problem.lots, self.ledger
        whole_kg = int(lots.kg[lot]) if lots.indivisible[lot] else 1
        taken_kg = int(lots.kg[lot]) - ledger.lot_left_kg[lot]
        brought_kg = ledger.supplier_kg[line, int(lots.supplier[lot])]
        of_supplier_kg = int(self._problem.lines.min_supplier_kg[line]) - brought_kg
        return max(whole_kg, int(lots.min_take_kg[lot]) - taken_kg, of_supplier_kg)

    def _may_supply(self, lot: int, line: int) -> bool:
        known = self.ledger.supplier_kg[line, int(self._problem.lots.supplier[lot])] > 0
        return (known or self.ledger.suppliers_left[line] > 0) and (lot, line) not in self._forbidden


def _forbidden(problem: Problem) -> set[tuple[int, int]]:
    """(lot, line) of everything that a broker has forbidden."""
    rows = problem.decisions.kind == FORBID
    return set(zip(problem.decisions.lot[rows].tolist(), problem.decisions.line[rows].tolist()))


def _pins(problem: Problem) -> dict[int, dict[int, int]]:
    """Kilograms pinned of each lot, by line, best-paying line first."""
    made = problem.decisions
    rows = np.flatnonzero((made.kind == PIN) & (made.kg > 0))
    rows = rows[np.argsort(-problem.lines.bid_vnd_per_kg[made.line[rows]], kind="stable")]
    pins: dict[int, dict[int, int]] = {}
    for line, lot, kg in zip(made.line[rows].tolist(), made.lot[rows].tolist(), made.kg[rows].tolist()):
        of_line = pins.setdefault(line, {})
        of_line[lot] = max(kg, of_line.get(lot, 0))
    return pins
