"""`Plan`: who delivers what to whom, on which truck, when; and `Result`: a plan with its proof and its reasons.

Shapes, days, minutes and units as in `matching.model.problem`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from matching.model.problem import FloatArray, IntArray, TextArray, _Table

CARRIER = -1
"""In `Trips.vehicle`: goods taken by the kilogram by a carrier instead of a truck."""

LOT, LINE = "lot", "line"
CLASS_RESOURCE, SITE_RESOURCE, CARRIER_RESOURCE = "class", "site", "carrier"


@dataclass(frozen=True, eq=False)
class Allocations(_Table):
    """Kilograms of a lot that go to a line; shape of each column (n_allocations,)."""

    lot: IntArray
    line: IntArray
    kg: IntArray
    pickup_day: IntArray
    delivery_day: IntArray


@dataclass(frozen=True, eq=False)
class Legs(_Table):
    """How an allocation travels: one leg, or two through a hub; shape (n_legs,)."""

    allocation: IntArray
    leg: IntArray  # 1, or 1 and 2 through a hub
    trip: IntArray
    from_site: IntArray
    to_site: IntArray


@dataclass(frozen=True, eq=False)
class Trips(_Table):
    """One truck's or carrier's journey; shape (n_trips,)."""

    vehicle: IntArray  # vehicle class, or CARRIER
    km: FloatArray
    cost_vnd: IntArray


@dataclass(frozen=True, eq=False)
class Stops(_Table):
    """The stops of truck trips, ordered by trip and seq; shape (n_stops,)."""

    trip: IntArray
    seq: IntArray  # from 1
    site: IntArray
    arrive_min: IntArray  # instants
    depart_min: IntArray


@dataclass(frozen=True, eq=False)
class Plan:
    """A complete set of decisions. An empty plan is a plan."""

    allocations: Allocations
    legs: Legs
    trips: Trips
    stops: Stops


class Status(StrEnum):
    """What is proven of a result."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    RELAXED = "relaxed"


class Termination(StrEnum):
    """Why a run ended."""

    PROOF = "proof"
    ITERATIONS = "iterations"
    TIME = "time"
    STOPPED = "stopped"


@dataclass(frozen=True, eq=False)
class Reasons(_Table):
    """One row for each lot and line not wholly used; shape (n_reasons,)."""

    subject: TextArray  # LOT or LINE
    index: IntArray  # row of the lot or line
    open_kg: IntArray
    reason: TextArray  # code from the closed list in matching.model.reasons
    detail: TextArray


@dataclass(frozen=True, eq=False)
class Prices(_Table):
    """What one more kilogram of a lot, or of a line's demand, would add; shape (n_prices,)."""

    subject: TextArray
    index: IntArray
    vnd_per_kg: FloatArray


@dataclass(frozen=True, eq=False)
class Scarce(_Table):
    """What a plan uses to its limit on a date; shape (n_scarce,)."""

    resource: TextArray  # CLASS_RESOURCE, SITE_RESOURCE or CARRIER_RESOURCE
    index: IntArray  # row of the vehicle class, the site or the road
    day: IntArray
    used: IntArray  # trips, or kg
    limit: IntArray
    vnd_per_unit: FloatArray  # what one more trip or kg would add there; nan where that isn't known


def no_scarce() -> Scarce:
    """Return a table without rows."""
    none, text, real = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=object), np.zeros(0)
    return Scarce(text, none, none.copy(), none.copy(), none.copy(), real)


@dataclass(frozen=True)
class Progress:
    """A moment of a run: what a call-back is given.

    Attributes
    ----------
    seconds : since the run began, on the caller's stopwatch.
    phase : one of ``funnel``, ``volumes``, ``trips``, ``improve``, ``bound``, ``verify``.
    objective_vnd, bound_vnd : best plan and best proof so far, None before there is one.
    """

    seconds: float
    phase: str
    objective_vnd: int | None
    bound_vnd: int | None


@dataclass(frozen=True, eq=False)
class Result:
    """What a run gives back: a verified plan, how good it is proven to be, and why things are left open.

    Attributes
    ----------
    objective_vnd : worth of the plan, recomputed by the verifier.
    bound_vnd : no plan can be worth more; None where nothing is proven.
    """

    plan: Plan
    objective_vnd: int
    bound_vnd: int | None
    status: Status
    termination: Termination
    seconds: float
    seed: int
    reasons: Reasons
    prices: Prices
    history: tuple[Progress, ...] = field(default=())
    scarce: Scarce = field(default_factory=no_scarce)

    @property
    def gap(self) -> float | None:
        """(bound − objective) ÷ |bound|, or None without a bound."""
        if self.bound_vnd is None:
            return None
        return (self.bound_vnd - self.objective_vnd) / max(1, abs(self.bound_vnd))
