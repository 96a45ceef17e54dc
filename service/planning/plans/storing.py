"""A verified `Result` → rows: the plan with its trips, and its proposals, one for each supplier and each buyer.

Also the way back: a stored plan as a `Plan` of the engine, for checks and for downloads in the exchange format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, case, literal, or_, select, update
from sqlalchemy.orm import Session

from buyers.models import DemandLine
from catalog.models import Lot, Side
from matching.model.plan import CARRIER, LOT, Allocations, Legs, Plan, Prices, Reasons, Result, Status, Stops, Trips
from matching.model.problem import IntArray
from service.planning import models as m
from service.planning.bulk_insert import insert_rows
from service.planning.columns import EPOCH, day_numbers, day_of
from service.planning.models import LineBalance, LotBalance
from service.planning.plans.problem_builder import Loaded
from service.planning.plans.scarce import scarce_figures
from service.planning.states import PlanState, ProposalState
from service.webhooks import events

Ids = dict[int, int]


def store(
    session: Session,
    loaded: Loaded,
    result: Result,
    engine: str,
    run_id: int | None = None,
    *,
    figures: dict[str, Any] | None = None,
    overtaken: bool = False,
) -> m.Plan:
    """Store a plan and its proposals, and let it take the place of the association's current plan.

    Parameters
    ----------
    loaded : what the plan was made from; its digest and the versions of its lots and lines are kept with the plan.
    result : verified by the caller; `matching.verify` is the judge of that.
    engine : name and version of what made the plan.
    figures : what the verifier found.
    overtaken : what it was made from no longer holds; it is kept for reading, proposes nothing, and the current plan stays.
    """
    replaced = [] if overtaken else supersede(session, loaded.association_id)
    plan = m.Plan(
        association_id=loaded.association_id,
        run_id=run_id,
        state=PlanState.SUPERSEDED if overtaken else PlanState.CURRENT,
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
    _tell_replaced(session, plan, replaced)
    trips = _trips(session, plan.id, loaded, result.plan.trips)
    insert_rows(session, m.PlanStop, _stops(loaded, result.plan.stops, trips))
    allocations = _allocations(session, plan.id, loaded, result)
    insert_rows(session, m.PlanLeg, _legs(loaded, result.plan.legs, allocations, trips))
    insert_rows(session, m.PlanReason, _reasons(plan.id, loaded, result.reasons))
    insert_rows(session, m.PlanPrice, _prices(plan.id, loaded, result.prices))
    if result.status is not Status.RELAXED and not overtaken:
        _propose(session, plan, loaded, result)
        rebase(session, plan.id)
        _tell(session, plan)
    return plan


def _tell(session: Session, plan: m.Plan) -> None:
    """Tell every supplier and buyer of what is put to him."""
    mine = select(m.Proposal).where(m.Proposal.plan_id == plan.id, m.Proposal.state == ProposalState.PROPOSED).order_by(m.Proposal.id)
    told: list[tuple[dict[str, Any], dict[int, None]]] = [
        ({"proposal": proposal.uid, "plan": plan.uid, "side": proposal.side.value}, {proposal.organisation_id: None})
        for proposal in session.scalars(mine)
    ]
    events.emit_many(session, plan.association_id, "proposal.created", told)


def _tell_replaced(session: Session, plan: m.Plan, replaced: Sequence[int]) -> None:
    """Tell every supplier and buyer of the proposals to him whose open items a plan has taken the place of, and what is left of them."""
    columns = m.Proposal.uid, m.Plan.uid.label("plan"), m.Proposal.side, m.Proposal.state, m.Proposal.organisation_id
    found = select(*columns).join(m.Plan, m.Plan.id == m.Proposal.plan_id).where(m.Proposal.id.in_(replaced)).order_by(m.Proposal.id)
    told: list[tuple[dict[str, Any], dict[int, None]]] = [
        (
            {"proposal": row.uid, "plan": row.plan, "side": row.side.value, "state": row.state.value, "by": plan.uid},
            {row.organisation_id: None},
        )
        for row in session.execute(found)
    ]
    events.emit_many(session, plan.association_id, "proposal.superseded", told)


def supersede(session: Session, association_id: int) -> list[int]:
    """Mark the current plan as superseded, and with it the items that nobody has decided about yet.

    A proposal then says what is left of it: approved or rejected items, or none.

    Returns
    -------
    list
        Numbers of the proposals that had such items.
    """
    quiet = {"synchronize_session": False}
    plans = update(m.Plan).where(m.Plan.association_id == association_id, m.Plan.state == PlanState.CURRENT)
    session.execute(plans.values(state=PlanState.SUPERSEDED, version=m.Plan.version + 1).execution_options(**quiet))
    mine = select(m.Proposal.id).where(m.Proposal.association_id == association_id, m.Proposal.state == ProposalState.PROPOSED)
    asked = list(session.scalars(mine))
    items = update(m.ProposalItem).where(m.ProposalItem.supply_proposal_id.in_(asked), m.ProposalItem.state == ProposalState.PROPOSED)
    session.execute(items.values(state=ProposalState.SUPERSEDED, version=m.ProposalItem.version + 1).execution_options(**quiet))
    proposals = update(m.Proposal).where(m.Proposal.id.in_(asked))
    session.execute(proposals.values(state=_what_is_left(), version=m.Proposal.version + 1).execution_options(**quiet))
    session.expire_all()
    return asked


def _what_is_left() -> ColumnElement[Any]:
    """Return the state of a proposal none of whose items is proposed any more."""
    own = or_(m.ProposalItem.supply_proposal_id == m.Proposal.id, m.ProposalItem.demand_proposal_id == m.Proposal.id)

    def has(state: ProposalState) -> ColumnElement[bool]:
        return select(m.ProposalItem.id).where(own, m.ProposalItem.state == state).correlate(m.Proposal).exists()

    left = ((has(state), literal(state.value)) for state in (ProposalState.APPROVED, ProposalState.REJECTED))
    return case(*left, else_=literal(ProposalState.SUPERSEDED.value))


def rebase(session: Session, plan_id: int) -> int:
    """Supersede the items of a new plan for which people have left too little, or whose lot or line they have edited, while it was made.

    Returns
    -------
    int
        How many items that are.
    """
    i, gone = m.ProposalItem, set(stale_items(session, plan_id))
    query = select(
        i.id, i.allocation_id, i.lot_id, i.line_id, i.kg, LotBalance.offered_kg, LineBalance.quantity_kg - LineBalance.promised_kg
    )
    query = query.join(m.PlanAllocation, m.PlanAllocation.id == i.allocation_id).where(m.PlanAllocation.plan_id == plan_id)
    query = query.join(LotBalance, LotBalance.lot_id == i.lot_id).join(LineBalance, LineBalance.line_id == i.line_id)
    lots: Counter[int] = Counter()
    lines: Counter[int] = Counter()
    late: list[int] = []
    for item, allocation, lot, line, kg, offered, wanted in session.execute(query.order_by(i.id)):
        if allocation in gone or lots[lot] + kg > offered or lines[line] + kg > wanted:
            late.append(item)
        else:
            lots[lot] += kg
            lines[line] += kg
    for overtaken in session.scalars(select(i).where(i.id.in_(late))) if late else ():
        overtaken.state = ProposalState.SUPERSEDED
    session.flush()
    emptied = select(m.Proposal).where(m.Proposal.plan_id == plan_id, m.Proposal.state == ProposalState.PROPOSED)
    alive = or_(i.supply_proposal_id == m.Proposal.id, i.demand_proposal_id == m.Proposal.id) & (i.state == ProposalState.PROPOSED)
    for proposal in session.scalars(emptied.where(~select(i.id).where(alive).exists())):
        proposal.state = ProposalState.SUPERSEDED
    session.flush()
    return len(late)


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


def _propose(session: Session, plan: m.Plan, loaded: Loaded, result: Result) -> None:
    """Put each allocation to its supplier and to its buyer."""
    a = m.PlanAllocation
    columns = select(a.id, a.number, a.lot_id, a.line_id, a.kg, a.pickup_on, a.delivery_on).where(a.plan_id == plan.id)
    rows = session.execute(columns.order_by(a.number)).all()
    suppliers = _owner(session, Lot.id, Lot.supplier_id, [row.lot_id for row in rows])
    buyers = _owner(session, DemandLine.id, DemandLine.organisation_id, [row.line_id for row in rows])
    supply = _proposals(session, plan, Side.SUPPLY, [suppliers[row.lot_id] for row in rows])
    demand = _proposals(session, plan, Side.DEMAND, [buyers[row.line_id] for row in rows])
    trucks = _first_trucks(loaded, result)
    items = [
        {
            "allocation_id": row.id,
            "supply_proposal_id": supply[suppliers[row.lot_id]],
            "demand_proposal_id": demand[buyers[row.line_id]],
            "lot_id": row.lot_id,
            "line_id": row.line_id,
            "kg": row.kg,
            "pickup_on": row.pickup_on,
            "delivery_on": row.delivery_on,
            "vehicle_class_id": trucks.get(row.number),
        }
        for row in rows
    ]
    insert_rows(session, m.ProposalItem, items)


def _owner(session: Session, key: Any, owner: Any, ids: Sequence[int]) -> Ids:
    return dict(session.execute(select(key, owner).where(key.in_(set(ids)))).all())


def _proposals(session: Session, plan: m.Plan, side: Side, organisation_ids: Sequence[int]) -> Ids:
    made = {
        organisation: m.Proposal(association_id=plan.association_id, plan_id=plan.id, organisation_id=organisation, side=side)
        for organisation in sorted(set(organisation_ids))
    }
    session.add_all(made.values())
    session.flush()
    return {organisation: proposal.id for organisation, proposal in made.items()}


def _first_trucks(loaded: Loaded, result: Result) -> Ids:
    """Return the class of the truck that picks each allocation up; carriers have none."""
    legs, vehicle = result.plan.legs, result.plan.trips.vehicle
    first = legs.leg == 1
    pairs = zip(legs.allocation[first].tolist(), vehicle[legs.trip[first]].tolist())
    return {allocation: int(loaded.class_ids[v]) for allocation, v in pairs if v != CARRIER}


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


def stale_items(session: Session, plan_id: int) -> list[int]:
    """Return the allocations of a plan whose lot or line has been edited since the plan was made."""
    a = m.PlanAllocation
    query = select(a.id).join(Lot, Lot.id == a.lot_id).join(DemandLine, DemandLine.id == a.line_id).where(a.plan_id == plan_id)
    return list(session.scalars(query.where((Lot.version != a.lot_version) | (DemandLine.version != a.line_version)).order_by(a.id)))
