"""Single changes that might get a lot or line matched, each with what it is thought to cost.

A pair that fails at one step is offered the smallest change of one cell that takes it over that step; a pair that passes all steps and
lost to others is offered more room. Prices are searched for elsewhere, since how far they must go depends on the trucks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from matching.explain.changes import Change, ChangeKind, lifted_ban, new_certificate, renewal, set_cell
from matching.explain.context import PlanContext
from matching.explain.near_misses import Paper, held, requirements, wrong_with
from matching.explain.pairs import AT, STEPS, JudgedPairs, LineDays, LotDays, Ways, judge, line_days, lot_days, ways_of
from matching.model.plan import LOT
from matching.model.problem import NO_LIMIT
from matching.model.reasons import AFTER_PLAN, Reason
from matching.network.rates import pair_rates
from matching.pairs.certificates import EVER

MOST_DAYS = 7
"""Days by which a date may be moved."""
ALWAYS = ((-EVER, EVER),)
MINIMUM_SHARES = (0.8, 0.6, 0.4, 0.2)
"""Shares of a minimum that are tried where trucks or sites keep it from being reached."""


@dataclass(frozen=True)
class Costs:
    """What changes are thought to cost their makers, so that different ones can be compared; a user may set them.

    Attributes
    ----------
    day_share : of the bid, for each kilogram and each day by which a date or a remaining life is moved.
    grade_share : of the bid, for each kilogram and each grade that a buyer accepts more.
    quantity_share : of the bid, for each kilogram that a buyer takes more, or a supplier grows more.
    renewal_vnd, certificate_vnd : of extending a certificate, and of obtaining a new one.
    minimum_share : of the bid, for each kilogram by which a minimum is lowered.
    supplier_vnd : of dealing with one more supplier.
    ban_vnd : of taking back a broker's ban.
    throughput_share : of the bid, for each kilogram that a site handles more on a day.
    truck_vnd : of hiring one more truck of a class each day.
    """

    day_share: float = 0.02
    grade_share: float = 0.08
    quantity_share: float = 0.15
    renewal_vnd: int = 1_000_000
    certificate_vnd: int = 10_000_000
    minimum_share: float = 0.03
    supplier_vnd: int = 200_000
    ban_vnd: int = 50_000
    throughput_share: float = 0.05
    truck_vnd: int = 500_000


@dataclass(frozen=True)
class Candidate:
    """A change that might do.

    Attributes
    ----------
    cost_vnd : what it is thought to cost.
    hope_vnd : what the pairs that it opens could bring at full trucks; the higher, the sooner it is tried at equal cost.
    other : row of a counterpart that it opens.
    """

    change: Change
    cost_vnd: int
    hope_vnd: float
    other: int


def find_candidates(context: PlanContext, subject: str, pairs: JudgedPairs, costs: Costs) -> list[Candidate]:
    """Return all changes but those of prices, the cheapest first."""
    found: dict[Change, Candidate] = {}
    for k in range(len(pairs.step)):
        for one in _of_pair(context, subject, pairs, k, costs):
            before = found.get(one.change)
            # One change may open several pairs.
            hope = one.hope_vnd + (0.0 if before is None else before.hope_vnd)
            found[one.change] = replace(one if before is None or one.cost_vnd < before.cost_vnd else before, hope_vnd=hope)
    return sorted(found.values(), key=lambda one: (one.cost_vnd, -one.hope_vnd, one.change.key, one.change.column))


def _of_pair(context: PlanContext, subject: str, pairs: JudgedPairs, k: int, costs: Costs) -> Iterator[Candidate]:
    lot, line = int(pairs.lot[k]), int(pairs.line[k])
    kg = min(int(context.open_kg(subject)[lot if subject == LOT else line]), _room(context, subject, lot, line))
    gain = _gain(context, lot, line)
    if kg <= 0 or gain <= 0:
        return
    other = line if subject == LOT else lot
    for change, cost in _options(context, subject, pairs, k, kg, costs):
        yield Candidate(change, round(cost), gain * kg, other)


def _room(context: PlanContext, subject: str, lot: int, line: int) -> int:
    """Most that a pair could move, kg."""
    return int(context.problem.lines.kg[line] if subject == LOT else context.problem.lots.kg[lot])


def _gain(context: PlanContext, lot: int, line: int) -> float:
    """What a kilogram of a pair would gain at a full truck, đồng."""
    problem = context.problem
    sites = np.array([problem.lots.site[lot]]), np.array([problem.lines.site[line]])
    rate = float(pair_rates(context.market.haulage, *sites, np.array([problem.lots.cold[lot]]))[0])
    worth = problem.lines.bid_vnd_per_kg[line] + problem.lines.short_vnd_per_kg[line] - problem.lots.ask_vnd_per_kg[lot]
    return float(worth) - rate


Options = Iterator[tuple[Change, float]]


def _options(context: PlanContext, subject: str, pairs: JudgedPairs, k: int, kg: int, costs: Costs) -> Options:
    """Changes that take one pair over the step that stops it, with what each is thought to cost, đồng."""
    reason, lot, line = STEPS[int(pairs.step[k])], int(pairs.lot[k]), int(pairs.line[k])
    bid = float(context.problem.lines.bid_vnd_per_kg[line])
    if reason in (Reason.CERTIFICATE, Reason.MARKET_CODE):
        yield from _papers(context, lot, line, costs)
    elif reason is Reason.GRADE:
        yield from _grade(context, pairs, k, kg * bid * costs.grade_share)
    elif reason in (Reason.DATES, Reason.REMAINING_LIFE):
        yield from _days(context, pairs, k, kg * bid * costs.day_share)
    elif reason is Reason.FORBIDDEN:
        yield lifted_ban(context.problem, lot, line), costs.ban_vnd
    elif reason in AFTER_PLAN:
        yield from _rules(context, lot, line, bid, costs)
        if reason in (Reason.BETTER_OFFER, Reason.MINIMUM):
            yield from _quantity(context, subject, lot, line, kg, bid * costs.quantity_share)
        elif reason in (Reason.THROUGHPUT, Reason.FLEET, Reason.TRUCK):
            yield from _more_days(context, lot, line, kg * bid * costs.day_share)
        if reason in (Reason.THROUGHPUT, Reason.FLEET):
            yield from _capacity(context, lot, line, kg, bid, costs)


# one step at a time --------------------------------------------------------------------------------------------------
def _papers(context: PlanContext, lot: int, line: int, costs: Costs) -> Options:
    """Extend or obtain the one certificate that is in the way."""
    problem, c = context.problem, context.problem.certificates
    needs = [(*need, wrong_with(context, lot, line, *need)) for need in requirements(context, line)]
    wrong = [(scheme, level, found) for scheme, level, found in needs if found is not None]
    if len(wrong) != 1 or judge(lot_days(context, lot), line_days(context, line), ALWAYS, ALWAYS, _horizon(context)).reason is not None:
        return
    scheme, level, (paper, _) = wrong[0]
    if paper is Paper.EXPIRES:
        rows = held(context, lot, scheme)
        rows = rows[(c.level[rows] >= level) & (c.from_day[rows] <= problem.lots.until_day[lot])]
        yield renewal(problem, int(rows[np.argmax(c.until_day[rows])]), problem.horizon_until_day), costs.renewal_vnd
    else:
        yield new_certificate(problem, lot, scheme, level), costs.certificate_vnd


def _horizon(context: PlanContext) -> tuple[int, int]:
    return context.problem.horizon_from_day, context.problem.horizon_until_day


def _grade(context: PlanContext, pairs: JudgedPairs, k: int, vnd: float) -> Options:
    lot, line = int(pairs.lot[k]), int(pairs.line[k])
    grade = int(context.problem.lots.grade[lot])
    if _passes(context, lot, line, lot_days(context, lot), line_days(context, line)._replace(max_grade=grade)):
        yield set_cell(context.problem, ChangeKind.GRADE, line, grade), vnd * max(1.0, float(pairs.short[k]))


def _passes(context: PlanContext, lot: int, line: int, supply: LotDays, wanted: LineDays) -> bool:
    """Whether a pair passes all steps before its price with other days or grades."""
    ways = _ways(context, lot, line)
    return ways is not None and judge(supply, wanted, *ways, _horizon(context)).reason is None


def _ways(context: PlanContext, lot: int, line: int) -> tuple[Ways, Ways] | None:
    _, entries = context.pairs(LOT, lot)
    mine = entries[context.market.ground.entry_line[entries] == line]
    return ways_of(context, lot, int(mine[0])) if len(mine) else None


def _days(context: PlanContext, pairs: JudgedPairs, k: int, vnd: float) -> Options:
    """Move one date, or accept less life, by as few days as do."""
    lot, line = int(pairs.lot[k]), int(pairs.line[k])
    supply, wanted, (first, last) = lot_days(context, lot), line_days(context, line), _horizon(context)
    for days in range(1, MOST_DAYS + 1):
        moved = [
            (ChangeKind.PICKUP_UNTIL, lot, supply._replace(until_day=supply.until_day + days), wanted, supply.until_day + days <= last),
            (ChangeKind.PICKUP_FROM, lot, supply._replace(from_day=supply.from_day - days), wanted, supply.from_day - days >= first),
            (ChangeKind.DELIVER_UNTIL, line, supply, wanted._replace(until_day=wanted.until_day + days), wanted.until_day + days <= last),
            (ChangeKind.DELIVER_FROM, line, supply, wanted._replace(from_day=wanted.from_day - days), wanted.from_day - days >= first),
            (ChangeKind.LIFE, line, supply, wanted._replace(min_life_days=wanted.min_life_days - days), wanted.min_life_days >= days),
        ]
        for kind, row, offered, asked, inside in moved:
            if inside and _passes(context, lot, line, offered, asked):
                yield set_cell(context.problem, kind, row, _moved_to(kind, offered, asked)), vnd * days


def _moved_to(kind: ChangeKind, supply: LotDays, wanted: LineDays) -> int:
    cells = {
        ChangeKind.PICKUP_UNTIL: supply.until_day,
        ChangeKind.PICKUP_FROM: supply.from_day,
        ChangeKind.DELIVER_UNTIL: wanted.until_day,
        ChangeKind.DELIVER_FROM: wanted.from_day,
        ChangeKind.LIFE: wanted.min_life_days,
    }
    return cells[kind]


def _rules(context: PlanContext, lot: int, line: int, bid: float, costs: Costs) -> Options:
    """Admit one more supplier, or lower one minimum to what there is."""
    lots, lines, problem = context.problem.lots, context.problem.lines, context.problem
    most = int(lines.max_suppliers[line])
    if most < NO_LIMIT:
        yield set_cell(problem, ChangeKind.SUPPLIERS, line, most + 1), costs.supplier_vnd
    lot_most, line_most = (int(side[row]) for side, row in zip(context.possible, (lot, line)))
    possible = min(int(context.use.lot_open_kg[lot]), int(context.use.line_open_kg[line]))
    lowered = (
        (ChangeKind.MIN_SUPPLIER, line, int(lines.min_supplier_kg[line]), possible),
        (ChangeKind.MIN_FILL, line, int(lines.min_fill_kg[line]), line_most),
        (ChangeKind.MIN_TAKE, lot, int(lots.min_take_kg[lot]), lot_most),
    )
    for kind, row, minimum, most in lowered:
        for kg in _lower_minimums(context, minimum, most):
            yield set_cell(problem, kind, row, kg), (minimum - kg) * bid * costs.minimum_share
    if lots.indivisible[lot]:
        yield set_cell(problem, ChangeKind.DIVISIBLE, lot, False), int(lots.kg[lot]) * bid * costs.minimum_share


def _lower_minimums(context: PlanContext, minimum: int, most: int) -> list[int]:
    """Lower values of a minimum that are worth trying: what counterparts have, or else whole trucks and shares of it."""
    if minimum > most:
        return [most] if most > 0 else []
    if minimum <= 1:
        return []
    trucks = [minimum // payload * payload for payload in np.unique(context.problem.vehicles.payload_kg).tolist()]
    shares = [int(minimum * share) for share in MINIMUM_SHARES]
    return sorted({kg for kg in (*trucks, *shares) if 0 < kg < minimum}, reverse=True)


def _more_days(context: PlanContext, lot: int, line: int, vnd: float) -> Options:
    """Let goods be picked up or delivered on a day more, before or after, so that other trucks and days can serve them."""
    lots, lines, (first, last) = context.problem.lots, context.problem.lines, _horizon(context)
    moved = (
        (ChangeKind.PICKUP_UNTIL, lot, int(lots.until_day[lot]) + 1),
        (ChangeKind.PICKUP_FROM, lot, int(lots.from_day[lot]) - 1),
        (ChangeKind.DELIVER_UNTIL, line, int(lines.until_day[line]) + 1),
        (ChangeKind.DELIVER_FROM, line, int(lines.from_day[line]) - 1),
    )
    for kind, row, day in moved:
        if first <= day <= last:
            yield set_cell(context.problem, kind, row, day), vnd


def _capacity(context: PlanContext, lot: int, line: int, kg: int, bid: float, costs: Costs) -> Options:
    """Let the full site handle as much more as is open, or hire as many more of the used trucks as carry it."""
    possible = np.array([min(int(context.use.lot_open_kg[lot]), int(context.use.line_open_kg[line]))])
    barred = context.capacity.barred(np.array([lot]), np.array([line]), possible)
    site, vehicle, problem = int(barred.site[0]), int(barred.vehicle[0]), context.problem
    if site >= 0:
        most = int(problem.sites.throughput_kg_per_day[site])
        yield set_cell(problem, ChangeKind.SITE_THROUGHPUT, site, most + kg), kg * bid * costs.throughput_share
    if vehicle >= 0:
        more = -(-kg // int(problem.vehicles.payload_kg[vehicle]))
        most = int(problem.vehicles.count_per_day[vehicle])
        yield set_cell(problem, ChangeKind.TRUCKS, vehicle, most + more), more * costs.truck_vnd


def _quantity(context: PlanContext, subject: str, lot: int, line: int, kg: int, vnd: float) -> Options:
    """Let the other side have as much more as is open."""
    if subject == LOT:
        yield set_cell(context.problem, ChangeKind.WANTED, line, int(context.problem.lines.kg[line]) + kg), vnd * kg
    elif not context.problem.lots.indivisible[lot]:
        yield set_cell(context.problem, ChangeKind.OFFERED, lot, int(context.problem.lots.kg[lot]) + kg), vnd * kg


__all__ = ["AT", "Candidate", "Costs", "find_candidates"]
