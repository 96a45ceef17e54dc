"""A plan is stored with all that it rests on, put to both sides, and read back as it was."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import select, text

from buyers.models import DemandLine
from catalog.models import Association, Lot, Side, VehicleClass
from matching.baseline import plan_by_telephone
from matching.explain import explain_open
from matching.io import read_problem
from matching.model.plan import LOT, Plan, Prices, Result, Status, Termination
from matching.model.problem import Problem
from matching.pairs.lanes import find_lanes
from matching.verify import verify
from service.db import Database
from service.planning import models as m
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Wish
from service.planning.plans import storing
from service.planning.plans.freshness import stale_numbers
from service.planning.plans.importing import import_problem
from service.planning.plans.problem_builder import Loaded, load
from service.planning.states import PlanState, ProposalState
from service.season import sample_folder
from tests.matching.builders import build_problem
from tests.sample_market import NOON, act
from tests.service.published import publish_result


def result_of(problem: Problem, status: Status = Status.FEASIBLE) -> Result:
    plan = plan_by_telephone(problem, find_lanes(problem))
    prices = Prices(np.array([LOT], dtype=object), np.array([0]), np.array([12.5]))
    worth = verify(problem, plan).objective_vnd
    return Result(plan, worth, worth + 10, status, Termination.TIME, 1.5, 7, explain_open(problem, plan), prices)


def stored(database: Database, problem: Problem) -> tuple[Loaded, Result, int]:
    """Import a problem, plan it by telephone, store the plan; return what was loaded, the result, and the plan's number."""
    with database.write() as session:
        association = Association(code="a", name="Liên minh")
        session.add(association)
        session.flush()
        import_problem(session, association.id, problem, "clerk", file_name="season")
        loaded = load(session, association.id)
        result = result_of(loaded.problem)
        return loaded, result, publish_result(session, loaded, result, "mca 1").id


def same(a: Plan, b: Plan) -> bool:
    def equal(one: object, other: object) -> bool:
        return all(np.array_equal(getattr(one, f.name), getattr(other, f.name)) for f in dataclasses.fields(one))  # type: ignore[arg-type]

    return all(equal(getattr(a, part), getattr(b, part)) for part in ("allocations", "legs", "trips", "stops"))


def test_a_stored_plan_reads_back_as_it_was(database: Database) -> None:
    loaded, result, plan = stored(database, read_problem(sample_folder()))
    assert len(result.plan.allocations.lot) > 20
    with database.read() as session:
        again = storing.read_plan(session, plan, loaded)
        row = session.get_one(m.Plan, plan)
    assert same(again, result.plan)
    assert (row.objective_vnd, row.bound_vnd, row.seed, row.engine) == (result.objective_vnd, result.bound_vnd, 7, "mca 1")
    assert row.input_digest == loaded.problem.digest()


def test_every_allocation_is_put_to_its_supplier_and_to_its_buyer(database: Database) -> None:
    _, result, _ = stored(database, read_problem(sample_folder()))
    with database.read() as session:
        items = session.scalars(select(m.ProposalItem)).all()
        proposals = {row.id: row for row in session.scalars(select(m.Proposal))}
        suppliers = dict(session.execute(select(Lot.id, Lot.supplier_id)).all())
        buyers = dict(session.execute(select(DemandLine.id, DemandLine.organisation_id)).all())
    assert sum(item.kg for item in items) == result.plan.allocations.kg.sum()
    assert len(items) == len(result.plan.allocations.lot)
    for item in items:
        supply, demand = proposals[item.supply_proposal_id], proposals[item.demand_proposal_id]
        assert (supply.side, supply.organisation_id) == (Side.SUPPLY, suppliers[item.lot_id])
        assert (demand.side, demand.organisation_id) == (Side.DEMAND, buyers[item.line_id])
    assert len({(p.side, p.organisation_id) for p in proposals.values()}) == len(proposals)


def test_reasons_and_prices_name_their_lots_and_lines(database: Database) -> None:
    loaded, result, _ = stored(database, build_problem(demands=[{"quantity_kg": 100}]))
    with database.read() as session:
        reasons = session.execute(select(m.PlanReason.lot_id, m.PlanReason.open_kg, m.PlanReason.reason)).all()
        price = session.scalars(select(m.PlanPrice)).one()
    expected = [(int(loaded.lot_ids[0]), int(kg), str(why)) for kg, why in zip(result.reasons.open_kg, result.reasons.reason)]
    assert [tuple(row) for row in reasons if row.lot_id] == expected[: len([row for row in reasons if row.lot_id])]
    assert len(reasons) == len(result.reasons.reason) > 0
    assert (price.lot_id, price.vnd_per_kg) == (loaded.lot_ids[0], 12.5)


