"""Proposals and the decisions about them: approve, reject, edit, pin, forbid, undo, confirm, refuse, cancel, plan again around them.

The use-cases note their own deeds in the audit trail, many at once where many items are decided together; hence ``audited=False``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from buyers.models import DemandLine
from catalog.base import MAX_KG
from catalog.given import Given
from catalog.models import Lot, Organisation, Side
from catalog.tenancy import find
from service.auth.permissions import Permission
from service.http import problems
from service.http.context import Reading, RequestContext, Uid, Writing
from service.http.lists import Listing, Page, Part, of_row, only
from service.http.naming import called
from service.http.routing import Api
from service.http.shapes import Out
from service.planning import models as m
from service.planning.ledger.transitions import Act
from service.planning.pins import single as decisions
from service.planning.proposals import decisions as proposal_decisions
from service.planning.proposals import edits, effects, items, undo
from service.planning.proposals.decisions import Chosen, Outcome, Refusal
from service.planning.states import Channel, DecisionKind, ProposalState, RejectReason, RunState
from service.planning.terms.answers import Consent
from service.runs import resolving
from service.views.proposals import (
    DecisionOut,
    ItemOut,
    PartOut,
    ProposalDetail,
    ProposalOut,
    decisions_out,
    item_out,
    items_out,
    parts_out,
    proposal_detail,
    proposals_out,
)

api = Api("proposals", "What plans ask of suppliers and offer to buyers, and what people have decided about it.")
PROPOSALS = Listing("proposals", {"created_at": (m.Proposal.created_at, m.Proposal.id)}, "-created_at")
ITEMS = Listing("proposal-items", {"id": (m.ProposalItem.id,)}, "id")
DECISIONS = Listing("decisions", {"created_at": (m.Decision.created_at, m.Decision.id)}, "-created_at")
MOST_AT_ONCE = 1000
PlanFilter = Annotated[
    str,
    Query(
        pattern="^([0-9a-hjkmnp-tv-z]{26})?$", description="Only those of the plan of this uid.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"]
    ),
]
States = Annotated[list[ProposalState], Query(max_length=4, description="Only those in one of these states.", examples=[["proposed"]])]


class SpeaksFor(StrEnum):
    """The side that somebody of the association speaks for."""

    SUPPLY = "supply"
    DEMAND = "demand"


class SpokenBy(StrEnum):
    """How a side told the one who speaks for it."""

    TELEPHONE = "telephone"
    ZALO = "zalo"
    IN_PERSON = "in_person"


class WhyIn(Given):
    """Why something is done, for the trail."""

    reason: str = Field(default="", max_length=1000)


class RefusalIn(Given):
    """Why an item is turned down."""

    reason: RejectReason = Field(description="Why, in a word of the list; `other` needs a note.", examples=["price"])
    note: str = Field(default="", max_length=2000)


class SideIn(Given):
    """What a side agrees to, and for whom somebody of the association speaks; an organisation speaks for itself and leaves that out."""

    side: SpeaksFor | None = Field(default=None, description="The side that is spoken for.", examples=["supply"])
    channel: SpokenBy | None = Field(default=None, description="How the side that is spoken for has agreed.", examples=["telephone"])
    terms: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        strict=True,
        description="Version of the terms that was seen; If-Match names it, too.",
        examples=[1],
    )
    below_floor: bool = Field(default=False, description="That less than the floor price is agreed to.", examples=[False])
    why: str = Field(default="", max_length=1000)

    @property
    def consent(self) -> Consent:
        """Return what the side agrees to."""
        return Consent(self.terms, self.below_floor, Channel(self.channel.value) if self.channel else Channel.SYSTEM, self.why)


class PartRefusalIn(RefusalIn):
    """Why a side refuses its part."""

    side: SpeaksFor | None = Field(default=None, description="The side that is spoken for.", examples=["demand"])


class EditIn(Given):
    """What changes of an item; what isn't named stays."""

    kg: int | None = Field(default=None, ge=1, le=MAX_KG, strict=True)
    pickup_on: date | None = Field(default=None, description="New day of the pick-up.", examples=["2027-06-08"])
    delivery_on: date | None = Field(default=None, description="New day of the delivery.", examples=["2027-06-08"])
    vehicle_class: str | None = Field(
        default=None, min_length=1, max_length=100, description="Code of the class of truck that carries it alone.", examples=["8t"]
    )
    note: str | None = Field(default=None, max_length=2000)
    reason: str = Field(default="", max_length=1000)


