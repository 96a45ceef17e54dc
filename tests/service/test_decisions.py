"""Pins and forbids stand until they are revoked, and pins that can't be kept together are named, no more of them than needed."""

from __future__ import annotations

import threading
from collections import Counter

import numpy as np
import pytest
from sqlalchemy import select

from buyers.models import DemandLine
from catalog.errors import Conflict, DomainError, Invalid, NotFound
from catalog.models import Lot
from matching.model.problem import FORBID, PIN
from service.db import Database
from service.http.database_errors import refusal
from service.models import AuditEvent
from service.planning import models as m
from service.planning.errors import PinsConflict
from service.planning.pins import single
from service.planning.pins.single import Wanted, smallest_conflict
from service.planning.plans.problem_builder import load
from service.planning.proposals import decisions
from service.planning.proposals.decisions import Chosen
from service.planning.states import DecisionKind, PlanState, ProposalState, RejectReason, RunState
from service.runs.solvers import plan_wholly
from tests.matching.builders import build_problem
from tests.sample_market import NOON, act
from tests.service.proposal_setup import Desk, chosen, season
from tests.service.run_market import ask, settings_for, worked_off
from tests.service.test_proposals import PRICE


def standing(desk: Desk) -> list[tuple[str, int]]:
    with desk.database.read() as session:
        rows = session.scalars(single.decisions(desk.broker).order_by(m.Decision.id)).all()
    return [(row.kind.value, row.kg) for row in rows]


def pair(desk: Desk, item: m.ProposalItem) -> tuple[str, str]:
    with desk.database.read() as session:
        return session.get_one(Lot, item.lot_id).uid, session.get_one(DemandLine, item.line_id).uid


def test_a_pinned_item_is_asked_of_the_next_plan(database: Database) -> None:
    desk = Desk(database)
    item = desk.do(single.pin, chosen(desk.items()[1]))
    assert standing(desk) == [("pin", 200)]
    with database.read() as session:
        d = load(session, desk.association).problem.decisions
    assert (d.kind.tolist(), d.kg.tolist()) == ([PIN], [200])
    assert item.state is ProposalState.PROPOSED
    desk.plan_again()
    assert 200 in {one.kg for one in desk.items()}


def test_a_forbidden_item_is_rejected_and_no_later_plan_has_its_pair(database: Database) -> None:
    desk = Desk(database)
    item = desk.do(decisions.approve, chosen(desk.items()[1]))
    item = desk.do(single.forbid, chosen(item), note="quarrel")
    assert (item.state, item.reason_code) == (ProposalState.REJECTED, RejectReason.FORBIDDEN)
    assert desk.balances() == {"offered": 3500}
    with database.read() as session:
        d = load(session, desk.association).problem.decisions
    assert (d.kind.tolist(), d.kg.tolist()) == ([FORBID], [0])
    desk.plan_again()
    assert (item.lot_id, item.line_id) not in {(one.lot_id, one.line_id) for one in desk.items()}


def test_a_later_decision_takes_the_place_of_an_earlier_one(database: Database) -> None:
    desk = Desk(database)
    lot, line = pair(desk, desk.items()[0])
    first = desk.do(single.decide, Wanted(lot, line, DecisionKind.PIN, 100))
    second = desk.do(single.decide, Wanted(lot, line, DecisionKind.FORBID))
    assert standing(desk) == [("forbid", 0)]
    desk.do(single.revoke, second.uid, version=second.version)
    assert standing(desk) == []
    with pytest.raises(Conflict, match="taken back already"):
        desk.do(single.revoke, first.uid)
    assert desk.trail(second.uid) == ["decision.forbid", "decision.revoke"]


def test_a_pin_without_mass_and_strange_pairs_are_refused(database: Database) -> None:
    desk, other = Desk(database), Desk(database, code="b")
    lot, line = pair(desk, desk.items()[0])
    for kind, kg in ((DecisionKind.PIN, 0), (DecisionKind.FORBID, 10)):
        with pytest.raises(Invalid, match="1 kg or more for a pin"):
            desk.do(single.decide, Wanted(lot, line, kind, kg))
    with pytest.raises(NotFound, match="lot"):
        other.do(single.decide, Wanted(lot, line, DecisionKind.PIN, 10))


def test_pins_of_more_than_there_is_are_refused_with_those_that_conflict(database: Database) -> None:
    desk = Desk(database)
    first, second, third = desk.items()
    desk.do(single.pin, chosen(first))
    lot, line = pair(desk, second)
    with pytest.raises(PinsConflict, match="2400 kg of a lot that has 2000 kg") as caught:
        desk.do(single.decide, Wanted(lot, line, DecisionKind.PIN, 600))
    assert len(caught.value.pins) == 2
    assert sorted(caught.value.pairs) == ["lot1 → d2 600 kg", "lot1 → line1 1800 kg"]
    desk.do(single.pin, chosen(third))
    with pytest.raises(PinsConflict, match="1600 kg of a line that has 1200 kg"):
        desk.do(single.decide, Wanted(lot, line, DecisionKind.PIN, 600))
    assert standing(desk) == [("pin", 1800), ("pin", 1000)], "the earlier ones stay"


