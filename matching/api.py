"""The Python API, exported by `matching`; see ``docs/python-api.md``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matching.compiling import without_compiling
from matching.executors import Executor
from matching.explain.context import PlanContext
from matching.explain.diagnosis import Diagnosis, diagnose
from matching.explain.rules import Rule, RulePrice, price_of
from matching.io.frames import problem_from_frames, result_frames
from matching.io.reader import read_problem
from matching.model.errors import BadInput, InputIssue, PlanInvalid
from matching.model.plan import LINE, LOT, Plan, Progress, Result
from matching.model.problem import Problem
from matching.model.reasons import Reason, RuleKind
from matching.replanning.difference import Change, differences
from matching.solver import Limits, SolveParams
from matching.solver import solve as solve_by_stopwatch
from matching.stopwatch import started_stopwatch
from matching.verify import Verdict, verify

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "BadInput",
    "Change",
    "Diagnosis",
    "InputIssue",
    "Limits",
    "Plan",
    "PlanInvalid",
    "Problem",
    "Progress",
    "Reason",
    "Result",
    "Rule",
    "RuleKind",
    "RulePrice",
    "Solution",
    "SolveParams",
    "Verdict",
    "compare_plans",
    "explain_line",
    "explain_lot",
    "price_rule",
    "problem_from_frames",
    "read_problem",
    "solve",
    "verify_plan",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Solution:
    """A problem with its result."""

    problem: Problem
    result: Result

    @property
    def plan(self) -> Plan:
        """The plan, which keeps every rule."""
        return self.result.plan

    @property
    def objective_vnd(self) -> int:
        """Worth of the plan, VND."""
        return self.result.objective_vnd

    @property
    def bound_vnd(self) -> int | None:
        """Amount that no plan can be worth more than, VND; None where nothing is proven."""
        return self.result.bound_vnd

    @property
    def gap(self) -> float | None:
        """(bound − objective) ÷ |bound|, or None without a bound."""
        return self.result.gap

    def to_frames(self) -> dict[str, pd.DataFrame]:
        """Return the tables of the result by name, with the columns of the exchange format."""
        return result_frames(self.problem, self.result)


def solve(
    problem: Problem,
    params: SolveParams | None = None,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    warm_start: Plan | None = None,
    executor: Executor | None = None,
    stopwatch: Callable[[], float] | None = None,
) -> Solution:
    """Plan a problem.

    Parameters
    ----------
    params : 60 seconds on two cores by default.
    on_progress : told of every step, with the best worth and the best bound so far.
    should_stop : asked often; once it returns True the best plan so far is returned.
    warm_start : a plan to go on from; what no longer fits is left out.
    executor : where the parts of a large problem are planned; processes of this machine by default.
    stopwatch : seconds since the run began; by default the clock of this machine.

    Raises
    ------
    BadInput
        The pins contradict each other or the rules.
    """
    with without_compiling(stopwatch or started_stopwatch()) as own_stopwatch:
        result = solve_by_stopwatch(
            problem,
            params or SolveParams(),
            stopwatch=own_stopwatch,
            on_progress=on_progress,
            should_stop=should_stop,
            warm_start=warm_start,
            executor=executor,
        )
    return Solution(problem, result)


def verify_plan(problem: Problem, plan: Plan) -> Verdict:
    """Check a plan against every rule and compute its worth again, with no code of the search."""
    return verify(problem, plan)


def explain_lot(problem: Problem, plan: Plan, lot_id: str) -> Diagnosis:
    """Return why a lot is used as it is in a plan: the reason, the nearest misses, and to whom it lost.

    Raises
    ------
    UnknownId
        The problem has no lot of this id.
    """
    return _explain(problem, plan, LOT, lot_id)


def explain_line(problem: Problem, plan: Plan, line_id: str) -> Diagnosis:
    """Return why a demand line is filled as it is in a plan: the reason, the nearest misses, and to whom it lost.

    Raises
    ------
    UnknownId
        The problem has no line of this id.
    """
    return _explain(problem, plan, LINE, line_id)


def _explain(problem: Problem, plan: Plan, subject: str, name: str) -> Diagnosis:
    scene = PlanContext(problem, plan)
    return diagnose(scene, subject, scene.row(subject, name))


def price_rule(problem: Problem, plan: Plan, rule: Rule, params: SolveParams | None = None) -> RulePrice:
    """Return what a rule costs: the worth of the best plans found with it and without it, VND.

    Parameters
    ----------
    plan : a plan of the problem to begin with.
    params : limits of the three searches together, and the seed.
    """
    chosen = params or SolveParams()
    with without_compiling(started_stopwatch()) as stopwatch:
        return price_of(problem, plan, rule, limits=chosen.limits, stopwatch=stopwatch, seed=chosen.seed)


def compare_plans(problem: Problem, before: Plan, after: Plan) -> list[Change]:
    """Return what differs between two plans of one problem, by lot and line."""
    return differences(problem, before, after)
