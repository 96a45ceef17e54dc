"""What plans propose to a cooperative or a buyer: from whom, how much, which truck comes when; and the answer to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Select, select
from starlette.responses import Response

from catalog.errors import Invalid, fault
from catalog.models import Lot, Product, Side, Site, VehicleClass
from catalog.tenancy import find, visible
from service.auth.permissions import Permission
from service.models import Role
from service.planning import models as m
from service.planning.proposals import decisions
from service.planning.proposals.decisions import Chosen, Refusal
from service.planning.proposals.items import parties
from service.planning.states import AmendmentState, Channel, ProposalState, RejectReason
from service.planning.terms import amendments, objections
from service.planning.terms.amendments import WantedChange
from service.planning.terms.answers import Consent
from service.planning.terms.models import Amendment
from service.planning.terms.records import latest_terms
from service.views.amendments import amendments_out
from service.views.proposals import PartOut, parts_out
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader
from service.web.labels import kind, options
from service.web.lists import part
from service.web.pages import Pages
from service.web.usual_reasons import reason_in_words

pages = Pages("offers")
BROKERS_OWN = frozenset({RejectReason.FORBIDDEN.value, RejectReason.CANCELLED.value})
"""Reasons that no supplier or buyer gives."""


@dataclass(frozen=True)
class Truck:
    """What comes when: the class's code and payload, and the minute of the day at one's own site."""

    code: str
    payload_kg: int | None
    at_min: int


def side_of(visit: PageContext) -> Side:
    """Return the side that a visitor stands on; the association's people look from the suppliers' side unless they say otherwise."""
    return Side.DEMAND if visit.has_role(Role.PROCUREMENT) or "side=demand" in visit.query else Side.SUPPLY


@pages.get("/offers", may=Permission.PROPOSALS_READ)
def show_offers(visit: PageRequest, show: str = "waiting", tick: str = "") -> Response:
    """Show what waits for one's answer, what is agreed, or all of it; what waits may be ticked and confirmed together."""
    return _list(visit, show, ticked=tick == "all")


def _list(visit: PageContext, show: str = "waiting", *, ticked: bool = False) -> Response:
    side = side_of(visit)
    query = items_asked(visit, side)
    answered = m.ProposalItem.supplier_confirmed_at if side is Side.SUPPLY else m.ProposalItem.buyer_confirmed_at
    if show == "waiting":
        query = query.where(m.ProposalItem.state == ProposalState.APPROVED, answered.is_(None))
    elif show == "agreed":
        query = query.where(m.ProposalItem.state == ProposalState.APPROVED, answered.is_not(None))
    rows, following = part(visit, query, (m.ProposalItem.id,), rows=30, descending=True)
    return visit.show(
        "offers.html",
        items=parts_out(visit.session, rows, side) if rows else [],
        trucks=trucks(visit, rows, side),
        show=show,
        ticked=ticked,
        many=show == "waiting" and len(rows) > 1 and visit.scope.organisation_id is not None,
        following=following,
        supply=side is Side.SUPPLY,
        kind=kind,
        names=product_names(visit, rows),
    )


def items_asked(visit: PageContext, side: Side) -> Select[Any]:
    """Select the items that a visitor's side is asked about."""
    column = m.ProposalItem.supply_proposal_id if side is Side.SUPPLY else m.ProposalItem.demand_proposal_id
    seen = visible(m.Proposal, visit.scope).with_only_columns(m.Proposal.id).where(m.Proposal.side == side)
    return select(m.ProposalItem).where(column.in_(seen), m.ProposalItem.state != ProposalState.SUPERSEDED)


def product_names(visit: PageContext, rows: Sequence[m.ProposalItem]) -> dict[str, str]:
    """Return the names of products that items are of, by code."""
    query = select(Product.code, Product.name).join(Lot, Lot.product_id == Product.id).where(Lot.id.in_({row.lot_id for row in rows}))
    return dict(visit.session.execute(query.distinct()).all())


def trucks(visit: PageContext, rows: Sequence[m.ProposalItem], side: Side) -> dict[str, Truck]:
    """Return which truck comes to one's own site when, by the items' uids; a carrier by the kilogram has no clock."""
    leg, stop = m.PlanLeg, m.PlanStop
    here = leg.from_site_id if side is Side.SUPPLY else leg.to_site_id
    at = stop.depart_min if side is Side.DEMAND else stop.arrive_min
    query = select(leg.allocation_id, VehicleClass.code, VehicleClass.payload_kg, at, leg.leg)
    query = query.join(m.PlanTrip, m.PlanTrip.id == leg.trip_id).join(stop, (stop.trip_id == leg.trip_id) & (stop.site_id == here))
    query = query.outerjoin(VehicleClass, VehicleClass.id == m.PlanTrip.vehicle_class_id)
    query = query.where(leg.allocation_id.in_({row.allocation_id for row in rows}))
    found: dict[int, Truck] = {}
    for allocation, code, payload_kg, minute, number in visit.session.execute(query.order_by(leg.allocation_id, leg.leg)):
        # A supplier waits for the first truck, a buyer for the last.
        if side is Side.DEMAND or number == 1:
            found[allocation] = Truck(code or "", payload_kg, minute)
    classes = {row.id: row for row in visit.session.scalars(select(VehicleClass).where(VehicleClass.id.in_(_own_classes(rows))))}
    return {row.uid: one for row in rows if (one := _own(row, side, classes) or found.get(row.allocation_id)) is not None}


