"""Changes by agreement: what both sides have confirmed is changed only where both agree, until the goods are loaded.

One side proposes less, more, other days or another price, with a reason; the other agrees or declines. Once both have agreed, the ledger,
the truck, the planned shipments and the sums follow, and the terms get their next version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from buyers.prices import recent_bids
from catalog.base import MAX_KG, MAX_VND_PER_KG
from catalog.errors import Conflict, Invalid, NotFound, fault
from catalog.models import Side
from catalog.prices import confirm_price
from catalog.tenancy import Scope, check_version, find, visible
from service.planning import models as m
from service.planning.errors import NotApproved, TermsBelowZero, TermsChanged
from service.planning.fulfilment import money
from service.planning.fulfilment.shipments import difference_vnd
from service.planning.joint import together
from service.planning.journal import Journal, before
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Act
from service.planning.proposals import edits, items
from service.planning.proposals.decisions import Chosen, for_side, one, side_of
from service.planning.proposals.items import tell
from service.planning.states import AmendmentState, Answer, FreightRisk, ProposalState, RejectSharing, ShipmentState
from service.planning.terms.answers import OWN_ANSWER, Consent, answer, require_channel, require_consent
from service.planning.terms.models import Amendment, Terms
from service.planning.terms.records import is_below_floor, latest_terms, next_version, repriced

AGREED = {Side.SUPPLY: ("supply_agreed_at", "supply_agreed_by"), Side.DEMAND: ("demand_agreed_at", "demand_agreed_by")}


@dataclass(frozen=True)
class WantedChange:
    """What is to change of confirmed terms; what is None stays. An odd price is asked about unless `confirmed`."""

    kg: int | None = None
    pickup_on: date | None = None
    delivery_on: date | None = None
    price_vnd_per_kg: int | None = None
    confirmed: bool = False


def amendments(scope: Scope, *, states: Sequence[AmendmentState] = ()) -> Select[Any]:
    """Select proposed changes; sort by ``created_at, id``."""
    query = visible(Amendment, scope)
    return query.where(Amendment.state.in_(states)) if states else query


def proposed_terms(session: Session, row: Amendment) -> dict[str, Any]:
    """Return the columns of terms that an amendment would change."""
    return _columns(session.get_one(Terms, row.terms_id), row)


def _columns(terms: Terms, row: Amendment) -> dict[str, Any]:
    changed = repriced(terms, kg=row.kg, price=row.price_vnd_per_kg, freight_vnd=row.freight_vnd, surcharge_vnd=row.surcharge_vnd)
    return {**changed, "pickup_on": row.pickup_on, "delivery_on": row.delivery_on}


def propose_change(
    session: Session, scope: Scope, chosen: Chosen, wanted: WantedChange, reason: str, act: Act, side: Side | None = None,
    consent: Consent = OWN_ANSWER,
) -> Amendment:  # fmt: skip
    """Propose to change what both sides have confirmed; the proposer agrees to it by proposing it.

    Raises
    ------
    NotApproved
        If both sides haven't confirmed the item, or its goods are loaded.
    Invalid
        If nothing would change, no reason is given, or a rule of the format would be broken.
    Conflict
        If a change of this item waits for an answer already.
    NeedsConfirmation
        If a new price looks mistyped.
    """
    acting = for_side(session, scope, find(session, scope, m.ProposalItem, chosen.uid), side, act)
    require_channel(scope, side, consent)
    if not reason.strip():
        raise Invalid([fault("reason", "", "why this is to change")])
    made: list[Amendment] = []

    def step(s: Session, journal: Journal, item: m.ProposalItem, version: int | None) -> None:
        mine = side_of(s, scope, item, side)
        check_version(item, version)
        require_agreed_only(s, item)
        terms = latest_terms(s, [item.id])[item.id]
        row = _drafted(s, scope, item, terms, wanted)
        row.reason, row.proposed_by_side, row.updated_by, row.created_at, row.updated_at = reason, mine, act.actor, act.at, act.at
        _agree(s, row, mine, consent, journal.act)
        s.add(row)
        s.flush()
        made.append(row)
        journal.note("amendment.propose", row, None)
        tell(s, journal, "promise.change_proposed", item, amendment=row.uid, side=mine.value)

    one(session, scope, chosen, acting, step)
    return made[0]


def require_agreed_only(session: Session, item: m.ProposalItem) -> m.Promise:
    """Return the promise of an item that both sides have confirmed and of which nothing is loaded.

    Raises
    ------
    NotApproved
        If it isn't so.
    """
    promise = items.promise_of(session, item)
    if item.state is not ProposalState.APPROVED or promise is None or not promise.confirmed_kg:
        raise NotApproved("both sides haven't confirmed this item, or it has been loaded")
    if promise.confirmed_kg != items.bound_kg(promise):
        raise NotApproved("goods of this item have been loaded")
    return promise


def _drafted(session: Session, scope: Scope, item: m.ProposalItem, terms: Terms, wanted: WantedChange) -> Amendment:
    standing = select(Amendment).where(Amendment.item_id == item.id, Amendment.state == AmendmentState.OPEN)
    found = session.scalars(standing).one_or_none()
    if found is not None:
        raise Conflict("a change of this item waits for an answer", found.updated_by, found.updated_at)
    kg = terms.kg if wanted.kg is None else wanted.kg
    price = terms.price_vnd_per_kg if wanted.price_vnd_per_kg is None else wanted.price_vnd_per_kg
    pickup, delivery = wanted.pickup_on or terms.pickup_on, wanted.delivery_on or terms.delivery_on
    if (kg, price, pickup, delivery) == (terms.kg, terms.price_vnd_per_kg, terms.pickup_on, terms.delivery_on):
        raise Invalid([fault("kg", kg, "something that changes")])
    if not (1 <= kg <= MAX_KG and 0 <= price <= MAX_VND_PER_KG):
        raise Invalid([fault("kg,price_vnd_per_kg", f"{kg}, {price}", "1 kg or more, and a price that is not negative")])
    if price != terms.price_vnd_per_kg:
        _refuse_shared(session, terms)
        confirm_price("price_vnd_per_kg", price, recent_bids(session, terms.product_id), confirmed=wanted.confirmed)
    freight = repriced(terms, kg=kg)["freight_vnd"]
    if (kg, pickup, delivery) != (terms.kg, terms.pickup_on, terms.delivery_on):
        edited = edits.check_edit(session, scope, item, edits.Edit(kg, pickup, delivery), None)
        freight = freight if edited.truck is None else edited.truck.own_vnd
    row = Amendment(
        association_id=terms.association_id, item_id=item.id, terms_id=terms.id, kg=kg, pickup_on=pickup, delivery_on=delivery,
        price_vnd_per_kg=price, surcharge_vnd=terms.surcharge_vnd, freight_vnd=freight,
    )  # fmt: skip
    _refuse_below_zero(item, _columns(terms, row))
    return row


def _refuse_shared(session: Session, terms: Terms) -> None:
    """Refuse another price for one lot of a joint offer that shares rejects: what is shared is paid at one price."""
    joint = together.joint_offer_of_promise(session, terms.promise_id)
    if joint is not None and joint.reject_sharing is RejectSharing.SHARED:
        raise Conflict("the lots of this joint offer share rejects and have one price", joint.updated_by, joint.updated_at)


def _refuse_below_zero(item: m.ProposalItem, columns: dict[str, Any]) -> None:
    if columns["supplier_vnd"] < 0:
        raise TermsBelowZero(item.uid, -columns["supplier_vnd"])


def _agree(session: Session, row: Amendment, side: Side, consent: Consent, act: Act) -> None:
    terms = session.get_one(Terms, row.terms_id)
    would_be = Terms(version=terms.version + 1, floor_vnd_per_kg=terms.floor_vnd_per_kg)
    would_be.kg, would_be.supplier_vnd = row.kg, _columns(terms, row)["supplier_vnd"]
    if is_below_floor(would_be) and not is_below_floor(terms):
        require_consent(would_be, side, Consent(None, consent.below_floor))
    at, by = AGREED[side]
    setattr(row, at, act.at)
    setattr(row, by, act.actor)


def answer_change(
    session: Session, scope: Scope, uid: str, act: Act, *, agrees: bool, note: str = "", version: int | None = None,
    side: Side | None = None, consent: Consent = OWN_ANSWER,
) -> Amendment:  # fmt: skip
    """Agree to a proposed change, which then holds, or decline it; the one who proposed it takes it back by declining.

    Raises
    ------
    Conflict
        If it has been answered already; says who and when.
    NotApproved
        If goods of the item have been loaded meanwhile.
    TermsChanged
        If the terms have changed since it was proposed.
    """
    row = find(session, scope, Amendment, uid)
    item = session.get_one(m.ProposalItem, row.item_id)
    acting = for_side(session, scope, item, side, act)
    require_channel(scope, side, consent)

    def step(s: Session, journal: Journal, locked: m.ProposalItem, _: int | None) -> None:
        mine = side_of(s, scope, locked, side)
        s.refresh(row)
        if row.state is not AmendmentState.OPEN:
            raise Conflict(f"this change is {row.state}", row.updated_by, row.updated_at)
        check_version(row, version)
        was = before(row)
        if agrees:
            _accept(s, journal, locked, row, mine, consent)
        else:
            row.state = AmendmentState.WITHDRAWN if row.proposed_by_side is mine else AmendmentState.DECLINED
            row.answer_note = note
            tell(s, journal, "promise.change_declined", locked, amendment=row.uid, side=mine.value)
        row.updated_by, row.updated_at = journal.act.actor, journal.act.at
        s.flush()
        journal.note("amendment.agree" if agrees else "amendment.decline", row, was)

    one(session, scope, Chosen(item.uid), acting, step)
    return row


def _accept(session: Session, journal: Journal, item: m.ProposalItem, row: Amendment, side: Side, consent: Consent) -> None:
    promise = require_agreed_only(session, item)
    terms = latest_terms(session, [item.id])[item.id]
    if terms.id != row.terms_id:
        raise TermsChanged("the terms have changed since this was proposed", terms.version, terms.made_by, terms.made_at)
    _agree(session, row, side, consent, journal.act)
    if row.supply_agreed_at is None or row.demand_agreed_at is None:
        return
    was = before(item)
    _move_kilograms(session, promise, row.kg - terms.kg, journal.act)
    _change_item(session, item, terms, row)
    row.state = AmendmentState.AGREED
    made = next_version(session, terms, journal.act, row.reason, **_columns(terms, row))
    promise.price_vnd_per_kg = made.price_vnd_per_kg
    items.touch(item, journal.act)
    session.flush()
    _follow(session, promise, journal.act, moved=(row.pickup_on, row.delivery_on) != (terms.pickup_on, terms.delivery_on))
    for each in (Side.SUPPLY, Side.DEMAND):
        answer(session, made, each, Answer.CONFIRMED, consent, journal.act)
    journal.note("proposal_item.amend", item, was)
    tell(session, journal, "promise.changed", item, promise=promise.uid, terms=made.version)


def _move_kilograms(session: Session, promise: m.Promise, more_kg: int, act: Act) -> None:
    if more_kg > 0:
        transitions.extend(session, promise.id, more_kg, act)
    elif more_kg < 0:
        transitions.cancel(session, promise.id, act, -more_kg)


def _change_item(session: Session, item: m.ProposalItem, terms: Terms, row: Amendment) -> None:
    if (row.kg, row.pickup_on, row.delivery_on) == (terms.kg, terms.pickup_on, terms.delivery_on):
        return
    scope = Scope(row.association_id)
    edits.write_edit(item, edits.check_edit(session, scope, item, edits.Edit(row.kg, row.pickup_on, row.delivery_on), None))


def _follow(session: Session, promise: m.Promise, act: Act, *, moved: bool) -> None:
    """Let planned shipments carry what is left of a promise: not more than is confirmed, and nothing of one that goes on another day."""
    aboard = select(m.ShipmentItem).join(m.Shipment, m.Shipment.id == m.ShipmentItem.shipment_id)
    aboard = aboard.where(m.ShipmentItem.promise_id == promise.id, m.Shipment.state == ShipmentState.PLANNED)
    left = 0 if moved else promise.confirmed_kg
    for item in session.scalars(aboard.order_by(m.ShipmentItem.id)).all():
        kept = min(item.kg, left)
        left -= kept
        if kept:
            item.kg = kept
        else:
            take_off(session, item, act)
    session.flush()


def take_off(session: Session, item: m.ShipmentItem, act: Act) -> None:
    """Take goods off a planned shipment; one that would carry nothing is cancelled instead, and keeps what it was planned for."""
    others = select(m.ShipmentItem.id).where(m.ShipmentItem.shipment_id == item.shipment_id, m.ShipmentItem.id != item.id)
    shipment = session.get_one(m.Shipment, item.shipment_id)
    if session.scalars(others.limit(1)).first() is None:
        shipment.state = ShipmentState.CANCELLED
    else:
        session.execute(delete(m.ShipmentItem).where(m.ShipmentItem.id == item.id))
    shipment.updated_by, shipment.updated_at = act.actor, act.at
    session.flush()


def ask_for_difference(session: Session, scope: Scope, shipment_uid: str, act: Act) -> list[Amendment]:
    """Ask those who bear the risk of an emptier truck for what it costs above their terms, as changes that they agree to or decline.

    Raises
    ------
    NotFound
        If the shipment isn't planned.
    Conflict
        If the goods pay for the truck, or the association bears the risk of all that is aboard.
    """
    shipment = find(session, scope, m.Shipment, shipment_uid)
    missing_vnd = difference_vnd(session, shipment)
    aboard = select(m.ProposalItem, m.ShipmentItem.kg).join(m.Promise, m.Promise.proposal_item_id == m.ProposalItem.id)
    aboard = aboard.join(m.ShipmentItem, m.ShipmentItem.promise_id == m.Promise.id).where(m.ShipmentItem.shipment_id == shipment.id)
    rows: list[tuple[m.ProposalItem, int]] = [(item, kg) for item, kg in session.execute(aboard.order_by(m.ProposalItem.id))]
    if shipment.state is not ShipmentState.PLANNED or not rows:
        raise NotFound("planned shipment", shipment_uid)
    found = latest_terms(session, [item.id for item, _ in rows])
    payable = [item for item, _ in rows if found[item.id].freight_risk is not FreightRisk.ASSOCIATION]
    if not missing_vnd or not payable:
        raise Conflict("nobody but the association is to pay for this truck")
    parts = money.share(missing_vnd, {item.id: kg for item, kg in rows})
    locked = items.locked(session, scope, [item.uid for item in payable])
    made = []
    with Journal(session, scope.association_id, act) as journal:
        for item in locked.values():
            require_agreed_only(session, item)
            row = _asked(session, item, found[item.id], parts[item.id], act)
            made.append(row)
            journal.note("amendment.propose", row, None)
            tell(session, journal, "promise.change_proposed", item, amendment=row.uid, side=Side.LOGISTICS.value)
    return made


def _asked(session: Session, item: m.ProposalItem, terms: Terms, missing_vnd: int, act: Act) -> Amendment:
    """Add the change by which a buyer, or both sides, pay for a part of an emptier truck; no supplier falls below its floor price."""
    spare = max(0, terms.supplier_vnd - terms.floor_vnd_per_kg * terms.kg)
    supplier_vnd = 0 if terms.freight_risk is FreightRisk.BUYER else min(missing_vnd // 2, spare)
    row = Amendment(
        association_id=terms.association_id, item_id=item.id, terms_id=terms.id, kg=terms.kg, pickup_on=terms.pickup_on,
        delivery_on=terms.delivery_on, price_vnd_per_kg=terms.price_vnd_per_kg, proposed_by_side=Side.LOGISTICS, reason=act.why,
        surcharge_vnd=terms.surcharge_vnd + missing_vnd - supplier_vnd, freight_vnd=terms.freight_vnd + missing_vnd,
        updated_by=act.actor, created_at=act.at, updated_at=act.at,
    )  # fmt: skip
    if not supplier_vnd:
        row.supply_agreed_at, row.supply_agreed_by = act.at, act.actor
    session.add(row)
    session.flush()
    return row