def test_pins_of_too_many_suppliers_are_refused(database: Database) -> None:
    desk = Desk(
        database, season(demands=[{"quantity_kg": 1800}, {"line_id": "d2", "site_id": "b2", "quantity_kg": 1200, "max_suppliers": 1}])
    )
    with database.read() as session:
        lots = session.scalars(select(Lot.uid).order_by(Lot.id)).all()
        line = session.scalars(select(DemandLine.uid).where(DemandLine.code == "d2")).one()
    desk.do(single.decide, Wanted(lots[0], line, DecisionKind.PIN, 100))
    with pytest.raises(PinsConflict, match="at most 1 suppliers") as caught:
        desk.do(single.decide, Wanted(lots[1], line, DecisionKind.PIN, 100))
    assert len(caught.value.pins) == 2


def test_a_pin_of_a_pair_that_no_day_admits_is_refused(database: Database) -> None:
    desk = Desk(database, season(lots=[{"quantity_kg": 2000}, {"lot_id": "l2", "site_id": "c2", "grade": 3}]))
    with database.read() as session:
        lot = session.scalars(select(Lot.uid).where(Lot.code == "l2")).one()
        line = session.scalars(select(DemandLine.uid).where(DemandLine.code == "d2")).one()
    with pytest.raises(PinsConflict, match="product, grade") as caught:
        desk.do(single.decide, Wanted(lot, line, DecisionKind.PIN, 100))
    assert len(caught.value.pins) == 1


def test_the_smallest_set_holds_no_pin_too_many() -> None:
    lots = [{"quantity_kg": 100}, {"lot_id": "l2", "quantity_kg": 100}, {"lot_id": "l3", "quantity_kg": 100}]
    pins = [{"lot_id": lot, "line_id": line, "decision": "pin", "kg": kg} for lot, line, kg in
            (("lot1", "line1", 60), ("l2", "line1", 50), ("l3", "line2", 40))]  # fmt: skip
    problem = build_problem(lots=lots, demands=[{"quantity_kg": 110}, {"quantity_kg": 100}], decisions=pins)
    assert smallest_conflict(problem) is None
    conflict = smallest_conflict(problem.replace(lines=problem.lines.replace(kg=np.array([100, 100]))))
    assert conflict is not None
    assert conflict[1] == [0, 1]


def test_rejecting_takes_the_pin_back_and_pinning_puts_a_rejected_item_back(database: Database) -> None:
    desk = Desk(database)
    item = desk.do(single.pin, chosen(desk.items()[0]))
    item = desk.do(decisions.reject, chosen(item), PRICE)
    assert (item.state, standing(desk)) == (ProposalState.REJECTED, [])
    item = desk.do(single.pin, chosen(item))
    assert (item.state, standing(desk)) == (ProposalState.PROPOSED, [("pin", 1800)])


def test_pinning_and_rejecting_at_once_end_as_the_audit_trail_says(database: Database) -> None:
    desk = Desk(database)
    tally: Counter[str] = Counter()
    for item in desk.items():
        start = threading.Barrier(2)
        target = Chosen(item.uid)

        def hand(pins: bool, target: Chosen = target, start: threading.Barrier = start) -> None:
            start.wait()
            try:
                desk.do(single.pin, target) if pins else desk.do(decisions.reject, target, PRICE)
                tally["done"] += 1
            except (DomainError, Exception) as error:  # noqa: BLE001  Counted, and looked at below.
                known = error if isinstance(error, DomainError) else refusal(error)
                tally[known.code if known else repr(error)] += 1

        hands = [threading.Thread(target=hand, args=(pins,)) for pins in (True, False)]
        for one in hands:
            one.start()
        for one in hands:
            one.join()
        with database.read() as session:
            events = session.scalars(select(AuditEvent).where(AuditEvent.object_uid == item.uid).order_by(AuditEvent.seq)).all()
            pinned = session.scalars(
                single.decisions(desk.broker).where(m.Decision.lot_id == item.lot_id, m.Decision.line_id == item.line_id)
            ).all()
        last = events[-1].action
        assert desk.item(item.uid).state is (ProposalState.PROPOSED if last == "proposal_item.pin" else ProposalState.REJECTED)
        assert len(pinned) == (1 if last == "proposal_item.pin" else 0)
    assert set(tally) <= {"done", "conflict", "stale"}
    assert act().at == NOON


def test_a_run_that_cannot_keep_its_pins_fails_by_name_and_the_earlier_plan_stays(database: Database) -> None:
    desk = Desk(database, season(lots=[{"quantity_kg": 2000}, {"lot_id": "l2", "site_id": "c2", "grade": 3}]))
    with database.write() as session:
        lot = session.scalars(select(Lot).where(Lot.code == "l2")).one()
        line = session.scalars(select(DemandLine).where(DemandLine.code == "d2")).one()
        # Past the use-case, which would have refused it.
        pair = {"lot_id": lot.id, "line_id": line.id}
        session.add(m.Decision(association_id=desk.association, **pair, kind=DecisionKind.PIN, kg=100, decided_by="broker Lan"))
    settings = settings_for(database)
    run = worked_off(database, settings, ask(database, desk.broker, settings, time_limit_s=5.0), plan_wholly)
    assert run.state is RunState.FAILED
    assert "l2" in f"{run.failure_detail} {run.failure_issues}"
    with database.read() as session:
        assert session.scalars(select(m.Plan.uid).where(m.Plan.state == PlanState.CURRENT)).all() == [desk.plan]
    assert {item.state for item in desk.items()} == {ProposalState.PROPOSED}
