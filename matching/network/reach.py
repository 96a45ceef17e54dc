"""Cheapest haulage that the clock admits: which trucks drive from a lot to a line within a shift and both sites' hours.

A truck that picks goods up at a and delivers them at b has, whatever else it does on the way, the stop at a, at least the drive from a to
b, and the stop at b. With t the times at which the two stops begin, on days 0 and k, that is

    t_a in the hours of a,  t_b in the hours of b,  dur_a + drive ≤ t_b − t_a ≤ shift − dur_b.

Hours are stretches of the day in which a stop may begin, so t_b − t_a ranges over intervals too, and the question is whether two
intervals meet. Stops last at least as long as for one kilogram. The drive is the shortest known way at the class's speed; where the tables
give the minutes of some road, which may be fewer, no drive is counted at all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.compiled import compiled
from matching.model.problem import MINUTES_PER_DAY, BoolArray, FloatArray, IntArray, Problem
from matching.network.distance import Distances, kilometres, straight_km
from matching.network.opening_hours import openings
from matching.network.rates import class_pieces

SLACK_MIN = 1e-3
"""Kilometres of a way by several hops are rounded, so a drive may be found a little shorter than it is."""


class Reach(NamedTuple):
    """What the clock says of every class and site.

    Attributes
    ----------
    begins : first and last minute of the day at which a stop may begin, first after last where none; shape (n_sites, n_classes, w, 2).
    lasts : minutes that a stop takes at least, shape (n_sites,).
    shift_min, min_per_km : shape (n_classes,).
    cold : classes that carry cold goods, shape (n_classes,).
    start, from_km, base, slope : rate of each class when full, in pieces as in `matching.network.rates.Curves`.
    """

    begins: IntArray
    lasts: IntArray
    shift_min: FloatArray
    min_per_km: FloatArray
    cold: BoolArray
    start: IntArray
    from_km: FloatArray
    base: FloatArray
    slope: FloatArray


def reach(problem: Problem, *, fixed_shift_vnd: float = 0.0) -> Reach:
    """Prepare a problem; ``fixed_shift_vnd`` is added to the fixed cost of every class."""
    sites, v = problem.sites, problem.vehicles
    lasts = np.ceil(sites.stop_min + sites.min_per_tonne / 1000.0 - 1e-9).astype(np.int64)
    pieces = [class_pieces(problem, c, fixed_shift_vnd) for c in range(problem.n_classes)]
    joined = [np.concatenate([np.zeros(0), *(piece[k] for piece in pieces)]) for k in range(3)]
    start = np.cumsum([0, *(len(piece[0]) for piece in pieces)]).astype(np.int64)
    timed = np.isnan(problem.roads.minutes).all()
    pace = 60.0 / v.kmh if timed else np.zeros(problem.n_classes)
    return Reach(_begins(openings(problem), lasts), lasts, v.max_hours * 60.0, pace, v.refrigerated, start, *joined)


def _begins(hours: IntArray, lasts: IntArray) -> IntArray:
    """Stretches in which a stop may begin, those that run over midnight split in two."""
    first, length = hours[..., 0], hours[..., 1]
    last = first + length - lasts[:, None, None]
    closed, day = length < lasts[:, None, None], MINUTES_PER_DAY
    early = np.stack([np.where(closed, 1, first), np.where(closed, 0, np.minimum(last, day - 1))], axis=-1)
    late_last = np.where(closed, -1, np.minimum(last - day, day - 1))
    late = np.stack([np.zeros_like(first), late_last], axis=-1)
    return np.ascontiguousarray(np.concatenate([early, late], axis=2))


def clock_rates(r: Reach, spans: Distances, a: IntArray, b: IntArray, cold: BoolArray, first: IntArray, last: IntArray) -> FloatArray:
    """Cheapest rate of one truck from each site of ``a`` to its partner in ``b``, đồng per kg, infinite where no truck makes it.

    Parameters
    ----------
    first, last : fewest and most days between pick-up and delivery, shape of ``a``.
    """
    km = kilometres(spans, a, b) if len(spans.between) else np.zeros(0)
    where = (spans.unit, spans.diameter_km, km)
    made: FloatArray = _clock_rates(*r, *where, np.ascontiguousarray(a), np.ascontiguousarray(b), cold, first, last)
    return made


@compiled
def _clock_rates(
    begins: IntArray,
    lasts: IntArray,
    shift_min: FloatArray,
    min_per_km: FloatArray,
    refrigerated: BoolArray,
    start: IntArray,
    from_km: FloatArray,
    base: FloatArray,
    slope: FloatArray,
    unit: FloatArray,
    diameter_km: float,
    known_km: FloatArray,
    a: IntArray,
    b: IntArray,
    cold: BoolArray,
    first: IntArray,
    last: IntArray,
) -> FloatArray:
    """Try the classes on each pair, the clock only where the rate is lower than the best so far."""
    rates = np.full(len(a), np.inf)
    for k in range(len(a)):
        if a[k] == b[k]:
            continue
        km = known_km[k] if len(known_km) else straight_km(unit, diameter_km, a[k], b[k])
        for c in range(len(shift_min)):
            if cold[k] and not refrigerated[c]:
                continue
            piece = start[c + 1] - 1
            while from_km[piece] > km:
                piece -= 1
            rate = base[piece] + slope[piece] * km
            if rate < rates[k]:
                least = lasts[a[k]] + km * min_per_km[c] - SLACK_MIN
                most = shift_min[c] - lasts[b[k]] + SLACK_MIN
                if _meets(begins, a[k], b[k], c, least, most, first[k], last[k]):
                    rates[k] = rate
    return rates


@compiled
def _meets(begins: IntArray, a: int, b: int, c: int, least: float, most: float, first: int, last: int) -> bool:
    """Whether two stops can begin ``least`` to ``most`` minutes apart on days ``first`` to ``last`` apart."""
    for i in range(begins.shape[2]):
        if begins[a, c, i, 0] > begins[a, c, i, 1]:
            continue
        for j in range(begins.shape[2]):
            if begins[b, c, j, 0] > begins[b, c, j, 1]:
                continue
            for day in range(first, last + 1):
                soonest = begins[b, c, j, 0] + day * MINUTES_PER_DAY - begins[a, c, i, 1]
                latest = begins[b, c, j, 1] + day * MINUTES_PER_DAY - begins[a, c, i, 0]
                if max(soonest, least) <= min(latest, most):
                    return True
    return False
