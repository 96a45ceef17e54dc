"""Trip cost: a trip states the kilometres and the đồng that the tables give.

Reads: trips.km, trips.cost_vnd; vehicles.fixed_vnd, vehicles.vnd_per_km, vehicles.base_site; lanes.vnd_per_kg, lanes.fixed_vnd.
Formula: a truck's km is the sum over its hops, with the way from and to its base, and its cost is fixed_vnd + tariff(km),
rounded at the end; a carrier's cost is kg × vnd_per_kg, rounded, + fixed_vnd for the first trip of the lane and date.
|stated − computed| ≤ 0.011 km and 1 đồng.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matching.model.errors import Violation
from matching.rules._facts import PlanFacts
from matching.rules._flag import flag

if TYPE_CHECKING:
    from matching.exact.model import ExactModel

CODE = "trip_cost"
_SLACK_KM = 0.011
_SLACK_VND = 1


def check(facts: PlanFacts) -> list[Violation]:
    """Report trips that misstate their kilometres or cost."""
    trips, km, vnd = facts.trips, facts.trip_km, facts.trip_vnd
    wrong_km = facts.sound_truck & ~(np.abs(trips.km - km) <= _SLACK_KM)
    wrong_vnd = (facts.sound_truck | facts.carrier.exists) & (np.abs(trips.cost_vnd - vnd) > _SLACK_VND)
    return flag(CODE, wrong_km | wrong_vnd, facts.trip_name, lambda t: f"{km[t]:.2f} km {vnd[t]} VND")


def add(model: ExactModel) -> None:
    """Pay for each route driven, each kilogram carried, and each date on which a carrier is used."""
    roads = model.problem.roads
    for slot in model.slots:
        model.worth += [-route.cost_vnd * x for x, route in zip(slot.route, model.routes, strict=True)]
    for road, day in sorted({(flow.road, flow.day) for flow in model.flows if not flow.legs}):
        called = model.boolean(f"called[{road},{day}]")
        model.worth.append(-int(roads.fixed_vnd[road]) * called)
        for flow in (flow for flow in model.flows if (flow.road, flow.day) == (road, day)):
            model.cp.add_implication(flow.used, called)
            model.worth.append(-int(roads.vnd_per_kg[road]) * flow.kg)
