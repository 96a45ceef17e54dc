"""Hundreds of items are approved at once, and taken back at once, by a few statements and by the same rules as one by one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import event, select

from catalog.errors import Stale
from catalog.models import Lot, Side
from service import audit
from service.db import Database
from service.models import Outbox
from service.planning import proposals, undo
from service.planning.errors import AlreadyDecided, PlanStale
from service.planning.proposals import Chosen
from service.planning.states import ProposalState
from tests.market import act
from tests.matching.builders import build_problem
from tests.service.desk import Desk, chosen


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


def test_a_further_item_costs_few_statements_and_not_dozens(database: Database) -> None:
    taken = []
    for pairs, code in ((4, "a"), (60, "b")):
        desk = desk_of(database, pairs, code)
        all_ = [chosen(item) for item in desk.items()]
        assert len(all_) == pairs
        forth, outcomes = counted(database, partial(desk.do, proposals.approve_many, all_))
        assert desk.balances()["held"] == 500 * pairs
        seen = [Chosen(outcome.uid, outcome.item.version) for outcome in outcomes]
        fro, back = counted(database, partial(desk.do, undo.undo_many, seen))
        taken.append((forth, fro))
        assert {outcome.item.state for outcome in back} == {ProposalState.PROPOSED}
        assert "held" not in desk.balances()
    (few_forth, few_back), (many_forth, many_back) = taken
    assert many_forth - few_forth <= 5 * 56
    assert many_back - few_back <= 5 * 56


def test_each_of_many_leaves_the_trail_and_the_events_that_it_would_leave_alone(database: Database) -> None:
    desk = desk_of(database, 6)
    first, *others = desk.items()
    desk.do(proposals.approve, chosen(first))
    outcomes = desk.do(proposals.approve_many, [chosen(item) for item in others])
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
    desk.do(proposals.approve, chosen(found[0]), by=act("lan"))
    with database.write() as session:
        session.get_one(Lot, found[1].lot_id).ask_vnd_per_kg += 1
    sent = [chosen(found[0]), chosen(found[1]), Chosen(found[2].uid, 99), *map(chosen, found[3:]), chosen(found[3])]
    outcomes = desk.do(proposals.approve_many, sent, partial=True)
    refusals = [None if outcome.refusal is None else type(outcome.refusal) for outcome in outcomes]
    assert refusals == [AlreadyDecided, PlanStale, Stale, None, None, None, AlreadyDecided]
    first = outcomes[0].refusal
    assert isinstance(first, AlreadyDecided)
    assert first.who == "lan"
    assert desk.balances() == {"held": 2000, "offered": 1000}


def test_what_others_have_answered_is_not_taken_back_with_the_rest(database: Database) -> None:
    desk = desk_of(database, 3)
    found = desk.items()
    desk.do(proposals.approve_many, [chosen(item) for item in found])
    for side in (Side.SUPPLY, Side.DEMAND):
        desk.do(proposals.confirm, Chosen(found[0].uid), side=side)
    outcomes = desk.do(undo.undo_many, [Chosen(item.uid) for item in found], partial=True)
    assert [outcome.refusal is None for outcome in outcomes] == [False, True, True]
    assert desk.balances() == {"confirmed": 500, "offered": 1000}
