"""Pins and forbids: what a broker has decided about one lot and one line, kept by every later plan until it is revoked.

Pins that can't be kept together are refused when they are made, each time with a smallest set of them that still conflicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from buyers.models import DemandLine
from catalog.base import MAX_KG
from catalog.errors import Conflict, Invalid, fault
from catalog.models import Lot
from catalog.tenancy import Scope, check_version, find, visible
from matching.model.errors import BadInput
from matching.model.problem import PIN, Problem
from service import audit
from service.planning.errors import PinsConflict
from service.planning.journal import Journal, before
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Act
from service.planning.models import Decision, ProposalItem
from service.planning.plans.problem_builder import Loaded, Only, load
from service.planning.proposals import decisions as proposal_decisions
from service.planning.proposals import items as desk
from service.planning.proposals.decisions import Chosen, Outcome, Refusal, Step
from service.planning.proposals.items import tell
from service.planning.states import DecisionKind, ProposalState, RejectReason


@dataclass(frozen=True)
class Wanted:
    """A decision to be made: uids of a lot and a line; `kg` is the least mass of a pin."""

    lot: str
    line: str
    kind: DecisionKind
    kg: int = 0
    reason_code: str = ""
    note: str = ""


def decisions(scope: Scope, *, active: bool = True) -> Select[Any]:
    """Select decisions, by default those that stand; sort by ``created_at, id``."""
    query = visible(Decision, scope)
    return query.where(Decision.revoked_at.is_(None)) if active else query


def decide(session: Session, scope: Scope, wanted: Wanted, act: Act) -> Decision:
    """Pin or forbid a pair; an earlier decision about it is revoked.

    Raises
    ------
    Invalid
        If a pin has no mass, or a forbid has one.
    PinsConflict
        If no plan can keep the pin together with the others.
    """
    if (wanted.kind is DecisionKind.PIN) != (1 <= wanted.kg <= MAX_KG):
        raise Invalid([fault("kg", wanted.kg, "1 kg or more for a pin, 0 for a forbid")])
    lot, line = find(session, scope, Lot, wanted.lot), find(session, scope, DemandLine, wanted.line)
    transitions.lock(session, [lot.id], [line.id])
    with Journal(session, scope.association_id, act) as journal:
        was = _end(session, lot.id, line.id, act)
        made = _make(session, scope.association_id, lot.id, line.id, wanted.kind, wanted.kg, act, wanted.reason_code, wanted.note)
        journal.note(f"decision.{wanted.kind.value}", made, was, audit.snapshot(made))
    return made


def revoke(session: Session, scope: Scope, uid: str, act: Act, version: int | None = None) -> Decision:
    """Take a decision back."""
    decision = find(session, scope, Decision, uid)
    transitions.lock(session, [decision.lot_id], [decision.line_id])
    session.refresh(decision)
    if decision.revoked_at is not None:
        raise Conflict("this decision has been taken back already", decision.revoked_by, decision.revoked_at)
    check_version(decision, version)
    with Journal(session, scope.association_id, act) as journal:
        was = before(decision)
        decision.revoked_at, decision.revoked_by, decision.updated_by = act.at, act.actor, act.actor
        session.flush()
        journal.note("decision.revoke", decision, was)
    return decision


def pin(session: Session, scope: Scope, chosen: Chosen, act: Act) -> ProposalItem:
    """Pin an item: every later plan brings at least its kilograms from its lot to its line. A rejected item is proposed again.

    Raises
    ------
    PinsConflict
        If no plan can keep the pin together with the others.
    """
    return proposal_decisions.one(session, scope, chosen, act, _pinning(scope))


def pin_many(session: Session, scope: Scope, chosen: Sequence[Chosen], act: Act, *, partial: bool = False) -> list[Outcome]:
    """Pin many items; see `service.planning.proposals.decisions.approve_many`."""
    from service.planning.proposals import bulk

    def at_once(s: Session, journal: Journal, found: Mapping[str, ProposalItem]) -> Mapping[str, ProposalItem]:
        return bulk.pin(s, journal, chosen, found)

    return proposal_decisions.many(session, scope, chosen, act, _pinning(scope), partial=partial, at_once=at_once)


def _pinning(scope: Scope) -> Step:
    def step(s: Session, journal: Journal, item: ProposalItem, version: int | None) -> None:
        if item.state in (ProposalState.REJECTED, ProposalState.SUPERSEDED):
            desk.require_current(s, item)
        check_version(item, version)
        was = before(item)
        old = _end(s, item.lot_id, item.line_id, journal.act)
        made = _make(s, scope.association_id, item.lot_id, item.line_id, DecisionKind.PIN, item.kg, journal.act, planned=item)
        if item.state is ProposalState.REJECTED:
            item.state, item.reason_code = ProposalState.PROPOSED, None
        desk.touch(item, journal.act)
        s.flush()
        journal.note("proposal_item.pin", item, *proposal_decisions.with_decision(was, item, old, brief(made)))

    return step


def forbid(session: Session, scope: Scope, chosen: Chosen, act: Act, note: str = "") -> ProposalItem:
    """Forbid an item's pair: it is rejected, and no later plan brings that lot to that line.

    Raises
    ------
    AlreadyConfirmed
        If both sides have confirmed the item.
    """

    def step(s: Session, journal: Journal, item: ProposalItem, version: int | None) -> None:
        proposal_decisions.require_unbound(s, item)
        check_version(item, version)
        was = before(item)
        proposal_decisions.give_back(s, item, journal.act)
        if item.state in (ProposalState.PROPOSED, ProposalState.APPROVED):
            refusal = Refusal(RejectReason.FORBIDDEN, note)
            proposal_decisions.turn_down(s, item, refusal, journal.act)
            proposal_decisions.end_joint_offer(s, journal, item, refusal)
        old = _end(s, item.lot_id, item.line_id, journal.act)
        made = _make(s, scope.association_id, item.lot_id, item.line_id, DecisionKind.FORBID, 0, journal.act, note=note)
        desk.touch(item, journal.act)
        s.flush()
        journal.note("proposal_item.forbid", item, *proposal_decisions.with_decision(was, item, old, brief(made)))
        tell(s, journal, "proposal.rejected", item, reason=RejectReason.FORBIDDEN.value)

    return proposal_decisions.one(session, scope, chosen, act, step)


def restore(session: Session, item: ProposalItem, old: dict[str, Any] | None, act: Act) -> None:
    """Put back the decision about an item's pair that an audit entry remembers, or none."""
    _end(session, item.lot_id, item.line_id, act)
    if old is not None:
        association_id = desk.plan_of(session, item).association_id
        _make(session, association_id, item.lot_id, item.line_id, DecisionKind(old["kind"]), int(old["kg"]), act)


