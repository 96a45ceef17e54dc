"""The nearest misses of a lot or line: with whom, at which step, and by how much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from matching.explain.capacity import Barred
from matching.explain.context import PlanContext
from matching.explain.pairs import AT, STEPS, JudgedPairs
from matching.model.plan import LOT
from matching.model.problem import ANY_PRODUCT, IntArray
from matching.model.reasons import Reason
from matching.network.geography import road_km, tariff_vnd
from matching.pairs.screening import hours_missing, largest_payload_kg

MOST_MISSES = 3


class Paper(StrEnum):
    """What is wrong with a certificate or market code. The codes are stable."""

    MISSING = "missing"
    LEVEL = "level"
    EXPIRES = "expires"
    BEGINS = "begins"


@dataclass(frozen=True)
class Miss:
    """A pair that nearly came about.

    Attributes
    ----------
    reason : the step that stops it.
    other : row of the counterpart.
    short : by how much it misses, in ``unit``; None where that is no figure.
    unit : ``days``, ``grades``, ``kg``, ``suppliers``, ``minutes``, ``trucks``, ``vnd_per_kg`` or empty.
    day : the day of delivery concerned, or on which a certificate expires or begins; days since 1970-01-01, or None.
    scheme, paper : the certificate concerned and what is wrong with it, or None.
    takes_min, shift_min : of hours, what the trip takes at least and how long a driver may take; None elsewhere.
    limited : of throughput the id of the full site, of a fleet that of the used class, of a truck that of a supplier at its policy's cap;
        empty elsewhere.
    is_early : of dates, whether the goods are gone before delivery may begin; else they come after it has ended.
    """

    reason: Reason
    other: int
    short: int | None = None
    unit: str = ""
    day: int | None = None
    scheme: str | None = None
    paper: Paper | None = None
    is_early: bool = False
    takes_min: int | None = None
    shift_min: int | None = None
    limited: str = ""


def find_misses(context: PlanContext, subject: str, pairs: JudgedPairs) -> tuple[Miss, ...]:
    """Return the misses that came furthest, the smallest first, one for each counterpart that has none of it yet."""
    open_ = pairs.take(pairs.kg == 0)
    worse = np.where(open_.step >= AT[Reason.PRICE], -open_.gain_vnd_per_kg, 0.0)
    order = np.lexsort((open_.other(subject), open_.short, worse, -open_.step))
    nearest = open_.take(order[:MOST_MISSES])
    return tuple(_miss(context, subject, nearest, k) for k in range(len(nearest.step)))


class _StoppedPair(NamedTuple):
    """A pair and the step that stops it."""

    reason: Reason
    subject: str
    other: int
    lot: int
    line: int
    short: float
    margin_vnd_per_kg: float


def _miss(context: PlanContext, subject: str, pairs: JudgedPairs, k: int) -> Miss:
    lot, line, lines = int(pairs.lot[k]), int(pairs.line[k]), context.problem.lines
    margin = float(lines.bid_vnd_per_kg[line] + lines.short_vnd_per_kg[line] - context.problem.lots.ask_vnd_per_kg[lot])
    found = (int(pairs.other(subject)[k]), lot, line, float(pairs.short[k]), margin)
    pair = _StoppedPair(STEPS[int(pairs.step[k])], subject, *found)
    return MISS_OF[pair.reason](context, pair) if pair.reason in MISS_OF else Miss(pair.reason, pair.other)


def _grades(context: PlanContext, pair: _StoppedPair) -> Miss:  # noqa: ARG001  # one signature for all steps
    return Miss(pair.reason, pair.other, round(pair.short), "grades")


def _dates(context: PlanContext, pair: _StoppedPair) -> Miss:
    lines = context.problem.lines
    early = int(context.problem.lots.from_day[pair.lot]) <= int(lines.until_day[pair.line])
    day = int((lines.from_day if early else lines.until_day)[pair.line])
    return Miss(pair.reason, pair.other, round(pair.short), "days", day, is_early=early)


def _life(context: PlanContext, pair: _StoppedPair) -> Miss:
    return Miss(pair.reason, pair.other, round(pair.short), "days", _day_of_life(context, pair.lot, pair.line))


def _price(context: PlanContext, pair: _StoppedPair) -> Miss:  # noqa: ARG001  # one signature for all steps
    return Miss(pair.reason, pair.other, max(1, round(np.ceil(pair.short))), "vnd_per_kg")


def _suppliers(context: PlanContext, pair: _StoppedPair) -> Miss:
    return Miss(pair.reason, pair.other, int(context.problem.lines.max_suppliers[pair.line]), "suppliers")


def _minimum(context: PlanContext, pair: _StoppedPair) -> Miss:
    return Miss(pair.reason, pair.other, _kg_short(context, pair.lot, pair.line), "kg")


def _truck(context: PlanContext, pair: _StoppedPair) -> Miss:
    room = context.cap_room_kg(pair.lot)
    if room is not None and room < min(context.use.lot_open_kg[pair.lot], context.use.line_open_kg[pair.line]):
        supplier = context.problem.supplier_ids[context.problem.lots.supplier[pair.lot]]
        return Miss(pair.reason, pair.other, room, "kg", limited=str(supplier))
    return Miss(pair.reason, pair.other, _lone_truck(context, pair.lot, pair.line, pair.margin_vnd_per_kg), "vnd_per_kg")


def _better_offer(context: PlanContext, pair: _StoppedPair) -> Miss:
    kg = context.problem.lines.kg if pair.subject == LOT else context.problem.lots.kg
    return Miss(pair.reason, pair.other, int(kg[pair.other]), "kg")


def _hours(context: PlanContext, pair: _StoppedPair) -> Miss:
    """Say how long the direct trip takes and the shift is, and how many minutes are missing."""
    entry = np.array([context.entry(pair.lot, pair.line)])
    found = hours_missing(context.market, np.array([pair.lot]), entry)
    if not np.isfinite(found.short_min[0]):
        return Miss(pair.reason, pair.other)
    short, takes, shift = (int(np.ceil(column[0])) for column in found)
    return Miss(pair.reason, pair.other, max(1, short), "minutes", takes_min=takes, shift_min=shift)


def _throughput(context: PlanContext, pair: _StoppedPair) -> Miss:
    """Name the full site and its limit."""
    barred = _barred(context, pair)
    site, day = int(barred.site[0]), int(barred.day[0])
    limit = int(context.capacity.throughput_kg(site, day))
    return Miss(pair.reason, pair.other, limit, "kg", day, limited=str(context.problem.sites.id[site]))


def _fleet(context: PlanContext, pair: _StoppedPair) -> Miss:
    """Name the class that is used up and the number of its trucks."""
    barred, v = _barred(context, pair), context.problem.vehicles
    vehicle = int(barred.vehicle[0])
    return Miss(pair.reason, pair.other, int(v.count_per_day[vehicle]), "trucks", int(barred.day[0]), limited=str(v.id[vehicle]))


def _barred(context: PlanContext, pair: _StoppedPair) -> Barred:
    possible = np.array([min(context.use.lot_open_kg[pair.lot], context.use.line_open_kg[pair.line])])
    return context.capacity.barred(np.array([pair.lot]), np.array([pair.line]), possible)


def _day_of_life(context: PlanContext, lot: int, line: int) -> int:
    """Day on which most life is left: the earliest possible delivery."""
    return int(max(context.problem.lines.from_day[line], context.problem.lots.from_day[lot]))


def _kg_short(context: PlanContext, lot: int, line: int) -> int:
    """Mass by which what is left misses the largest minimum concerned."""
    lots, lines, use = context.problem.lots, context.problem.lines, context.use
    possible = int(min(use.lot_open_kg[lot], use.line_open_kg[line]))
    brought = int(use.brought_by(context.problem, np.array([lot]), np.array([line]))[0])
    lot_most, line_most = context.possible
    gaps = [
        int(lines.min_supplier_kg[line]) - possible - brought,
        int(lots.min_take_kg[lot]) - int(lot_most[lot]),
        int(lines.min_fill_kg[line]) - int(line_most[line]),
        int(lots.kg[lot]) - min(possible, _payload_kg(context, lot, line)) if lots.indivisible[lot] else 0,
    ]
    return max(1, *gaps)


def _payload_kg(context: PlanContext, lot: int, line: int) -> int:
    """Payload of the largest truck of a pair, kg."""
    return int(largest_payload_kg(context.problem, np.array([lot]), np.array([line]))[0])


def _lone_truck(context: PlanContext, lot: int, line: int, margin: float) -> int | None:
    """What a truck of its own would lose on each kilogram, đồng; None where it would pay, so that clock or trucks are in the way."""
    problem, use = context.problem, context.use
    kg = int(min(use.lot_open_kg[lot], use.line_open_kg[line]))
    a, b = int(problem.lots.site[lot]), int(problem.lines.site[line])
    door = min(problem.sites.max_vehicle_kg[a], problem.sites.max_vehicle_kg[b])
    costs = [
        _trip_vnd(context, c, a, b) / min(kg, int(problem.vehicles.payload_kg[c]))
        for c in range(problem.n_classes)
        if problem.vehicles.payload_kg[c] <= door and (problem.vehicles.refrigerated[c] or not problem.lots.cold[lot])
    ]
    loss = min(costs, default=float("inf")) - margin
    return None if loss <= 0 or not np.isfinite(loss) else round(loss)


def _trip_vnd(context: PlanContext, vehicle: int, a: int, b: int) -> float:
    """What a truck costs from site a to site b, from its base and back where it has one, đồng."""
    v = context.problem.vehicles
    base = int(v.base_site[vehicle])
    stops = np.array([a, b] if base < 0 else [base, a, b, base])
    km = road_km(context.problem, stops[:-1], stops[1:]).sum(keepdims=True)
    return float(v.fixed_vnd[vehicle] + tariff_vnd(context.problem, vehicle, km)[0])


# certificates --------------------------------------------------------------------------------------------------------
def _paper(context: PlanContext, pair: _StoppedPair) -> Miss:
    """Say which certificate is in the way, and what is wrong with it."""
    reason, other, lot, line = pair.reason, pair.other, pair.lot, pair.line
    needs = requirements(context, line)
    codes = [context.problem.scheme_ids[scheme].startswith("PUC:") for scheme, _ in needs]
    mine = [need for need, code in zip(needs, codes) if code == (reason is Reason.MARKET_CODE)]
    for scheme, level in mine:
        found = wrong_with(context, lot, line, scheme, level)
        if found is not None:
            return Miss(reason, other, None, "", found[1], context.problem.scheme_ids[scheme], found[0])
    # Each is valid at some time, but never all of them together.
    name = context.problem.scheme_ids[mine[0][0]] if mine else None
    return Miss(reason, other, None, "", None, name, Paper.EXPIRES if mine else None)


def requirements(context: PlanContext, line: int) -> list[tuple[int, int]]:
    """Return what a line requires, as (scheme, level)."""
    lines = context.problem.lines
    part = slice(int(lines.require_start[line]), int(lines.require_start[line + 1]))
    return list(zip(lines.require_scheme[part].tolist(), lines.require_level[part].tolist()))


def held(context: PlanContext, lot: int, scheme: int) -> IntArray:
    """Rows of the certificates of a scheme that a lot's supplier has for its product."""
    problem, c = context.problem, context.problem.certificates
    product = (c.product == problem.lots.product[lot]) | (c.product == ANY_PRODUCT)
    return np.flatnonzero((c.supplier == problem.lots.supplier[lot]) & product & (c.scheme == scheme))


