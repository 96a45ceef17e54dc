"""Hundreds of items are decided at once, and taken back at once, by a few statements and by the same rules as one by one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, select

from catalog.errors import Stale
from catalog.models import Lot, Side
from service import audit
from service.db import Database
from service.models import AuditEvent, Outbox
from service.planning.errors import AlreadyDecided, PlanStale
from service.planning.models import ProposalItem
from service.planning.pins import single
from service.planning.pins.single import Wanted
from service.planning.proposals import decisions, undo
from service.planning.proposals.decisions import Chosen
from service.planning.states import DecisionKind, ProposalState
from tests.matching.builders import build_problem
from tests.sample_market import act
from tests.service.proposal_setup import BY_TELEPHONE, Desk, chosen
from tests.service.test_decisions import pair, standing
from tests.service.test_proposals import PRICE


def desk_of(database: Database, pairs: int, code: str = "a") -> Desk:
    """A desk with a proposal for each of so many pairs of lot and line."""
    sites: list[dict[str, Any]] = [
        {"site_id": "c", "lat": 21.3, "lon": 106.2},
        {"site_id": "b", "kind": "buyer", "lat": 21.0, "lon": 105.9},
    ]
    lots = [{"lot_id": f"l{n}", "site_id": "c", "supplier_id": f"s{n % 5}", "quantity_kg": 500} for n in range(pairs)]
    lines = [{"line_id": f"d{n}", "site_id": "b", "buyer_id": "x", "quantity_kg": 500} for n in range(pairs)]
    return Desk(database, build_problem(sites=sites, lots=lots, demands=lines), code)


def counted(database: Database, deed: Callable[[], Any]) -> tuple[int, Any]:
    """Return how many statements a deed sends to the database, and what it returns."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        done = deed()
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    return len(sent), done


BULK: dict[str, Callable[..., Any]] = {
    "approve": decisions.approve_many,
    "reject": lambda session, scope, all_, act, **how: decisions.reject_many(session, scope, all_, PRICE, act, **how),
    "pin": single.pin_many,
}
VERBS = pytest.mark.parametrize("verb", list(BULK))


@VERBS
def test_a_further_item_costs_few_statements_and_not_dozens(database: Database, verb: str) -> None:
    taken = []
    for pairs, code in ((4, "a"), (60, "b")):
        desk = desk_of(database, pairs, code)
        all_ = [chosen(item) for item in desk.items()]
        assert len(all_) == pairs
        forth, outcomes = counted(database, partial(desk.do, BULK[verb], all_))
        assert desk.balances().get("held", 0) == (500 * pairs if verb == "approve" else 0)
        seen = [Chosen(outcome.uid, outcome.item.version) for outcome in outcomes]
        fro, back = counted(database, partial(desk.do, undo.undo_many, seen))
        taken.append((forth, fro))
        assert {outcome.item.state for outcome in back} == {ProposalState.PROPOSED}
        assert "held" not in desk.balances()
        assert standing(desk) == []
    (few_forth, few_back), (many_forth, many_back) = taken
    assert many_forth - few_forth <= 5 * 56
    assert many_back - few_back <= 5 * 56


def plain(facts: dict[str, Any] | None) -> dict[str, Any]:
    """Return an entry's facts without what differs from one association to another."""
    kept = {key: value for key, value in (facts or {}).items() if key not in {"undone", "decision"} and not key.endswith("_at")}
    decision = (facts or {}).get("decision")
    return kept | {"decision": decision and (decision["kind"], decision["kg"])}


def told(desk: Desk, item: ProposalItem) -> tuple[Any, ...]:
    """Return how an item stands, and what the trail and the events say of it."""
    with desk.database.read() as session:
        trail = session.scalars(select(AuditEvent).where(AuditEvent.object_uid == item.uid).order_by(AuditEvent.seq)).all()
        sent = session.scalars(select(Outbox).order_by(Outbox.id)).all()
    said = [(one.action, plain(one.before), plain(one.after), one.why) for one in trail]
    events = [(one.kind, one.payload.get("reason"), one.organisation_id is None) for one in sent if one.payload.get("item") == item.uid]
    stands = (item.state, item.reason_code, item.note, item.version, item.supplier_confirmed_by, item.updated_by)
    return stands, said, sorted(events)


