"""Cheapest haulage that the clock admits: which trucks drive from a lot to a line within a shift and both sites' hours.

A truck that picks goods up at a and delivers them at b has, whatever else it does on the way, the stop at a, at least the drive from a to
b, and the stop at b. With t the times at which the two stops begin, on days 0 and k, that is

    t_a in the hours of a,  t_b in the hours of b,  dur_a + drive ≤ t_b − t_a ≤ shift − dur_b.

Hours are stretches of the day in which a stop may begin, so t_b − t_a ranges over intervals too, and the question is whether two
intervals meet. Stops last at least as long as for one kilogram. The drive is the shortest way in minutes at the class's speed, over known
roads with their minutes where the tables give them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.compiled import compiled
from matching.model.problem import MINUTES_PER_DAY, BoolArray, FloatArray, IntArray, Problem
from matching.network.distance import Distances, distances, kilometres, straight_km
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
    speed : row of each class in ``by_minutes``, shape (n_classes,).
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
    speed: IntArray
    by_minutes: tuple[Distances, ...] = ()
    """Shortest ways of each speed, in minutes; empty where the tables give no minutes, so that a drive is its km × ``min_per_km``."""

    def drive_min(self, spans: Distances, a: IntArray, b: IntArray) -> FloatArray:
        """Least minutes on the road from each site of ``a`` to its partner in ``b`` at each class's speed, shape (n_pairs, n_classes)."""
        if self.by_minutes:
            return np.stack([kilometres(one, a, b) for one in self.by_minutes], axis=1)[:, self.speed]
        return kilometres(spans, a, b)[:, None] * self.min_per_km


def reach(problem: Problem, *, fixed_shift_vnd: float = 0.0) -> Reach:
    """Prepare a problem; ``fixed_shift_vnd`` is added to the fixed cost of every class."""
    sites, v = problem.sites, problem.vehicles
    lasts = np.ceil(sites.stop_min + sites.min_per_tonne / 1000.0 - 1e-9).astype(np.int64)
    pieces = [class_pieces(problem, c, fixed_shift_vnd) for c in range(problem.n_classes)]
    joined = [np.concatenate([np.zeros(0), *(piece[k] for piece in pieces)]) for k in range(3)]
    start = np.cumsum([0, *(len(piece[0]) for piece in pieces)]).astype(np.int64)
    speeds, speed = np.unique(v.kmh, return_inverse=True)
    by_minutes = () if np.isnan(problem.roads.minutes).all() else tuple(_shortest_minutes(problem, kmh) for kmh in speeds.tolist())
    begins = _begins(openings(problem), lasts)
    shift, pace, row = v.max_hours * 60.0, 60.0 / v.kmh, speed.astype(np.int64)
    return Reach(begins, lasts, shift, pace, v.refrigerated, start, joined[0], joined[1], joined[2], row, by_minutes)


def _shortest_minutes(problem: Problem, kmh: float) -> Distances:
    """Shortest ways in minutes: the roads' own minutes where they are known, else those that their kilometres take."""
    roads, pace = problem.roads, 60.0 / kmh
    lengths = np.where(np.isnan(roads.minutes), roads.km * pace, roads.minutes)
    return distances(problem.replace(detour_factor=problem.detour_factor * pace, roads=roads.replace(km=lengths)))


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
    drive = r.drive_min(spans, a, b) if r.by_minutes else np.zeros((0, len(r.speed)))
    where = (spans.unit, spans.diameter_km, km, drive)
    made: FloatArray = _clock_rates(*r[:9], *where, np.ascontiguousarray(a), np.ascontiguousarray(b), cold, first, last)
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
    known_min: FloatArray,
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
                drive = known_min[k, c] if len(known_min) else km * min_per_km[c]
                least = lasts[a[k]] + drive - SLACK_MIN
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


def class_rates(r: Reach, spans: Distances, a: IntArray, b: IntArray, cold: BoolArray) -> FloatArray:
    """Rate of each class when full from each site of ``a`` to its partner in ``b``, đồng per kg, infinite where it doesn't make it.

    Returns
    -------
    FloatArray
        Shape (n_pairs, n_classes).
    """
    km = kilometres(spans, a, b)
    rates = np.stack([full_rate(r, c, km) for c in range(len(r.speed))], axis=1)
    return np.where(classes_in_reach(r, spans, a, b, cold), rates, np.inf)


def full_rate(r: Reach, vehicle: int, km: FloatArray) -> FloatArray:
    """Rate of one class when full, đồng per kg."""
    pieces = slice(int(r.start[vehicle]), int(r.start[vehicle + 1]))
    place = np.searchsorted(r.from_km[pieces], km, side="right") - 1
    return np.asarray(r.base[pieces][place] + r.slope[pieces][place] * km)


