"""Taking back the last thing that a broker did to an item; the audit trail is the log of commands.

An entry remembers what it changed. Undoing puts that back, through the ledger where kilograms were held, and notes itself with the
entry that it undid, so that undoing again takes back the one before. What a supplier or buyer has answered is not undone, and neither
is what both have confirmed: then there is compensation (`service.planning.proposals.decisions.cancel`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.tenancy import Scope, check_version
from service import audit
from service.models import AuditEvent
from service.planning.errors import AlreadyDecided, NothingToUndo
from service.planning.journal import Journal, before
from service.planning.ledger.transitions import Act
from service.planning.models import ProposalItem
from service.planning.pins import single
from service.planning.proposals import decisions
from service.planning.proposals import items as desk
from service.planning.proposals.decisions import HOLD_MINUTES, Chosen, Outcome, Step
from service.planning.proposals.items import tell
from service.planning.states import PlanState, ProposalState, RejectReason

UNDOABLE = tuple(f"proposal_item.{verb}" for verb in ("approve", "reject", "edit", "pin", "forbid"))
UNDO = "proposal_item.undo"
CONFIRMING = ("proposal_item.confirm_supply", "proposal_item.confirm_demand")
"""What may stand between: undoing forgets what one side alone has confirmed."""
COLUMNS = (
    "kg", "pickup_on", "delivery_on", "vehicle_class_id", "own_km", "own_vnd", "own_load_min", "own_unload_min",
    "state", "reason_code", "note",
)  # fmt: skip


def undo(session: Session, scope: Scope, chosen: Chosen, act: Act, hold_minutes: int = HOLD_MINUTES) -> ProposalItem:
    """Take back the last thing that a broker did to an item.

    Raises
    ------
    AlreadyConfirmed
        If both sides have confirmed the item, naming the compensation that there is.
    AlreadyDecided
        If a supplier or buyer has had the last word; says who and when.
    NothingToUndo
        If no broker has done anything that is left to undo.
    """
    return decisions.one(session, scope, chosen, act, _undoing(scope, hold_minutes))


def undo_many(
    session: Session, scope: Scope, chosen: Sequence[Chosen], act: Act, hold_minutes: int = HOLD_MINUTES, *, partial: bool = False
) -> list[Outcome]:
    """Take back the last thing that a broker did to each of many items; see `service.planning.proposals.decisions.approve_many`."""
    from service.planning.proposals import bulk_revert

    def at_once(s: Session, journal: Journal, found: Mapping[str, ProposalItem]) -> Mapping[str, ProposalItem]:
        return bulk_revert.take_back(s, journal, chosen, found)

    return decisions.many(session, scope, chosen, act, _undoing(scope, hold_minutes), partial=partial, at_once=at_once)


def _undoing(scope: Scope, hold_minutes: int) -> Step:
    def step(s: Session, journal: Journal, item: ProposalItem, version: int | None) -> None:
        decisions.require_unbound(s, item)
        check_version(item, version)
        event = last_deed(s, scope.association_id, item.uid)
        was = before(item)
        decisions.give_back(s, item, journal.act)
        _restore(s, item, event.before or {}, journal.act)
        if item.state is ProposalState.APPROVED:
            decisions.hold(s, item, journal.act, hold_minutes)
        note(journal, item, was, event)
        tell(s, journal, "proposal.revised", item)

    return step


def last_deed(session: Session, association_id: int, uid: str) -> AuditEvent:
    """Return the newest entry about an item that can be undone and hasn't been."""
    undone: set[int] = set()
    for event in _events(session, association_id, uid):
        if event.action == UNDO:
            undone.add(int((event.after or {})["undone"]))
        elif event.seq in undone or event.action in CONFIRMING:
            continue
        elif event.action in UNDOABLE:
            return event
        elif event.actor == desk.SYSTEM:
            break
        else:
            raise AlreadyDecided("the other side has had the last word on this item", event.actor, event.at)
    raise NothingToUndo("no broker has done anything to this item that is left to undo")


def _events(session: Session, association_id: int, uid: str) -> Iterator[AuditEvent]:
    query = select(AuditEvent).where(AuditEvent.chain == association_id, AuditEvent.object_uid == uid)
    yield from session.scalars(query.order_by(AuditEvent.seq.desc()))


def _restore(session: Session, item: ProposalItem, old: dict[str, Any], act: Act) -> None:
    for column in COLUMNS:
        if column in old:
            setattr(item, column, _value(column, old[column]))
    if item.state is ProposalState.PROPOSED:
        item.reason_code = None
    desk.clear_confirmations(item)
    desk.touch(item, act)
    # Questions come once all is said of the item, so that its version rises once.
    session.flush()
    if item.state is ProposalState.PROPOSED and desk.plan_of(session, item).state is not PlanState.CURRENT:
        item.state = ProposalState.SUPERSEDED
    if "decision" in old:
        single.restore(session, item, old["decision"], act)
    session.flush()


def _value(column: str, plain: Any) -> Any:
    """Return what an audit entry keeps as plain text as the column's own type."""
    if plain is None:
        return None
    kinds: dict[str, Any] = {
        "state": ProposalState, "reason_code": RejectReason, "pickup_on": date.fromisoformat, "delivery_on": date.fromisoformat,
    }  # fmt: skip
    return kinds.get(column, lambda value: value)(plain)


def note(journal: Journal, item: ProposalItem, was: dict[str, Any], event: AuditEvent) -> None:
    """Note that an entry of the trail has been undone."""
    gone, come = audit.changes(was, audit.snapshot(item))
    journal.note(UNDO, item, gone, {**come, "undone": event.seq, "action": event.action})
