"""Terms that both sides confirm, changes of them by agreement, the association's dated rules, and its accounts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field
from sqlalchemy import select

from catalog.base import MAX_KG, MAX_VND_PER_KG
from catalog.given import Given
from catalog.models import Side
from catalog.tenancy import find
from service.api.proposals import SideIn, WhyIn, act_of, side_of
from service.auth.permissions import Permission
from service.days import today
from service.db import now
from service.http.context import Reading, RequestContext, Uid, Writing
from service.http.lists import Listing, Page, Part
from service.http.routing import Api
from service.http.shapes import Out
from service.planning import models as m
from service.planning.proposals.decisions import Chosen
from service.planning.states import Account, AmendmentState, FreightRisk
from service.planning.terms import accounts, amendments, objections, rules
from service.planning.terms.amendments import WantedChange
from service.planning.terms.models import Amendment, AssociationRule, Terms
from service.views.amendments import AmendmentOut, amendments_out
from service.views.proposals import PartOut, parts_out

UID = "01k4h4m1r3v8w2x5y7z9abcdef"
api = Api("terms", "What both sides agree to, how it is changed, and what the association earns and bears.")
AMENDMENTS = Listing("amendments", {"created_at": (Amendment.created_at, Amendment.id)}, "-created_at")


class TermsOut(Out):
    """One version of the terms of an item; a side sees its own sum alone."""

    version: int = Field(description="Version of these terms, 1 for the first.", examples=[1])
    kg: int
    pickup_on: date | None = Field(description="Day of the pick-up.", examples=["2027-06-07"])
    delivery_on: date | None = Field(description="Day of the delivery.", examples=["2027-06-08"])
    price_vnd_per_kg: int | None = Field(description="What the buyer pays, đồng per kg; not shown to the supplier.", examples=[25_000])
    buyer_vnd: int | None = Field(description="What the buyer pays, đồng; not shown to the supplier.", examples=[25_000_000])
    freight_vnd: int | None = Field(description="Its share of the trucks, đồng; the association's.", examples=[1_000_000])
    hub_vnd: int | None = Field(description="Handling, đồng; the association's.", examples=[0])
    fee_vnd: int | None = Field(description="The association's fee, đồng; the association's.", examples=[375_000])
    fee_per_mille: int | None = Field(description="The rate of the fee, thousandths; the association's.", examples=[15])
    surcharge_vnd: int | None = Field(description="What the buyer pays above the price, đồng; not shown to the supplier.", examples=[0])
    freight_risk: FreightRisk = Field(description="Who pays where a truck goes emptier than agreed.", examples=["association"])
    supplier_vnd: int | None = Field(description="What the supplier gets, đồng; not shown to the buyer.", examples=[23_625_000])
    why: str = Field(description="Why they were made.", examples=["decided"])
    made_at: datetime = Field(description="When they were made.", examples=["2027-06-07T05:00:00Z"])
    made_by: str = Field(description="Uid of the one who made them.", examples=[UID])


class TermsList(Out):
    """The versions of an item's terms."""

    items: list[TermsOut] = Field(description="The versions, the latest first; that one is in force.")


class ChangeIn(SideIn):
    """What is to change of what both sides have confirmed; what isn't named stays."""

    kg: int | None = Field(default=None, ge=1, le=MAX_KG, strict=True)
    pickup_on: date | None = Field(default=None, description="New day of the pick-up.", examples=["2027-06-08"])
    delivery_on: date | None = Field(default=None, description="New day of the delivery.", examples=["2027-06-08"])
    price_vnd_per_kg: int | None = Field(default=None, ge=0, le=MAX_VND_PER_KG, strict=True)
    reason: str = Field(min_length=1, max_length=1000)
    confirmed: bool = Field(default=False, description="That an odd price is meant.", examples=[False])


class AnswerIn(SideIn):
    """Whether a side agrees to a change."""

    agrees: bool = Field(description="True to agree, false to decline.", examples=[True])


class RuleOut(Out):
    """What the association takes and who bears the risk of an emptier truck, from a day on."""

    valid_from: date | None = Field(description="First day on which it holds; absent for the first fee.", examples=["2027-06-07"])
    fee_per_mille: int
    freight_risk: FreightRisk = Field(description="Who pays where a truck goes emptier than agreed.", examples=["association"])


