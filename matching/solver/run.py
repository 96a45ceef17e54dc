"""`SolveRun`: the clock, the call-backs and the history of one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from matching.model.plan import Plan, Progress
from matching.model.problem import Problem
from matching.solver.params import SolveParams

PlanTaker = Callable[[int, Callable[[], Plan]], None]
"""Takes the worth of the best plan so far, VND, and what writes it out, which costs time."""


@dataclass(frozen=True)
class Callbacks:
    """What the caller of a run hears and says while it goes on; each may be absent."""

    on_progress: Callable[[Progress], None] | None = None
    should_stop: Callable[[], bool] | None = None
    on_plan: PlanTaker | None = None


@dataclass
class SolveRun:
    """One run.

    Attributes
    ----------
    deadline : reading of the stopwatch by which the current phase ends; infinite without a time limit.
    has_tours_time : whether time was held back for long tours.
    """

    params: SolveParams
    stopwatch: Callable[[], float]
    callbacks: Callbacks
    deadline: float
    has_tours_time: bool = False
    history: list[Progress] = field(default_factory=list)

    @property
    def cores(self) -> int:
        """Processor cores to use."""
        return self.params.limits.cores

    @property
    def is_timed(self) -> bool:
        """Whether the run has a time limit."""
        return self.deadline != float("inf")

    def report(self, phase: str, objective_vnd: int | None, bound_vnd: int | None) -> None:
        """Tell the caller of a step, and keep it if anything has changed."""
        moment = Progress(self.stopwatch(), phase, objective_vnd, bound_vnd)
        last = self.history[-1] if self.history else None
        if last is None or (last.phase, last.objective_vnd, last.bound_vnd) != (phase, objective_vnd, bound_vnd):
            self.history.append(moment)
        if self.callbacks.on_progress is not None:
            self.callbacks.on_progress(moment)

    def offer(self, worth_vnd: int, plan: Callable[[], Plan]) -> None:
        """Offer the best plan so far to the caller."""
        if self.callbacks.on_plan is not None:
            self.callbacks.on_plan(worth_vnd, plan)

    def is_stopped(self) -> bool:
        """Whether the caller wants the run to end."""
        return self.callbacks.should_stop is not None and self.callbacks.should_stop()

    def is_expired(self) -> bool:
        """Whether the phase must end, by the clock or by the caller."""
        return self.stopwatch() >= self.deadline or self.is_stopped()

    def used_share(self) -> float:
        """Share of the time that is gone, 0 without a limit."""
        return self.stopwatch() / max(1e-9, self.deadline) if self.is_timed else 0.0

    def seconds_left(self) -> float:
        """Seconds up to the deadline, infinite without a limit."""
        return self.deadline - self.stopwatch()

    def cooling(self, iterations: int, rounds: int, limit: int) -> float:
        """How far a search has cooled, in [0, 1]: by iterations, unless the clock will end it first."""
        done = iterations / limit
        return done if rounds < 5 or self.used_share() < 0.8 * done else max(done, self.used_share())

    def hold_back(self, share: float) -> float:
        """Keep a share of the time that is left for a later phase; return it in seconds, 0 without a limit."""
        held = share * max(0.0, self.seconds_left()) if self.is_timed else 0.0
        self.deadline -= held
        return held


def start_run(problem: Problem, params: SolveParams, stopwatch: Callable[[], float], callbacks: Callbacks) -> SolveRun:
    """Return a run whose deadline leaves time for verification and reasons."""
    seconds = params.limits.seconds
    closing = params.closing_s + params.closing_s_per_row * (problem.n_lots + problem.n_lines)
    deadline = float("inf") if seconds is None else max(seconds - closing, 0.6 * seconds)
    return SolveRun(params, stopwatch, callbacks, deadline)
