"""What is shown of a plan: its figures, its trips with their stops and loads, its allocations, reasons and prices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from buyers.models import DemandLine
from catalog.models import Lot, Site, VehicleClass
from service.days import VIETNAM
from service.http.shapes import Out, References, shown
from service.planning.models import Plan, PlanAllocation, PlanLeg, PlanPrice, PlanReason, PlanStop, PlanTrip, Run
from service.planning.plans.scarce import scarce_days
from service.planning.states import PlanState

OUTLOOK = "outlook"
"""Where a plan's figures keep how sure it is."""
UID = "01k4h4m1r3v8w2x5y7z9abcdef"
EPOCH = datetime(1970, 1, 1, tzinfo=VIETNAM)


class ClassFigures(Out):
    """Trips of one class of trucks, or of carriers."""

    class_id: str = Field(description="Code of the class; `carrier` for goods sent by the kilogram.", examples=["truck-5t"])
    trips: int = Field(description="Trips.", examples=[12])
    km: float = Field(description="Kilometres of these trips.", examples=[1084.5])
    carried_kg: int = Field(description="What they carry, kg.", examples=[52_000])
    capacity_kg: int = Field(description="What they could carry, kg; 0 where there is no limit.", examples=[60_000])
    cost_vnd: int = Field(description="What they cost, đồng.", examples=[21_400_000])


class ProductFigures(Out):
    """Demand for one product, or for products that lines accept alike."""

    product: str = Field(description="Code of the product; several are joined by a slash.", examples=["lychee"])
    wanted_kg: int = Field(description="RequestContext for, kg.", examples=[80_000])
    matched_kg: int = Field(description="Served by the plan, kg.", examples=[71_000])
    open_kg: int = Field(description="Left open, kg.", examples=[9_000])


class PlanOut(Out):
    """A plan in its figures."""

    uid: str
    run: str | None = Field(description="Uid of the run that made it.", examples=[UID])
    state: PlanState = Field(description="`draft` until published, then `current`, then `superseded`.", examples=["current"])
    objective_vnd: int = Field(description="What the plan is worth, đồng; recomputed by the verifier.", examples=[812_000_000])
    bound_vnd: int | None = Field(description="No plan can be worth more, đồng; absent where nothing is proven.", examples=[830_000_000])
    gap: float | None = Field(description="(bound − worth) ÷ |bound|.", examples=[0.0217])
    status: str = Field(description="What is proven: `optimal`, `feasible`; or `relaxed` for volumes alone.", examples=["feasible"])
    termination: str = Field(description="Why the planner ended: `proof`, `iterations`, `time` or `stopped`.", examples=["time"])
    seconds: float = Field(description="How long the planner took, s.", examples=[60.0])
    seed: int = Field(description="The same seed makes the same choices.", examples=[7])
    engine: str = Field(description="Name and version of what made it.", examples=["mca 0.1.0"])
    input_digest: str = Field(description="SHA-256 of what it was made from.", examples=["0" * 64])
    goods_vnd: int | None = Field(description="Σ kg × (bid − ask), đồng.", examples=[910_000_000])
    freight_vnd: int | None = Field(description="What all trips cost, đồng.", examples=[88_000_000])
    short_vnd: int | None = Field(description="What is lost on demand not served, đồng.", examples=[0])
    other_vnd: int | None = Field(description="Handling at hubs and opening of sites, đồng.", examples=[10_000_000])
    offered_kg: int | None = Field(description="What was on offer, kg.", examples=[120_000])
    wanted_kg: int | None = Field(description="What was asked for, kg.", examples=[80_000])
    matched_kg: int | None = Field(description="What the plan brings together, kg.", examples=[71_000])
    trips: int | None = Field(description="Journeys of trucks and carriers.", examples=[18])
    published_at: datetime | None = Field(description="When it was put in force; null for a draft.", examples=["2027-06-06T09:30:00Z"])
    version: int
    created_at: datetime


class OutlookFigures(Out):
    """How sure a plan is, in all, as it was when the plan was made."""

    scenarios: int = Field(description="Scenarios that were drawn.", examples=[1_000])
    planned_kg: int = Field(description="What the plan brings all lines, kg.", examples=[71_000])
    committed_kg: int = Field(description="What of it arrives in nine scenarios of ten, line by line, kg.", examples=[60_000])
    expected_kg: int = Field(description="What of it arrives on the average, kg.", examples=[68_500])
    standby_kg: int = Field(description="What stands by where promises are unsure, kg.", examples=[5_000])


class ScarceOut(Out):
    """A truck class, a site or a carrier that the plan uses to its limit on a date."""

    resource: str = Field(description="`class`, `site` or `carrier`.", examples=["site"])
    code: str = Field(description="Code of the class or site; of a carrier, `from_site>to_site`.", examples=["b2"])
    day: date = Field(description="The date.", examples=["2027-06-09"])
    used: int = Field(description="Trips of a class, else kilograms.", examples=[120000])
    limit: int = Field(description="Most on that date.", examples=[120000])
    vnd_per_unit: float | None = Field(
        description="What one more trip or kilogram would add there, đồng; null where that isn't known.", examples=[1850.0]
    )