class RulesOut(Out):
    """The rule in force today, and all that were stated."""

    today: RuleOut = Field(description="The rule for promises that are made today.")
    items: list[RuleOut] = Field(description="All that were stated, the latest day first.")


class RuleIn(Given):
    """A rule from a day on; what isn't named stays."""

    valid_from: date | None = Field(default=None, description="First day, today by default.", examples=["2027-07-01"])
    fee_per_mille: int | None = Field(default=None, ge=0, le=1000, strict=True)
    freight_risk: FreightRisk | None = Field(
        default=None, description="Who pays where a truck goes emptier than agreed.", examples=["shared"]
    )
    reason: str = Field(default="", max_length=1000)


class BalanceRow(Out):
    """What stands on an account."""

    account: Account = Field(description="The account.", examples=["freight"])
    vnd: int = Field(description="Đồng, debit above zero: on `freight` what trucks cost the association.", examples=[350_000])


class AccountsOut(Out):
    """The association's accounts; they add up to nothing."""

    items: list[BalanceRow] = Field(description="One for each account.")


class AmendmentsOut(Out):
    """Changes that were proposed together."""

    items: list[AmendmentOut] = Field(description="One for each item that is asked to pay.")


@api.get("/proposal-items/{uid}/terms", may=Permission.PROPOSALS_READ)
def list_terms(asked: Reading, uid: Uid) -> TermsList:
    """List the versions of an item's terms, the one in force first."""
    item = find(asked.session, asked.scope, m.ProposalItem, uid)
    rows = asked.session.scalars(select(Terms).where(Terms.item_id == item.id).order_by(Terms.version.desc()).limit(200)).all()
    return TermsList(items=[_terms_out(asked, row) for row in rows])


def _terms_out(asked: RequestContext, row: Terms) -> TermsOut:
    whole, sells, buys = _eyes(asked, row)
    return TermsOut.model_construct(
        version=row.version, kg=row.kg, pickup_on=row.pickup_on, delivery_on=row.delivery_on, freight_risk=row.freight_risk,
        price_vnd_per_kg=row.price_vnd_per_kg if buys else None, buyer_vnd=row.buyer_vnd if buys else None,
        surcharge_vnd=row.surcharge_vnd if buys else None, freight_vnd=row.freight_vnd if whole else None,
        hub_vnd=row.hub_vnd if whole else None, fee_vnd=row.fee_vnd if whole else None, fee_per_mille=row.fee_per_mille if whole else None,
        supplier_vnd=row.supplier_vnd if sells else None, why=row.why, made_at=row.made_at, made_by=row.made_by,
    )  # fmt: skip


def _eyes(asked: RequestContext, row: Terms) -> tuple[bool, bool, bool]:
    """Return whether the asker is the association, may see the supplier's sum, and the buyer's."""
    own = {asked.scope.organisation_id, *asked.scope.group_ids}
    whole = asked.scope.organisation_id is None
    return whole, whole or row.supplier_id in own, whole or row.buyer_id in own


@api.post("/proposal-items/{uid}/changes", may=Permission.PROPOSALS_CONFIRM, if_match=True, audited=False)
def propose_change(asked: Writing, uid: Uid, given: ChangeIn) -> AmendmentOut:
    """Propose to change what both sides have confirmed: less, more, another day or price, with a reason; until the goods are loaded."""
    wanted = WantedChange(given.kg, given.pickup_on, given.delivery_on, given.price_vnd_per_kg, given.confirmed)
    side, act = side_of(given.side), act_of(asked, given.reason)
    row = amendments.propose_change(asked.session, asked.scope, Chosen(uid, asked.version), wanted, given.reason, act, side, given.consent)
    return amendments_out(asked.session, [row], _looks_as(asked, row, side))[0]


@api.get("/amendments", may=Permission.PROPOSALS_READ)
def list_amendments(
    asked: Reading,
    part: Annotated[Part, AMENDMENTS.part()],
    state: Annotated[list[AmendmentState], Query(max_length=4, description="Only those in one of these states.", examples=[["open"]])] = [],  # noqa: B006
) -> Page[AmendmentOut]:
    """List proposed changes: the association's all, an organisation's those of its own items."""
    page = AMENDMENTS.page(asked, amendments.amendments(asked.scope, states=state), part, lambda row: row)
    shown = [amendments_out(asked.session, [row], _looks_as(asked, row, None))[0] for row in page.items]
    return Page[AmendmentOut].model_construct(items=shown, next_cursor=page.next_cursor)


