"""Drafts stand side by side, one is published, and what was promised before never depends on which plan made it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from buyers.models import DemandLine
from catalog.errors import NeedsConfirmation, Stale
from catalog.models import Lot, Side
from matching.model.plan import Status
from service.db import Database
from service.models import Outbox
from service.planning import models as m
from service.planning.ledger.transitions import Act
from service.planning.plans import rejections, storing
from service.planning.plans.party_totals import compare_parties
from service.planning.plans.problem_builder import load
from service.planning.proposals import decisions
from service.planning.proposals.decisions import Refusal
from service.planning.states import PlanState, ProposalState, RejectReason
from service.runs import publishing
from service.runs.preview import preview
from tests.sample_market import act
from tests.service.proposal_setup import Desk, chosen
from tests.service.test_results import result_of

EARLIER = "2027-06-01T00:00:00.000000Z"
NO_PRICE = Refusal(RejectReason.PRICE)


def draft(desk: Desk, status: Status = Status.FEASIBLE) -> str:
    """Store a draft of what is left, and return its uid."""
    with desk.database.write() as session:
        loaded = load(session, desk.association)
        return storing.store(session, loaded, result_of(loaded.problem, status), "mca 1").uid


def states(desk: Desk) -> dict[str, PlanState]:
    with desk.database.read() as session:
        return dict(session.execute(select(m.Plan.uid, m.Plan.state)).all())


def put(desk: Desk, uid: str) -> list[tuple[int, int, int]]:
    """Return the lot, line and kilograms of each item of a plan that is on the table."""
    with desk.database.read() as session:
        i, a = m.ProposalItem, m.PlanAllocation
        query = select(i.lot_id, i.line_id, i.kg).join(a, a.id == i.allocation_id).join(m.Plan, m.Plan.id == a.plan_id)
        rows = session.execute(query.where(m.Plan.uid == uid, i.state == ProposalState.PROPOSED).order_by(i.id))
        return [(lot, line, kg) for lot, line, kg in rows]


def told(desk: Desk) -> list[str]:
    with desk.database.read() as session:
        return list(session.scalars(select(Outbox.kind).where(Outbox.organisation_id.is_(None)).order_by(Outbox.id)))


def test_a_draft_is_put_to_nobody_and_replaces_nothing(database: Database) -> None:
    desk = Desk(database)
    before, events = put(desk, desk.plan), told(desk)
    first, second = draft(desk), draft(desk)
    assert states(desk) == {desk.plan: PlanState.CURRENT, first: PlanState.DRAFT, second: PlanState.DRAFT}
    assert (put(desk, desk.plan), put(desk, first), told(desk)) == (before, [], events)


def test_publishing_puts_a_draft_to_both_sides_and_says_so_once(database: Database) -> None:
    desk = Desk(database)
    uid, events = draft(desk), len(told(desk))
    done = desk.do(publishing.publish, uid)
    assert states(desk) == {desk.plan: PlanState.SUPERSEDED, uid: PlanState.CURRENT}
    assert (done.replaced, done.items, done.changed, done.taken, done.rejected) == (desk.plan, len(put(desk, uid)), 0, 0, 0)
    assert told(desk)[events:][:2] == ["plan.published", "plan.superseded"]
    assert desk.trail(uid) == ["plan.publish"]
    with pytest.raises(publishing.PlanNotDraft, match="has been published already"):
        desk.do(publishing.publish, uid)


def test_a_plan_that_somebody_else_has_published_is_stale(database: Database) -> None:
    desk = Desk(database)
    uid = draft(desk)
    with pytest.raises(Stale, match="has changed since it was read"):
        desk.do(publishing.publish, uid, version=7)


def test_what_was_approved_on_a_replaced_plan_can_still_be_confirmed_and_taken_back(database: Database) -> None:
    desk = Desk(database)
    kept, gone = desk.items()[:2]
    for item in (kept, gone):
        desk.do(decisions.approve, chosen(item))
    desk.do(publishing.publish, draft(desk))
    for side in (Side.SUPPLY, Side.DEMAND):
        desk.do(decisions.confirm, chosen(desk.item(kept.uid)), scope=desk.party(kept, side))
    desk.do(decisions.reject, chosen(desk.item(gone.uid)), NO_PRICE)
    assert (desk.item(kept.uid).state, desk.item(gone.uid).state) == (ProposalState.APPROVED, ProposalState.REJECTED)
    assert desk.balances()["confirmed"] == kept.kg
    desk.do(decisions.cancel, chosen(desk.item(kept.uid)), Refusal(RejectReason.CANCELLED))
    assert "confirmed" not in desk.balances()


def test_what_publishing_would_do_is_what_it_does(database: Database) -> None:
    desk = Desk(database)
    kept, gone = desk.items()[:2]
    desk.do(decisions.approve, chosen(kept))
    desk.do(decisions.reject, chosen(gone), NO_PRICE)
    uid = draft(desk)
    with database.read() as session:
        would = preview(session, session.scalars(select(m.Plan).where(m.Plan.uid == uid)).one())
        assert would.replaced is not None
        replaced = would.replaced.uid
    undecided = len(put(desk, desk.plan))
    done = desk.do(publishing.publish, uid)
    assert (would.items, would.kg, would.taken, would.rejected) == (done.items, done.kg, done.taken, done.rejected)
    assert (replaced, would.ending, would.staying, would.doubt) == (done.replaced, undecided, 1, "")
    assert sum(one.kg for one in would.told) == 2 * done.kg
    assert {one.side for one in would.told} <= {Side.SUPPLY, Side.DEMAND}


def test_a_draft_leaves_out_what_was_promised_or_edited_after_it_was_made(database: Database) -> None:
    desk = Desk(database)
    uid, item = draft(desk), desk.items()[0]
    desk.do(decisions.approve, chosen(item))
    done = desk.do(publishing.publish, uid)
    assert (done.taken, done.changed) == (1, 0)
    other = draft(desk)
    line = put(desk, uid)[0][1]
    with database.write() as session:
        session.get_one(DemandLine, line).bid_vnd_per_kg += 1
        same = select(func.count()).select_from(m.PlanAllocation).where(m.PlanAllocation.line_id == line, m.Plan.uid == other)
        touched = session.execute(same.join(m.Plan, m.Plan.id == m.PlanAllocation.plan_id)).scalar_one()
    assert desk.do(publishing.publish, other).changed == touched > 0


def test_an_empty_draft_or_one_for_other_days_replaces_nothing_unless_it_is_meant(database: Database) -> None:
    desk = Desk(database)
    with database.write() as session:
        made = m.Plan(association_id=desk.association, input_digest="0" * 64, objective_vnd=0, status="feasible", termination="time",
                      seconds=1.0, seed=0, engine="mca 1")  # fmt: skip
        session.add(made)
        session.flush()
        empty = made.uid
    before = put(desk, desk.plan)
    with pytest.raises(NeedsConfirmation, match=f"this plan is empty, and {len(before)} undecided proposals"):
        desk.do(publishing.publish, empty)
    assert (put(desk, desk.plan), states(desk)[desk.plan]) == (before, PlanState.CURRENT)
    desk.do(publishing.publish, empty, confirmed=True)
    assert put(desk, desk.plan) == []


def test_a_draft_for_other_days_is_asked_about(database: Database) -> None:
    desk = Desk(database)
    with database.write() as session:
        for lot in session.scalars(select(Lot)):
            lot.available_from, lot.available_until = (day + timedelta(days=60) for day in (lot.available_from, lot.available_until))
        for line in session.scalars(select(DemandLine)):
            line.deliver_from, line.deliver_until = (day + timedelta(days=60) for day in (line.deliver_from, line.deliver_until))
    later = draft(desk)
    with pytest.raises(NeedsConfirmation, match=r"this plan is for .* undecided proposals for .* would end"):
        desk.do(publishing.publish, later)


def test_a_plan_of_volumes_alone_cannot_be_published(database: Database) -> None:
    desk = Desk(database)
    with pytest.raises(publishing.PlanNotPublishable, match="has no trips"):
        desk.do(publishing.publish, draft(desk, Status.RELAXED))


def test_a_rejected_pair_is_not_proposed_again_until_something_material_changes(database: Database) -> None:
    desk = Desk(database)
    ready, item = draft(desk), desk.items()[0]
    desk.do(decisions.reject, chosen(item), NO_PRICE)
    pair = (item.lot_id, item.line_id)
    done = desk.do(publishing.publish, ready)
    assert (done.rejected, pair in [one[:2] for one in put(desk, ready)]) == (1, False)
    anew = draft(desk)
    assert desk.do(publishing.publish, anew, confirmed=True).rejected == 0
    assert pair not in [one[:2] for one in put(desk, anew)]
    with database.write() as session:
        line = session.get_one(DemandLine, item.line_id)
        line.note = "gọi lại sau"
        before = line.bid_vnd_per_kg
        session.flush()
        assert pair in rejections.standing_pairs(session, desk.association)
        line.bid_vnd_per_kg = before + 1_000
    again = draft(desk)
    assert desk.do(publishing.publish, again, confirmed=True).proposed_again == 1
    assert pair in [one[:2] for one in put(desk, again)]
    with database.read() as session:
        newest = select(m.ProposalBasis.changed).join(m.ProposalItem, m.ProposalItem.id == m.ProposalBasis.item_id)
        newest = newest.where(m.ProposalItem.lot_id == pair[0], m.ProposalItem.line_id == pair[1]).order_by(m.ProposalItem.id.desc())
        assert session.scalars(newest.limit(1)).one() == {"bid_vnd_per_kg": [before, before + 1_000]}


def test_plans_are_compared_by_what_each_party_sells_buys_gets_and_pays(database: Database) -> None:
    desk = Desk(database)
    other = draft(desk)
    with database.read() as session:
        plans = [session.scalars(select(m.Plan).where(m.Plan.uid == uid)).one() for uid in (desk.plan, other)]
        rows = compare_parties(session, plans)
        fee = 0
    sold = sum(row.totals[0].kg for row in rows if row.party.side is Side.SUPPLY)
    bought = sum(row.totals[0].kg for row in rows if row.party.side is Side.DEMAND)
    assert sold == bought == sum(kg for *_, kg in put(desk, desk.plan))
    paid = sum(row.totals[1].vnd for row in rows if row.party.side is Side.DEMAND)
    got = sum(row.totals[1].vnd for row in rows if row.party.side is Side.SUPPLY)
    with database.read() as session:
        freight = session.scalars(select(m.PlanTrip.cost_vnd).where(m.PlanTrip.plan_id == plans[1].id)).all()
    assert paid - got - fee == sum(freight)


def test_a_publication_during_a_confirmation_waits_and_both_hold(database: Database) -> None:
    desk = Desk(database)
    item, uid = desk.items()[0], draft(desk)
    desk.do(decisions.approve, chosen(item))
    entered, go_on, done = threading.Event(), threading.Event(), []

    def confirm() -> None:
        with database.write() as session:
            decisions.confirm(session, desk.party(item, Side.SUPPLY), chosen(desk.item(item.uid)), act())
            entered.set()
            go_on.wait(20)

    def publish() -> None:
        with database.write() as session:
            done.append(publishing.publish(session, desk.broker, uid, Act("other", "published", act().at)))

    one, other = threading.Thread(target=confirm), threading.Thread(target=publish)
    one.start()
    assert entered.wait(20)
    other.start()
    go_on.set()
    one.join(20)
    other.join(20)
    assert len(done) == 1
    now = desk.item(item.uid)
    assert (now.state, now.supplier_confirmed_at is not None) == (ProposalState.APPROVED, True)
    desk.do(decisions.confirm, chosen(now), scope=desk.party(item, Side.DEMAND))
    assert desk.balances()["confirmed"] == item.kg


def test_plans_of_an_older_database_are_published_and_one_of_volumes_is_a_draft(new_database: object, tmp_path: object) -> None:
    old = Database(f"sqlite:///{tmp_path}/old.db")
    old.upgrade("0001")
    columns = "uid, association_id, state, input_digest, objective_vnd, status, termination, seconds, seed, engine, figures"
    with old.engine.begin() as connection:
        connection.execute(text(
            "INSERT INTO association (id, uid, code, name, sort_key, search_key, detour_factor, fee_per_mille, created_at, updated_at,"
            " updated_by) VALUES (1, :uid, 'a', 'A', 'a', 'a', 1.3, 0, :at, :at, 'x')"), {"uid": "0" * 26, "at": EARLIER})  # fmt: skip
        for number, (state, status) in enumerate((("superseded", "relaxed"), ("current", "feasible")), 1):
            row = {"uid": f"{number:026}", "state": state, "status": status, "digest": "0" * 64, "at": EARLIER}
            connection.execute(text(
                f"INSERT INTO plan ({columns}, created_at, updated_at, updated_by)"
                " VALUES (:uid, 1, :state, :digest, 0, :status, 'time', 1, 0, 'mca', '{}', :at, :at, 'x')"), row)  # fmt: skip
    old.upgrade()
    with old.read() as session:
        found = session.execute(select(m.Plan.state, m.Plan.published_by).order_by(m.Plan.id)).all()
    old.close()
    assert [tuple(row) for row in found] == [(PlanState.DRAFT, None), (PlanState.CURRENT, "x")]