def _own_classes(rows: Sequence[m.ProposalItem]) -> set[int]:
    return {row.vehicle_class_id for row in rows if row.own_km is not None and row.vehicle_class_id is not None}


def _own(row: m.ProposalItem, side: Side, classes: dict[int, VehicleClass]) -> Truck | None:
    minute = row.own_load_min if side is Side.SUPPLY else row.own_unload_min
    if row.own_km is None or minute is None:
        return None
    found = classes.get(row.vehicle_class_id or 0)
    return Truck(found.code if found else "", found.payload_kg if found else None, minute)


@pages.get("/offers/{uid}", may=Permission.PROPOSALS_READ)
def show_offer(visit: PageRequest) -> Response:
    """Show one item with what can be answered."""
    return _offer(visit)


def _offer(visit: PageContext) -> Response:
    row = find(visit.session, visit.scope, m.ProposalItem, visit.params["uid"])
    side = side_of(visit)
    item: PartOut = parts_out(visit.session, [row], side)[0]
    lot = visit.session.get_one(Lot, row.lot_id)
    site = visit.session.get_one(Site, lot.site_id)
    return visit.show(
        "offer.html",
        item=item,
        truck=trucks(visit, [row], side).get(row.uid),
        supply=side is Side.SUPPLY,
        kind=kind,
        site=site,
        lot=lot,
        waits=_waits(visit, item),
        row=row,
        **_agreement(visit, row, item),
        reasons=options(RejectReason, visit, BROKERS_OWN),
        names=product_names(visit, [row]),
    )


def _agreement(visit: PageContext, row: m.ProposalItem, item: PartOut) -> dict[str, Any]:
    """Return what the page needs of terms: what can be confirmed for a side, objected to, proposed and answered."""
    own, confirms = visit.scope.organisation_id is not None, visit.principal.may(Permission.PROPOSALS_CONFIRM)
    untouched = item.state is ProposalState.APPROVED and not item.balance.loaded_kg
    agreed = untouched and bool(item.balance.promised_kg)
    open_changes = amendments.amendments(visit.scope, states=[AmendmentState.OPEN]).where(Amendment.item_id == row.id)
    found = visit.session.scalars(open_changes).all()
    changes = amendments_out(visit.session, found, item.side)
    answered = [AmendmentState.DECLINED, AmendmentState.WITHDRAWN]
    past = amendments.amendments(visit.scope, states=answered).where(Amendment.item_id == row.id).order_by(Amendment.id.desc()).limit(10)
    supplier, buyer = parties(visit.session, row)
    terms = latest_terms(visit.session, [row.id]).get(row.id)
    return {
        "speaks": not own and confirms and untouched and item.confirmed_at is None,
        "spoken_for": (supplier if item.side is Side.SUPPLY else buyer).name,
        "channels": options(Channel, visit, frozenset({Channel.SYSTEM.value})),
        "objects": own and untouched and item.confirmed_at is not None and item.channel not in (None, Channel.SYSTEM),
        "changes": changes,
        "past_changes": visit.session.scalars(past).all(),
        "new_prices": {one.uid: one.price_vnd_per_kg for one in found} if item.side is Side.DEMAND else {},
        "why": partial(reason_in_words, visit),
        "answers": own and confirms,
        "may_change": own and confirms and agreed and not changes,
        "price": "" if terms is None else terms.price_vnd_per_kg,
    }


def _waits(visit: PageContext, item: PartOut) -> bool:
    """Whether this visitor's answer is waited for."""
    open_ = item.state is ProposalState.APPROVED and item.confirmed_at is None
    return open_ and visit.principal.may(Permission.PROPOSALS_CONFIRM) and visit.scope.organisation_id is not None


@pages.post("/offers/{uid}/confirm", may=Permission.PROPOSALS_CONFIRM, audited=False, form=_offer)
def confirm(visit: PageRequest, uid: str) -> Response:
    """Confirm one's part of an item."""
    find(visit.session, visit.scope, m.ProposalItem, uid)
    read = Reader(visit.form)
    channel = read.text("channel", needed=visit.scope.organisation_id is None)
    consent = Consent(read.whole("terms"), below_floor=read.text("below_floor") == "1", channel=_channel(channel))
    version = read.whole("version")
    read.done()
    decisions.confirm(visit.session, visit.scope, Chosen(uid, version), visit.act("confirmed"), _speaks(visit), consent)
    return visit.go("/offers", visit.say("Confirmed. When the other side has confirmed as well, it is agreed."))


