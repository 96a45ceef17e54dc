"""`prove`: ever smaller amounts in đồng that no plan is worth more than.

Each step is a relaxation of the whole problem that keeps what the step before let go:
1. volumes at the full-truck rate (`matching.volumes.relaxation.relaxation_bound`);
2. volumes under the discrete rules at that rate, within what sites, trucks and carriers can handle by date (`matching.bounds.volumes`,
   `matching.bounds.capacities`), first with no variable whole, then by branch and bound;
3. whole trips with all their stops and hours, by branch and price, where trips are few enough to be listed (`matching.bounds.whole_trips`);
4. else volumes with rates that no trip can beat, its fixed cost paid whole (`matching.bounds.refine`).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from matching.bounds.haulage_items import items_and_routes
from matching.bounds.model import Reached, branch_and_bound, linear
from matching.bounds.refine import refine
from matching.bounds.scarce import ScarcePrices, class_program, scarce_prices
from matching.bounds.trips import TripPricer, can_list_drops
from matching.bounds.volumes import VolumesProgram, volumes_program
from matching.bounds.ways import find_ways
from matching.bounds.whole_trips import whole_trip_bounds
from matching.model.problem import Problem
from matching.optimizer import SecondsLeft
from matching.volumes.relaxation import relaxation_bound

OnScarce = Callable[[ScarcePrices], None]
MAX_ROUNDS = 60
CLASS_SHARE = 1e-4
"""Share of the bound from which on branch and bound tells limited classes apart."""
HANDLING_ROUNDING_VND = 1
"""Hub handling is rounded once, in the total."""
FLOAT_SLACK = 1e-2, 1e-12
"""What sums of prices may be short of by rounding, in đồng and as a share."""


class _Least:
    """The least bound so far, told to whoever asked whenever it falls."""

    def __init__(self, on_bound: Callable[[int], None]) -> None:
        self._on_bound = on_bound
        self.vnd: int | None = None

    def offer(self, vnd: float) -> None:
        """Take a bound into account; an infinite one says nothing."""
        if not math.isfinite(vnd):
            return
        self._take(math.ceil(vnd) + HANDLING_ROUNDING_VND)

    def offer_without_handling(self, vnd: float) -> None:
        """Take a bound that lets handling go into account: plans are worth whole đồng, so what is over a whole one is nothing."""
        if math.isfinite(vnd):
            self._take(math.floor(vnd + FLOAT_SLACK[0] + FLOAT_SLACK[1] * abs(vnd)))

    def _take(self, whole: int) -> None:
        if self.vnd is None or whole < self.vnd:
            self.vnd = whole
            self._on_bound(whole)


def prove(
    problem: Problem,
    *,
    seconds_left: SecondsLeft,
    incumbent: Callable[[], int],
    on_bound: Callable[[int], None],
    iterations_only: bool = False,
    on_scarce: OnScarce = lambda prices: None,
) -> int:
    """Return an amount in đồng that no plan is worth more than, as small as the time allows.

    Parameters
    ----------
    seconds_left : asked again and again; the proof ends soon after it is no longer positive.
    incumbent : worth of the best plan known, VND; the proof ends when its bound comes down to it.
    on_bound : called with every bound that is smaller than all before it.
    on_scarce : called with what one more unit of each scarce thing would add, by resource, row and day, as soon as it is known.
    iterations_only : leave the time aside, so that the bound depends on the problem alone.
    """
    left: SecondsLeft = (lambda: math.inf) if iterations_only else seconds_left
    least = _Least(on_bound)
    least.offer(relaxation_bound(problem))
    if _is_open(left, incumbent, least):
        _by_volumes(problem, left, least, on_scarce)
    if _is_open(left, incumbent, least) and not _by_whole_trips(problem, left, incumbent, least) and _is_open(left, incumbent, least):
        _by_trips(problem, left, least)
    assert least.vnd is not None
    return least.vnd


def _is_open(seconds_left: SecondsLeft, incumbent: Callable[[], int], least: _Least) -> bool:
    """Whether there is time, and something left to prove."""
    return seconds_left() > 0 and least.vnd is not None and least.vnd > incumbent()


def _by_volumes(problem: Problem, seconds_left: SecondsLeft, least: _Least, on_scarce: OnScarce) -> None:
    """Volumes under the discrete rules at the full-truck rate, limited classes told apart where that proves more."""
    ways = find_ways(problem)
    if len(ways.lot) == 0:
        least.offer(-float(np.dot(problem.lines.short_vnd_per_kg.astype(np.float64), problem.lines.kg)))
        return
    plain = volumes_program(problem, ways)
    reached = linear(plain.model, seconds_left)
    best, model = reached.bound, plain.model
    least.offer(best)
    _tell_scarce(problem, plain, reached, on_scarce)
    by_class = class_program(problem, ways) if seconds_left() > 0 else None
    if by_class is not None:
        finer = linear(by_class.model, seconds_left)
        least.offer(finer.bound)
        _tell_scarce(problem, by_class, finer, on_scarce)
        if finer.bound < best - CLASS_SHARE * abs(best):
            model = by_class.model
    least.offer(branch_and_bound(model, seconds_left, least.offer).bound)


def _tell_scarce(problem: Problem, program: VolumesProgram, reached: Reached, on_scarce: OnScarce) -> None:
    if reached.row_price is not None:
        on_scarce(scarce_prices(problem, program.capacity_rows, reached.row_price))


def _by_whole_trips(problem: Problem, seconds_left: SecondsLeft, incumbent: Callable[[], int], least: _Least) -> bool:
    """Whole trips, where they can be listed; return whether they could."""
    is_listed = False
    for bound in whole_trip_bounds(problem, seconds_left, incumbent):
        is_listed = True
        least.offer_without_handling(bound)
    return is_listed


def _by_trips(problem: Problem, seconds_left: SecondsLeft, least: _Least) -> None:
    """The same with rates that pay for whole trips, where all sets of drop sites can be listed."""
    if not can_list_drops(problem):
        return
    items, routes = items_and_routes(problem, find_ways(problem))
    for bound in refine(problem, items, routes, TripPricer(problem, items), seconds_left, MAX_ROUNDS):
        least.offer(bound)
