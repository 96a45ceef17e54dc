"""Pairs of lot and line that somebody has rejected: not proposed again until something material has changed.

Each item keeps the facts of its lot and line from the moment at which it was put to both sides (`ProposalBasis`). A rejected pair stays
out of later plans while these facts stand. Once one of them differs, the pair may be proposed again, and the new item says what differs.
A broker overrules a rejection by pinning the pair; a forbidden pair is ruled by its decision alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from buyers.models import DemandLine
from catalog.models import Lot
from service.planning import models as m
from service.planning.plans.certificates import Signers, certificate_rows
from service.planning.states import DecisionKind, ProposalState, RejectReason

Pair = tuple[int, int]
"""Numbers of a lot and a line."""
Facts = dict[str, Any]
"""Material facts of a pair as plain values, by name."""
Changes = dict[str, list[Any]]
"""Facts that differ, each as then and now."""

LOT_FACTS = {"ask_vnd_per_kg": Lot.ask_vnd_per_kg, "available_from": Lot.available_from, "available_until": Lot.available_until,
             "grade": Lot.grade, "lot_kg": Lot.quantity_kg}  # fmt: skip
LINE_FACTS = {"bid_vnd_per_kg": DemandLine.bid_vnd_per_kg, "deliver_from": DemandLine.deliver_from,
              "deliver_until": DemandLine.deliver_until, "max_grade": DemandLine.max_grade, "line_kg": DemandLine.quantity_kg,
              "min_life_days": DemandLine.min_life_days}  # fmt: skip
LEAST_KG_CHANGE = 0.1
"""Share by which a quantity must differ to be material; forecasts move by less all the time."""


@dataclass(frozen=True)
class Rejection:
    """The newest item of a pair, which somebody rejected, and the facts that it rested on; None for items of older versions."""

    item_id: int
    lot_version: int
    line_version: int
    facts: Facts | None


def rejections(session: Session, association_id: int) -> dict[Pair, Rejection]:
    """Return the rejected pairs of an association's open lots that no broker has pinned since."""
    item, later, a, basis = m.ProposalItem, aliased(m.ProposalItem), m.PlanAllocation, m.ProposalBasis
    same_pair = (later.lot_id == item.lot_id, later.line_id == item.line_id, later.id > item.id)
    newer = select(later.id).where(*same_pair, later.state != ProposalState.SUPERSEDED)
    pinned = select(m.Decision.id).where(
        m.Decision.lot_id == item.lot_id, m.Decision.line_id == item.line_id,
        m.Decision.kind == DecisionKind.PIN, m.Decision.revoked_at.is_(None),
    )  # fmt: skip
    query = select(item.id, item.lot_id, item.line_id, a.lot_version, a.line_version, basis.facts)
    query = query.join(Lot, Lot.id == item.lot_id).join(a, a.id == item.allocation_id).outerjoin(basis, basis.item_id == item.id)
    query = query.where(Lot.association_id == association_id, item.state == ProposalState.REJECTED)
    query = query.where(item.reason_code != RejectReason.FORBIDDEN, ~newer.exists(), ~pinned.exists())
    return {(lot, line): Rejection(number, *rest) for number, lot, line, *rest in session.execute(query)}


def pair_facts(session: Session, association_id: int, pairs: Collection[Pair]) -> dict[Pair, Facts]:
    """Return the material facts of pairs as they are now."""
    if not pairs:
        return {}
    lots = _facts(session, Lot, LOT_FACTS, {lot for lot, _ in pairs})
    lines = _facts(session, DemandLine, LINE_FACTS, {line for _, line in pairs})
    proofs = _proofs(session, association_id, {lot for lot, _ in pairs})
    return {pair: {**lots[pair[0]], **lines[pair[1]], "certificates": proofs[pair[0]]} for pair in pairs}


def changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> Changes:
    """Return the facts that differ materially."""
    return {name: [then.get(name), now[name]] for name in now if _differs(name, then.get(name), now[name])}


def changes_since(session: Session, association_id: int, found: Mapping[Pair, Rejection]) -> dict[Pair, Changes]:
    """Return what has changed of each rejected pair since its item was proposed; nothing for a pair that stays rejected."""
    now = pair_facts(session, association_id, list(found))
    versions = _versions(session, found)
    return {pair: _changes(one, now[pair], versions[pair]) for pair, one in found.items()}


def standing_pairs(session: Session, association_id: int) -> set[Pair]:
    """Return the rejected pairs of which nothing material has changed."""
    found = rejections(session, association_id)
    return {pair for pair, changed in changes_since(session, association_id, found).items() if not changed}


def _changes(one: Rejection, now: Facts, versions: tuple[int, int]) -> Changes:
    if one.facts is not None:
        return changes(one.facts, now)
    then = {"lot_version": one.lot_version, "line_version": one.line_version}
    return changes(then, dict(zip(then, versions, strict=True)))


def _differs(name: str, then: Any, now: Any) -> bool:
    if name in ("lot_kg", "line_kg") and then is not None:
        return bool(abs(now - then) > LEAST_KG_CHANGE * max(1, then))
    return bool(then != now)


def _facts(session: Session, model: Any, columns: Mapping[str, Any], numbers: Iterable[int]) -> dict[int, Facts]:
    query = select(model.id, *(column.label(name) for name, column in columns.items())).where(model.id.in_(numbers))
    return {row.id: {name: _plain(getattr(row, name)) for name in columns} for row in session.execute(query)}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _proofs(session: Session, association_id: int, lot_ids: Collection[int]) -> dict[int, list[str]]:
    """Return the certificates that count for each lot, as texts of scheme, level and days."""
    signers, held = Signers(session, association_id), dict[str, list[str]]()
    for row in certificate_rows(signers):
        held.setdefault(row.supplier, []).append(f"{row.scheme} {row.level} {row.first}..{row.last}")
    query = select(Lot.id, Lot.organisation_id, Lot.supplier_id).where(Lot.id.in_(lot_ids))
    return {number: sorted(held.get(signers.name(grower, signer), ())) for number, grower, signer in session.execute(query)}


def _versions(session: Session, pairs: Collection[Pair]) -> dict[Pair, tuple[int, int]]:
    lots = dict(session.execute(select(Lot.id, Lot.version).where(Lot.id.in_({lot for lot, _ in pairs}))).all())
    lines = dict(session.execute(select(DemandLine.id, DemandLine.version).where(DemandLine.id.in_({line for _, line in pairs}))).all())
    return {(lot, line): (lots[lot], lines[line]) for lot, line in pairs}