@pages.post("/offers/confirm", may=Permission.PROPOSALS_CONFIRM, audited=False, form=_list)
def confirm_many(visit: PageRequest) -> Response:
    """Confirm one's part of every item that is ticked, or of none of them."""
    read = Reader(visit.form)
    chosen = sorted(set(read.many("chosen")))
    if not chosen:
        read.wrong("chosen", "", "a value")
    read.done()
    for one in chosen:
        uid, _, version = one.partition(":")
        seen = int(version) if version.isdecimal() and len(version) < 10 else None
        decisions.confirm(visit.session, visit.scope, Chosen(uid, seen), visit.act("confirmed"), _speaks(visit))
    return visit.go("/offers", visit.say_many("%(num)s proposal is confirmed.", "%(num)s proposals are confirmed.", len(chosen)))


@pages.post("/offers/{uid}/refuse", may=Permission.PROPOSALS_CONFIRM, audited=False, form=_offer)
def refuse(visit: PageRequest, uid: str) -> Response:
    """Refuse one's part of an item; its kilograms go back on offer."""
    find(visit.session, visit.scope, m.ProposalItem, uid)
    read = Reader(visit.form)
    word, note = read.text("reason", needed=True), read.text("note") or ""
    read.done()
    if word not in set(RejectReason) - BROKERS_OWN:
        raise Invalid([fault("reason", word, "a value")])
    refusal = Refusal(RejectReason(word), note)
    decisions.refuse(visit.session, visit.scope, Chosen(uid, _version(visit)), refusal, visit.act(note or word or ""), _speaks(visit))
    return visit.go("/offers", visit.say("Refused. Its kilograms are on offer again."), "info")


def _channel(word: str | None) -> Channel:
    """Return how the side that one of the association's people speaks for has agreed; ``system`` where nobody speaks for another."""
    if word is None:
        return Channel.SYSTEM
    if word not in set(Channel):
        raise Invalid([fault("channel", word, "a value")])
    return Channel(word)


@pages.post("/offers/{uid}/change", may=Permission.PROPOSALS_CONFIRM, audited=False, form=_offer)
def propose_change(visit: PageRequest, uid: str) -> Response:
    """Propose to change what both sides have confirmed."""
    find(visit.session, visit.scope, m.ProposalItem, uid)
    read = Reader(visit.form)
    wanted = WantedChange(
        read.whole("kg", needed=True), read.day("pickup_on", needed=True), read.day("delivery_on", needed=True),
        read.whole("price_vnd_per_kg") if "price_vnd_per_kg" in visit.form else None,
        confirmed=read.flag("confirmed"),
    )  # fmt: skip
    reason, version = read.text("change_reason", needed=True, most=1000) or "", read.whole("version")
    read.done()
    amendments.propose_change(visit.session, visit.scope, Chosen(uid, version), wanted, reason, visit.act(reason))
    return visit.go(f"/offers/{uid}", visit.say("Proposed. What was agreed stands until the other side has answered."))


@pages.post("/changes/{uid}/agree", may=Permission.PROPOSALS_CONFIRM, audited=False)
def agree_to_change(visit: PageRequest, uid: str) -> Response:
    """Agree to a change that the other side has proposed."""
    return _answered(visit, uid, visit.say("Agreed."), agrees=True)


@pages.post("/changes/{uid}/decline", may=Permission.PROPOSALS_CONFIRM, audited=False)
def decline_change(visit: PageRequest, uid: str) -> Response:
    """Decline a change, or take back one's own."""
    return _answered(visit, uid, visit.say("Declined. What was agreed stands."), agrees=False)


def _answered(visit: PageContext, uid: str, said: str, *, agrees: bool) -> Response:
    read = Reader(visit.form)
    version, note = read.whole("version"), read.text("note", most=1000) or ""
    act = visit.act(note or "answered")
    row = amendments.answer_change(visit.session, visit.scope, uid, act, agrees=agrees, note=note, version=version)
    return visit.go(f"/offers/{visit.session.get_one(m.ProposalItem, row.item_id).uid}", said)


@pages.post("/offers/{uid}/object", may=Permission.PROPOSALS_CONFIRM, audited=False, form=_offer)
def object_to(visit: PageRequest, uid: str) -> Response:
    """Object to what somebody of the association has confirmed for one."""
    read = Reader(visit.form)
    note, version = read.text("note") or "", read.whole("version")
    objections.object_to_confirmation(visit.session, visit.scope, Chosen(uid, version), note, visit.act(note or "objected"))
    return visit.go("/offers", visit.say("Cancelled. Its kilograms are on offer again."), "info")


def _speaks(visit: PageContext) -> Side | None:
    """Return for whom one of the association's people speaks; an organisation speaks for itself."""
    return None if visit.scope.organisation_id is not None else side_of(visit)


def _version(visit: PageContext) -> int | None:
    return Reader(visit.form).whole("version")