def wrong_with(context: PlanContext, lot: int, line: int, scheme: int, level: int) -> tuple[Paper, int | None] | None:
    """Say what is wrong with a lot's certificates of a scheme for a line, with the day concerned; None where nothing is."""
    c, rows = context.problem.certificates, held(context, lot, scheme)
    if len(rows) == 0:
        return Paper.MISSING, None
    rows = rows[c.level[rows] >= level]
    if len(rows) == 0:
        return Paper.LEVEL, None
    begun = rows[c.from_day[rows] <= context.problem.lots.until_day[lot]]
    if len(begun) == 0:
        return Paper.BEGINS, int(c.from_day[rows].min())
    until = int(c.until_day[begun].max())
    return (Paper.EXPIRES, until) if until < context.problem.lines.from_day[line] else None


MISS_OF: dict[Reason, Callable[[PlanContext, _StoppedPair], Miss]] = {
    Reason.GRADE: _grades,
    Reason.CERTIFICATE: _paper,
    Reason.MARKET_CODE: _paper,
    Reason.DATES: _dates,
    Reason.REMAINING_LIFE: _life,
    Reason.HOURS: _hours,
    Reason.PRICE: _price,
    Reason.SUPPLIERS_LIMIT: _suppliers,
    Reason.MINIMUM: _minimum,
    Reason.THROUGHPUT: _throughput,
    Reason.FLEET: _fleet,
    Reason.TRUCK: _truck,
    Reason.BETTER_OFFER: _better_offer,
}
"""What to say of a pair by the step that stops it; the others have no figure."""
