"""`ExactModel`: the whole problem as one constraint model over integers, for tiny problems.

Problem data
    `Problem`, the routes of `matching.exact.routes`, and a number of slots: trucks that may be hired at most.

Decision variables
    route[s, r] ∈ {0, 1}: slot s drives route r; at most one.
    arrive[s, i], depart[s, i]: minutes after the horizon begins at which slot s begins and ends its stop at site i.
    on_day[s, i, d] ∈ {0, 1}: slot s stops at site i and arrives there on date d.
    kg[f] ∈ {0, 1, …}: mass of flow f: a lot, a line, and one truck, two trucks through a hub, or a carrier on a date.
    used[f] ∈ {0, 1}: flow f moves anything.

Formulation
    Each file of `matching.rules` that has an `add` puts in its own rule. What has none is true by construction: a flow has
    legs that lead from lot to line, its dates are those of its stops, and a carrier's flow has the carrier's dates.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from matching.exact.routes import Route
from matching.model.problem import HUB, MINUTES_PER_DAY, Problem

Var = Any
"""A variable, literal or linear expression of CP-SAT, which ships no types."""


@dataclass(frozen=True)
class Leg:
    """A flow's ride on one slot."""

    slot: int
    origin: int
    target: int


@dataclass(frozen=True)
class Flow:
    """One way in which a lot can reach a line.

    Attributes
    ----------
    legs : one, or two through a hub; none with a carrier.
    road, day : the carrier's road and pick-up date; -1 with trucks.
    """

    lot: int
    line: int
    kg: Var
    used: Var
    legs: tuple[Leg, ...] = ()
    road: int = -1
    day: int = -1


@dataclass
class Slot:
    """One truck that may be hired."""

    index: int
    route: list[Var]
    used: Var
    of_class: list[Var]
    visit: dict[int, Var] = field(default_factory=dict)
    arrive: dict[int, Var] = field(default_factory=dict)
    depart: dict[int, Var] = field(default_factory=dict)
    on_day: dict[tuple[int, int], Var] = field(default_factory=dict)