def revoke_pin(session: Session, item: ProposalItem, act: Act) -> dict[str, Any] | None:
    """Take back the pin of an item's pair, if there is one, and return it."""
    standing = _standing(session, item.lot_id, item.line_id)
    if standing is None or standing.kind is not DecisionKind.PIN:
        return None
    return _end(session, item.lot_id, item.line_id, act)


def _standing(session: Session, lot_id: int, line_id: int) -> Decision | None:
    query = select(Decision).where(Decision.lot_id == lot_id, Decision.line_id == line_id, Decision.revoked_at.is_(None))
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def _end(session: Session, lot_id: int, line_id: int, act: Act) -> dict[str, Any] | None:
    """Revoke the decision about a pair, and return what it said."""
    standing = _standing(session, lot_id, line_id)
    if standing is None:
        return None
    standing.revoked_at, standing.revoked_by, standing.updated_by = act.at, act.actor, act.actor
    session.flush()
    return brief(standing)


def replace_pair(session: Session, association_id: int, lot_id: int, line_id: int, kind: DecisionKind, kg: int, act: Act) -> Decision:
    """Decide anew about a pair whose lot and line are locked; an earlier decision about it is revoked.

    Raises
    ------
    PinsConflict
        If no plan can keep a pin together with the others.
    """
    _end(session, lot_id, line_id, act)
    return _make(session, association_id, lot_id, line_id, kind, kg, act)


def brief(decision: Decision) -> dict[str, Any]:
    """Return what the trail says of a decision: its uid, its kind, its kilograms."""
    return {"uid": decision.uid, "kind": decision.kind.value, "kg": decision.kg}


def _make(
    session: Session,
    association_id: int,
    lot_id: int,
    line_id: int,
    kind: DecisionKind,
    kg: int,
    act: Act,
    reason_code: str = "",
    note: str = "",
    planned: ProposalItem | None = None,
) -> Decision:
    made = Decision(
        association_id=association_id,
        lot_id=lot_id,
        line_id=line_id,
        kind=kind,
        kg=kg,
        reason_code=reason_code,
        note=note,
        decided_by=act.actor,
        created_at=act.at,
        updated_by=act.actor,
    )
    session.add(made)
    session.flush()
    if kind is DecisionKind.PIN:
        require_possible(session, association_id, made, planned)
    return made


