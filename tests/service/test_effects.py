"""What a decision means is shown before it is made, agrees with what comes of it, and leaves no trace."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from catalog.errors import Invalid, NotFound
from catalog.tenancy import Scope
from service.db import Database
from service.models import AuditEvent, Outbox
from service.planning import models as m
from service.planning.pins import single
from service.planning.proposals import decisions, edits, effects, undo
from service.planning.proposals.decisions import Refusal
from service.planning.proposals.edits import Edit
from service.planning.proposals.effects import Effects
from service.planning.states import ProposalState, RejectReason
from service.planning.terms.estimates import LIVE
from service.planning.terms.figures import figures_of_items
from tests.sample_market import act
from tests.service.proposal_setup import Desk, chosen

WHY = Refusal(RejectReason.PRICE)


def traces(desk: Desk) -> tuple[int, ...]:
    with desk.database.read() as session:
        return tuple(session.scalars(select(func.count()).select_from(table)).one() for table in (AuditEvent, Outbox, m.LedgerEntry))


def rejecting(desk: Desk, *items: m.ProposalItem) -> Effects:
    """Ask what rejecting some items would mean."""
    with desk.database.write() as session:
        picked = [chosen(item) for item in items]
        return effects.effects(
            session,
            desk.broker,
            [item.uid for item in items],
            lambda: _none(decisions.reject_many(session, desk.broker, picked, WHY, act())),
        )


def _none(_done: object) -> None:
    return None


def money(desk: Desk) -> dict[str, int]:
    """What suppliers get of all live items, by the uid of the item."""
    with desk.database.read() as session:
        items = list(session.scalars(select(m.ProposalItem).where(m.ProposalItem.state.in_(LIVE))))
        return {item.uid: figures_of_items(session, items)[item.id].parts.supplier_vnd for item in items}


def test_what_is_shown_is_what_comes_and_nothing_is_done_before(database: Database) -> None:
    desk = Desk(database)
    first, before, was = desk.items()[0], traces(desk), money(desk)
    shown = rejecting(desk, first)
    assert (traces(desk), desk.item(first.uid).state, desk.item(first.uid).version) == (before, ProposalState.PROPOSED, first.version)
    desk.do(decisions.reject, chosen(first), WHY)
    will_be = money(desk)
    assert sum(one.vnd for one in shown.parties if one.side == "supply") == sum(will_be.values()) - sum(was.values())
    assert {(one.side.value, one.kg) for one in shown.parties} >= {("supply", -1800), ("demand", -1800)}
    assert (shown.kg, shown.worth_vnd < 0) == (-1800, True)


def test_a_truck_that_nobody_rides_on_any_more_is_saved(database: Database) -> None:
    desk = Desk(database)
    with database.read() as session:
        costs = sum(session.scalars(select(m.PlanTrip.cost_vnd)))
    assert rejecting(desk, *desk.items()).freight_vnd == -costs


def test_a_change_that_breaks_a_rule_is_refused_before_it_is_shown(database: Database) -> None:
    desk = Desk(database)
    first = desk.items()[0]
    with database.write() as session, pytest.raises(Invalid, match="kg"):
        effects.effects(
            session, desk.broker, [first.uid], lambda: _none(edits.edit(session, desk.broker, chosen(first), Edit(kg=9_000), act()))
        )
    assert desk.item(first.uid).kg == 1800


def test_an_item_that_one_may_not_see_is_not_found(database: Database) -> None:
    desk = Desk(database)
    with database.write() as session, pytest.raises(NotFound, match="proposal item"):
        effects.effects(session, Scope(desk.association + 1), [desk.items()[0].uid], lambda: None)


def test_many_items_are_pinned_and_taken_back_together(database: Database) -> None:
    desk = Desk(database)
    picked = [chosen(item) for item in desk.items()]
    assert all(one.item is not None for one in desk.do(single.pin_many, picked))
    with database.read() as session:
        assert session.scalars(select(func.count()).select_from(m.Decision).where(m.Decision.revoked_at.is_(None))).one() == len(picked)
    desk.do(undo.undo_many, [chosen(item) for item in desk.items()])
    with database.read() as session:
        assert session.scalars(select(func.count()).select_from(m.Decision).where(m.Decision.revoked_at.is_(None))).one() == 0