class PlanDetail(PlanOut):
    """A plan in its figures, by class of truck and by product, and whether it still holds."""

    classes: list[ClassFigures] = Field(description="Trips by class of truck.", examples=[[]])
    products: list[ProductFigures] = Field(description="Demand by product.", examples=[[]])
    warnings: list[str] = Field(description="What looks odd about what was planned.", examples=[[]])
    outlook: OutlookFigures | None = Field(
        description="Committed and expected tonnes, where harvests or suppliers are known to be unsure.", examples=[None]
    )
    scarce: list[ScarceOut] = Field(description="What the plan uses to its limit on a date, what is worth most first.", examples=[[]])
    stale: int = Field(
        description="Allocations whose lot, line or proofs have changed since; accepting one is refused with `plan_stale`.", examples=[0]
    )


class StopOut(Out):
    """A stop of a truck."""

    seq: int = Field(description="Place in the trip, from 1.", examples=[1])
    site: str
    site_name: str
    arrive: datetime = Field(description="Arrival, Vietnamese time.", examples=["2027-06-07T05:30:00+07:00"])
    depart: datetime = Field(description="Departure, Vietnamese time.", examples=["2027-06-07T06:00:00+07:00"])


class LoadOut(Out):
    """Goods of one allocation on a trip."""

    allocation: int = Field(description="Number of the allocation in its plan.", examples=[17])
    leg: int = Field(description="1, or 2 for the way on from a hub.", examples=[1])
    kg: int
    lot: str = Field(description="Code of the lot.", examples=["LOT-2027-0017"])
    line: str = Field(description="Code of the line.", examples=["LINE-2027-0004"])
    from_site: str
    to_site: str


class TripOut(Out):
    """A journey of a truck or a carrier."""

    number: int = Field(description="Number of the trip in its plan.", examples=[3])
    vehicle_class: str | None = Field(description="Code of the class of trucks; absent for a carrier.", examples=["truck-5t"])
    km: float
    cost_vnd: int = Field(description="What the trip costs, đồng.", examples=[1_850_000])
    stops: list[StopOut] = Field(description="The stops in their order; a carrier has none.", examples=[[]])
    loads: list[LoadOut] = Field(description="What it carries.", examples=[[]])


class AllocationOut(Out):
    """Kilograms of a lot that a plan sends to a line."""

    number: int = Field(description="Number of the allocation in its plan.", examples=[17])
    lot: str = Field(description="Uid of the lot.", examples=[UID])
    lot_code: str = Field(description="Code of the lot.", examples=["LOT-2027-0017"])
    line: str = Field(description="Uid of the line.", examples=[UID])
    line_code: str = Field(description="Code of the line.", examples=["LINE-2027-0004"])
    kg: int
    pickup_on: date | None = Field(description="Day of the pick-up; absent in a plan of volumes alone.", examples=["2027-06-07"])
    delivery_on: date | None = Field(description="Day of the delivery; absent in a plan of volumes alone.", examples=["2027-06-08"])


class ReasonOut(Out):
    """Why a lot or a line isn't wholly used."""

    subject: str = Field(description="`lot` or `line`.", examples=["line"])
    uid: str
    code: str
    open_kg: int = Field(description="What stays open, kg.", examples=[900])
    reason: str = Field(description="The reason's word in the list of reasons.", examples=["no_truck_pays"])
    detail: str = Field(description="The reason with its figures.", examples=["cheapest way costs 3,100 VND/kg, margin is 2,400"])


class PriceOut(Out):
    """What one more kilogram would add."""

    subject: str = Field(description="`lot` or `line`.", examples=["lot"])
    uid: str
    code: str
    vnd_per_kg: float = Field(description="What one more kilogram would add, đồng per kg.", examples=[5200.0])


def plan_out(plan: Plan, run_uid: str | None) -> PlanOut:
    """Return what is shown of a plan in a list."""
    return PlanOut.model_construct(**_fields(plan, run_uid))


def plan_detail(plan: Plan, run_uid: str | None, stale: int) -> PlanDetail:
    """Return what is shown of a plan by itself."""
    figures = plan.figures
    return PlanDetail.model_construct(
        **_fields(plan, run_uid),
        classes=[ClassFigures.model_construct(**row) for row in figures.get("classes", ())],
        products=[ProductFigures.model_construct(**row) for row in figures.get("products", ())],
        warnings=list(figures.get("warnings", ())),
        outlook=None if OUTLOOK not in figures else OutlookFigures.model_construct(**figures[OUTLOOK]),
        scarce=[ScarceOut.model_construct(**vars(one)) for one in scarce_days(plan)],
        stale=stale,
    )


