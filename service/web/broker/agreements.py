"""One item as the association's people see it: both sides, every đồng of its terms, its answers, and what can be done for a side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from catalog.errors import Invalid, fault
from catalog.models import Product, Side
from catalog.tenancy import find
from service.auth.permissions import Permission
from service.http.context import Uid
from service.planning import models as m
from service.planning.fulfilment import shipments
from service.planning.proposals import decisions
from service.planning.proposals.decisions import Chosen, Refusal
from service.planning.states import AmendmentState, Answer, Channel, ProposalState, RejectReason, ShipmentState
from service.planning.terms import amendments
from service.planning.terms.amendments import WantedChange, proposed_terms
from service.planning.terms.answers import Consent
from service.planning.terms.models import Amendment, Terms, TermsAnswer
from service.planning.terms.records import is_below_floor
from service.views.proposals import ItemOut, item_out
from service.web.actors import actor_names
from service.web.broker.rejected import changes_in_words
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader
from service.web.labels import options
from service.web.pages import Pages
from service.web.texts import mark
from service.web.usual_reasons import reason_in_words

pages = Pages("agreements")
SIDES = (Side.SUPPLY, Side.DEMAND)
NOT_SAID = frozenset({RejectReason.FORBIDDEN.value, RejectReason.CANCELLED.value})
"""Reasons that no supplier or buyer gives."""
ANSWERS: dict[Answer, str] = {
    Answer.CONFIRMED: mark("confirmed"), Answer.DECLINED: mark("refused"), Answer.OBJECTED: mark("objected"),
}  # fmt: skip


@dataclass(frozen=True)
class Standing:
    """Where one side of an item stands.

    Attributes
    ----------
    may_answer : whether its answer is waited for and the visitor may give it.
    channel : how it confirmed; None if it hasn't.
    """

    side: Side
    name: str
    confirmed_at: datetime | None
    confirmed_by: str | None
    channel: Channel | None
    may_answer: bool


@dataclass(frozen=True)
class Change:
    """A proposed change beside the terms that it would change; `waits_for` names the sides whose answer is missing."""

    row: Amendment
    terms: Terms
    wanted: dict[str, Any]
    waits_for: tuple[Side, ...]
    harms_floor: bool


@pages.get("/promises/{uid}", may=Permission.PLANS_READ)
def show_agreement(visit: PageRequest) -> Response:
    """Show an item whole, with its history and what can be done."""
    return _agreement(visit)


def _agreement(visit: PageContext) -> Response:
    row = find(visit.session, visit.scope, m.ProposalItem, visit.params["uid"])
    item = item_out(visit.session, row)
    versions = visit.session.scalars(select(Terms).where(Terms.item_id == row.id).order_by(Terms.version.desc()).limit(100)).all()
    numbers = {one.id: one.version for one in versions}
    answers = visit.session.scalars(select(TermsAnswer).where(TermsAnswer.terms_id.in_(numbers)).order_by(TermsAnswer.id.desc())).all()
    changes = [_change(visit, one) for one in _changes_of(visit, row)]
    return visit.show(
        "broker/agreement.html", item=item, row=row, versions=versions, answers=answers, numbers=numbers, changes=changes,
        plan_made=visit.session.scalars(select(m.Plan.created_at).where(m.Plan.uid == item.plan)).one(),
        product=_product(visit, item), standing=_standings(visit, item, row, answers), trucks=_trucks(visit, row),
        terms=versions[0] if versions else None, said=ANSWERS, since=changes_in_words(visit, item.changed_since_rejection),
        speaks=visit.principal.may(Permission.PROPOSALS_CONFIRM), may_change=_may_change(visit, item, changes),
        may_take_back=visit.principal.may(Permission.PROPOSALS_DECIDE) and item.stage in ("approved", "confirmed"),
        sides=[(Side.SUPPLY.value, item.supplier_name), (Side.DEMAND.value, item.buyer_name)],
        channels=options(Channel, visit, frozenset({Channel.SYSTEM.value})), reasons=options(RejectReason, visit, NOT_SAID),
        why=partial(reason_in_words, visit), names=actor_names(visit, _actors(row, versions, answers, changes)),
    )  # fmt: skip


def _product(visit: PageContext, item: ItemOut) -> str:
    query = select(Product.name).where(Product.code == item.product, Product.association_id == visit.scope.association_id)
    return visit.session.scalars(query).first() or item.product


def _changes_of(visit: PageContext, row: m.ProposalItem) -> list[Amendment]:
    mine = amendments.amendments(visit.scope).where(Amendment.item_id == row.id).order_by(Amendment.id.desc()).limit(50)
    return list(visit.session.scalars(mine))


def _change(visit: PageContext, row: Amendment) -> Change:
    terms, wanted = visit.session.get_one(Terms, row.terms_id), proposed_terms(visit.session, row)
    agreed = {Side.SUPPLY: row.supply_agreed_at, Side.DEMAND: row.demand_agreed_at}
    waits_for = tuple(side for side in SIDES if agreed[side] is None) if row.state is AmendmentState.OPEN else ()
    falls = wanted["supplier_vnd"] < terms.floor_vnd_per_kg * row.kg and not is_below_floor(terms)
    return Change(row, terms, wanted, waits_for, falls)


def _standings(visit: PageContext, item: ItemOut, row: m.ProposalItem, answers: Any) -> list[Standing]:
    """Return where both sides stand, with how each has confirmed last."""
    channels: dict[Side, Channel] = {}
    for one in answers:
        if one.answer is Answer.CONFIRMED:
            channels.setdefault(one.side, one.channel)
    open_ = item.state is ProposalState.APPROVED and not item.balance.loaded_kg and visit.principal.may(Permission.PROPOSALS_CONFIRM)
    told = (
        (Side.SUPPLY, item.supplier_name, row.supplier_confirmed_at, row.supplier_confirmed_by),
        (Side.DEMAND, item.buyer_name, row.buyer_confirmed_at, row.buyer_confirmed_by),
    )
    return [Standing(side, name, at, by, channels.get(side) if at else None, open_ and at is None) for side, name, at, by in told]


def _may_change(visit: PageContext, item: ItemOut, changes: list[Change]) -> bool:
    agreed = item.state is ProposalState.APPROVED and bool(item.balance.promised_kg) and not item.balance.loaded_kg
    waits = any(one.row.state is AmendmentState.OPEN for one in changes)
    return agreed and not waits and visit.principal.may(Permission.PROPOSALS_CONFIRM)


def _trucks(visit: PageContext, row: m.ProposalItem) -> list[tuple[m.Shipment, int, int]]:
    """Return the shipments that carry an item: each with the item's kilograms aboard and what the goods don't pay of the truck."""
    aboard = select(m.Shipment, m.ShipmentItem.kg).join(m.ShipmentItem, m.ShipmentItem.shipment_id == m.Shipment.id)
    aboard = aboard.join(m.Promise, m.Promise.id == m.ShipmentItem.promise_id).where(m.Promise.proposal_item_id == row.id)
    found = visit.session.execute(aboard.order_by(m.Shipment.id)).all()
    missing = shipments.differences_vnd(visit.session, [one for one, _ in found if one.state is ShipmentState.PLANNED])
    return [(one, kg, missing.get(one.id, 0)) for one, kg in found]


def _actors(row: m.ProposalItem, versions: Any, answers: Any, changes: list[Change]) -> set[str]:
    named = {one.made_by for one in versions} | {one.said_by for one in answers} | {one.row.updated_by for one in changes}
    return named | {who for who in (row.supplier_confirmed_by, row.buyer_confirmed_by) if who}


@dataclass(frozen=True)
class _Spoken:
    """What a form says of the side that the visitor speaks for: which, how it agreed, and the version of the item that was seen."""

    side: Side
    consent: Consent
    version: int | None
    note: str


def _spoken(read: Reader, *, terms: bool = False) -> _Spoken:
    side, channel = read.text("side", needed=True), read.text("channel", needed=True)
    for name, value, known in (("side", side, {one.value for one in SIDES}), ("channel", channel, set(Channel) - {Channel.SYSTEM})):
        if value is not None and value not in known:
            read.wrong(name, value, "a value")
    note, version = read.text("note", most=1000) or "", read.whole("version", needed=True)
    seen = read.whole("terms") if terms else None
    below_floor = read.flag("below_floor")
    read.done()
    return _Spoken(Side(str(side)), Consent(seen, below_floor=below_floor, channel=Channel(str(channel)), note=note), version, note)


@pages.post("/promises/{uid}/confirm", may=Permission.PROPOSALS_CONFIRM, audited=False, form=_agreement)
def confirm_for(visit: PageRequest, uid: Uid) -> Response:
    """Confirm an item for a side that has agreed by telephone, by Zalo or in person."""
    find(visit.session, visit.scope, m.ProposalItem, uid)
    spoken = _spoken(Reader(visit.form), terms=True)
    act = visit.act(spoken.note or "confirmed")
    decisions.confirm(visit.session, visit.scope, Chosen(uid, spoken.version), act, spoken.side, spoken.consent)
    return visit.go(f"/promises/{uid}", visit.say("Confirmed. That side is told and can object until the goods are loaded."))


@pages.post("/promises/{uid}/refuse", may=Permission.PROPOSALS_CONFIRM, audited=False, form=_agreement)
def refuse_for(visit: PageRequest, uid: Uid) -> Response:
    """Refuse an item for a side that has said no."""
    find(visit.session, visit.scope, m.ProposalItem, uid)
    read = Reader(visit.form)
    word = read.text("reason", needed=True)
    spoken = _spoken(read)
    if word not in set(RejectReason) - NOT_SAID:
        raise Invalid([fault("reason", word, "a value")])
    refusal, act = Refusal(RejectReason(word), spoken.note), visit.act(spoken.note or word)
    decisions.refuse(visit.session, visit.scope, Chosen(uid, spoken.version), refusal, act, spoken.side, spoken.consent)
    return visit.go(f"/promises/{uid}", visit.say("Refused. Its kilograms are on offer again."), "info")


@pages.post("/promises/{uid}/change", may=Permission.PROPOSALS_CONFIRM, audited=False, form=_agreement)
def propose_for(visit: PageRequest, uid: Uid) -> Response:
    """Propose, for a side, to change what both sides have confirmed."""
    find(visit.session, visit.scope, m.ProposalItem, uid)
    read = Reader(visit.form)
    wanted = WantedChange(
        read.whole("kg", needed=True), read.day("pickup_on", needed=True), read.day("delivery_on", needed=True),
        read.whole("price_vnd_per_kg", needed=True), confirmed=read.flag("confirmed"),
    )  # fmt: skip
    reason = read.text("change_reason", needed=True, most=1000) or ""
    spoken = _spoken(read)
    chosen, act = Chosen(uid, spoken.version), visit.act(reason)
    amendments.propose_change(visit.session, visit.scope, chosen, wanted, reason, act, spoken.side, spoken.consent)
    return visit.go(f"/promises/{uid}", visit.say("Proposed. What was agreed stands until the other side has answered."))


@pages.post("/promises/{uid}/changes/{change}/agree", may=Permission.PROPOSALS_CONFIRM, audited=False, form=_agreement)
def agree_for(visit: PageRequest, uid: Uid, change: Uid) -> Response:
    """Agree to a proposed change for a side."""
    _answer(visit, uid, change, agrees=True)
    return visit.go(f"/promises/{uid}", visit.say("Agreed."))


@pages.post("/promises/{uid}/changes/{change}/decline", may=Permission.PROPOSALS_CONFIRM, audited=False, form=_agreement)
def decline_for(visit: PageRequest, uid: Uid, change: Uid) -> Response:
    """Decline a proposed change for a side, or take back what was proposed for it."""
    _answer(visit, uid, change, agrees=False)
    return visit.go(f"/promises/{uid}", visit.say("Declined. What was agreed stands."), "info")


def _answer(visit: PageContext, uid: str, change: str, *, agrees: bool) -> None:
    find(visit.session, visit.scope, m.ProposalItem, uid)
    find(visit.session, visit.scope, Amendment, change)
    spoken = _spoken(Reader(visit.form))
    amendments.answer_change(
        visit.session, visit.scope, change, visit.act(spoken.note or "answered"), agrees=agrees, note=spoken.note, version=spoken.version,
        side=spoken.side, consent=spoken.consent,
    )  # fmt: skip