class ChosenIn(Given):
    """One of many items, and the version of it that was seen."""

    uid: str = Field(pattern="^[0-9a-hjkmnp-tv-z]{26}$")
    version: int = Field(ge=1, le=10**12, strict=True)


class Verb(StrEnum):
    """What is done with many items."""

    APPROVE = "approve"
    REJECT = "reject"
    PIN = "pin"
    UNDO = "undo"


class DecideIn(Given):
    """Many items that are decided together."""

    action: Verb = Field(description="What is done with them.", examples=["approve"])
    items: tuple[ChosenIn, ...] = Field(min_length=1, max_length=MOST_AT_ONCE, description="The items, each once.")
    partial: bool = Field(default=False, description="Whether those that can be decided are, where others can't.", examples=[False])
    reason: RejectReason | None = Field(default=None, description="Why they are rejected.", examples=["price"])
    note: str = Field(default="", max_length=2000)


class Trial(StrEnum):
    """What is tried out."""

    APPROVE = "approve"
    REJECT = "reject"
    PIN = "pin"
    UNDO = "undo"
    EDIT = "edit"


class PreviewIn(Given):
    """A decision that is tried out."""

    action: Trial = Field(description="What is tried out.", examples=["reject"])
    items: tuple[ChosenIn, ...] = Field(min_length=1, max_length=MOST_AT_ONCE, description="The items, each once.")
    reason: RejectReason | None = Field(default=None, description="Why they would be rejected.", examples=["price"])
    change: EditIn | None = Field(default=None, description="What would change, for `edit`.", examples=[{"kg": 500}])
    note: str = Field(default="", max_length=2000)


