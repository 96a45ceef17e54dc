"""A run is solved in a process of its own, its plan verified and stored with the end of the run, and every failure has its reason."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from buyers.models import DemandLine
from catalog.models import Lot
from catalog.tenancy import Scope
from matching.model.plan import Status
from service.db import Database, now
from service.models import AuditEvent, Outbox
from service.planning.errors import PlanStale
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Act, Wish
from service.planning.models import Decision, Plan, PlanAllocation, Proposal, ProposalItem, RunInput, RunProgress
from service.planning.plans.freshness import require_fresh
from service.planning.plans.storing import read_plan
from service.planning.states import DecisionKind, PlanState, ProposalState, RunState
from service.runs import inputs, publishing
from service.runs.errors import Failure, RunEnded
from service.runs.incumbents import Handing
from service.runs.messages import Handed
from service.runs.solvers import plan_wholly
from service.runs.submission import stop
from tests.service import run_solvers
from tests.service.run_market import (
    OVER,
    ask,
    ended,
    look,
    open_market,
    plans_of,
    progress_of,
    settings_for,
    wait_for,
    worked_off,
    working,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where planners say that they have begun."""
    monkeypatch.setenv(run_solvers.FOLDER, str(tmp_path))
    return tmp_path


def kinds_told(database: Database) -> list[str]:
    with database.read() as session:
        return [kind for kind in session.scalars(select(Outbox.kind).order_by(Outbox.id)) if kind.startswith(("run.", "plan."))]


def put_in_force(database: Database, scope: Scope, run: str) -> publishing.Publication:
    """Publish the plan of a run."""
    with database.write() as session:
        plan = plans_of(database, run)[0]
        return publishing.publish(session, scope, plan.uid, Act("Lan", "published", now(session)), confirmed=True)


def test_a_run_ends_with_a_verified_plan_with_the_digest_of_what_it_was_made_from(database: Database) -> None:
    settings, scope = settings_for(database), open_market(database)
    uid = ask(database, scope, settings, seed=7)
    run = worked_off(database, settings, uid)
    assert (run.state, run.attempt, run.deaths, run.lease_until, run.failure_code) == (RunState.DONE, 1, 0, None, None)
    (plan,) = plans_of(database, uid)
    assert (plan.state, plan.seed, plan.input_digest) == (PlanState.DRAFT, 7, run.input_digest)
    with database.read() as session:
        kept = session.get_one(RunInput, run.id)
        loaded = inputs.restore(kept, scope.association_id)
        assert loaded.problem.digest() == plan.input_digest
        assert int(read_plan(session, plan.id, loaded).allocations.kg.sum()) == plan.figures["matched_kg"] > 0
        assert session.scalars(select(Proposal).where(Proposal.plan_id == plan.id)).all() == []


def test_what_a_run_did_is_told_once_and_written_down(database: Database) -> None:
    settings, scope = settings_for(database), open_market(database)
    uid = ask(database, scope, settings)
    worked_off(database, settings, uid, run_solvers.idle)
    assert kinds_told(database) == ["plan.created", "run.done"]
    with database.read() as session:
        deed = session.scalars(select(AuditEvent).where(AuditEvent.object_uid == uid)).one()
    assert (deed.action, deed.actor) == ("run.done", "system")
    assert deed.after is not None
    assert deed.after["attempt"] == 1


def test_the_engine_itself_plans_a_run(database: Database) -> None:
    settings, scope = settings_for(database), open_market(database)
    uid = ask(database, scope, settings, time_limit_s=120, iterations=200)
    assert worked_off(database, settings, uid, plan_wholly).state is RunState.DONE
    (plan,) = plans_of(database, uid)
    assert plan.status in (Status.OPTIMAL.value, Status.FEASIBLE.value)
    assert plan.bound_vnd is not None
    assert plan.bound_vnd >= plan.objective_vnd > 0
    assert progress_of(database, uid) >= 2


def test_a_plan_of_volumes_alone_says_that_it_cannot_be_published(database: Database) -> None:
    settings, scope = settings_for(database), open_market(database)
    uid = ask(database, scope, settings, time_limit_s=120, trips="none")
    run = worked_off(database, settings, uid, plan_wholly)
    assert "volumes" in run.remark
    assert plans_of(database, uid)[0].state is PlanState.DRAFT


