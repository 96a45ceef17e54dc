"""Halves: a problem in which each movement through a hub is two goods of its own, one to bring to the hub and one to take from it.

The first half is a part of the lot that only one line at the hub accepts; the second half is a lot at the hub that only the movement's
line accepts. Both are ordinary lots and lines, so the search for direct trips pools them with everything else on its trucks. What the
first half is paid the second half pays, and its handling: together they earn what the movement earns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.model.plan import Allocations, Legs, Plan
from matching.model.problem import NO_HARVEST, NO_LIMIT, PIN, BoolArray, Certificates, Decisions, FloatArray, IntArray, Lines, Lots, Problem
from matching.model.subset import rows_of
from matching.search.hubs.movements import Movements
from matching.search.plan_ops import stack, stop_rows

DAYS_OF_GRACE = 10_000
"""Shelf life and validity of the halves: their days have been settled."""


@dataclass(frozen=True, eq=False)
class Halves:
    """A problem with halves, whose lots and lines come after its own.

    Attributes
    ----------
    problem : as it was given.
    movements : the ones that were halved.
    halved : the problem with halves.
    """

    problem: Problem
    movements: Movements
    halved: Problem

    @property
    def first_lots(self) -> IntArray:
        return self.problem.n_lots + np.arange(self.n)

    @property
    def second_lots(self) -> IntArray:
        return self.problem.n_lots + self.n + np.arange(self.n)

    @property
    def hub_lines(self) -> IntArray:
        return self.problem.n_lines + np.arange(self.n)

    @property
    def n(self) -> int:
        return len(self.movements.lot)

    def pairs_among(self, pairs: IntArray) -> IntArray:
        """Return pairs (lot × n_lines + line) of the problem, and those of all halves, in the numbers of the halved problem."""
        width, wider = max(1, self.problem.n_lines), max(1, self.halved.n_lines)
        own = pairs // width * wider + pairs % width
        return np.concatenate([own, self.first_lots * wider + self.hub_lines, self.second_lots * wider + self.movements.line])

    def prices(self, lot_price: FloatArray, line_price: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what a kilogram of each lot and line is worth elsewhere: a half has no other use but its lot's or line's own."""
        nothing = np.zeros(self.n)
        return np.concatenate([lot_price, lot_price[self.movements.lot], nothing]), np.concatenate([line_price, nothing])

    def brought_and_taken(self, plan: Plan) -> tuple[IntArray, IntArray]:
        """Kilograms that a plan of the halved problem brings to the hub, and takes from it, shape (n_movements,) each."""
        a = plan.allocations
        sums = np.bincount(a.lot, weights=a.kg, minlength=self.halved.n_lots).astype(np.int64)
        return sums[self.first_lots], sums[self.second_lots]

    def translated(self, plan: Plan, kept: IntArray) -> Plan:
        """Return a plan of the halved problem in the numbers of one with these movements alone; the other halves' goods stay behind."""
        a, n = plan.allocations, self.n
        place = np.full(n, -1, dtype=np.int64)
        place[kept] = np.arange(len(kept))
        lots = np.concatenate([np.arange(self.problem.n_lots), _moved(place, self.problem.n_lots, len(kept))])
        lines = np.concatenate([np.arange(self.problem.n_lines), _placed(place, self.problem.n_lines)])
        stays = np.flatnonzero((lots[a.lot] >= 0) & (lines[a.line] >= 0))
        number = np.full(len(a.lot), -1, dtype=np.int64)
        number[stays] = np.arange(len(stays))
        legs = np.flatnonzero(number[plan.legs.allocation] >= 0)
        kept_rows = rows_of(a, stays)
        return Plan(
            allocations=kept_rows.replace(lot=lots[kept_rows.lot], line=lines[kept_rows.line]),
            legs=rows_of(plan.legs, legs).replace(allocation=number[plan.legs.allocation[legs]]),
            trips=plan.trips,
            stops=plan.stops,
        )

    def joined(self, plan: Plan) -> Plan:
        """Return a plan of the halved problem, whose halves weigh the same, as a plan of the problem with movements on two legs."""
        a, legs = plan.allocations, plan.legs
        trip = np.empty(len(a.lot), dtype=np.int64)
        trip[legs.allocation] = legs.trip
        plain = np.flatnonzero(a.lot < self.problem.n_lots)
        pieces = _pieces(self._allocations_of(a, self.first_lots), self._allocations_of(a, self.second_lots), a.kg)
        first, second, kg = pieces[:, 0], pieces[:, 1], pieces[:, 2]
        m = self.movements
        which, n = a.lot[first] - self.problem.n_lots, len(plain)
        numbers, hub = n + np.arange(len(first)), m.hub[which]
        start, end = self.problem.lots.site[m.lot[which]], self.problem.lines.site[m.line[which]]
        two = Allocations(m.lot[which], m.line[which], kg, a.pickup_day[first], a.delivery_day[second])
        one = legs.allocation.argsort(kind="stable")[plain]
        return Plan(
            allocations=stack([rows_of(a, plain), two]),
            legs=Legs(
                allocation=np.concatenate([np.arange(n), np.repeat(numbers, 2)]),
                leg=np.concatenate([np.ones(n, dtype=np.int64), np.tile([1, 2], len(first))]),
                trip=np.concatenate([trip[plain], _paired(trip[first], trip[second])]),
                from_site=np.concatenate([legs.from_site[one], _paired(start, hub)]),
                to_site=np.concatenate([legs.to_site[one], _paired(hub, end)]),
            ),
            trips=plan.trips,
            stops=plan.stops,
        )

    def clashes(self, plan: Plan) -> BoolArray:
        """Movements of which something leaves the hub before all of it has been unloaded, shape (n_movements,)."""
        a, stops = plan.allocations, plan.stops
        trip = np.empty(len(a.lot), dtype=np.int64)
        trip[plan.legs.allocation] = plan.legs.trip
        came, left = np.full(self.n, -(1 << 60)), np.full(self.n, 1 << 60)
        for lots, minute, worst in ((self.first_lots, stops.depart_min, came), (self.second_lots, stops.arrive_min, left)):
            rows = np.flatnonzero((a.lot >= lots[0]) & (a.lot <= lots[-1])) if self.n else np.zeros(0, dtype=np.int64)
            which = a.lot[rows] - (lots[0] if self.n else 0)
            at = stop_rows(self.problem, plan, trip[rows], self.movements.hub[which])
            (np.maximum if worst is came else np.minimum).at(worst, which, minute[at])
        return np.asarray(left < came)

    def _allocations_of(self, a: Allocations, lots: IntArray) -> list[list[int]]:
        """Allocations of each of some consecutive lots."""
        made: list[list[int]] = [[] for _ in lots]
        for row in np.flatnonzero((a.lot >= lots[0]) & (a.lot <= lots[-1])).tolist() if len(lots) else []:
            made[int(a.lot[row]) - int(lots[0])].append(row)
        return made


