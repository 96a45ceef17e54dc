"""Pins and forbids of many pairs of lot and line at once; see `service.planning.pins.single` for one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.planning.ledger.transitions import Act
from service.planning.models import Decision, ProposalItem
from service.planning.pins.single import brief
from service.planning.states import DecisionKind

Place = tuple[str, int]
"""A lot or a line, by its number."""


def end_each(session: Session, wanted: Sequence[ProposalItem], act: Act, *, pins_alone: bool = False) -> dict[int, dict[str, Any]]:
    """Revoke the decisions about the pairs of some items, and return what they said by the first item of each pair."""
    d = Decision
    query = select(d).where(d.lot_id.in_({item.lot_id for item in wanted}), d.revoked_at.is_(None))
    query = query.where(d.kind == DecisionKind.PIN) if pins_alone else query
    standing = {(one.lot_id, one.line_id): one for one in session.scalars(query.execution_options(populate_existing=True))}
    ended = {item.id: one for item in wanted if (one := standing.pop((item.lot_id, item.line_id), None)) is not None}
    told = {"revoked_at": act.at, "revoked_by": act.actor, "updated_at": act.at, "updated_by": act.actor, "version": d.version + 1}
    numbers = [one.id for one in ended.values()]
    if numbers:
        session.execute(update(d).where(d.id.in_(numbers)).values(told), execution_options={"synchronize_session": False})
    return {number: brief(one) for number, one in ended.items()}


def pin_each(session: Session, association_id: int, wanted: Sequence[ProposalItem], act: Act) -> list[Decision]:
    """Pin the pairs of some items, about which no decision stands, with the items' kilograms; return the pins in the items' order."""
    made = [
        Decision(association_id=association_id, lot_id=item.lot_id, line_id=item.line_id, kind=DecisionKind.PIN, kg=item.kg,
                 decided_by=act.actor, created_at=act.at, updated_by=act.actor)
        for item in wanted
    ]  # fmt: skip
    session.add_all(made)
    session.flush()
    return made


def apart(wanted: Sequence[ProposalItem]) -> list[list[ProposalItem]]:
    """Return the items in groups that have neither a lot nor a line in common, each in the items' order."""
    above: dict[Place, Place] = {}

    def root(place: Place) -> Place:
        while above.setdefault(place, place) != place:
            above[place] = above[above[place]]
            place = above[place]
        return place

    for item in wanted:
        above[root(("line", item.line_id))] = root(("lot", item.lot_id))
    groups: dict[Place, list[ProposalItem]] = {}
    for item in wanted:
        groups.setdefault(root(("lot", item.lot_id)), []).append(item)
    return list(groups.values())