def test_plans_of_several_runs_stand_side_by_side_as_drafts(database: Database) -> None:
    settings, scope = settings_for(database), open_market(database)
    uids = [ask(database, scope, settings, seed=seed) for seed in (1, 2)]
    for uid in uids:
        worked_off(database, settings, uid, run_solvers.idle)
    first, second = (plans_of(database, uid)[0] for uid in uids)
    assert (first.state, second.state) == (PlanState.DRAFT, PlanState.DRAFT)
    assert kinds_told(database) == ["plan.created", "run.done"] * 2


@pytest.mark.parametrize("tables", [{"lots": []}, {"lots": [], "demands": [], "vehicles": []}], ids=["no lots", "nothing"])
def test_a_market_with_nothing_to_match_gets_an_empty_plan(database: Database, tables: dict[str, Any]) -> None:
    settings, scope = settings_for(database), open_market(database, **tables)
    uid = ask(database, scope, settings, time_limit_s=120, iterations=50)
    run = worked_off(database, settings, uid, plan_wholly)
    assert (run.state, run.failure_detail) == (RunState.DONE, None)
    assert len(plans_of(database, uid)) == 1


def test_prices_a_billion_apart_and_prices_all_equal_are_planned_the_same_each_time(database: Database) -> None:
    lots = [{"ask_vnd_per_kg": ask_vnd, "quantity_kg": 400} for ask_vnd in (1, 10_000, 10_000, 1_000_000_000)]
    lines = [{"bid_vnd_per_kg": bid, "quantity_kg": 400} for bid in (1_000_000_000, 20_000, 20_000)]
    settings, scope = settings_for(database), open_market(database, lots=lots, demands=lines)
    worths = []
    for _ in range(2):
        uid = ask(database, scope, settings, time_limit_s=120, iterations=50)
        assert worked_off(database, settings, uid, plan_wholly).state is RunState.DONE
        worths.append(plans_of(database, uid)[0].objective_vnd)
    assert worths[0] == worths[1] > 4 * 10**11 - 10**9


@pytest.mark.parametrize(
    ("solver", "code"),
    [
        (run_solvers.greedy, Failure.MEMORY),
        (run_solvers.greedy_below, Failure.MEMORY),
        (run_solvers.crashing, Failure.SOLVER_ERROR),
        (run_solvers.failing, Failure.SOLVER_ERROR),
        (run_solvers.lying, Failure.SOLVER_ERROR),
        (run_solvers.refusing, Failure.BAD_INPUT),
    ],
)
def test_a_planner_that_breaks_down_takes_its_run_down_and_nothing_else(database: Database, solver: Any, code: Failure) -> None:
    settings, scope = settings_for(database, run_memory_mb=8192), open_market(database)
    uid, following = (ask(database, scope, settings) for _ in range(2))
    run = worked_off(database, settings, uid, solver)
    assert (run.state, run.failure_code, run.deaths) == (RunState.FAILED, code.value, 0)
    assert plans_of(database, uid) == []
    assert kinds_told(database) == ["run.failed"]
    assert worked_off(database, settings, following, run_solvers.idle).state is RunState.DONE


def test_bad_input_is_listed_fault_by_fault(database: Database) -> None:
    settings, scope = settings_for(database), open_market(database)
    uid = ask(database, scope, settings)
    run = worked_off(database, settings, uid, run_solvers.refusing)
    assert run.failure_issues is not None
    assert [(issue["table"], issue["row"], issue["column"]) for issue in run.failure_issues] == [("lots", 2, "grade"), ("sites", 3, "lat")]


def test_pins_that_contradict_are_named_and_the_earlier_plan_stays(database: Database) -> None:
    settings, scope = settings_for(database), open_market(database)
    worked_off(database, settings, first := ask(database, scope, settings), run_solvers.idle)
    put_in_force(database, scope, first)
    with database.write() as session:
        lot = session.scalars(select(Lot).where(Lot.code == "lot1")).one()
        lot.indivisible = True
        for code in ("line1", "line2"):
            line = session.scalars(select(DemandLine).where(DemandLine.code == code)).one()
            pin = Decision(
                association_id=scope.association_id, lot_id=lot.id, line_id=line.id, kind=DecisionKind.PIN, kg=100, decided_by="Lan"
            )
            session.add(pin)
    uid = ask(database, scope, settings, time_limit_s=120, iterations=50)
    run = worked_off(database, settings, uid, plan_wholly)
    assert (run.state, run.failure_code) == (RunState.FAILED, Failure.PINS_CONTRADICT.value)
    assert run.failure_issues is not None
    assert [issue["value"] for issue in run.failure_issues] == ["lot1 line1 100", "lot1 line2 100"]
    assert plans_of(database, first)[0].state is PlanState.CURRENT


