"""What publishing a draft would do, before it is done: what goes out and to whom, what is left out and why, what it replaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buyers.models import DemandLine
from catalog.models import Lot, Organisation, Side
from service.planning import models as m
from service.planning.models import LineBalance, LotBalance
from service.planning.plans import rejections
from service.planning.states import PlanState, ProposalState
from service.runs import publishing


@dataclass(frozen=True)
class Told:
    """An organisation that a publication puts proposals to: how many, and of how much."""

    side: Side
    name: str
    items: int
    kg: int


@dataclass(frozen=True)
class Preview:
    """What publishing a draft would do as things stand now.

    Attributes
    ----------
    items, kg : what would be put to both sides.
    changed, taken, rejected : allocations that would be left out; see `Publication`.
    proposed_again : items whose pair was rejected before and has changed materially since.
    told : who would be asked, suppliers first.
    replaced : the plan in force, if there is one.
    ending : its undecided items, which would end.
    staying : its approved items, which stay as they are.
    doubt : why one must say that this is meant; empty where nothing is unusual.
    """

    items: int
    kg: int
    changed: int
    taken: int
    rejected: int
    proposed_again: int
    told: tuple[Told, ...]
    replaced: m.Plan | None
    ending: int
    staying: int
    doubt: str


def preview(session: Session, plan: m.Plan) -> Preview:
    """Return what publishing a draft would do."""
    rows = _allocations(session, plan)
    found = rejections.rejections(session, plan.association_id)
    changed_since = rejections.changes_since(session, plan.association_id, found)
    left_out = publishing.sort_out(session, plan, rows, {pair for pair, changed in changed_since.items() if not changed})
    gone = set(left_out.all())
    put = [row for row in rows if row.id not in gone]
    again = sum((row.lot_id, row.line_id) in changed_since for row in put)
    in_force = (m.Plan.association_id == plan.association_id) & (m.Plan.state == PlanState.CURRENT)
    current = session.scalars(select(m.Plan).where(in_force)).one_or_none()
    counts = (len(left_out.changed), len(left_out.taken), len(left_out.rejected), again)
    ending, staying = (0, 0) if current is None else _standing(session, current)
    doubt = "" if current is None else publishing.doubt_about(session, plan, current)
    return Preview(len(put), sum(row.kg for row in put), *counts, _told(session, put), current, ending, staying, doubt)


def _allocations(session: Session, plan: m.Plan) -> Sequence[Any]:
    """Return the allocations of a plan with what their lots and lines have left and whose they are."""
    a, left = m.PlanAllocation, LineBalance.quantity_kg - LineBalance.promised_kg
    query = select(a.id, a.number, a.lot_id, a.line_id, a.kg, LotBalance.offered_kg, left.label("wanted_kg"), Lot.supplier_id,
                   DemandLine.organisation_id.label("buyer_id"))  # fmt: skip
    query = query.join(LotBalance, LotBalance.lot_id == a.lot_id).join(LineBalance, LineBalance.line_id == a.line_id)
    query = query.join(Lot, Lot.id == a.lot_id).join(DemandLine, DemandLine.id == a.line_id)
    return session.execute(query.where(a.plan_id == plan.id).order_by(a.number)).all()


def _standing(session: Session, current: m.Plan) -> tuple[int, int]:
    """Return how many items of the plan in force nobody has decided about, and how many are approved."""
    i, a = m.ProposalItem, m.PlanAllocation
    query = select(i.state, func.count()).join(a, a.id == i.allocation_id).where(a.plan_id == current.id).group_by(i.state)
    found = {state: int(count) for state, count in session.execute(query)}
    return found.get(ProposalState.PROPOSED, 0), found.get(ProposalState.APPROVED, 0)


def _told(session: Session, put: Sequence[Any]) -> tuple[Told, ...]:
    sums: dict[tuple[Side, int], list[int]] = {}
    for row in put:
        for party in ((Side.SUPPLY, row.supplier_id), (Side.DEMAND, row.buyer_id)):
            sums.setdefault(party, []).append(row.kg)
    named = select(Organisation.id, Organisation.name).where(Organisation.id.in_({number for _, number in sums}))
    names = dict(session.execute(named).all())
    told = (Told(side, names[number], len(kgs), sum(kgs)) for (side, number), kgs in sums.items())
    return tuple(sorted(told, key=lambda one: (one.side is Side.DEMAND, one.name)))