def _fields(plan: Plan, run_uid: str | None) -> dict[str, Any]:
    gap = None if plan.bound_vnd is None else round((plan.bound_vnd - plan.objective_vnd) / max(1, abs(plan.bound_vnd)), 6)
    given = {"run": run_uid, "gap": gap}
    figures = {name: plan.figures.get(name) for name in PlanOut.model_fields if not hasattr(plan, name) and name not in given}
    own = {name: getattr(plan, name) for name in PlanOut.model_fields if hasattr(plan, name)}
    return {**own, **figures, **given}


def runs_of(session: Session, plans: Iterable[Plan]) -> dict[int | None, str | None]:
    """Return the uid of the run that made each plan, by the run's number."""
    return References(session).uids(Run, [plan.run_id for plan in plans])


def instant(minutes: int) -> datetime:
    """Return minutes since 1970 in Vietnamese local time as a moment."""
    return EPOCH + timedelta(minutes=minutes)


def trips_out(session: Session, trips: Sequence[PlanTrip]) -> list[TripOut]:
    """Return trips with their stops and loads."""
    numbers, refer = [trip.id for trip in trips], References(session)
    stops = session.scalars(select(PlanStop).where(PlanStop.trip_id.in_(numbers)).order_by(PlanStop.trip_id, PlanStop.seq)).all()
    a = PlanAllocation
    carried = select(PlanLeg, a.number, a.kg, a.lot_id, a.line_id).join(a, a.id == PlanLeg.allocation_id)
    loads = session.execute(carried.where(PlanLeg.trip_id.in_(numbers)).order_by(PlanLeg.trip_id, a.number, PlanLeg.leg)).all()
    classes = refer.codes(VehicleClass, [trip.vehicle_class_id for trip in trips])
    places = [stop.site_id for stop in stops] + [site for leg, *_ in loads for site in (leg.from_site_id, leg.to_site_id)]
    sites, names = refer.uids(Site, places), refer.names(Site, places)
    lots, lines = refer.codes(Lot, [row.lot_id for row in loads]), refer.codes(DemandLine, [row.line_id for row in loads])
    stops_of: dict[int, list[StopOut]] = {}
    for stop in stops:
        times = {"arrive": instant(stop.arrive_min), "depart": instant(stop.depart_min)}
        out = StopOut(seq=stop.seq, site=sites[stop.site_id], site_name=names[stop.site_id], **times)
        stops_of.setdefault(stop.trip_id, []).append(out)
    loads_of: dict[int, list[LoadOut]] = {}
    for leg, number, kg, lot, line in loads:
        ends = {"from_site": sites[leg.from_site_id], "to_site": sites[leg.to_site_id]}
        out_load = LoadOut(allocation=number, leg=leg.leg, kg=kg, lot=lots[lot], line=lines[line], **ends)
        loads_of.setdefault(leg.trip_id, []).append(out_load)
    return [
        shown(
            TripOut, trip, vehicle_class=classes[trip.vehicle_class_id], stops=stops_of.get(trip.id, []), loads=loads_of.get(trip.id, [])
        )
        for trip in trips
    ]  # fmt: skip


def allocations_out(session: Session, rows: Sequence[PlanAllocation]) -> list[AllocationOut]:
    """Return allocations with the names of their lots and lines."""
    refer, lots, lines = References(session), [row.lot_id for row in rows], [row.line_id for row in rows]
    lot, lot_code, line, line_code = (
        refer.uids(Lot, lots),
        refer.codes(Lot, lots),
        refer.uids(DemandLine, lines),
        refer.codes(DemandLine, lines),
    )
    return [
        shown(
            AllocationOut, row, lot=lot[row.lot_id], lot_code=lot_code[row.lot_id], line=line[row.line_id], line_code=line_code[row.line_id]
        )
        for row in rows
    ]  # fmt: skip


def _subjects(session: Session, rows: Sequence[PlanReason] | Sequence[PlanPrice]) -> list[dict[str, Any]]:
    """Return what each row speaks of."""
    refer = References(session)
    lots, lines = [row.lot_id for row in rows], [row.line_id for row in rows]
    lot, lot_code, line, line_code = (
        refer.uids(Lot, lots),
        refer.codes(Lot, lots),
        refer.uids(DemandLine, lines),
        refer.codes(DemandLine, lines),
    )
    return [
        {"subject": "line", "uid": line[row.line_id], "code": line_code[row.line_id]}
        if row.lot_id is None
        else {"subject": "lot", "uid": lot[row.lot_id], "code": lot_code[row.lot_id]}
        for row in rows
    ]


def reasons_out(session: Session, rows: Sequence[PlanReason]) -> list[ReasonOut]:
    """Return reasons with what they speak of."""
    return [shown(ReasonOut, row, **subject) for row, subject in zip(rows, _subjects(session, rows))]


def prices_out(session: Session, rows: Sequence[PlanPrice]) -> list[PriceOut]:
    """Return prices with what they speak of."""
    return [shown(PriceOut, row, **subject) for row, subject in zip(rows, _subjects(session, rows))]