def test_a_run_that_is_stopped_keeps_its_best_plan(database: Database) -> None:
    settings, scope = settings_for(database), open_market(database)
    uid = ask(database, scope, settings)
    with working(database, settings, run_solvers.patient):
        wait_for(lambda: progress_of(database, uid))
        with database.write() as session:
            assert stop(session, scope, uid, "broker Lan").state is RunState.STOPPING
        run = ended(database, uid)
    assert (run.state, run.remark) == (RunState.STOPPED, "")
    assert len(plans_of(database, uid)) == 1
    assert kinds_told(database) == ["plan.created", "run.stopped"]


def test_a_planner_that_doesnt_hear_is_killed_and_simple_rules_make_the_plan(database: Database, folder: Path) -> None:
    settings, scope = settings_for(database, run_stop_seconds=0.5), open_market(database)
    uid = ask(database, scope, settings)
    with working(database, settings, run_solvers.deaf):
        begun = wait_for(lambda: list(folder.glob("begun-*")))
        with database.write() as session:
            stop(session, scope, uid, "broker Lan")
        run = ended(database, uid)
    assert run.state is RunState.STOPPED
    assert "by force" in run.remark
    (plan,) = plans_of(database, uid)
    assert (plan.termination, plan.bound_vnd) == ("stopped", None)
    pid = int(begun[0].name.partition("-")[2])
    wait_for(lambda: not alive(pid))


def test_a_planner_that_overruns_its_time_is_ended_with_a_plan_or_without(database: Database) -> None:
    settings, scope = settings_for(database, run_grace_seconds=0.3, run_stop_seconds=0.3), open_market(database)
    with_plan, without = (ask(database, scope, settings, time_limit_s=1) for _ in range(2))
    run = worked_off(database, settings, with_plan, run_solvers.deaf)
    assert (run.state, run.failure_detail) == (RunState.DONE, None)
    assert plans_of(database, with_plan)[0].termination == "time"
    hurried = settings.model_copy(update={"run_finish_seconds": 0.5})
    run = worked_off(database, hurried, without, run_solvers.deaf, fallback=run_solvers.deaf)
    assert (run.state, run.failure_code) == (RunState.FAILED, Failure.NO_SOLUTION_IN_TIME.value)


@pytest.mark.parametrize(
    ("solver", "remark", "bound_vnd"),
    [
        (run_solvers.generous, "ended by force, so this is its best plan after 12 s", 10**12),
        (run_solvers.generous_and_greedy, "ran out of memory, so this is its best plan after 12 s", 10**12),
        (run_solvers.deceitful, "simple rules", None),
    ],
)
def test_of_a_planner_that_is_ended_by_force_the_best_plan_is_kept_once_it_is_verified(
    database: Database, solver: Any, remark: str, bound_vnd: int | None
) -> None:
    settings, scope = settings_for(database, run_stop_seconds=0.3, run_memory_mb=8192), open_market(database)
    uid = ask(database, scope, settings)
    with working(database, settings, solver):
        wait_for(lambda: progress_of(database, uid) or look(database, uid).state in OVER)
        with database.write() as session, suppress(RunEnded):
            stop(session, scope, uid, "broker Lan")
        run = ended(database, uid)
    assert run.failure_detail is None
    assert remark in run.remark
    (plan,) = plans_of(database, uid)
    assert (plan.status, plan.bound_vnd) == ("feasible", bound_vnd)
    assert plan.figures["matched_kg"] > 0


def test_the_engines_best_plan_is_handed_over_now_and_then_and_only_a_better_one() -> None:
    clock, handed, written = iter(range(0, 100_000, 1)), [], []

    def tell(said: Handed) -> None:
        handed.append(said)

    def offered() -> Any:
        written.append(1)
        next(clock)
        return None

    hand = Handing(tell, lambda: float(next(clock)), limit_s=60)
    for worth in (1, 1, 2, 3, 3, 3, 4):
        for _ in range(100):
            hand(worth, offered)
    assert len(handed) == len(written) == 4
    assert [said.seconds for said in handed] == sorted(said.seconds for said in handed)