def halve(problem: Problem, movements: Movements) -> Halves:
    """Make the problem with halves."""
    n = len(movements.lot)
    first_product = len(problem.product_ids)
    brought, taken = first_product + np.arange(n), first_product + n + np.arange(n)
    names = tuple(f"{kind} {k}" for kind in ("to a hub", "from a hub") for k in range(n))
    halved = problem.replace(
        lots=stack([_rest(problem, movements), _to_hub(problem, movements, brought), _from_hub(problem, movements, taken)]),
        lines=_lines(problem, movements, brought, taken),
        certificates=stack([problem.certificates, _certificates(problem, movements, taken)]),
        decisions=_pins(problem, movements),
        product_ids=problem.product_ids + names,
    )
    return Halves(problem, movements, halved)


def _pins(problem: Problem, m: Movements) -> Decisions:
    """Decisions in which the movements bear what is pinned of them, by both their halves."""
    made, n, width = problem.decisions, len(m.lot), max(1, problem.n_lines)
    key, kg, borne = made.lot * width + made.line, made.kg.copy(), np.zeros(n, dtype=np.int64)
    for k, pair in enumerate((m.lot * width + m.line).tolist()):
        for row in np.flatnonzero((key == pair) & (made.kind == PIN)).tolist():
            part = min(int(kg[row]), int(m.kg[k]) - int(borne[k]))
            kg[row] -= part
            borne[k] += part
    rows = np.flatnonzero(borne)
    first, second = problem.n_lots + rows, problem.n_lots + n + rows
    return Decisions(
        lot=np.concatenate([made.lot, first, second]),
        line=np.concatenate([made.line, problem.n_lines + rows, m.line[rows]]),
        kind=np.concatenate([made.kind, np.full(2 * len(rows), PIN)]),
        kg=np.concatenate([kg, borne[rows], borne[rows]]),
    )


def _rest(problem: Problem, m: Movements) -> Lots:
    """Lots with what the movements leave of them."""
    gone = np.bincount(m.lot, weights=m.kg, minlength=problem.n_lots).astype(np.int64)
    lots = problem.lots
    return lots.replace(kg=lots.kg - gone, min_take_kg=np.maximum(0, lots.min_take_kg - gone))


def _to_hub(problem: Problem, m: Movements, product: IntArray) -> Lots:
    n = len(m.lot)
    return rows_of(problem.lots, m.lot).replace(
        id=np.array([f"to a hub {k}" for k in range(n)], dtype=object),
        product=product,
        grade=np.ones(n, dtype=np.int64),
        kg=m.kg,
        from_day=m.pickup_from_day,
        until_day=m.pickup_until_day,
        life_days=np.full(n, DAYS_OF_GRACE),
        min_take_kg=np.zeros(n, dtype=np.int64),
    )