def test_a_new_plan_takes_the_place_of_the_old_and_of_what_nobody_has_answered(database: Database) -> None:
    loaded, result, first = stored(database, build_problem(lots=[{}, {}], demands=[{}, {"site_id": "b2", "buyer_id": "buyer2"}], sites=[
        {"site_id": "c1"}, {"site_id": "b1", "kind": "buyer", "lat": 21.03, "lon": 105.85},
        {"site_id": "b2", "kind": "buyer", "lat": 21.03, "lon": 105.9}]))  # fmt: skip
    with database.write() as session:
        items = session.scalars(select(m.ProposalItem).order_by(m.ProposalItem.id)).all()
        items[0].state = ProposalState.APPROVED
    with database.write() as session:
        second = publish_result(session, loaded, result, "mca 1").id
        assert [session.get_one(m.Plan, n).state for n in (first, second)] == [PlanState.SUPERSEDED, PlanState.CURRENT]
        left = select(m.ProposalItem.state).where(m.ProposalItem.id.in_([item.id for item in items])).order_by(m.ProposalItem.id)
        assert session.scalars(left).all() == [ProposalState.APPROVED, *[ProposalState.SUPERSEDED] * (len(items) - 1)]
        states = session.scalars(select(m.Proposal.state).where(m.Proposal.plan_id == first)).all()
        assert sorted(states) == [ProposalState.APPROVED] * 2 + [ProposalState.SUPERSEDED] * (len(states) - 2)


def test_a_plan_is_never_rewritten(database: Database) -> None:
    stored(database, build_problem())
    for table in ("plan_allocation", "plan_trip", "plan_stop", "plan_leg"):
        with pytest.raises(Exception, match=f"{table} is never rewritten"), database.write() as session:
            session.execute(
                text(f"UPDATE {table} SET {'leg = 2' if table == 'plan_leg' else 'seq = 9' if table == 'plan_stop' else 'number = 9'}")
            )


def test_an_edited_lot_makes_its_allocations_stale_and_a_promise_does_not(database: Database) -> None:
    loaded, _, plan = stored(database, build_problem())
    with database.write() as session:
        transitions.hold(session, [Wish(int(loaded.lot_ids[0]), int(loaded.line_ids[0]), 10)], NOON + timedelta(hours=1), act())
        assert stale_numbers(session, session.get_one(m.Plan, plan)) == set()
        session.get_one(Lot, int(loaded.lot_ids[0])).ask_vnd_per_kg += 1
    with database.read() as session:
        assert stale_numbers(session, session.get_one(m.Plan, plan)) == {0}


def test_promised_trips_take_their_trucks_and_docks_out_of_the_next_plan(database: Database) -> None:
    limits = [
        {"site_id": "c1", "throughput_kg_per_day": 5000},
        {"site_id": "b1", "kind": "buyer", "lat": 21.03, "lon": 105.85, "throughput_kg_per_day": 4000},
    ]
    loaded, result, _ = stored(database, build_problem(sites=limits, vehicles=[{"count_per_day": 3}]))
    kg = int(result.plan.allocations.kg[0])
    assert (len(result.plan.trips.vehicle), len(result.plan.allocations.kg)) == (1, 1)
    with database.write() as session:
        item = session.scalars(select(m.ProposalItem)).one()
        (promise,) = transitions.hold(session, [Wish(item.lot_id, item.line_id, kg, item.id)], NOON + timedelta(days=1), act())
    with database.read() as session:
        left = load(session, loaded.association_id).problem
    assert left.vehicles.count_per_day.tolist() == [2]
    assert left.sites.throughput_kg_per_day.tolist() == [5000 - kg, 4000 - kg]
    with database.write() as session:
        transitions.release(session, promise.id, act())
        assert load(session, loaded.association_id).problem.digest() == loaded.problem.digest()


def test_a_relaxed_result_is_stored_without_dates_and_puts_nothing_to_anybody(database: Database) -> None:
    loaded, result, _ = stored(database, build_problem())
    with database.write() as session:
        plan = storing.store(session, loaded, dataclasses.replace(result, status=Status.RELAXED), "mca 1")
        days = session.scalars(select(m.PlanAllocation.pickup_on).where(m.PlanAllocation.plan_id == plan.id)).all()
        assert set(days) == {None}
        assert session.scalars(select(m.Proposal.id).where(m.Proposal.plan_id == plan.id)).all() == []
        assert session.scalars(select(VehicleClass.code)).all() == ["class1"]


def test_an_empty_plan_is_a_plan(database: Database) -> None:
    loaded, result, plan = stored(database, build_problem(demands=[]))
    assert len(result.plan.allocations.lot) == 0
    with database.read() as session:
        assert same(storing.read_plan(session, plan, loaded), result.plan)
