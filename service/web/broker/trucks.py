"""Trucks on their way and trips of a plan: what is aboard, when it stops, and the papers that go with it."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Path
from sqlalchemy import select
from starlette.responses import Response

from catalog.errors import NotFound
from catalog.models import Organisation, Side
from catalog.repository import organisations
from catalog.tenancy import find
from service.auth.permissions import Permission
from service.days import today
from service.db import now
from service.http.context import Uid
from service.paper import journeys
from service.planning import models as m
from service.planning.fulfilment import shipments
from service.planning.fulfilment.shipments import Hired
from service.planning.states import FreightRisk, ShipmentState
from service.planning.terms import amendments
from service.planning.terms.models import Amendment, Terms
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader
from service.web.lists import part
from service.web.pages import Pages

pages = Pages("trucks")
ROWS = 50
Number = Annotated[int, Path(ge=0, le=10**9)]
PAPERS = {"pick-list": Side.SUPPLY, "statement": None}


@pages.get("/shipments", may=Permission.SHIPMENTS_READ)
def list_shipments(visit: PageRequest, state: str = "") -> Response:
    """Show shipments, the newest first."""
    states = [ShipmentState(state)] if state in {one.value for one in ShipmentState} else []
    query = shipments.shipments(visit.scope, states=states)
    rows, more = part(visit, query, (m.Shipment.created_at, m.Shipment.id), rows=ROWS, descending=True)
    tabs = [(f"/shipments?state={one.value}", visit.word(one), state == one.value) for one in ShipmentState]
    tabs.insert(0, ("/shipments", visit.say("All"), not states))
    kg: dict[int, int] = {}
    for row in shipments.cargo_of(visit.session, [row.id for row in rows]):
        kg[row[0]] = kg.get(row[0], 0) + row[1].kg
    whole = visit.scope.organisation_id is None
    planned = [row for row in rows if row.state is ShipmentState.PLANNED] if whole else []
    missing = {number: vnd for number, vnd in shipments.differences_vnd(visit.session, planned).items() if vnd} if planned else {}
    return visit.show(
        "broker/shipments.html", rows=rows, kg=kg if whole else {}, more=more, tabs=tabs, papers=whole and _papers(visit), missing=missing
    )


def _papers(visit: PageContext) -> dict[str, object]:
    """Return what the form of papers about an organisation offers."""
    query = organisations(visit.scope).where(Organisation.side != Side.LOGISTICS).order_by(Organisation.sort_key).limit(2000)
    return {"organisations": [(row.uid, row.name) for row in visit.session.scalars(query)], "today": today(now(visit.session)).isoformat()}


@pages.get("/papers", may=Permission.PLANS_READ)
def open_paper(visit: PageRequest, what: str, organisation: str, first: str = "", last: str = "") -> Response:
    """Go to a paper about an organisation."""
    if what not in PAPERS:
        raise NotFound("paper", what[:40])
    uid = find(visit.session, visit.scope, Organisation, organisation).uid
    asked = {"language": visit.language, **{name: day for name, day in (("first", first), ("last", last)) if day}}
    return visit.go(f"/api/v1/organisations/{uid}/{what}?{urlencode(asked)}")


@pages.get("/shipments/{uid}", may=Permission.SHIPMENTS_READ)
def show_shipment(visit: PageRequest, uid: Uid) -> Response:
    """Show a shipment: what is aboard, where it stops, its papers, and what can be done with it."""
    journey = journeys.of_shipment(visit.session, visit.scope, uid)
    shipment = find(visit.session, visit.scope, m.Shipment, uid)
    base = f"/api/v1/shipments/{uid}"
    papers = [(f"{base}/delivery-note", visit.say("Delivery note")), (f"{base}/gate-slip", visit.say("Gate slip"))]
    return visit.show("broker/truck.html", journey=journey, shipment=shipment, papers=papers, plan=None, number=None,
                      missing_vnd=_missing_vnd(visit, shipment), can_ask=_can_ask(visit, shipment), asked=_asked(visit, shipment),
                      writes=visit.principal.may(Permission.SHIPMENTS_WRITE))  # fmt: skip


def _missing_vnd(visit: PageContext, shipment: m.Shipment) -> int:
    """Return what a planned shipment costs above what the goods aboard pay for it; the association alone is told."""
    told = visit.scope.organisation_id is None and shipment.state is ShipmentState.PLANNED
    return shipments.difference_vnd(visit.session, shipment) if told else 0


def _can_ask(visit: PageContext, shipment: m.Shipment) -> bool:
    """Return whether somebody but the association bears the risk of an emptier truck for goods aboard."""
    aboard = select(m.ShipmentItem.promise_id).where(m.ShipmentItem.shipment_id == shipment.id)
    others = select(Terms.id).where(Terms.promise_id.in_(aboard), Terms.freight_risk != FreightRisk.ASSOCIATION)
    return visit.session.scalars(others.limit(1)).first() is not None


def _asked(visit: PageContext, shipment: m.Shipment) -> list[tuple[str, str, Amendment, int]]:
    """Return who was asked to pay for an emptier truck: the item's uid, the buyer, the change, and what the buyer would pay more."""
    if visit.scope.organisation_id is not None:
        return []
    query = select(m.ProposalItem.uid, Organisation.name, Amendment, Amendment.surcharge_vnd - Terms.surcharge_vnd)
    query = query.join(Amendment, Amendment.item_id == m.ProposalItem.id).join(Terms, Terms.id == Amendment.terms_id)
    query = query.join(Organisation, Organisation.id == Terms.buyer_id).join(m.Promise, m.Promise.proposal_item_id == m.ProposalItem.id)
    query = query.join(m.ShipmentItem, m.ShipmentItem.promise_id == m.Promise.id).where(m.ShipmentItem.shipment_id == shipment.id)
    rows = visit.session.execute(query.where(Amendment.proposed_by_side == Side.LOGISTICS).order_by(Amendment.id.desc()).limit(50))
    return [(uid, name, change, int(vnd)) for uid, name, change, vnd in rows]


