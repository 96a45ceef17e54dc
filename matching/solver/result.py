"""The result of a run: the plan verified, what is proven of it, and why things stay open."""

from __future__ import annotations

from dataclasses import dataclass

from matching.bounds.proof import Proof
from matching.explain import explain_open
from matching.explain.scarce import find_scarce
from matching.model.plan import Plan, Result, Status, Termination
from matching.model.problem import Problem
from matching.pairs.pins import require_pins_kept
from matching.solver.run import SolveRun
from matching.verify import verify


@dataclass(frozen=True)
class SearchOutcome:
    """What a search ends with.

    Attributes
    ----------
    worth_vnd : worth as the search counts it.
    is_done : whether the search came to its own end.
    """

    plan: Plan
    worth_vnd: int
    is_done: bool


def verified_result(problem: Problem, found: SearchOutcome, proof: Proof, run: SolveRun) -> Result:
    """Verify a plan and state what is proven of it.

    Raises
    ------
    BadInput
        The plan misses a pin.
    PlanInvalid
        The plan breaks another rule.
    """
    verdict = verify(problem, found.plan)
    require_pins_kept(problem, found.plan)
    verdict.require()
    is_closed = proof.closed_by(verdict.objective_vnd)
    return Result(
        plan=found.plan,
        objective_vnd=verdict.objective_vnd,
        bound_vnd=proof.bound_vnd if proof.bound_vnd >= verdict.objective_vnd else None,
        status=Status.OPTIMAL if is_closed else Status.FEASIBLE,
        termination=Termination.PROOF if is_closed else _termination(run, is_done=found.is_done),
        seconds=run.stopwatch(),
        seed=run.params.seed,
        reasons=explain_open(problem, found.plan),
        prices=proof.prices,
        history=tuple(run.history),
        scarce=find_scarce(problem, found.plan, proof.scarce),
    )


def _termination(run: SolveRun, *, is_done: bool) -> Termination:
    """Why a run without a proof ended; time for long tours that ran out counts as the clock's end."""
    if is_done and not (run.has_tours_time and run.is_expired()):
        return Termination.ITERATIONS
    return Termination.STOPPED if run.is_stopped() else Termination.TIME
