"""A verified `Result` → rows: a draft plan with its trips, allocations, reasons and prices.

Also the way back: a stored plan as a `Plan` of the engine, for checks and for downloads in the exchange format.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from matching.model.plan import CARRIER, LOT, Allocations, Legs, Plan, Prices, Reasons, Result, Status, Stops, Trips
from matching.model.problem import IntArray
from service.planning import models as m
from service.planning.bulk_insert import insert_rows
from service.planning.columns import EPOCH, day_numbers, day_of
from service.planning.plans.problem_builder import Loaded
from service.planning.plans.scarce import scarce_figures
from service.planning.states import PlanState

Ids = dict[int, int]


def store(
    session: Session,
    loaded: Loaded,
    result: Result,
    engine: str,
    run_id: int | None = None,
    *,
    figures: dict[str, Any] | None = None,
) -> m.Plan:
    """Store a plan as a draft; `service.runs.publishing` puts it in force.

    Parameters
    ----------
    loaded : what the plan was made from; its digest and the versions of its lots and lines are kept with the plan.
    result : verified by the caller; `matching.verify` is the judge of that.
    engine : name and version of what made the plan.
    figures : what the verifier found.
    """
    plan = m.Plan(
        association_id=loaded.association_id,
        run_id=run_id,
        state=PlanState.DRAFT,
        input_digest=loaded.problem.digest(),
        objective_vnd=result.objective_vnd,
        bound_vnd=result.bound_vnd,
        status=result.status.value,
        termination=result.termination.value,
        seconds=result.seconds,
        seed=result.seed,
        engine=engine,
        figures=(figures or {}) | scarce_figures(loaded.problem, result.scarce),
    )
    session.add(plan)
    session.flush()
    trips = _trips(session, plan.id, loaded, result.plan.trips)
    insert_rows(session, m.PlanStop, _stops(loaded, result.plan.stops, trips))
    allocations = _allocations(session, plan.id, loaded, result)
    insert_rows(session, m.PlanLeg, _legs(loaded, result.plan.legs, allocations, trips))
    insert_rows(session, m.PlanReason, _reasons(plan.id, loaded, result.reasons))
    insert_rows(session, m.PlanPrice, _prices(plan.id, loaded, result.prices))
    return plan


def _numbers(session: Session, model: Any, plan_id: int) -> Ids:
    return dict(session.execute(select(model.number, model.id).where(model.plan_id == plan_id)).all())


def _trips(session: Session, plan_id: int, loaded: Loaded, trips: Trips) -> Ids:
    rows = [
        {
            "plan_id": plan_id,
            "number": n,
            "vehicle_class_id": None if v == CARRIER else int(loaded.class_ids[v]),
            "km": float(km),
            "cost_vnd": int(cost),
        }
        for n, (v, km, cost) in enumerate(zip(trips.vehicle, trips.km, trips.cost_vnd))
    ]
    insert_rows(session, m.PlanTrip, rows)
    return _numbers(session, m.PlanTrip, plan_id)


def _stops(loaded: Loaded, stops: Stops, trips: Ids) -> list[dict[str, Any]]:
    columns = zip(
        stops.trip.tolist(), stops.seq.tolist(), loaded.site_ids[stops.site].tolist(), stops.arrive_min.tolist(), stops.depart_min.tolist()
    )
    return [{"trip_id": trips[t], "seq": seq, "site_id": site, "arrive_min": a, "depart_min": d} for t, seq, site, a, d in columns]


def _allocations(session: Session, plan_id: int, loaded: Loaded, result: Result) -> Ids:
    a, dated = result.plan.allocations, result.status is not Status.RELAXED
    rows = [
        {
            "plan_id": plan_id,
            "number": n,
            "lot_id": int(loaded.lot_ids[a.lot[n]]),
            "line_id": int(loaded.line_ids[a.line[n]]),
            "lot_version": int(loaded.lot_versions[a.lot[n]]),
            "line_version": int(loaded.line_versions[a.line[n]]),
            "kg": int(a.kg[n]),
            "pickup_on": day_of(a.pickup_day[n]) if dated else None,
            "delivery_on": day_of(a.delivery_day[n]) if dated else None,
        }
        for n in range(len(a.lot))
    ]
    insert_rows(session, m.PlanAllocation, rows)
    return _numbers(session, m.PlanAllocation, plan_id)


def _legs(loaded: Loaded, legs: Legs, allocations: Ids, trips: Ids) -> list[dict[str, Any]]:
    ends = zip(loaded.site_ids[legs.from_site].tolist(), loaded.site_ids[legs.to_site].tolist())
    columns = zip(legs.allocation.tolist(), legs.leg.tolist(), legs.trip.tolist(), ends)
    return [
        {"allocation_id": allocations[a], "leg": leg, "trip_id": trips[t], "from_site_id": f, "to_site_id": to}
        for a, leg, t, (f, to) in columns
    ]


def _subject(loaded: Loaded, subject: str, index: int) -> dict[str, int | None]:
    is_lot = subject == LOT
    return {"lot_id": int(loaded.lot_ids[index]) if is_lot else None, "line_id": None if is_lot else int(loaded.line_ids[index])}


def _reasons(plan_id: int, loaded: Loaded, reasons: Reasons) -> list[dict[str, Any]]:
    columns = zip(reasons.subject, reasons.index.tolist(), reasons.open_kg.tolist(), reasons.reason, reasons.detail)
    return [
        {"plan_id": plan_id, **_subject(loaded, s, i), "open_kg": kg, "reason": str(why), "detail": str(detail)}
        for s, i, kg, why, detail in columns
    ]


def _prices(plan_id: int, loaded: Loaded, prices: Prices) -> list[dict[str, Any]]:
    columns = zip(prices.subject, prices.index.tolist(), prices.vnd_per_kg.tolist())
    return [{"plan_id": plan_id, **_subject(loaded, subject, index), "vnd_per_kg": price} for subject, index, price in columns]


def read_plan(session: Session, plan_id: int, loaded: Loaded) -> Plan:
    """Return a stored plan in terms of a problem that holds every lot, line, site and class of it.

    Raises
    ------
    KeyError
        If the problem lacks one of them, because it has been closed or used up since.
    """
    lot, line, site, truck = (
        {int(number): place for place, number in enumerate(ids)}
        for ids in (loaded.lot_ids, loaded.line_ids, loaded.site_ids, loaded.class_ids)
    )
    allocations = session.scalars(
        select(m.PlanAllocation).where(m.PlanAllocation.plan_id == plan_id).order_by(m.PlanAllocation.number)
    ).all()
    trips = session.scalars(select(m.PlanTrip).where(m.PlanTrip.plan_id == plan_id).order_by(m.PlanTrip.number)).all()
    trip, allocation = {row.id: row.number for row in trips}, {row.id: row.number for row in allocations}
    legs = session.scalars(
        select(m.PlanLeg).where(m.PlanLeg.allocation_id.in_(allocation)).order_by(m.PlanLeg.allocation_id, m.PlanLeg.leg)
    ).all()
    stops = session.scalars(select(m.PlanStop).where(m.PlanStop.trip_id.in_(trip)).order_by(m.PlanStop.trip_id, m.PlanStop.seq)).all()
    return Plan(
        allocations=Allocations(
            lot=_array(lot[row.lot_id] for row in allocations),
            line=_array(line[row.line_id] for row in allocations),
            kg=_array(row.kg for row in allocations),
            pickup_day=day_numbers(row.pickup_on or EPOCH for row in allocations),
            delivery_day=day_numbers(row.delivery_on or EPOCH for row in allocations),
        ),
        legs=Legs(
            allocation=_array(allocation[row.allocation_id] for row in legs),
            leg=_array(row.leg for row in legs),
            trip=_array(trip[row.trip_id] for row in legs),
            from_site=_array(site[row.from_site_id] for row in legs),
            to_site=_array(site[row.to_site_id] for row in legs),
        ),
        trips=Trips(
            vehicle=_array(CARRIER if row.vehicle_class_id is None else truck[row.vehicle_class_id] for row in trips),
            km=np.array([row.km for row in trips], dtype=np.float64),
            cost_vnd=_array(row.cost_vnd for row in trips),
        ),
        stops=Stops(
            trip=_array(trip[row.trip_id] for row in stops),
            seq=_array(row.seq for row in stops),
            site=_array(site[row.site_id] for row in stops),
            arrive_min=_array(row.arrive_min for row in stops),
            depart_min=_array(row.depart_min for row in stops),
        ),
    )


def _array(values: Any) -> IntArray:
    return np.array(list(values), dtype=np.int64)