@pages.post("/shipments/{uid}/replan", may=Permission.SHIPMENTS_WRITE, audited=False)
def plan_again(visit: PageRequest, uid: Uid) -> Response:
    """Cancel a shipment that goes too empty, and go to where the next plan is started."""
    act = visit.act("the truck goes emptier than agreed")
    shipments.cancel(visit.session, visit.scope, uid, act, Reader(visit.form).whole("version", needed=True))
    said = visit.say("The shipment is cancelled; its goods stay promised. See what else can ride, then schedule the truck again.")
    return visit.go("/runs", said, "info")


@pages.post("/shipments/{uid}/ask", may=Permission.SHIPMENTS_WRITE, audited=False)
def ask_for_difference(visit: PageRequest, uid: Uid) -> Response:
    """Ask those who bear the risk of an emptier truck for what it costs above their terms."""
    made = amendments.ask_for_difference(visit.session, visit.scope, uid, visit.act("the truck goes emptier than agreed"))
    return visit.go(f"/shipments/{uid}", visit.say_many("%(num)s side is asked.", "%(num)s are asked.", len(made)))


@pages.get("/plans/{uid}/trips/{number}", may=Permission.PLANS_READ)
def show_trip(visit: PageRequest, uid: Uid, number: Number) -> Response:
    """Show a plan's trip before it rolls."""
    journey = journeys.of_trip(visit.session, visit.scope, uid, number)
    plan = find(visit.session, visit.scope, m.Plan, uid)
    query = select(m.Shipment).join(m.PlanTrip, m.PlanTrip.id == m.Shipment.trip_id)
    query = query.where(m.PlanTrip.plan_id == plan.id, m.PlanTrip.number == number, m.Shipment.state != ShipmentState.CANCELLED)
    papers = [(f"/api/v1/plans/{uid}/trips/{number}/sheet", visit.say("Driver's sheet"))]
    made = visit.session.scalars(query.order_by(m.Shipment.id.desc()).limit(1)).one_or_none()
    return visit.show("broker/truck.html", journey=journey, shipment=made, papers=papers, plan=plan, number=number, missing_vnd=0, asked=[],
                      writes=visit.principal.may(Permission.SHIPMENTS_WRITE))  # fmt: skip


@pages.post("/plans/{uid}/trips/{number}/ship", may=Permission.SHIPMENTS_WRITE, audited=False)
def plan_shipment(visit: PageRequest, uid: Uid, number: Number) -> Response:
    """Plan the shipment of a trip: its confirmed part, with the driver's particulars."""
    read = Reader(visit.form)
    most_of = {"plate": 20, "driver_name": 200, "driver_phone": 40}
    told: dict[str, Any] = {name: read.text(name, most=most) or "" for name, most in most_of.items()}
    read.done()
    made = shipments.plan_trip(visit.session, visit.scope, uid, number, Hired(**told), visit.act("shipment planned"))
    return visit.go(f"/shipments/{made.uid}", visit.say("The shipment is planned. Print its papers, and note when it is loaded."))


@pages.post("/shipments/{uid}/load", may=Permission.SHIPMENTS_WRITE, audited=False)
def load_shipment(visit: PageRequest, uid: Uid) -> Response:
    """Note that a shipment has been loaded as it was planned."""
    read = Reader(visit.form)
    version, accepted = read.whole("version"), read.whole("accepted_difference_vnd") or 0
    done = shipments.load(visit.session, visit.scope, uid, visit.act("loaded"), version, accepted_difference_vnd=accepted)
    return visit.go(f"/shipments/{done.uid}", visit.say("The shipment is on its way."))


@pages.post("/shipments/{uid}/cancel", may=Permission.SHIPMENTS_WRITE, audited=False)
def cancel_shipment(visit: PageRequest, uid: Uid) -> Response:
    """Cancel a shipment that no door has received of."""
    done = shipments.cancel(visit.session, visit.scope, uid, visit.act("cancelled"), Reader(visit.form).whole("version"))
    return visit.go(f"/shipments/{done.uid}", visit.say("The shipment is cancelled; its kilograms are confirmed again."), "info")