def mixed(desk: Desk) -> None:
    """Let items stand in all ways: promised, half confirmed and pinned, pinned, rejected, stale, forbidden, in the way of another pin."""
    promised, half, pinned, rejected, stale, forbidden, crossed, *_ = desk.items()
    desk.do(decisions.approve_many, [chosen(promised), chosen(half)])
    for item, side in ((promised, Side.SUPPLY), (promised, Side.DEMAND), (half, Side.SUPPLY)):
        desk.do(decisions.confirm, Chosen(item.uid), side=side, consent=BY_TELEPHONE)
    for item in (half, pinned):
        desk.do(single.pin, Chosen(item.uid))
    desk.do(decisions.reject, chosen(rejected), PRICE)
    desk.do(single.forbid, chosen(forbidden))
    with desk.database.write() as session:
        session.get_one(Lot, stale.lot_id).ask_vnd_per_kg += 1
    lot, _ = pair(desk, crossed)
    _, line = pair(desk, desk.items()[7])
    desk.do(single.decide, Wanted(lot, line, DecisionKind.PIN, 100))


@VERBS
def test_many_at_once_come_to_what_they_would_have_come_to_one_by_one(
    database: Database, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = []
    for few, code in ((decisions.FEW, "a"), (10**9, "b")):
        desk = desk_of(database, 10, code)
        mixed(desk)
        items = desk.items()
        monkeypatch.setattr(decisions, "FEW", few)
        sent = [Chosen(item.uid, 99 if n == 9 else None) for n, item in enumerate([*items, items[8]])]
        forth = [type(one.refusal).__name__ for one in desk.do(BULK[verb], sent, partial=True)]
        decided, pins = [told(desk, item) for item in desk.items()], standing(desk)
        back = [type(one.refusal).__name__ for one in desk.do(undo.undo_many, [Chosen(item.uid) for item in items], partial=True)]
        ends.append((forth, decided, pins, back, [told(desk, item) for item in desk.items()], standing(desk)))
        with database.read() as session:
            assert list(audit.verify(session)) == []
    for together, alone in zip(*ends, strict=True):
        assert together == alone
    assert ends[0][0].count("NoneType") >= 2, "some can be decided"
    assert len(set(ends[0][0])) >= 3, "and others are refused for several reasons"


def test_each_of_many_leaves_the_trail_and_the_events_that_it_would_leave_alone(database: Database) -> None:
    desk = desk_of(database, 6)
    first, *others = desk.items()
    desk.do(decisions.approve, chosen(first))
    outcomes = desk.do(decisions.approve_many, [chosen(item) for item in others])
    desk.do(undo.undo, Chosen(first.uid))
    desk.do(undo.undo_many, [Chosen(outcome.uid) for outcome in outcomes])
    assert {tuple(desk.trail(item.uid)) for item in desk.items()} == {("proposal_item.approve", "proposal_item.undo")}
    with database.read() as session:
        told = [one.payload["item"] for one in session.scalars(select(Outbox).where(Outbox.kind == "proposal.approved"))]
        assert list(audit.verify(session)) == []
    assert {told.count(item.uid) for item in desk.items()} == {3}
    assert {desk.item(item.uid).version for item in others} == {3}


def test_of_many_those_that_cannot_be_are_refused_in_the_words_that_one_gets(database: Database) -> None:
    desk = desk_of(database, 6)
    found = desk.items()
    desk.do(decisions.approve, chosen(found[0]), by=act("lan"))
    with database.write() as session:
        session.get_one(Lot, found[1].lot_id).ask_vnd_per_kg += 1
    sent = [chosen(found[0]), chosen(found[1]), Chosen(found[2].uid, 99), *map(chosen, found[3:]), chosen(found[3])]
    outcomes = desk.do(decisions.approve_many, sent, partial=True)
    refusals = [None if outcome.refusal is None else type(outcome.refusal) for outcome in outcomes]
    assert refusals == [AlreadyDecided, PlanStale, Stale, None, None, None, AlreadyDecided]
    first = outcomes[0].refusal
    assert isinstance(first, AlreadyDecided)
    assert first.who == "lan"
    assert desk.balances() == {"held": 2000, "offered": 1000}


def test_what_others_have_answered_is_not_taken_back_with_the_rest(database: Database) -> None:
    desk = desk_of(database, 3)
    found = desk.items()
    desk.do(decisions.approve_many, [chosen(item) for item in found])
    for side in (Side.SUPPLY, Side.DEMAND):
        desk.do(decisions.confirm, Chosen(found[0].uid), side=side, consent=BY_TELEPHONE)
    outcomes = desk.do(undo.undo_many, [Chosen(item.uid) for item in found], partial=True)
    assert [outcome.refusal is None for outcome in outcomes] == [False, True, True]
    assert desk.balances() == {"confirmed": 500, "offered": 1000}
