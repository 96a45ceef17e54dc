"""What is shown of proposed changes: to each side what it gets or pays before and after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from pydantic import Field
from sqlalchemy.orm import Session

from catalog.models import Side
from service.http.glossary import UID
from service.http.shapes import Out
from service.planning import models as m
from service.planning.states import AmendmentState
from service.planning.terms.amendments import proposed_terms
from service.planning.terms.models import Amendment, Terms


class AmendmentOut(Out):
    """A proposed change of confirmed terms."""

    uid: str
    item: str = Field(description="Uid of the item.", examples=[UID])
    proposed_by: Side = Field(description="Side that proposes it; `logistics` is the association.", examples=["supply"])
    state: AmendmentState = Field(description="Where it stands.", examples=["open"])
    reason: str
    kg: int
    pickup_on: date | None = Field(description="Day of the pick-up.", examples=["2027-06-07"])
    delivery_on: date | None = Field(description="Day of the delivery.", examples=["2027-06-08"])
    amount_before_vnd: int = Field(description="What the one who asks gets or pays by the terms in force, đồng.", examples=[25_000_000])
    amount_vnd: int = Field(description="What it would get or pay, đồng.", examples=[20_000_000])
    supply_agreed_at: datetime | None = Field(description="When the supplier agreed.", examples=["2027-06-07T05:00:00Z"])
    demand_agreed_at: datetime | None = Field(description="When the buyer agreed.", examples=["2027-06-07T05:00:00Z"])
    version: int
    created_at: datetime


def amendments_out(session: Session, rows: Sequence[Amendment], side: Side) -> list[AmendmentOut]:
    """Return proposed changes with what a side gets or pays before and after."""
    name = "supplier_vnd" if side is Side.SUPPLY else "buyer_vnd"
    return [
        AmendmentOut.model_construct(
            uid=row.uid, item=session.get_one(m.ProposalItem, row.item_id).uid, proposed_by=row.proposed_by_side, state=row.state,
            reason=row.reason, kg=row.kg, pickup_on=row.pickup_on, delivery_on=row.delivery_on,
            amount_before_vnd=getattr(session.get_one(Terms, row.terms_id), name),
            amount_vnd=proposed_terms(session, row)[name], supply_agreed_at=row.supply_agreed_at,
            demand_agreed_at=row.demand_agreed_at, version=row.version, created_at=row.created_at,
        )
        for row in rows
    ]  # fmt: skip
