"""Whether a plan still rests on what it was made from: asked before any of it is accepted.

A plan that a later one has replaced is stale as a whole. Of a current plan an allocation is stale once its lot or its line was edited,
withdrawn or cancelled, once a broker has forbidden the pair, or once the grower no longer holds a proof that the line asks for. The
kilograms themselves are the ledger's concern, which refuses what isn't there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, or_, select
from sqlalchemy.orm import Session

from buyers.models import DemandLine, LineRequirement, LineStatus
from catalog.errors import NotFound
from catalog.models import Lot
from service.planning.errors import PlanStale
from service.planning.ledger.transitions import CLOSED_LOTS
from service.planning.models import Decision, Plan, PlanAllocation
from service.planning.plans.certificates import CertificateRow, Signers, certificate_rows
from service.planning.states import DecisionKind, PlanState

MOST_NAMED = 10
Pair = tuple[int, str, str]
"""An allocation's number in its plan, its lot's code and its line's."""


def require_fresh(session: Session, plan_id: int, allocation_ids: Sequence[int] | None = None) -> None:
    """Refuse to accept allocations of a plan that no longer rest on what they were made from.

    The plan's row stays locked for sharing until the transaction ends, so that no later plan takes its place in between.

    Parameters
    ----------
    allocation_ids : those to be accepted; None for all of the plan's.

    Raises
    ------
    PlanStale
        Naming the current plan, or the lots and lines that have changed.
    """
    locked = select(Plan).where(Plan.id == plan_id).with_for_update(read=True, of=Plan).execution_options(populate_existing=True)
    plan = session.scalars(locked).one_or_none()
    if plan is None:
        raise NotFound("plan", str(plan_id))
    if plan.state is not PlanState.CURRENT:
        now = session.scalar(select(Plan.uid).where(Plan.association_id == plan.association_id, Plan.state == PlanState.CURRENT))
        instead = f"the current plan is {now}" if now else "there is no current plan"
        raise PlanStale(f"plan {plan.uid} has been superseded: {instead}")
    stale = stale_pairs(session, plan, allocation_ids)
    if stale:
        named = ", ".join(f"{lot} for {line}" for lot, line in stale[:MOST_NAMED])
        more = f" and {len(stale) - MOST_NAMED} more" if len(stale) > MOST_NAMED else ""
        raise PlanStale(f"supply or demand has changed since plan {plan.uid} was made: {named}{more}")


def stale_pairs(session: Session, plan: Plan, allocation_ids: Sequence[int] | None = None) -> list[tuple[str, str]]:
    """Return the codes of lot and line of each allocation that no longer rests on what it was made from."""
    return [(lot, line) for _, lot, line in _stale(session, plan, allocation_ids)]


def stale_numbers(session: Session, plan: Plan) -> set[int]:
    """Return the numbers, in their plan, of the allocations that no longer rest on what they were made from."""
    return {number for number, *_ in _stale(session, plan, None)}


def _stale(session: Session, plan: Plan, allocation_ids: Sequence[int] | None) -> list[Pair]:
    a = PlanAllocation
    edited = or_(Lot.version != a.lot_version, DemandLine.version != a.line_version)
    closed = or_(Lot.status.in_(CLOSED_LOTS), DemandLine.status == LineStatus.CANCELLED)
    query: Select[*tuple[Any, ...]] = select(a.number, Lot.code, DemandLine.code).select_from(a).join(Lot, Lot.id == a.lot_id)
    query = query.join(DemandLine, DemandLine.id == a.line_id).where(a.plan_id == plan.id, or_(edited, closed, _forbidden()))
    changed: list[Pair] = [(number, lot, line) for number, lot, line in session.execute(_of(query, allocation_ids)).all()]
    return sorted({*changed, *_unproven(session, plan, allocation_ids)})


def _forbidden() -> ColumnElement[bool]:
    a = PlanAllocation
    same = and_(Decision.lot_id == a.lot_id, Decision.line_id == a.line_id)
    return exists().where(same, Decision.kind == DecisionKind.FORBID, Decision.revoked_at.is_(None))


def _unproven(session: Session, plan: Plan, allocation_ids: Sequence[int] | None) -> list[Pair]:
    """Return the allocations whose grower no longer holds, on all days of the journey, a proof that the line asks for."""
    needs = _needs(session, plan, allocation_ids)
    if not needs:
        return []
    signers = Signers(session, plan.association_id)
    proofs: dict[tuple[str, str], list[CertificateRow]] = {}
    for row in certificate_rows(signers):
        proofs.setdefault((row.supplier, row.scheme), []).append(row)
    stale = [
        (need.number, need.lot, need.line)
        for need in needs
        if not any(_covers(row, need) for row in proofs.get((signers.name(need.organisation_id, need.supplier_id), need.scheme), ()))
    ]
    return list(dict.fromkeys(stale))


def _needs(session: Session, plan: Plan, allocation_ids: Sequence[int] | None) -> Sequence[Row[Any]]:
    """Return a row for each proof that each dated allocation needs."""
    a, need = PlanAllocation, LineRequirement
    query: Select[*tuple[Any, ...]] = select(
        a.number, Lot.code.label("lot"), DemandLine.code.label("line"), a.pickup_on, a.delivery_on,
        Lot.organisation_id, Lot.supplier_id, Lot.product_id, need.scheme, need.min_level,
    )  # fmt: skip
    query = query.select_from(a).join(Lot, Lot.id == a.lot_id).join(DemandLine, DemandLine.id == a.line_id)
    query = query.join(need, need.line_id == a.line_id).where(a.plan_id == plan.id, a.pickup_on.is_not(None))
    return session.execute(_of(query, allocation_ids)).all()


def _covers(row: CertificateRow, need: Row[Any]) -> bool:
    right = row.product_id in (None, need.product_id) and row.level >= need.min_level
    return bool(right and row.first <= need.pickup_on and need.delivery_on <= row.last)


def _of(query: Select[*tuple[Any, ...]], allocation_ids: Sequence[int] | None) -> Select[*tuple[Any, ...]]:
    return query if allocation_ids is None else query.where(PlanAllocation.id.in_(allocation_ids))
