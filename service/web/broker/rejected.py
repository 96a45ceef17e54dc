"""Pairs that somebody rejected, in words: why, and what has changed materially since, so that they are proposed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from buyers.models import DemandLine
from catalog.models import Lot, Organisation, Product
from service.planning import models as m
from service.planning.plans import rejections
from service.planning.states import RejectReason
from service.web.context import PageContext
from service.web.texts import mark

FACTS: dict[str, tuple[str, str]] = {
    "ask_vnd_per_kg": (mark("Floor price"), "vnd"), "available_from": (mark("First day of pick-up"), "day"),
    "available_until": (mark("Last day of pick-up"), "day"), "grade": (mark("Grade"), "number"), "lot_kg": (mark("Mass of the lot"), "kg"),
    "bid_vnd_per_kg": (mark("Bid"), "vnd"), "deliver_from": (mark("First day of delivery"), "day"),
    "deliver_until": (mark("Last day of delivery"), "day"), "max_grade": (mark("Lowest grade accepted"), "number"),
    "line_kg": (mark("Mass of the demand line"), "kg"), "min_life_days": (mark("Days that it must still keep"), "number"),
}  # fmt: skip
"""What each fact is called, and how its values are written."""
PLAIN: dict[str, str] = {
    "certificates": mark("Certificates of the supplier have changed."), "lot_version": mark("The lot has been changed."),
    "line_version": mark("The demand line has been changed."),
}  # fmt: skip
"""Facts whose values say nothing to people."""


@dataclass(frozen=True)
class RejectedPair:
    """A pair of lot and line that somebody rejected.

    Attributes
    ----------
    changed : what has changed since, in words; empty where nothing material has, so that it isn't proposed again.
    """

    item: str
    lot: str
    line: str
    product: str
    supplier: str
    buyer: str
    kg: int
    reason: RejectReason | None
    note: str
    at: datetime
    changed: tuple[str, ...]


def changes_in_words(visit: PageContext, changed: Mapping[str, Sequence[Any]] | None) -> list[str]:
    """Return what has changed of a pair as sentences, such as ``Giá mua: 26.000 → 27.000``."""
    return [_in_words(visit, name, then, now) for name, (then, now) in (changed or {}).items()]


def _in_words(visit: PageContext, name: str, then: Any, now: Any) -> str:
    if name in PLAIN:
        return visit.say(PLAIN[name])
    words, kind = FACTS[name]
    written = getattr(visit.formats, kind)
    if kind == "day":
        then, now = (None if one is None else date.fromisoformat(str(one)) for one in (then, now))
    return f"{visit.say(words)}: {written(then)} → {written(now)}"


def rejected_pairs(visit: PageContext, plan: m.Plan | None = None, most: int = 100) -> list[RejectedPair]:
    """Return the rejected pairs of the season, or those of them that a plan would bring together again, the newest first."""
    session, association = visit.session, visit.scope.association_id
    found = rejections.rejections(session, association)
    if plan is not None:
        a = m.PlanAllocation
        planned = {(lot, line) for lot, line in session.execute(select(a.lot_id, a.line_id).where(a.plan_id == plan.id))}
        found = {pair: one for pair, one in found.items() if pair in planned}
    newest = dict(sorted(found.items(), key=lambda entry: -entry[1].item_id)[:most])
    changed = rejections.changes_since(session, association, newest)
    rows = _rows(visit, [one.item_id for one in newest.values()])
    return [_pair(visit, rows[one.item_id], changed[pair]) for pair, one in newest.items()]


def _rows(visit: PageContext, numbers: Sequence[int]) -> dict[int, Any]:
    i, supplier, buyer = m.ProposalItem, aliased(Organisation), aliased(Organisation)
    query = select(i, Lot.code, DemandLine.code, Product.name, supplier.name, buyer.name).join(Lot, Lot.id == i.lot_id)
    query = query.join(DemandLine, DemandLine.id == i.line_id).join(Product, Product.id == Lot.product_id)
    query = query.join(supplier, supplier.id == Lot.supplier_id).join(buyer, buyer.id == DemandLine.organisation_id)
    return {row[0].id: row for row in visit.session.execute(query.where(i.id.in_(numbers)))}


def _pair(visit: PageContext, row: Any, changed: Mapping[str, Sequence[Any]]) -> RejectedPair:
    item, lot, line, product, supplier, buyer = row
    return RejectedPair(
        item=item.uid, lot=lot, line=line, product=product, supplier=supplier, buyer=buyer, kg=item.kg, reason=item.reason_code,
        note=item.note, at=item.updated_at, changed=tuple(changes_in_words(visit, changed)),
    )  # fmt: skip
