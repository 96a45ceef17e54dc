"""The rules of the exchange format, one file each.

A rule's file opens with the rule in one sentence, the columns it reads and its formula; then `CODE`, its stable name;
`check(facts)`, which finds every breach in a finished plan and is used by the verifier alone; and, where a mathematical
model has to be told, `add(model)`, what it adds to the exact model of `matching.exact`. A rule over all allocations of a lot
or line also has `couples(problem)`, the rows that it couples, and `slack(problem, use)`, what a plan leaves of its limit.
Files whose names begin with an underscore are no rules: they hold what rules share.

`RULES` lists them in the order in which violations are reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from matching.model.errors import Violation
from matching.rules import (
    access_hours,
    carrier_capacity,
    carriers,
    certificate,
    closed_dates,
    cold,
    count_per_day,
    decisions,
    delivery_dates,
    doors,
    empty_trip,
    grade,
    horizon,
    hub_order,
    indivisible,
    legs,
    line_quantity,
    lot_quantity,
    max_hours,
    max_stops,
    max_suppliers,
    min_fill,
    min_supplier,
    min_take,
    one_harvest,
    opening_hours,
    payload,
    pickup_dates,
    positive_kg,
    product,
    references,
    remaining_life,
    stop_dates,
    stop_duration,
    stop_list,
    stop_sequence,
    throughput,
    travel_time,
    trip_cost,
    volume,
)
from matching.rules._facts import PlanFacts

if TYPE_CHECKING:
    from matching.exact.model import ExactModel


class Rule(Protocol):
    """What every file of a rule offers: its stable name, and a function that returns every breach of it."""

    @property
    def CODE(self) -> str: ...  # noqa: N802  # a constant of the rule's module

    def check(self, facts: PlanFacts, /) -> list[Violation]: ...


class ModelledRule(Protocol):
    """A rule that the exact model has to be told."""

    @property
    def CODE(self) -> str: ...  # noqa: N802  # a constant of the rule's module

    def add(self, model: ExactModel, /) -> None: ...


RULES: tuple[Rule, ...] = (
    references,
    positive_kg,
    product,
    grade,
    pickup_dates,
    delivery_dates,
    remaining_life,
    certificate,
    lot_quantity,
    min_take,
    indivisible,
    one_harvest,
    line_quantity,
    min_fill,
    max_suppliers,
    min_supplier,
    decisions,
    legs,
    hub_order,
    stop_dates,
    empty_trip,
    stop_list,
    stop_sequence,
    max_stops,
    cold,
    payload,
    volume,
    doors,
    stop_duration,
    horizon,
    opening_hours,
    access_hours,
    travel_time,
    max_hours,
    count_per_day,
    carriers,
    closed_dates,
    carrier_capacity,
    throughput,
    trip_cost,
)

MODELLED: tuple[ModelledRule, ...] = (
    positive_kg,
    product,
    grade,
    pickup_dates,
    delivery_dates,
    remaining_life,
    certificate,
    lot_quantity,
    min_take,
    indivisible,
    one_harvest,
    line_quantity,
    min_fill,
    max_suppliers,
    min_supplier,
    decisions,
    hub_order,
    empty_trip,
    stop_sequence,
    max_stops,
    cold,
    payload,
    volume,
    doors,
    stop_duration,
    horizon,
    opening_hours,
    access_hours,
    travel_time,
    max_hours,
    count_per_day,
    closed_dates,
    carrier_capacity,
    throughput,
    trip_cost,
)
"""Those that have an `add`; what the others say is true of the exact model by construction."""
