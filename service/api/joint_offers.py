"""Joint offers: a pool put to its suppliers, their answers, and its end."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import Field

from catalog.base import MAX_KG
from catalog.given import CodeText, Given
from catalog.tenancy import find
from service.api.proposals import SpokenBy, WhyIn, act_of
from service.auth.permissions import Permission
from service.http.context import Reading, Uid, Writing
from service.http.glossary import UID
from service.http.lists import Listing, Page, Part
from service.http.routing import Api
from service.planning.joint import offers
from service.planning.joint.models import JointOffer
from service.planning.joint.offers import Pooled
from service.planning.states import Channel, JointState, RejectSharing
from service.planning.terms.answers import Consent
from service.views.joint_offers import SHARING, JointOfferOut, joint_offers_out

api = Api("joint offers", "Lots of several suppliers that fill one line together, or not at all, and how they share what a door rejects.")
JOINT_OFFERS = Listing("joint-offers", {"created_at": (JointOffer.created_at, JointOffer.id)}, "-created_at")


class PooledIn(Given):
    """Kilograms of a lot."""

    lot: CodeText = Field(description="Code of the lot.", examples=["LOT-2027-0017"])
    kg: int = Field(ge=1, le=MAX_KG, strict=True)


class JointOfferIn(Given):
    """A pool that is put to its suppliers, such as one that `GET /plans/{uid}/pool` proposes."""

    line: CodeText = Field(description="Code of the demand line.", examples=["LINE-2027-0004"])
    lots: tuple[PooledIn, ...] = Field(
        min_length=2, max_length=100, description="The lots, each once.",
        examples=[[{"lot": "LOT-2027-0017", "kg": 500}, {"lot": "LOT-2027-0018", "kg": 400}]],
    )  # fmt: skip
    reject_sharing: RejectSharing = Field(description=SHARING, examples=["shared"])
    reason: str = Field(min_length=1, max_length=1000)


class JointAnswerIn(Given):
    """Whether a supplier agrees to a joint offer."""

    agrees: bool = Field(description="True to agree, false to decline.", examples=[True])
    supplier: str | None = Field(default=None, description="Uid of the supplier that is spoken for.", examples=[UID])
    channel: SpokenBy | None = Field(default=None, description="How the supplier that is spoken for has agreed.", examples=["telephone"])
    why: str = Field(default="", max_length=1000)


@api.get("/joint-offers", may=Permission.PROPOSALS_READ)
def list_joint_offers(
    asked: Reading,
    part: Annotated[Part, JOINT_OFFERS.part()],
    state: Annotated[list[JointState], Query(max_length=3, description="Only those in one of these states.", examples=[["open"]])] = [],  # noqa: B006
) -> Page[JointOfferOut]:
    """List joint offers: the association's all, a supplier those with its lots, a buyer those agreed to for its lines."""
    page = JOINT_OFFERS.page(asked, offers.joint_offers(asked.scope, states=state), part, lambda row: row)
    shown = joint_offers_out(asked.session, asked.scope, page.items)
    return Page[JointOfferOut].model_construct(items=shown, next_cursor=page.next_cursor)


@api.post("/joint-offers", may=Permission.PROPOSALS_DECIDE, audited=False)
def propose_joint_offer(asked: Writing, given: JointOfferIn) -> JointOfferOut:
    """Put a pool to the suppliers of its lots, with how they share rejects; each of them agrees or declines."""
    pooled = [Pooled(one.lot, one.kg) for one in given.lots]
    row = offers.propose(asked.session, asked.scope, given.line, pooled, given.reject_sharing, act_of(asked, given.reason))
    return joint_offers_out(asked.session, asked.scope, [row])[0]


@api.get("/joint-offers/{uid}", may=Permission.PROPOSALS_READ)
def get_joint_offer(asked: Reading, uid: Uid) -> JointOfferOut:
    """Show a joint offer."""
    return joint_offers_out(asked.session, asked.scope, [find(asked.session, asked.scope, JointOffer, uid)])[0]


@api.post("/joint-offers/{uid}/answer", may=Permission.PROPOSALS_CONFIRM, if_match=True, status=200, audited=False)
def answer_joint_offer(asked: Writing, uid: Uid, given: JointAnswerIn) -> JointOfferOut:
    """Agree to a joint offer, or decline it, which ends it; once all suppliers have agreed, every plan brings its lots to its line."""
    find(asked.session, asked.scope, JointOffer, uid)
    channel = Channel(given.channel.value) if given.channel else Channel.SYSTEM
    row = offers.answer(
        asked.session, asked.scope, uid, act_of(asked, given.why), agrees=given.agrees, consent=Consent(channel=channel, note=given.why),
        version=asked.version, supplier=given.supplier,
    )  # fmt: skip
    return joint_offers_out(asked.session, asked.scope, [row])[0]


@api.post("/joint-offers/{uid}/end", may=Permission.PROPOSALS_DECIDE, if_match=True, status=200, audited=False)
def end_joint_offer(asked: Writing, uid: Uid, given: WhyIn) -> JointOfferOut:
    """End a joint offer of which nothing is approved; its lots are planned by themselves again."""
    row = offers.end(asked.session, asked.scope, uid, act_of(asked, given.reason), asked.version)
    return joint_offers_out(asked.session, asked.scope, [row])[0]