def _from_hub(problem: Problem, m: Movements, product: IntArray) -> Lots:
    # What a plan is said to be worth is never more than it is.
    handling = np.ceil(problem.sites.handling_vnd_per_kg[m.hub]).astype(np.int64)
    return _to_hub(problem, m, product).replace(
        id=np.array([f"from a hub {k}" for k in range(len(m.lot))], dtype=object),
        site=m.hub,
        harvest=np.full(len(m.lot), NO_HARVEST),
        from_day=m.turning_day + 1,
        until_day=m.deliver_until_day,
        # Its life ends on the last day on which it may be delivered, whatever days the line itself admits.
        cut_on_pickup=np.zeros(len(m.lot), dtype=np.bool_),
        life_days=m.deliver_until_day - m.turning_day - 1 + problem.lines.min_life_days[m.line],
        ask_vnd_per_kg=m.gate_vnd_per_kg + handling,
    )


def _lines(problem: Problem, m: Movements, brought: IntArray, taken: IntArray) -> Lines:
    """The problem's lines, which now accept their second halves too, and a line at a hub for each first half."""
    lines, n, own = problem.lines, len(m.lot), problem.n_lines
    order = np.argsort(m.line, kind="stable")
    product = np.insert(lines.product, lines.product_start[m.line[order] + 1], taken[order])
    more = np.concatenate([[0], np.cumsum(np.bincount(m.line, minlength=own))])
    start = np.concatenate([lines.product_start + more, len(product) + 1 + np.arange(n)]).astype(np.int64)
    zero, none = np.zeros(n, dtype=np.int64), np.full(n, lines.require_start[-1] if own else 0)
    at_hub = {
        "id": np.array([f"at a hub {k}" for k in range(n)], dtype=object),
        "buyer": zero, "site": m.hub, "max_grade": zero + 1, "kg": m.kg, "from_day": m.pickup_from_day, "until_day": m.turning_day,
        "min_life_days": zero, "bid_vnd_per_kg": m.gate_vnd_per_kg, "min_fill_kg": zero, "max_suppliers": zero + NO_LIMIT,
        "min_supplier_kg": zero, "short_vnd_per_kg": zero,
    }  # fmt: skip
    return lines.replace(
        **{name: np.concatenate([getattr(lines, name), column]) for name, column in at_hub.items()},
        product=np.concatenate([product, brought]).astype(np.int64),
        product_start=start,
        require_start=np.concatenate([lines.require_start, none]).astype(np.int64),
    )


def _certificates(problem: Problem, m: Movements, product: IntArray) -> Certificates:
    """Certificates that let each second half to its line: the days of the movement keep to the real ones."""
    lines, suppliers = problem.lines, problem.lots.supplier[m.lot]
    first, counts = lines.require_start[m.line], np.diff(lines.require_start)[m.line]
    rows = np.repeat(first - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts) + np.arange(int(counts.sum()))
    day = np.full(len(rows), problem.horizon_from_day - DAYS_OF_GRACE)
    return problem.certificates.replace(
        supplier=np.repeat(suppliers, counts),
        product=np.repeat(product, counts),
        scheme=lines.require_scheme[rows],
        level=lines.require_level[rows],
        from_day=day,
        until_day=day + 2 * DAYS_OF_GRACE + problem.horizon_until_day - problem.horizon_from_day,
    )


def _pieces(brought: list[list[int]], taken: list[list[int]], kg: IntArray) -> IntArray:
    """Match what came with what went, in turn: rows of both allocations and kilograms, shape (n_pieces, 3)."""
    made = []
    for came, went in zip(brought, taken, strict=True):
        left = {row: int(kg[row]) for row in came}
        for row in went:
            wanted = int(kg[row])
            for source in came:
                part = min(wanted, left[source])
                if part > 0:
                    made.append((source, row, part))
                    left[source] -= part
                    wanted -= part
    return np.array(made, dtype=np.int64).reshape(-1, 3)


def _moved(place: IntArray, n_own: int, n_kept: int) -> IntArray:
    """New numbers of first and second lots, -1 for those left behind."""
    return np.concatenate([_placed(place, n_own), np.where(place >= 0, n_own + n_kept + place, -1)])


def _placed(place: IntArray, n_own: int) -> IntArray:
    return np.where(place >= 0, n_own + place, -1)


def _paired(first: IntArray, second: IntArray) -> IntArray:
    """Put two columns into one, turn by turn."""
    return np.stack([first, second], axis=1).reshape(-1)
