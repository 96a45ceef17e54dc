"""Taking back what was decided about hundreds of items at once: by a few statements, where nothing else has happened since.

What is left, and what had changed more than a decision's own columns, `service.planning.proposals.undo` takes back one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.models import AuditEvent
from service.planning.journal import Journal, before
from service.planning.ledger import transitions
from service.planning.models import ProposalItem
from service.planning.pins import bulk
from service.planning.proposals import items as desk
from service.planning.proposals import selection as of
from service.planning.proposals import undo
from service.planning.proposals.bulk import APPROVE, PIN, REJECT
from service.planning.proposals.decisions import Chosen
from service.planning.proposals.selection import Items
from service.planning.states import ProposalState

WAS_OF = {
    APPROVE: (ProposalState.APPROVED, frozenset({"state", "version"})),
    REJECT: (ProposalState.REJECTED, frozenset({"state", "version", "reason_code", "note", "decision"})),
    PIN: (ProposalState.PROPOSED, frozenset({"version", "decision"})),
}
"""Of each decision about an item that was merely proposed: the state that it leads to, and all that it changes."""


def take_back(session: Session, journal: Journal, chosen: Sequence[Chosen], found: Items) -> Items:
    """Take back those decisions after which nothing else has happened, and return their items by uid."""
    waiting = of.seen(chosen, found, *(state for state, _ in WAS_OF.values()))
    last, promises = _last_deeds(session, journal.association_id, waiting), of.promises(session, waiting)
    current = {item.id for item in of.of_current(session, waiting)}
    done = [item for item in waiting if item.id in current and item.uid in last and not desk.bound_kg(promises.get(item.id))]
    was = {item.id: before(item) for item in done}
    transitions.release_each(session, [promises[item.id] for item in done if item.id in promises], journal.act)
    bulk.end_each(session, [item for item in done if "decision" in _before(last[item.uid])], journal.act)
    _put_back(session, journal, done, last)
    for item in done:
        undo.note(journal, item, was[item.id], last[item.uid])
    desk.tell_many(session, journal, "proposal.revised", done)
    return {item.uid: item for item in done}


def _put_back(session: Session, journal: Journal, done: Sequence[ProposalItem], last: Mapping[str, AuditEvent]) -> None:
    """Propose items again, with the notes that they had; hundreds have one note, or none, in common."""
    alike: dict[str | None, list[ProposalItem]] = {}
    for item in done:
        alike.setdefault(_before(last[item.uid]).get("note"), []).append(item)
    forgotten: dict[str, Any] = dict.fromkeys((*desk.CONFIRMATION, "reason_code"))
    for note, some in alike.items():
        said = {} if note is None else {"note": note}
        of.change(session, some, journal.act, state=ProposalState.PROPOSED, **forgotten, **said)


def _last_deeds(session: Session, association_id: int, wanted: Iterable[ProposalItem]) -> dict[str, AuditEvent]:
    """Return the newest entry about each item, where that is a decision about something that was merely proposed."""
    e, items = AuditEvent, {item.uid: item for item in wanted}
    newest = select(func.max(e.seq)).where(e.chain == association_id, e.object_uid.in_(items)).group_by(e.object_uid)
    query = select(e).where(e.chain == association_id, e.seq.in_(newest), e.action.in_(WAS_OF))
    return {one.object_uid: one for one in session.scalars(query) if _is_plain(one, items[one.object_uid])}


def _is_plain(event: AuditEvent, item: ProposalItem) -> bool:
    """Did an entry make of a mere proposal about whose pair nothing stood what the item is now, and nothing more?"""
    state, changed = WAS_OF[event.action]
    was = _before(event)
    proposed = was.get("state", ProposalState.PROPOSED.value) == ProposalState.PROPOSED.value
    return item.state is state and proposed and was.get("decision") is None and set(was) <= changed


def _before(event: AuditEvent) -> Mapping[str, Any]:
    return event.before or {}
