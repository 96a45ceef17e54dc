"""One attempt at one run: from its input to its end, for as long as the lease lasts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from matching.model.errors import InputIssue, PlanInvalid
from matching.model.plan import Progress, Status, Termination
from matching.verify import verify_result
from service import logs
from service.db import Database
from service.planning.models import Run
from service.planning.plans.problem_builder import Loaded
from service.planning.states import RunState
from service.report import summarise
from service.runs import completion, inputs, policies, queue
from service.runs.errors import Failure, Fenced
from service.runs.heartbeat import Heart
from service.runs.messages import Answer, Best, Broken, Handed, Order, Planned, Refused, Solver
from service.runs.process_control import Child, Patience
from service.runs.progress_rate import Pace
from service.runs.queue import Lease
from service.runs.run_events import tell_end
from service.runs.solvers import finish_best
from service.settings import Settings
from service.version import engine_name

log = logs.get(__name__)
LISTEN_S = 0.1
CLOSING_S_PER_ROW = 3e-4
"""Added to what a stopped planner is given, for each lot and line: it verifies and explains its plan."""
BY_RULE = "the planner had to be ended by force, so this is the plan that simple rules make"
KEPT = "the planner had to be ended by force, so this is its best plan after {seconds:.0f} s"
KEPT_OF_MEMORY = "the planner ran out of memory, so this is its best plan after {seconds:.0f} s"
DATABASE_ERRORS = (DBAPIError, PoolTimeout)
AWAY = (OperationalError, InterfaceError, PoolTimeout)
"""Errors of the database that may be gone with the next try."""
Value = TypeVar("Value")


class LeaseLost(Exception):
    """The lease could not be renewed in time."""


class ShutDown(Exception):
    """The worker has been told to end."""


@dataclass
class Heard:
    """What has been heard of a planner.

    Attributes
    ----------
    answer : None if it had to be ended by force.
    handed : its best plan, if it handed one over.
    bound_vnd : the last bound that it had proven.
    """

    answer: Answer | None = None
    handed: Handed | None = None
    bound_vnd: int | None = None

    @property
    def out_of_memory(self) -> bool:
        """Whether it ended for want of memory."""
        return isinstance(self.answer, Broken) and self.answer.code == Failure.MEMORY


@dataclass(frozen=True)
class Attempt:
    """A worker's attempt at a run.

    Attributes
    ----------
    solver, fallback : how the run is planned, and how in a hurry where the solver had to be ended by force.
    shutting_down : set when the worker is to end.
    """

    database: Database
    settings: Settings
    lease: Lease
    heart: Heart
    solver: Solver
    fallback: Solver
    shutting_down: threading.Event

    def work(self) -> None:
        """Bring the run to its end.

        Raises
        ------
        Fenced
            If the run is no longer this attempt's.
        LeaseLost
            If the lease couldn't be renewed in time.
        ShutDown
            If the worker is to end.
        """
        loaded = self._insist(lambda: inputs.take(self.database, self.lease))
        order = self._insist(lambda: self._order(loaded))
        heard = self._ask(order)
        answer, remark = heard.answer, ""
        if answer is None or heard.out_of_memory:
            answer, remark = self._make_do(order, heard)
        if isinstance(answer, Planned):
            self._keep(loaded, order, answer, remark)
        elif isinstance(answer, Refused):
            pins = all(issue.table == "decisions" for issue in answer.issues)
            code = Failure.PINS_CONTRADICT if pins else Failure.BAD_INPUT
            self.fail(code, "; ".join(map(str, answer.issues[:3])), answer.issues)
        elif answer.code == Failure.CLUSTER_LOST:
            self._give_back(answer.detail)
        else:
            self.fail(Failure(answer.code), answer.detail)

    def fail(self, code: Failure, detail: str, issues: Sequence[InputIssue] = ()) -> None:
        """End the run without a plan."""
        log.warning("run_failed", run=self.lease.uid, code=code.value)

        def step() -> None:
            with self.database.write() as session:
                completion.end_without_plan(session, self.lease, code, detail, issues)

        self._insist(lambda: self.heart.last(step))

    def _order(self, loaded: Loaded) -> Order:
        with self.database.read() as session:
            run = session.get_one(Run, self.lease.run_id)
            given = policies.given_to(session, run, loaded)
        return Order(
            problem=loaded.problem,
            trips=run.parameters.get("trips", "full"),
            seconds=run.time_limit_s,
            iterations=run.parameters.get("iterations"),
            seed=run.seed,
            cores=self.settings.run_cores,
            cluster=self.settings.cluster,
            policy=given.policy,
            previous=given.previous,
            previous_sha256=given.previous_sha256,
            deliveries=given.deliveries,
        )

    def _ask(self, order: Order) -> Heard:
        """Have an order planned."""
        pace, rows, heard = Pace(order.seconds), order.problem.n_lots + order.problem.n_lines, Heard()
        closing_s = self.settings.run_stop_seconds + CLOSING_S_PER_ROW * rows
        with self._child(order, self.solver) as child:
            overdue, last = Patience(order.seconds + self.settings.run_grace_seconds), None
            while last is None or not last():
                said = child.hear(LISTEN_S)
                if isinstance(said, Progress):
                    heard.bound_vnd = said.bound_vnd if said.bound_vnd is not None else heard.bound_vnd
                    self.heart.note(pace.admit(said))
                elif isinstance(said, Handed):
                    heard.handed = said
                elif said is not None:
                    self.heart.note(pace.rest())
                    heard.answer = said
                    return heard
                self._require_life()
                if last is None and (self.heart.stop_asked or overdue()):
                    child.ask_to_stop()
                    last = Patience(closing_s)
            # A thread that gets no memory may die and leave the others waiting for it.
            starved = child.is_near_limit and not self.heart.stop_asked
        log.warning("planner_killed", run=self.lease.uid)
        heard.answer = child.out_of_memory() if starved else None
        return heard

    def _child(self, order: Order, solver: Solver) -> Child:
        return Child(order, solver, self.settings.run_memory_mb, self.settings.run_niceness)

    def _make_do(self, order: Order, heard: Heard) -> tuple[Answer, str]:
        """Keep the best plan of a planner that was ended by force, or make one by simple rules; return it with a remark."""
        if heard.handed is not None:
            answer = self._in_a_hurry(replace(order, best=Best(heard.handed.plan, heard.bound_vnd)), finish_best)
            if answer is not None:
                return answer, (KEPT_OF_MEMORY if heard.out_of_memory else KEPT).format(seconds=heard.handed.seconds)
        if heard.answer is not None:
            return heard.answer, ""
        by_rule = self._in_a_hurry(order, self.fallback) if order.trips == "full" else None
        return by_rule or Broken(Failure.NO_SOLUTION_IN_TIME.value, f"there was no plan within {order.seconds:g} s"), BY_RULE

    def _in_a_hurry(self, order: Order, solver: Solver) -> Planned | None:
        """Have an order planned in a hurry; None if there is no plan then."""
        with self._child(order, solver) as child:
            overdue = Patience(self.settings.run_finish_seconds)
            while not overdue():
                said = child.hear(LISTEN_S)
                if isinstance(said, Planned):
                    why = Termination.STOPPED if self.heart.stop_asked else Termination.TIME
                    return Planned(replace(said.result, termination=why))
                if isinstance(said, Refused | Broken):
                    return None
                self._require_life()
        return None

    def _keep(self, loaded: Loaded, order: Order, answer: Planned, remark: str) -> None:
        """Verify a plan, then store it and end the run, in one transaction."""
        result = answer.result
        if result.status is not Status.RELAXED:
            try:
                verify_result(loaded.problem, result).require()
            except PlanInvalid as error:
                self.fail(Failure.SOLVER_ERROR, str(error))
                return
        figures = completion.figures_of(summarise(loaded.problem, result))
        figures |= policies.kept_with_plan(loaded, order, answer)

        def step() -> None:
            self.heart.beat()
            with self.database.write() as session:
                completion.keep_plan(session, self.lease, loaded, result, figures, engine_name(), remark)

        self._insist(lambda: self.heart.last(step))

    def _give_back(self, detail: str) -> None:
        """Give a run back that failed through no fault of its own, unless that has happened too often."""

        def step() -> None:
            with self.database.write() as session:
                run = queue.owned(session, self.lease)
                if run.deaths + 1 >= self.settings.run_deaths:
                    completion.end_without_plan(session, self.lease, Failure.CLUSTER_LOST, detail)
                elif queue.release(session, self.lease, died=True).state is RunState.STOPPED:
                    tell_end(session, run)

        log.warning("cluster_lost", run=self.lease.uid, detail=detail)
        self._insist(lambda: self.heart.last(step))

    def _require_life(self) -> None:
        """Go on only with a lease that can be relied upon, and only while the worker isn't to end.

        A run that is being stopped is brought to its end first; that takes seconds.
        """
        if self.heart.fenced:
            raise Fenced(self.lease.uid, self.lease.attempt)
        if not self.heart.beats:
            raise LeaseLost
        if self.shutting_down.is_set() and not self.heart.stop_asked:
            raise ShutDown

    def _insist(self, step: Callable[[], Value]) -> Value:
        """Take a step that needs the database, again and again while the database is away and the lease lasts."""
        pause_s = 0.05
        while True:
            try:
                return step()
            except AWAY as error:
                log.warning("database_away", run=self.lease.uid, error=type(error).__name__)
                self._require_life()
                self.shutting_down.wait(pause_s)
                pause_s = min(1.0, 2 * pause_s)