def require_all_possible(session: Session, association_id: int, made: Sequence[Decision], planned: Sequence[ProposalItem] = ()) -> None:
    """Refuse pins that can't be kept together with one another and with those that stand on their lots and lines.

    Parameters
    ----------
    planned : items that are pinned; what has been promised of them is no longer in the way.

    Raises
    ------
    PinsConflict
        With what is wrong first; `require_possible` names a smallest set.
    """
    pins, loaded = _near(session, association_id, made, planned)
    message = _wrong(loaded.problem, _pins(loaded.problem)) if pins else None
    if message is not None:
        raise PinsConflict(message, [], [])


def require_possible(session: Session, association_id: int, made: Decision, planned: ProposalItem | None = None) -> None:
    """Refuse a pin that can't be kept together with those that stand on its lot or its line.

    Raises
    ------
    PinsConflict
        With a smallest set of pins that conflict.
    """
    pins, loaded = _near(session, association_id, [made], [] if planned is None else [planned])
    conflict = smallest_conflict(loaded.problem)
    if conflict is None:
        return
    message, rows = conflict
    d, lots, lines = loaded.problem.decisions, loaded.lot_ids, loaded.line_ids
    found = [pins[int(lots[d.lot[row]]), int(lines[d.line[row]])] for row in rows]
    pairs = [f"{loaded.problem.lots.id[d.lot[row]]} → {loaded.problem.lines.id[d.line[row]]} {d.kg[row]} kg" for row in rows]
    raise PinsConflict(message, [pin.uid for pin in found], pairs)


def _near(
    session: Session, association_id: int, made: Sequence[Decision], planned: Sequence[ProposalItem]
) -> tuple[dict[tuple[int, int], Decision], Loaded]:
    """Return the pins that stand on the lots and lines of some, by lot and line, and the part of the market that they are about."""
    d = Decision
    near = select(d).where(d.association_id == association_id, d.revoked_at.is_(None), d.kind == DecisionKind.PIN)
    near = near.where(d.lot_id.in_({one.lot_id for one in made}) | d.line_id.in_({one.line_id for one in made}))
    pins = {(pin.lot_id, pin.line_id): pin for pin in session.scalars(near)}
    only = Only({lot for lot, _ in pins}, {line for _, line in pins}, [item.id for item in planned])
    return pins, load(session, association_id, only=only)


def _pins(problem: Problem) -> list[int]:
    d = problem.decisions
    return [int(row) for row in np.flatnonzero((d.kind == PIN) & (d.kg > 0))]


def smallest_conflict(problem: Problem) -> tuple[str, list[int]] | None:
    """Return what is wrong with the pins of a problem, and the rows of a smallest set of them for which it stays wrong.

    None if they can all be kept as far as quantities, eligibility, numbers of suppliers and indivisible lots go.
    """
    rows = _pins(problem)
    message = _wrong(problem, rows)
    if message is None:
        return None
    for row in list(rows):
        fewer = [other for other in rows if other != row]
        still = _wrong(problem, fewer)
        if still is not None:
            rows, message = fewer, still
    return message, rows


def _wrong(problem: Problem, rows: Sequence[int]) -> str | None:
    """Return the first thing wrong with these pins alone, None if nothing is."""
    for message in _too_much(problem, rows):
        return message
    from matching.pairs.pins import require_pins_possible

    d = problem.decisions
    kept = problem.replace(decisions=d.replace(lot=d.lot[rows], line=d.line[rows], kind=d.kind[rows], kg=d.kg[rows]))
    try:
        require_pins_possible(kept)
    except BadInput as bad:
        return "these pins can't be kept: " + bad.issues[0].expected
    return None


def _too_much(problem: Problem, rows: Sequence[int]) -> Iterator[str]:
    d = problem.decisions
    for noun, places, room in (("lot", d.lot, problem.lots.kg), ("line", d.line, problem.lines.kg)):
        wanted: dict[int, int] = {}
        for row in rows:
            wanted[int(places[row])] = wanted.get(int(places[row]), 0) + int(d.kg[row])
        for place, kg in wanted.items():
            if kg > room[place]:
                yield f"these pins want {kg} kg of a {noun} that has {room[place]} kg left"