class ExactModel:
    """The variables that rules constrain, and the objective that they add to.

    Attributes
    ----------
    cp : the CP-SAT model.
    days : dates on which a stop may happen.
    worth : terms whose sum is the objective, VND.
    """

    def __init__(self, problem: Problem, routes: Sequence[Route], n_slots: int) -> None:
        self.problem, self.routes = problem, routes
        self.cp = cp_model.CpModel()
        self.days = range(problem.horizon_from_day, problem.horizon_until_day + 1)
        self.first_min = problem.horizon_from_day * MINUTES_PER_DAY
        self.n_min = len(self.days) * MINUTES_PER_DAY
        self.worth: list[Var] = []
        self.slots = [self._slot(n) for n in range(n_slots)]
        self.flows: list[Flow] = [*self._direct(), *self._through_hubs(), *self._carried()]
        self.on_slot: dict[int, list[tuple[Flow, Leg]]] = defaultdict(list)
        for flow in self.flows:
            for leg in flow.legs:
                self.on_slot[leg.slot].append((flow, leg))
        self._break_symmetry()

    # Words that rules use. -----------------------------------------------------------------------------------------

    def boolean(self, name: str) -> Var:
        """Return a new 0-1 variable."""
        return self.cp.new_bool_var(name)

    def forbid(self, flow: Flow) -> None:
        """Let a flow move nothing."""
        self.cp.add(flow.used == 0)

    def of_lot(self, lot: int) -> list[Flow]:
        return [flow for flow in self.flows if flow.lot == lot]

    def of_line(self, line: int) -> list[Flow]:
        return [flow for flow in self.flows if flow.line == line]

    def picked(self, flow: Flow) -> dict[int, Var]:
        """Return the literal of each date on which the flow may be picked up; one of them is true if it is used."""
        if not flow.legs:
            return {flow.day: flow.used}
        slot, site = self.slots[flow.legs[0].slot], flow.legs[0].origin
        return {day: slot.on_day[site, day] for day in self.days}

    def delivered(self, flow: Flow) -> dict[int, Var]:
        """Return the literal of each date on which the flow may be delivered; one of them is true if it is used."""
        if not flow.legs:
            return {flow.day + int(self.problem.roads.transit_days[flow.road]): flow.used}
        slot, site = self.slots[flow.legs[-1].slot], flow.legs[-1].target
        return {day: slot.on_day[site, day] for day in self.days}

    def not_all(self, *literals: Var) -> None:
        """Keep literals from being true together."""
        self.cp.add_bool_or([literal.negated() for literal in literals])

    def enough(self, flows: Sequence[Flow], least_kg: int, name: str) -> Var:
        """Let the flows move nothing, or at least so much together; return the literal of moving anything."""
        some = self.boolean(name)
        for flow in flows:
            self.cp.add_implication(flow.used, some)
        self.cp.add(sum(flow.kg for flow in flows) >= least_kg).only_enforce_if(some)
        return some

    def within(self, slot: Slot, site: int, opens: int, length: int, when: Sequence[Var], arrive_before_end: bool = False) -> None:
        """Let a stop lie in one of the daily windows that open at clock time ``opens`` and are ``length`` minutes long.

        Parameters
        ----------
        when : literals under which this holds.
        arrive_before_end : a stop of no minutes at the window's very end lies outside it.
        """
        begins = range(opens - 2 * MINUTES_PER_DAY, self.n_min, MINUTES_PER_DAY)
        self.within_one(slot, site, [(first, first + length) for first in begins if length > 0], when, arrive_before_end)

    def within_one(
        self, slot: Slot, site: int, stretches: Sequence[tuple[int, int]], when: Sequence[Var], arrive_before_end: bool = False
    ) -> None:
        """Let a stop lie in one of some stretches of time, given in minutes after the horizon begins; the rest is as in `within`."""
        choices = []
        for first, last in stretches:
            if last >= 0:
                choices.append(self.boolean(f"window[{slot.index},{site},{first}]"))
                self.cp.add(slot.arrive[site] >= first).only_enforce_if(choices[-1])
                self.cp.add(slot.depart[site] <= last).only_enforce_if(choices[-1])
                self.cp.add(slot.arrive[site] <= last - arrive_before_end).only_enforce_if(choices[-1])
        self.cp.add_bool_or([*choices, *(literal.negated() for literal in when)])

    def touches(self) -> Iterator[tuple[Flow, int, int, bool, Var]]:
        """Every possible loading and unloading: flow, site, date, loading, and the literal of that date."""
        for flow in self.flows:
            for leg in flow.legs:
                for site, loading in ((leg.origin, True), (leg.target, False)):
                    for day in self.days:
                        yield flow, site, day, loading, self.slots[leg.slot].on_day[site, day]
            if not flow.legs:
                for (day, literal), site, loading in (
                    (next(iter(self.picked(flow).items())), int(self.problem.lots.site[flow.lot]), True),
                    (next(iter(self.delivered(flow).items())), int(self.problem.lines.site[flow.line]), False),
                ):
                    yield flow, site, day, loading, literal

    # Variables. ----------------------------------------------------------------------------------------------------

    def _slot(self, n: int) -> Slot:
        route = [self.boolean(f"route[{n},{r}]") for r in range(len(self.routes))]
        of_class = [self.boolean(f"class[{n},{c}]") for c in range(self.problem.n_classes)]
        slot = Slot(n, route, self.boolean(f"used[{n}]"), of_class)
        self.cp.add(sum(route) == slot.used)
        for c, literal in enumerate(of_class):
            self.cp.add(sum(x for x, r in zip(route, self.routes, strict=True) if r.vehicle == c) == literal)
        for site in sorted({site for r in self.routes for site in r.sites}):
            self._stop(slot, site)
        return slot

    def _stop(self, slot: Slot, site: int) -> None:
        """A slot's stop at a site, if its route leads there."""
        name = f"[{slot.index},{site}]"
        slot.visit[site] = visit = self.boolean("visit" + name)
        self.cp.add(sum(x for x, r in zip(slot.route, self.routes, strict=True) if site in r.sites) == visit)
        slot.arrive[site] = arrive = self.cp.new_int_var(0, self.n_min - 1, "arrive" + name)
        slot.depart[site] = depart = self.cp.new_int_var(0, self.n_min - 1, "depart" + name)
        self.cp.add(depart >= arrive)
        for n, day in enumerate(self.days):
            slot.on_day[site, day] = literal = self.boolean(f"day{name}{day}")
            self.cp.add_linear_constraint(arrive, n * MINUTES_PER_DAY, (n + 1) * MINUTES_PER_DAY - 1).only_enforce_if(literal)
        self.cp.add(sum(slot.on_day[site, day] for day in self.days) == visit)

    def _flow(self, lot: int, line: int, **how: Any) -> Flow:
        p, n = self.problem, f"[{lot},{line},{how}]"
        kg = self.cp.new_int_var(0, int(min(p.lots.kg[lot], p.lines.kg[line])), "kg" + n)
        return Flow(lot, line, kg, self.boolean("used" + n), **how)

    def _pairs(self) -> Iterator[tuple[int, int, int, int]]:
        """Every lot and line with their sites."""
        p = self.problem
        for lot in range(p.n_lots):
            for line in range(p.n_lines):
                yield lot, line, int(p.lots.site[lot]), int(p.lines.site[line])

    def _direct(self) -> Iterator[Flow]:
        for lot, line, a, b in self._pairs():
            if a != b:
                for slot in self.slots:
                    yield self._flow(lot, line, legs=(Leg(slot.index, a, b),))

    def _through_hubs(self) -> Iterator[Flow]:
        hubs = np.flatnonzero(self.problem.sites.kind == HUB).tolist()
        for lot, line, a, b in self._pairs():
            for hub in hubs:
                for one in self.slots:
                    for two in self.slots:
                        if one is not two and hub not in (a, b):
                            yield self._flow(lot, line, legs=(Leg(one.index, a, hub), Leg(two.index, hub, b)))

    def _carried(self) -> Iterator[Flow]:
        p, roads = self.problem, self.problem.roads
        for lot, line, a, b in self._pairs():
            for road in np.flatnonzero((roads.from_site == a) & (roads.to_site == b) & ~np.isnan(roads.vnd_per_kg)).tolist():
                for day in range(int(p.lots.from_day[lot]), int(p.lots.until_day[lot]) + 1):
                    yield self._flow(lot, line, road=road, day=day)

    def _break_symmetry(self) -> None:
        """Slots are alike: let the numbers of their routes fall."""
        numbers = [sum((r + 1) * x for r, x in enumerate(slot.route)) for slot in self.slots]
        for one, two in itertools.pairwise(numbers):
            self.cp.add(one >= two)