def test_a_run_that_waits_is_stopped_at_once(database: Database) -> None:
    settings, scope = settings_for(database), open_market(database)
    uid = ask(database, scope, settings)
    with database.write() as session:
        stop(session, scope, uid, "broker Lan")
    assert look(database, uid).state is RunState.STOPPED
    assert worked_off(database, settings, uid).attempt == 0


def test_progress_is_stored_at_a_modest_rate_and_numbered_through(database: Database) -> None:
    settings, scope = settings_for(database), open_market(database)
    uid = ask(database, scope, settings)
    worked_off(database, settings, uid, run_solvers.idle)
    with database.read() as session:
        rows = session.scalars(select(RunProgress).order_by(RunProgress.seq)).all()
    assert [(row.seq, row.attempt, row.phase, row.bound_vnd) for row in rows] == [(1, 1, "trips", 9)]


def test_a_cluster_that_is_lost_gives_the_run_back_until_it_has_been_lost_too_often(database: Database) -> None:
    settings, scope = settings_for(database, cluster="tcp://gone:1"), open_market(database)
    uid = ask(database, scope, settings)
    seen = [worked_off(database, settings, uid, run_solvers.clusterless) for _ in range(3)]
    assert [(run.state, run.attempt, run.deaths) for run in seen[:2]] == [(RunState.QUEUED, 1, 1), (RunState.QUEUED, 2, 2)]
    assert (seen[2].state, seen[2].failure_code) == (RunState.FAILED, Failure.CLUSTER_LOST.value)
    assert plans_of(database, uid) == []


def test_a_plan_is_fresh_until_its_supply_changes(database: Database) -> None:
    settings, scope = settings_for(database), open_market(database)
    worked_off(database, settings, uid := ask(database, scope, settings))
    put_in_force(database, scope, uid)
    (plan,) = plans_of(database, uid)
    with database.write() as session:
        require_fresh(session, plan.id)
    with database.write() as session:
        session.scalars(select(Lot).where(Lot.code == "lot1")).one().ask_vnd_per_kg += 1
    with database.write() as session, pytest.raises(PlanStale, match="lot1 for line"):
        require_fresh(session, plan.id)


def test_a_plan_that_was_replaced_is_stale_and_names_the_current_one(database: Database) -> None:
    settings, scope = settings_for(database), open_market(database)
    uids = [ask(database, scope, settings) for _ in range(2)]
    for uid in uids:
        worked_off(database, settings, uid, run_solvers.idle)
        put_in_force(database, scope, uid)
    old, new = (plans_of(database, uid)[0] for uid in uids)
    with database.write() as session, pytest.raises(PlanStale, match=f"the current plan is {new.uid}"):
        require_fresh(session, old.id)


def test_what_was_promised_while_a_plan_was_made_is_left_out_of_its_proposals(database: Database, folder: Path) -> None:
    settings, scope = settings_for(database), open_market(database)
    worked_off(database, settings, first := ask(database, scope, settings), run_solvers.idle)
    put_in_force(database, scope, first)
    uid = ask(database, scope, settings)
    with working(database, settings, run_solvers.patient):
        wait_for(lambda: list(folder.glob("begun-*")))
        with database.write() as session:
            from buyers.models import DemandLine

            at = now(session)
            lots, lines = (
                session.scalars(select(Lot).order_by(Lot.id)).all(),
                session.scalars(select(DemandLine).order_by(DemandLine.id)).all(),
            )
            wishes = [Wish(lot.id, line.id, min(lot.quantity_kg, line.quantity_kg)) for lot, line in zip(lots, lines)]
            transitions.hold(session, wishes, at + timedelta(hours=1), Act("Lan", "by telephone", at))
        (folder / "go").touch()
        run = ended(database, uid)
    assert (run.state, put_in_force(database, scope, uid).taken > 0) == (RunState.DONE, True)
    assert [plans_of(database, one)[0].state for one in (first, uid)] == [PlanState.SUPERSEDED, PlanState.CURRENT]
    with database.read() as session:
        items = session.scalars(
            select(ProposalItem).join(PlanAllocation).join(Plan).where(Plan.uid == plans_of(database, uid)[0].uid)
        ).all()
    assert ProposalState.SUPERSEDED in {item.state for item in items}


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
