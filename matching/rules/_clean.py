"""Take the rows out of a plan that point to nothing, so that every other rule can index without looking."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from matching.model.errors import Violation
from matching.model.plan import CARRIER, Allocations, Legs, Plan, Stops, Trips
from matching.model.problem import BoolArray, IntArray, Problem

CODE = "references"
Table = TypeVar("Table", Allocations, Legs, Trips, Stops)


@dataclass(frozen=True, eq=False)
class CleanPlan:
    """A plan whose references all hold, with stops and legs in order, and what was taken out.

    Attributes
    ----------
    allocation_row, trip_row : the row each one had in the plan as it was given.
    dangling : one violation for each row that was taken out.
    """

    plan: Plan
    allocation_row: IntArray
    trip_row: IntArray
    dangling: tuple[Violation, ...]


def clean(problem: Problem, plan: Plan) -> CleanPlan:
    """Return the plan without dangling rows, legs ordered by allocation and leg, stops by trip and seq."""
    a, t = plan.allocations, plan.trips
    keep_a = _within(a.lot, problem.n_lots) & _within(a.line, problem.n_lines)
    keep_t = _within(t.vehicle, problem.n_classes) | (t.vehicle == CARRIER)
    keep_leg = _legs_to_keep(problem, plan, keep_a, keep_t)
    keep_stop = _stops_to_keep(problem, plan, keep_t)
    dangling = _report("a", keep_a) + _report("t", keep_t) + _report("leg ", keep_leg) + _report("stop ", keep_stop)
    return CleanPlan(_pick(plan, keep_a, keep_t, keep_leg, keep_stop), np.flatnonzero(keep_a), np.flatnonzero(keep_t), tuple(dangling))


def _legs_to_keep(problem: Problem, plan: Plan, keep_a: BoolArray, keep_t: BoolArray) -> BoolArray:
    """Legs of a kept allocation and trip between two known sites, shape (n_legs,)."""
    legs = plan.legs
    sites = _within(legs.from_site, problem.n_sites) & _within(legs.to_site, problem.n_sites)
    return sites & _kept(legs.allocation, keep_a) & _kept(legs.trip, keep_t)


def _stops_to_keep(problem: Problem, plan: Plan, keep_t: BoolArray) -> BoolArray:
    """Stops of a kept truck trip at a known site, shape (n_stops,); a carrier has no stops."""
    trucks = keep_t & (plan.trips.vehicle != CARRIER)
    return _within(plan.stops.site, problem.n_sites) & _kept(plan.stops.trip, trucks)


def _within(row: IntArray, n: int) -> BoolArray:
    return np.asarray((row >= 0) & (row < n))


def _kept(row: IntArray, keep: BoolArray) -> BoolArray:
    """True where the row exists and is kept."""
    padded = np.append(keep, False)
    return np.asarray(padded[np.where(_within(row, len(keep)), row, len(keep))])


def _report(name: str, keep: BoolArray) -> list[Violation]:
    return [Violation(CODE, f"{name}{row + 1}") for row in np.flatnonzero(~keep).tolist()]


def _pick(plan: Plan, keep_a: BoolArray, keep_t: BoolArray, keep_leg: BoolArray, keep_stop: BoolArray) -> Plan:
    """Filter the four tables, renumber the references between them, and put legs and stops in order."""
    new_a, new_t = np.cumsum(keep_a) - 1, np.cumsum(keep_t) - 1
    leg = np.flatnonzero(keep_leg)
    leg = leg[np.lexsort((plan.legs.leg[leg], plan.legs.allocation[leg]))]
    stop = np.flatnonzero(keep_stop)
    stop = stop[np.lexsort((plan.stops.seq[stop], plan.stops.trip[stop]))]
    return Plan(
        allocations=_rows(plan.allocations, np.flatnonzero(keep_a)),
        legs=_rows(plan.legs, leg).replace(allocation=new_a[plan.legs.allocation[leg]], trip=new_t[plan.legs.trip[leg]]),
        trips=_rows(plan.trips, np.flatnonzero(keep_t)),
        stops=_rows(plan.stops, stop).replace(trip=new_t[plan.stops.trip[stop]]),
    )


def _rows(table: Table, rows: IntArray) -> Table:
    """Return the table with these rows alone, in this order."""
    return table.replace(**{spec.name: getattr(table, spec.name)[rows] for spec in dataclasses.fields(table)})