class PartyOut(Out):
    """What a decision means for one side of the market."""

    uid: str = Field(description="Uid of the organisation.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    name: str
    side: Side
    kg: int = Field(description="Kilograms more that it sells or gets; negative for fewer.", examples=[-500])
    vnd: int = Field(description="Đồng more that it gets or pays; negative for less.", examples=[-12_400_000])


class EffectsOut(Out):
    """Who would gain and lose by a decision, and what it would cost."""

    parties: list[PartyOut] = Field(description="Those for whom something changes, the largest change first.")
    kg: int = Field(description="Kilograms more that are brought together; negative for fewer.", examples=[-500])
    fee_vnd: int = Field(description="Đồng more for the association; negative for less.", examples=[-198_450])
    freight_vnd: int = Field(description="Đồng more for trucks; negative for less.", examples=[0])
    worth_vnd: int = Field(
        description="What it adds to the plan's worth, đồng: goods less freight; negative for a loss.", examples=[-6_000_000]
    )


class ResultOut(Out):
    """What became of one of many items."""

    uid: str
    status: int = Field(description="The status that it would have got alone.", examples=[200])
    code: str | None = Field(description="What refused it, if anything did.", examples=["plan_stale"])
    detail: str | None = Field(description="The refusal in words.", examples=["the lot LOT-2027-0017 has changed since the plan was made"])
    who: str | None = Field(description="Who was first, where somebody was.", examples=["Nguyễn Thị Lan"])
    item: ItemOut | None = Field(description="The item as it is now, if it was decided.", examples=[None])


class ResultsOut(Out):
    """What became of each of many items."""

    results: list[ResultOut] = Field(description="One for each item, in the order in which they were sent.")


class DecisionIn(Given):
    """A pin or a forbid of a pair."""

    lot: str = Field(pattern="^[0-9a-hjkmnp-tv-z]{26}$", description="Uid of the lot.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    line: str = Field(pattern="^[0-9a-hjkmnp-tv-z]{26}$", description="Uid of the demand line.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    kind: DecisionKind = Field(description="pin: bring at least `kg`; forbid: bring nothing.", examples=["pin"])
    kg: int = Field(default=0, ge=0, le=MAX_KG, strict=True, description="Least mass of a pin; 0 for a forbid.", examples=[500])
    reason_code: str = Field(default="", max_length=100, description="Why, in a word.", examples=["contract"])
    note: str = Field(default="", max_length=2000)


class ResolveIn(Given):
    """How long the new run may take, and a note for it."""

    time_limit_s: float | None = Field(default=None, gt=0, le=86_400, description="Time limit, s.", examples=[30.0])
    note: str = Field(default="", max_length=500)


class ResolveOut(Out):
    """The new run, and what it keeps."""

    run: str = Field(description="Uid of the run; follow it at `/runs/{uid}`.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    state: RunState = Field(description="Where the run stands.", examples=["queued"])
    items: int = Field(description="Approved items that stay as they are.", examples=[12])
    kg: int
    decisions: int = Field(description="Pins and forbids that the new plan keeps.", examples=[3])


@api.get("/proposals", may=Permission.PROPOSALS_READ)
def list_proposals(
    asked: Reading,
    part: Annotated[Part, PROPOSALS.part()],
    plan: PlanFilter = "",
    state: States = [],  # noqa: B006
    side: Annotated[SpeaksFor | None, Query(description="Only those of this side.", examples=["supply"])] = None,
    organisation: Annotated[str | None, only("those put to the organisation")] = None,
) -> Page[ProposalOut]:
    """List proposals: the association's all, an organisation's its own."""
    query = items.proposals(asked.scope, plan=plan, states=state, side=side_of(side))
    query = of_row(asked, query, m.Proposal.organisation_id, Organisation, organisation)
    page = PROPOSALS.page(asked, query, part, _as_it_is)
    return Page[ProposalOut].model_construct(items=proposals_out(asked.session, page.items), next_cursor=page.next_cursor)


@api.get("/proposals/{uid}", may=Permission.PROPOSALS_READ)
def get_proposal(asked: Reading, uid: Uid) -> ProposalDetail:
    """Show a proposal with its items, as its side sees them."""
    asked.if_none_match = None
    return proposal_detail(asked.session, find(asked.session, asked.scope, m.Proposal, uid))


@api.post("/proposals/{uid}/confirm", may=Permission.PROPOSALS_CONFIRM, if_match=True, status=200, audited=False)
def confirm_proposal(asked: Writing, uid: Uid, given: SideIn) -> ProposalDetail:
    """Confirm this side's part of every approved item of a proposal that waits for an answer; all of them or none."""
    act, side = act_of(asked, given.why), _side(asked, uid)
    proposal_decisions.confirm_proposal(asked.session, asked.scope, uid, act, asked.version, side, given.consent)
    return proposal_detail(asked.session, find(asked.session, asked.scope, m.Proposal, uid))


def _side(asked: RequestContext, uid: str) -> Side:
    return find(asked.session, asked.scope, m.Proposal, uid).side


@api.get("/proposal-items", may=Permission.PLANS_READ)
def list_proposal_items(
    asked: Reading,
    part: Annotated[Part, ITEMS.part()],
    plan: PlanFilter = "",
    state: States = [],  # noqa: B006
    lot: Annotated[str | None, only("items of the lot")] = None,
    line: Annotated[str | None, only("items for the demand line")] = None,
) -> Page[ItemOut]:
    """List the items of all proposals, in the plans' order."""
    query = of_row(asked, items.items(asked.scope, plan=plan, states=state), m.ProposalItem.lot_id, Lot, lot)
    page = ITEMS.page(asked, of_row(asked, query, m.ProposalItem.line_id, DemandLine, line), part, _as_it_is)
    return Page[ItemOut].model_construct(items=items_out(asked.session, page.items), next_cursor=page.next_cursor)


@api.get("/proposal-items/{uid}", may=Permission.PLANS_READ)
def get_proposal_item(asked: Reading, uid: Uid) -> ItemOut:
    """Show an item with its money and how far it has come."""
    asked.if_none_match = None
    return item_out(asked.session, find(asked.session, asked.scope, m.ProposalItem, uid))


@api.post("/proposal-items/{uid}/approve", may=Permission.PROPOSALS_DECIDE, if_match=True, status=200, audited=False)
def approve_proposal_item(asked: Writing, uid: Uid, given: WhyIn) -> ItemOut:
    """Approve an item: its kilograms are held until both sides confirm, or the hold runs out.

    Refused with `plan_stale` if the plan has been superseded, or its supply or demand has changed since; with `already_decided` or
    `lot_overcommitted` if somebody was first, naming who and when.
    """
    chosen = Chosen(uid, asked.version)
    return item_out(
        asked.session,
        proposal_decisions.approve(asked.session, asked.scope, chosen, act_of(asked, given.reason), asked.settings.hold_minutes),
    )


@api.post("/proposal-items/{uid}/reject", may=Permission.PROPOSALS_DECIDE, if_match=True, status=200, audited=False)
def reject_proposal_item(asked: Writing, uid: Uid, given: RefusalIn) -> ItemOut:
    """Reject an item, with a reason; kilograms that were held go back on offer."""
    refusal = Refusal(given.reason, given.note)
    return item_out(
        asked.session, proposal_decisions.reject(asked.session, asked.scope, Chosen(uid, asked.version), refusal, act_of(asked, given.note))
    )


@api.patch("/proposal-items/{uid}", may=Permission.PROPOSALS_DECIDE, audited=False)
def edit_proposal_item(asked: Writing, uid: Uid, given: EditIn) -> ItemOut:
    """Change an item's kilograms, dates or truck.

    The change is judged by every rule of the format; one that breaks a rule is refused by the rule's name. With other dates or another
    truck the item leaves its trip and gets a truck of its own. Both sides are asked again, and the money is reckoned anew.
    """
    change = edits.Edit(**given.model_dump(exclude={"reason"}))
    act, hold = act_of(asked, given.reason), asked.settings.hold_minutes
    return item_out(asked.session, edits.edit(asked.session, asked.scope, Chosen(uid, asked.version), change, act, hold))


@api.post("/proposal-items/{uid}/pin", may=Permission.PROPOSALS_DECIDE, if_match=True, status=200, audited=False)
def pin_proposal_item(asked: Writing, uid: Uid, given: WhyIn) -> ItemOut:
    """Pin an item: every later plan brings at least its kilograms from its lot to its line.

    Pins that no plan can keep together are refused with `pins_conflict` and a smallest set of them that conflicts.
    """
    return item_out(asked.session, decisions.pin(asked.session, asked.scope, Chosen(uid, asked.version), act_of(asked, given.reason)))


@api.post("/proposal-items/{uid}/forbid", may=Permission.PROPOSALS_DECIDE, if_match=True, status=200, audited=False)
def forbid_proposal_item(asked: Writing, uid: Uid, given: WhyIn) -> ItemOut:
    """Forbid an item's pair: it is rejected, and no later plan brings its lot to its line."""
    chosen, act = Chosen(uid, asked.version), act_of(asked, given.reason)
    return item_out(asked.session, decisions.forbid(asked.session, asked.scope, chosen, act, given.reason))


@api.post("/proposal-items/{uid}/undo", may=Permission.PROPOSALS_DECIDE, if_match=True, status=200, audited=False)
def undo_proposal_item(asked: Writing, uid: Uid, given: WhyIn) -> ItemOut:
    """Take back the last thing that a broker did to an item; again for the one before.

    Refused with `already_confirmed` once both sides have confirmed; the fact `compensation` says what can be done instead.
    """
    chosen, act = Chosen(uid, asked.version), act_of(asked, given.reason)
    return item_out(asked.session, undo.undo(asked.session, asked.scope, chosen, act, asked.settings.hold_minutes))


@api.post("/proposal-items/{uid}/cancel", may=Permission.PROPOSALS_DECIDE, if_match=True, status=200, audited=False)
def cancel_proposal_item(asked: Writing, uid: Uid, given: RefusalIn) -> ItemOut:
    """Take back, by agreement, what both sides have confirmed and nobody has loaded yet."""
    refusal, act = Refusal(given.reason, given.note), act_of(asked, given.note)
    return item_out(asked.session, proposal_decisions.cancel(asked.session, asked.scope, Chosen(uid, asked.version), refusal, act))


@api.post("/proposal-items/{uid}/confirm", may=Permission.PROPOSALS_CONFIRM, if_match=True, status=200, audited=False)
def confirm_proposal_item(asked: Writing, uid: Uid, given: SideIn) -> PartOut:
    """Confirm one side's part of an approved item on its terms; once both have, its kilograms are promised.

    Refused with `terms_changed` if the terms are others than those seen, and with `below_floor` if the supplier would get less than its
    floor price and doesn't say `below_floor`. Somebody of the association says for whom he speaks, and how that side agreed.
    """
    side = side_of(given.side)
    item = proposal_decisions.confirm(asked.session, asked.scope, Chosen(uid, asked.version), act_of(asked, given.why), side, given.consent)
    return _part(asked, item, side)


@api.post("/proposal-items/{uid}/refuse", may=Permission.PROPOSALS_CONFIRM, if_match=True, status=200, audited=False)
def refuse_proposal_item(asked: Writing, uid: Uid, given: PartRefusalIn) -> PartOut:
    """Refuse one side's part of an approved item; its kilograms go back on offer."""
    side, refusal = side_of(given.side), Refusal(given.reason, given.note)
    item = proposal_decisions.refuse(asked.session, asked.scope, Chosen(uid, asked.version), refusal, act_of(asked, given.note), side)
    return _part(asked, item, side)


def act_of(asked: RequestContext, why: str) -> Act:
    """Return the act of the one who asks; the ledger wants a reason for every kilogram, be it the usual one."""
    return asked.act(why[:1000] or "decided")


def side_of(named: SpeaksFor | None) -> Side | None:
    """Return the side that a body names, None where it names none."""
    return None if named is None else Side(named.value)


def _part(asked: RequestContext, item: m.ProposalItem, side: Side | None) -> PartOut:
    mine = proposal_decisions.side_of(asked.session, asked.scope, item, side)
    return parts_out(asked.session, [item], mine)[0]


@api.post("/proposal-items/decide", may=Permission.PROPOSALS_DECIDE, status=200, audited=False)
def decide_proposal_items(asked: Writing, given: DecideIn) -> ResultsOut:
    """Approve, reject or pin many items, or take back what was done last: all of them or none, or with `partial` each that can be.

    Where not all can be decided, nothing is done and the answer, `some_refused`, names each that can't; with `partial` each item has its
    own status.
    """
    chosen, act = [Chosen(one.uid, one.version) for one in given.items], act_of(asked, given.note)
    outcomes = _decide(asked, given.action, chosen, Refusal(given.reason or RejectReason.OTHER, given.note), act, partial=given.partial)
    shown = iter(items_out(asked.session, [outcome.item for outcome in outcomes if outcome.item is not None]))
    return ResultsOut(results=[_result(asked, outcome, next(shown) if outcome.item is not None else None) for outcome in outcomes])


def _decide(asked: RequestContext, verb: Verb, chosen: Sequence[Chosen], refusal: Refusal, act: Act, *, partial: bool) -> list[Outcome]:
    given, hold = (asked.session, asked.scope, chosen), asked.settings.hold_minutes
    if verb is Verb.APPROVE:
        return proposal_decisions.approve_many(*given, act, hold, partial=partial)
    if verb is Verb.PIN:
        return decisions.pin_many(*given, act, partial=partial)
    if verb is Verb.UNDO:
        return undo.undo_many(*given, act, hold, partial=partial)
    return proposal_decisions.reject_many(*given, refusal, act, partial=partial)


@api.post("/proposal-items/preview", may=Permission.PROPOSALS_DECIDE, status=200, audited=False)
def preview_decision(asked: Writing, given: PreviewIn) -> EffectsOut:
    """Say who would gain and who would lose by a decision, and what it would cost, without making it.

    It is made as it would be, its money is reckoned, and it is taken back; what refuses it would refuse it then, too.
    """
    chosen, act = [Chosen(one.uid, one.version) for one in given.items], act_of(asked, given.note)

    def deed() -> None:
        if given.action is not Trial.EDIT:
            verb = Verb(given.action.value)
            _decide(asked, verb, chosen, Refusal(given.reason or RejectReason.NO_NEED, given.note), act, partial=False)
        elif given.change is not None:
            change = edits.Edit(**given.change.model_dump(exclude={"reason"}))
            for one in chosen:
                edits.edit(asked.session, asked.scope, one, change, act, asked.settings.hold_minutes)

    found = effects.effects(asked.session, asked.scope, [one.uid for one in given.items], deed)
    parties = [PartyOut(**vars(one)) for one in found.parties]
    return EffectsOut(parties=parties, fee_vnd=found.fee_vnd, freight_vnd=found.freight_vnd, worth_vnd=found.worth_vnd, kg=found.kg)


def _result(asked: RequestContext, outcome: Outcome, shown: ItemOut | None) -> ResultOut:
    if outcome.refusal is None:
        return ResultOut.model_construct(uid=outcome.uid, status=200, code=None, detail=None, who=None, item=shown)
    said = problems.of_domain(outcome.refusal)
    who = said.who and called(asked.session, said.who)
    detail = said.detail.replace(said.who, who) if said.who and who else said.detail
    return ResultOut(uid=outcome.uid, status=said.status, code=said.code, detail=detail, who=who, item=None)


@api.get("/decisions", may=Permission.PLANS_READ)
def list_decisions(
    asked: Reading,
    part: Annotated[Part, DECISIONS.part()],
    active: Annotated[bool, Query(description="Only those that stand.", examples=[True])] = True,
) -> Page[DecisionOut]:
    """List pins and forbids."""
    page = DECISIONS.page(asked, decisions.decisions(asked.scope, active=active), part, _as_it_is)
    return Page[DecisionOut].model_construct(items=decisions_out(asked.session, page.items), next_cursor=page.next_cursor)


@api.get("/decisions/{uid}", may=Permission.PLANS_READ)
def get_decision(asked: Reading, uid: Uid) -> DecisionOut:
    """Show a pin or a forbid."""
    return decisions_out(asked.session, [find(asked.session, asked.scope, m.Decision, uid)])[0]


@api.post("/decisions", may=Permission.PROPOSALS_DECIDE, audited=False)
def make_decision(asked: Writing, given: DecisionIn) -> DecisionOut:
    """Pin or forbid a pair of lot and line; an earlier decision about it is revoked."""
    made = decisions.decide(asked.session, asked.scope, decisions.Wanted(**given.model_dump()), act_of(asked, given.note))
    return decisions_out(asked.session, [made])[0]


@api.delete("/decisions/{uid}", may=Permission.PROPOSALS_DECIDE, audited=False)
def revoke_decision(asked: Writing, uid: Uid) -> None:
    """Take a pin or a forbid back; it stays in the list of those that don't stand."""
    decisions.revoke(asked.session, asked.scope, uid, act_of(asked, "revoked"), asked.version)


@api.post("/plans/{uid}/resolve", may=Permission.RUNS_WRITE, status=202, audited=False)
def resolve_around(asked: Writing, uid: Uid, given: ResolveIn) -> ResolveOut:
    """Plan again around what has been approved, pinned and forbidden; only what is merely proposed may change."""
    around = resolving.resolve_around(
        asked.session, asked.scope, uid, act_of(asked, given.note), asked.settings, time_limit_s=given.time_limit_s, note=given.note
    )
    asked.headers["location"] = f"/api/v1/runs/{around.run.uid}"
    return ResolveOut(run=around.run.uid, state=around.run.state, items=around.items, kg=around.kg, decisions=around.decisions)


def _as_it_is(row: Any) -> Any:
    return row