@api.post("/amendments/{uid}/answer", may=Permission.PROPOSALS_CONFIRM, if_match=True, status=200, audited=False)
def answer_change(asked: Writing, uid: Uid, given: AnswerIn) -> AmendmentOut:
    """Agree to a proposed change, which then holds, or decline it."""
    side = side_of(given.side)
    row = amendments.answer_change(
        asked.session, asked.scope, uid, act_of(asked, given.why), agrees=given.agrees, note=given.why, version=asked.version, side=side,
        consent=given.consent,
    )  # fmt: skip
    return amendments_out(asked.session, [row], _looks_as(asked, row, side))[0]


def _looks_as(asked: RequestContext, row: Amendment, side: Side | None) -> Side:
    """Return the side from which an amendment is looked at; the association looks from the buyer's unless it speaks for the supplier."""
    if side is not None or asked.scope.organisation_id is None:
        return side or Side.DEMAND
    terms = asked.session.get_one(Terms, row.terms_id)
    return Side.SUPPLY if terms.supplier_id in {asked.scope.organisation_id, *asked.scope.group_ids} else Side.DEMAND


@api.post("/proposal-items/{uid}/object", may=Permission.PROPOSALS_CONFIRM, if_match=True, status=200, audited=False)
def object_to_confirmation(asked: Writing, uid: Uid, given: WhyIn) -> PartOut:
    """Take back what somebody of the association has confirmed for one's own side, until the goods are loaded."""
    act = act_of(asked, given.reason)
    item = objections.object_to_confirmation(asked.session, asked.scope, Chosen(uid, asked.version), given.reason, act)
    terms = asked.session.scalars(select(Terms).where(Terms.item_id == item.id).order_by(Terms.version.desc()).limit(1)).one()
    side = Side.SUPPLY if terms.supplier_id in {asked.scope.organisation_id, *asked.scope.group_ids} else Side.DEMAND
    return parts_out(asked.session, [item], side)[0]


@api.post("/shipments/{uid}/ask-for-difference", may=Permission.SHIPMENTS_WRITE, status=200, audited=False)
def ask_for_difference(asked: Writing, uid: Uid, given: WhyIn) -> AmendmentsOut:
    """Ask those who bear the risk of an emptier truck for what it costs above their terms; they agree or decline as to any change."""
    made = amendments.ask_for_difference(
        asked.session, asked.scope, uid, act_of(asked, given.reason or "the truck goes emptier than agreed")
    )
    return AmendmentsOut(items=amendments_out(asked.session, made, Side.DEMAND))


@api.get("/rules", may=Permission.SETTINGS_READ)
def list_rules(asked: Reading) -> RulesOut:
    """Show what the association takes and who bears the risk of an emptier truck, with the days from which it holds."""
    session, number = asked.session, asked.scope.association_id
    current = rules.rule_on(session, number, today(now(session)))
    found = RuleOut(valid_from=None, fee_per_mille=current.fee_per_mille, freight_risk=current.freight_risk)
    return RulesOut(today=found, items=[_rule_out(row) for row in rules.rules_of(session, number)])


@api.post("/rules", may=Permission.SETTINGS_WRITE, audited=False)
def state_rule(asked: Writing, given: RuleIn) -> RuleOut:
    """State the fee or the freight risk from a day on; it holds for promises that are made from then on, and for no earlier one."""
    act = act_of(asked, given.reason or "stated")
    return _rule_out(rules.state_rule(asked.session, asked.scope.association_id, act, **given.model_dump(exclude={"reason"})))


def _rule_out(row: AssociationRule) -> RuleOut:
    return RuleOut(valid_from=row.valid_from, fee_per_mille=row.fee_per_mille, freight_risk=row.freight_risk)


@api.get("/accounts", may=Permission.SETTLEMENTS_WRITE)
def show_accounts(asked: Reading) -> AccountsOut:
    """Show what stands on the association's accounts: freight, fees, differences, what is owed and what has been paid."""
    found = accounts.balances(asked.session, asked.scope.association_id)
    return AccountsOut(items=[BalanceRow(account=account, vnd=vnd) for account, vnd in found.items()])