def classes_in_reach(r: Reach, spans: Distances, a: IntArray, b: IntArray, cold: BoolArray) -> BoolArray:
    """Classes that drive from each site of ``a`` to its partner in ``b`` within their shift and both sites' hours on some days.

    Returns
    -------
    BoolArray
        Shape (n_pairs, n_classes).
    """
    ends = (np.ascontiguousarray(a), np.ascontiguousarray(b))
    drive = np.ascontiguousarray(r.drive_min(spans, a, b))
    days = np.ceil(r.shift_min / MINUTES_PER_DAY).astype(np.int64)
    made: BoolArray = _classes_in_reach(r.begins, r.lasts, r.shift_min, days, r.cold, drive, *ends, cold)
    return made


@compiled
def _classes_in_reach(
    begins: IntArray,
    lasts: IntArray,
    shift_min: FloatArray,
    days: IntArray,
    refrigerated: BoolArray,
    drive: FloatArray,
    a: IntArray,
    b: IntArray,
    cold: BoolArray,
) -> BoolArray:
    """Ask of each class whether it makes each pair."""
    made = np.zeros((len(a), len(shift_min)), dtype=np.bool_)
    for k in range(len(a)):
        for c in range(len(shift_min)):
            if a[k] == b[k] or (cold[k] and not refrigerated[c]):
                continue
            least, most = lasts[a[k]] + drive[k, c] - SLACK_MIN, shift_min[c] - lasts[b[k]] + SLACK_MIN
            made[k, c] = _meets(begins, a[k], b[k], c, least, most, 0, days[c])
    return made


# how near a miss was -------------------------------------------------------------------------------------------------
class Shortfalls(NamedTuple):
    """Of pairs that the clock keeps from every truck, the class that misses by least; shape of each (n_pairs,).

    Attributes
    ----------
    short_min : minutes by which it misses, infinite where no class is admitted at both ends.
    takes_min : what the stops and the drive take at least.
    shift_min : how long its shift is.
    """

    short_min: FloatArray
    takes_min: FloatArray
    shift_min: FloatArray


def shortfalls(r: Reach, spans: Distances, a: IntArray, b: IntArray, cold: BoolArray, first: IntArray, last: IntArray) -> Shortfalls:
    """Say how near one truck comes to making each pair; parameters as of `clock_rates`."""
    drive = np.ascontiguousarray(r.drive_min(spans, a, b))
    ends = (np.ascontiguousarray(a), np.ascontiguousarray(b))
    return Shortfalls(*_shortfalls(r.begins, r.lasts, r.shift_min, r.cold, drive, *ends, cold, first, last))


@compiled
def _shortfalls(
    begins: IntArray,
    lasts: IntArray,
    shift_min: FloatArray,
    refrigerated: BoolArray,
    drive: FloatArray,
    a: IntArray,
    b: IntArray,
    cold: BoolArray,
    first: IntArray,
    last: IntArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Least minutes by which any class misses each pair, and what that class would need and has."""
    short, takes, shift = np.full(len(a), np.inf), np.zeros(len(a)), np.zeros(len(a))
    for k in range(len(a)):
        for c in range(len(shift_min)):
            if cold[k] and not refrigerated[c]:
                continue
            least, most = lasts[a[k]] + drive[k, c], shift_min[c] - lasts[b[k]]
            missing = _missing(begins, a[k], b[k], c, least, most, first[k], last[k])
            if missing < short[k]:
                short[k], takes[k], shift[k] = missing, least + lasts[b[k]], shift_min[c]
    return short, takes, shift


@compiled
def _missing(begins: IntArray, a: int, b: int, c: int, least: float, most: float, first: int, last: int) -> float:
    """Least minutes by which two stops can't begin ``least`` to ``most`` minutes apart, infinite where one can't begin at all."""
    found = np.inf
    for i in range(begins.shape[2]):
        for j in range(begins.shape[2]):
            if begins[a, c, i, 0] > begins[a, c, i, 1] or begins[b, c, j, 0] > begins[b, c, j, 1]:
                continue
            for day in range(first, max(first, last) + 1):
                soonest = begins[b, c, j, 0] + day * MINUTES_PER_DAY - begins[a, c, i, 1]
                latest = begins[b, c, j, 1] + day * MINUTES_PER_DAY - begins[a, c, i, 0]
                found = min(found, max(max(soonest, least) - min(latest, most), 0.0))
    return found
