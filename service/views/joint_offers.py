"""What is shown of joint offers: all of them to the association, the own lots and the sum of all to a supplier, the sum to a buyer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from buyers.models import DemandLine
from catalog.models import Lot, Organisation
from catalog.tenancy import Scope
from service.http.shapes import Out
from service.planning.joint.models import JointOffer, JointOfferLot
from service.planning.states import Channel, JointState, RejectSharing

SHARING = "Who bears what the door rejects: `own` each supplier its own goods, `shared` all on one receipt by their kilograms."


class JointLotOut(Out):
    """A lot of a joint offer."""

    lot: str = Field(description="Code of the lot.", examples=["LOT-2027-0017"])
    supplier: str
    supplier_name: str = Field(description="Name of the supplier that signs.", examples=["HTX Phì Điền"])
    kg: int
    agreed_at: datetime | None = Field(description="When the supplier agreed.", examples=["2027-06-07T05:00:00Z"])
    channel: Channel | None = Field(description="How it agreed, where somebody else said so.", examples=["telephone"])


class JointOfferOut(Out):
    """Lots of several suppliers that fill one line together, or not at all."""

    uid: str
    line: str = Field(description="Code of the demand line.", examples=["LINE-2027-0004"])
    state: JointState = Field(description="Where it stands.", examples=["open"])
    reject_sharing: RejectSharing = Field(description=SHARING, examples=["shared"])
    reason: str
    kg: int = Field(description="What all lots bring together, kg.", examples=[3000])
    lots: list[JointLotOut] = Field(description="The lots; to an organisation its own.")
    version: int
    created_at: datetime


def joint_offers_out(session: Session, scope: Scope, rows: Sequence[JointOffer]) -> list[JointOfferOut]:
    """Return joint offers as a scope may see them."""
    lines = dict(session.execute(select(DemandLine.id, DemandLine.code).where(DemandLine.id.in_({row.line_id for row in rows}))).all())
    query = select(JointOfferLot, Lot.code, Organisation.uid, Organisation.name, Organisation.id)
    query = query.join(Lot, Lot.id == JointOfferLot.lot_id).join(Organisation, Organisation.id == JointOfferLot.supplier_id)
    query = query.where(JointOfferLot.joint_offer_id.in_([row.id for row in rows])).order_by(JointOfferLot.id)
    own, totals = dict[int, list[JointLotOut]](), dict[int, int]()
    mine = {scope.organisation_id, *scope.group_ids}
    for part, code, uid, name, supplier in session.execute(query.execution_options(populate_existing=True)):
        totals[part.joint_offer_id] = totals.get(part.joint_offer_id, 0) + part.kg
        if scope.organisation_id is None or supplier in mine:
            shown = JointLotOut.model_construct(
                lot=code, supplier=uid, supplier_name=name, kg=part.kg, agreed_at=part.agreed_at, channel=part.channel
            )
            own.setdefault(part.joint_offer_id, []).append(shown)
    return [
        JointOfferOut.model_construct(
            uid=row.uid, line=lines[row.line_id], state=row.state, reject_sharing=row.reject_sharing, reason=row.reason,
            kg=totals[row.id], lots=own.get(row.id, []), version=row.version, created_at=row.created_at,
        )
        for row in rows
    ]  # fmt: skip
