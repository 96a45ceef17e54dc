"""What can go wrong around a run, in words that never change."""

from __future__ import annotations

from enum import StrEnum

from catalog.errors import Conflict


class Failure(StrEnum):
    """Why a run failed; programs may rely on the codes."""

    MEMORY = "memory"
    """The planner needed more memory than a run may have."""
    NO_SOLUTION_IN_TIME = "no_solution_in_time"
    """The time was over before there was a plan."""
    CRASH_LOOP = "crash_loop"
    """Worker after worker died of it."""
    BAD_INPUT = "bad_input"
    """The supply, demand or tables can't be planned; the issues say why."""
    PINS_CONTRADICT = "pins_contradict"
    """Pins can't be kept together with the rules; the issues name them."""
    CLUSTER_LOST = "cluster_lost"
    """The cluster that works on the parts doesn't answer."""
    SOLVER_ERROR = "solver_error"
    """The planner broke down, or made a plan that breaks a rule: a defect of ours."""
    INTERNAL = "internal"
    """The worker broke down around the run: a defect of ours."""


class Fenced(Exception):
    """The run has gone to another worker, or has ended; whatever this worker still has for it is dropped."""

    def __init__(self, uid: str, attempt: int) -> None:
        self.uid, self.attempt = uid, attempt
        super().__init__(f"run {uid}: attempt {attempt} is fenced off")


class QueueFull(Conflict):
    """The association has as many runs waiting or working as it may have."""

    code = "queue_full"


class RunEnded(Conflict):
    """The run has ended already, so it can't be stopped."""

    code = "run_ended"


class RunUnfinished(Conflict):
    """The run hasn't ended yet, so it can't be tried again."""

    code = "run_unfinished"
