"""`solve`: from a problem to a verified plan with a proof of how good it is.

Phases: the eligibility funnel, the volumes relaxation (a first bound, and prices of lots and lines), a first set of trips, improvement
by ruin and recreate on all cores until the iteration limit or the clock, verification by `matching.verify`, and reasons for what
stays open. The best plan is kept whenever the run is stopped.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, Protocol

from matching.bounds.proof import Proof
from matching.bounds.prove import HANDLING_ROUNDING_VND
from matching.carrier_flow import solve_carrier_flow
from matching.decomposition.by_product import outline_goods
from matching.decomposition.planner import NationPlanner, guiding_volumes, is_large
from matching.executors import Executor, LocalProcesses
from matching.explain import explain_open
from matching.explain.scarce import find_scarce
from matching.model.plan import Plan, Progress, Result, Status, Termination
from matching.model.problem import HUB, NO_LIMIT, Problem
from matching.pairs.funnel import find_funnel
from matching.pairs.pins import require_pins_kept, require_pins_possible
from matching.replanning import Again, Stability, replan
from matching.search.hubs import ATTEMPTS, with_hubs
from matching.search.long_tours import reroute, tours_allowed, tours_share
from matching.search.lp_start import outline
from matching.search.plan_ops import kg_by_pair
from matching.search.staged_planner import StagedPlanner
from matching.search.trips.planner import TripPlanner
from matching.verify import verify
from matching.volumes.relaxation import relaxed_plan, shadow_prices, solve_volumes

Mode = Literal["none", "direct", "full"]
PlanTaker = Callable[[int, Callable[[], Plan]], None]
"""Takes the worth of the best plan so far, VND, and what writes it out, which costs time."""

PROOF_SHARE = 0.5
"""Share of the time after which the proof leaves its core to the search, unless the search has come to its end or the problem is small."""
FEW_ROWS = 200
"""Lots and lines of a small problem, whose search finds little in the last half of its time."""
PATIENCE_S = 45.0
"""How long a run with a time limit may go on for its proof alone."""
REROUTING_SHARE, LEAST_REROUTING = 0.75, 0.05
"""Share of the time held back for long tours where they are the whole plan, and the share of the plan below which they are let be."""
REROUTING_ITERATIONS = 0.1
"""Iterations of rerouting for each of a search that is limited by iterations."""
ITERATIONS_PER_ATTEMPT = 1_000
CARRIED_SHARE = 0.9
"""Share of the time that the program of carriers may take, where they are all that pays."""
OUTLINED_ROWS = 400
"""Rows of lots and lines from which a search begins with an outline."""
OUTLINE_SHARE = 0.2
"""Most of the time that the outline may take."""
HUB_SHARE = 0.08
"""Share of the time in which transfers at hubs are tried; a run limited by iterations makes one attempt for so many of them."""
CHANGE_VND_PER_KG = 1_000
"""What each promised kilogram must earn that is moved away from an earlier plan's pair of lot and line."""
REPAIR_ITERATIONS, CYCLE_ITERATIONS, CYCLES = 2_000, 20_000, 3
"""Length of the search that brings an earlier plan in line with what has been decided since, and of those that look for what pays beyond
that, one after another; so many of them where nothing else ends them."""
CLOSING_S = 0.15
CLOSING_S_PER_ROW = 1.2e-4
"""Kept back for verification and reasons, for each lot and line."""


@dataclass(frozen=True)
class Limits:
    """How long a run may take.

    Attributes
    ----------
    seconds : reading of the stopwatch by which `solve` returns; None for no limit.
    iterations : ruin-and-recreate iterations in all; None for the engine's own limit.
    cores : processor cores to use.
    """

    seconds: float | None
    iterations: int | None = None
    cores: int = 2


@dataclass
class _Run:
    """A run's clock, call-backs and history."""

    limits: Limits
    stopwatch: Callable[[], float]
    on_progress: Callable[[Progress], None] | None
    should_stop: Callable[[], bool] | None
    history: list[Progress]
    deadline: float
    held_s: float | None = None
    on_plan: PlanTaker | None = None

    def tell(self, phase: str, objective: int | None, bound: int | None) -> None:
        moment = Progress(self.stopwatch(), phase, objective, bound)
        before = self.history[-1] if self.history else None
        if before is None or (before.phase, before.objective_vnd, before.bound_vnd) != (phase, objective, bound):
            self.history.append(moment)
        if self.on_progress is not None:
            self.on_progress(moment)

    def offer(self, worth_vnd: int, plan: Callable[[], Plan]) -> None:
        """Let the caller have the best plan so far."""
        if self.on_plan is not None:
            self.on_plan(worth_vnd, plan)

    def stopped(self) -> bool:
        return self.should_stop is not None and self.should_stop()

    def expired(self) -> bool:
        return self.stopwatch() >= self.deadline or self.stopped()

    def used(self) -> float:
        """Share of the time that is gone, 0 without a limit."""
        return 0.0 if self.deadline == float("inf") else self.stopwatch() / max(1e-9, self.deadline)


def solve(
    problem: Problem,
    *,
    trips: Mode = "full",
    limits: Limits,
    seed: int = 0,
    stopwatch: Callable[[], float],
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    warm_start: Plan | None = None,
    change_vnd_per_kg: int | None = CHANGE_VND_PER_KG,
    executor: Executor | None = None,
    on_plan: PlanTaker | None = None,
) -> Result:
    """Plan a problem.

    Parameters
    ----------
    trips : ``none`` for the volumes relaxation, ``direct`` for one pick-up and one drop a trip, ``full`` for everything.
    stopwatch : seconds since the run began, as the limits count them.
    on_progress : told of every step; called from the thread that called `solve`.
    should_stop : asked often; once it is true the best plan so far is returned.
    warm_start : a plan to start from, of this or a similar problem; what no longer fits is left out.
    change_vnd_per_kg : what a kilogram must earn that is moved away from a pair of lot and line that the start brings together; goods that
        change trucks at hubs stay. None for a search that is as free as one from nothing. A problem planned in parts is searched freely.
    executor : where the parts of the trips are planned; by default a problem too large to lay out whole is planned in parts on processes of
        this machine, and any other one in one piece. The caller closes what it gives.
    on_plan : offered the best plan so far again and again, so that it survives should the run be ended by force. Whether it writes the plan
        out changes nothing about the result. The plan hasn't been verified yet.

    Raises
    ------
    BadInput
        The pins contradict each other or the rules.
    PlanInvalid
        The plan breaks a rule, which is a defect of ours.
    """
    closing = CLOSING_S + CLOSING_S_PER_ROW * (problem.n_lots + problem.n_lines)
    deadline = float("inf") if limits.seconds is None else max(limits.seconds - closing, 0.6 * limits.seconds)
    run = _Run(limits, stopwatch, on_progress, should_stop, [], deadline, on_plan=on_plan)
    require_pins_possible(problem)
    if trips == "none":
        return _volumes_alone(problem, run, seed)
    if executor is not None or is_large(problem):
        return _in_parts(problem, run, seed, executor, direct=trips == "direct", warm_start=warm_start)
    if warm_start is not None and change_vnd_per_kg is not None:
        return _made_anew(problem, run, seed, warm_start, change_vnd_per_kg, direct=trips == "direct")
    return _with_trips(problem, run, seed, direct=trips == "direct", warm_start=warm_start)


def _volumes_alone(problem: Problem, run: _Run, seed: int) -> Result:
    run.tell("volumes", None, None)
    with ThreadPoolExecutor(1) as beside:
        # Why things stay open is counted by compiled loops, which need no more than a core of their own.
        counting = beside.submit(find_funnel, problem, on_the_clock=False) if run.limits.cores > 1 else None
        volumes = solve_volumes(problem, workers=run.limits.cores)
        funnel = find_funnel(problem, on_the_clock=False) if counting is None else counting.result()
    plan = relaxed_plan(problem, volumes)
    run.tell("volumes", volumes.objective_vnd, volumes.bound_vnd)
    return Result(
        plan=plan,
        objective_vnd=volumes.objective_vnd,
        bound_vnd=volumes.bound_vnd,
        status=Status.RELAXED,
        termination=Termination.PROOF,
        seconds=run.stopwatch(),
        seed=seed,
        reasons=explain_open(problem, plan, funnel),
        prices=shadow_prices(volumes),
        history=tuple(run.history),
    )


def _with_trips(problem: Problem, run: _Run, seed: int, *, direct: bool, warm_start: Plan | None) -> Result:
    run.tell("volumes", None, None)
    proof = Proof(problem, cores=run.limits.cores)
    start = None if warm_start is None else _in_line(problem, warm_start, run, seed, direct=direct)
    planner = _planner(problem, proof, run, seed, direct=direct, warm_start=None if start is None else start.plan)
    run.tell("trips", planner.worth_vnd, proof.bound_vnd)
    run.offer(planner.worth_vnd, planner.snapshot)
    carried = _carriers_alone(problem, planner, proof, run, seed)
    limit = run.limits.iterations or planner.own_limit
    hub_s = 0.0
    if not direct:
        _hold_back(problem, planner, run)
        hub_s = _hold_back_for_hubs(problem, run)

    def left() -> float:
        keeps_on = planner.iterations >= limit or problem.n_lots + problem.n_lines <= FEW_ROWS
        return (1.0 if keeps_on else PROOF_SHARE) * run.deadline - run.stopwatch()

    with proof.continued(left, lambda: planner.worth_vnd):
        while planner.iterations < limit and not run.expired() and not proof.closed_by(planner.worth_vnd) and not carried.closed:
            planner.improve(_progress(planner, limit, run), run.expired, run.limits.cores - (1 if proof.is_running else 0))
            run.tell("improve", max(planner.worth_vnd, carried.worth_vnd), proof.bound_vnd)
            run.offer(planner.worth_vnd, planner.snapshot)
        if planner.iterations >= limit:
            # A proof may take as long again as the search did, and no longer.
            patience = 2 * run.stopwatch() if run.deadline == float("inf") else max(2 * run.stopwatch(), PATIENCE_S)
            proof.wait(lambda: run.expired() or run.stopwatch() >= patience)
    plan = planner.plan() if carried.plan is None or planner.worth_vnd > carried.worth_vnd else carried.plan
    run.offer(max(planner.worth_vnd, carried.worth_vnd), lambda: plan)
    plan, saved_vnd = _rerouted(problem, plan, run, seed)
    if start is not None and start.verdict.ok and start.verdict.objective_vnd > verify(problem, plan).objective_vnd:
        # A search that begins hot, and lets halves of movements through hubs find each other anew, may end below where it began.
        plan = start.plan
    if hub_s > 0:
        run.deadline += hub_s
        attempts = ATTEMPTS if run.limits.iterations is None else min(ATTEMPTS, max(1, run.limits.iterations // ITERATIONS_PER_ATTEMPT))
        plan = with_hubs(problem, plan, seed=seed, iterations=attempts, expired=run.expired)
    run.tell("verify", max(planner.worth_vnd, carried.worth_vnd) + saved_vnd, proof.bound_vnd)
    return _verified(problem, plan, proof, run, seed, done=planner.iterations >= limit)


def _in_line(problem: Problem, previous: Plan, run: _Run, seed: int, *, direct: bool) -> Again:
    """Bring an earlier plan in line with what has been decided since, by a short and cool search that changes little.

    A search from scratch begins hot, and would take apart what it needn't before it kept a new pin.
    """
    iterations = min(REPAIR_ITERATIONS, run.limits.iterations or REPAIR_ITERATIONS)
    return replan(
        problem, previous, stability=Stability(change_vnd_per_kg=CHANGE_VND_PER_KG), iterations=iterations, expired=run.expired, seed=seed,
        cores=run.limits.cores, direct=direct,
    )  # fmt: skip


def _made_anew(problem: Problem, run: _Run, seed: int, previous: Plan, price: int, *, direct: bool) -> Result:
    """Bring an earlier plan in line with what has been decided since, and change more of it where that pays its price."""
    run.tell("volumes", None, None)
    proof = Proof(problem, cores=run.limits.cores)
    stability, promises, limit = Stability(change_vnd_per_kg=price), kg_by_pair(problem, previous), run.limits.iterations

    def again(start: Plan, iterations: int, number: int) -> Again:
        cores = max(1, run.limits.cores - (1 if proof.is_running else 0))
        return replan(
            problem, start, stability=stability, iterations=iterations, expired=run.expired, seed=seed + number, cores=cores, direct=direct,
            promises=promises,
        )  # fmt: skip

    begun = run.stopwatch()
    made = again(previous, min(REPAIR_ITERATIONS, limit or REPAIR_ITERATIONS), 0)
    took = run.stopwatch() - begun
    done, most = made.iterations, limit or CYCLES * CYCLE_ITERATIONS
    _show(run, "trips", made, proof)
    with proof.continued(lambda: run.deadline - run.stopwatch(), lambda: made.verdict.objective_vnd):
        number = 0
        # A search takes a while to begin, which is lost where it can't come to an end.
        while (
            done < most
            and run.stopwatch() + 2 * took < run.deadline
            and not run.stopped()
            and not proof.closed_by(made.verdict.objective_vnd)
        ):
            number += 1
            made = again(made.plan, min(CYCLE_ITERATIONS, most - done), number)
            done += max(1, made.iterations)
            _show(run, "improve", made, proof)
    run.tell("verify", made.verdict.objective_vnd, proof.bound_vnd)
    return _verified(problem, made.plan, proof, run, seed, done=done >= most)


def _show(run: _Run, phase: str, made: Again, proof: Proof) -> None:
    run.tell(phase, made.verdict.objective_vnd, proof.bound_vnd)
    run.offer(made.verdict.objective_vnd, lambda: made.plan)


def _planner(problem: Problem, proof: Proof, run: _Run, seed: int, *, direct: bool, warm_start: Plan | None) -> TripPlanner | StagedPlanner:
    """Begin a search: where the problem is large or has hubs, with an outline of the plan."""
    cores = run.limits.cores
    if warm_start is not None and not direct and (warm_start.legs.leg == 2).any():
        return StagedPlanner(problem, None, proof.lot_price, proof.line_price, seed=seed, cores=cores, direct=direct, warm_start=warm_start)
    if warm_start is None and (problem.n_lots + problem.n_lines >= OUTLINED_ROWS or (problem.sites.kind == HUB).any()):
        latest = run.stopwatch() + OUTLINE_SHARE * (run.deadline - run.stopwatch())
        begun = outline(problem, proof.lot_price, proof.line_price, lambda: latest - run.stopwatch(), hubs=not direct)
        if begun is not None:
            return StagedPlanner(problem, begun, proof.lot_price, proof.line_price, seed=seed, cores=cores, direct=direct)
    return TripPlanner(problem, proof.lane_price, seed=seed, cores=cores, direct=direct, warm_start=warm_start)


def _in_parts(problem: Problem, run: _Run, seed: int, executor: Executor | None, *, direct: bool, warm_start: Plan | None) -> Result:
    """Plan part by part, pass after pass; see `matching.decomposition`."""
    run.tell("volumes", None, None)
    proof, cores = Proof(problem, cores=run.limits.cores), run.limits.cores
    crew = executor or LocalProcesses(cores)
    try:
        guide = guiding_volumes(problem, workers=cores)
        begun = outline_goods(problem, proof.lot_price, proof.line_price, crew, lambda: run.stopped() or run.used() > OUTLINE_SHARE)
        proof.lower(math.ceil(begun.bound_vnd) + HANDLING_ROUNDING_VND)
        if begun.pairs is not None and warm_start is None:
            planner = NationPlanner(problem, guide._replace(flows=begun.flows), crew, seed=seed, direct=direct, pairs=begun.pairs)
        else:
            planner = NationPlanner(problem, guide, crew, seed=seed, direct=direct, warm_start=warm_start)
        limit = run.limits.iterations or planner.own_limit
        while planner.iterations < limit and not run.expired():
            planner.improve(_progress(planner, limit, run), run.expired)
            run.tell("improve", planner.worth_vnd, proof.bound_vnd)
            run.offer(planner.worth_vnd, planner.plan)
    finally:
        if executor is None:
            crew.close()
    run.tell("verify", planner.worth_vnd, proof.bound_vnd)
    return _verified(problem, planner.plan(), proof, run, seed, done=planner.iterations >= limit)


def _verified(problem: Problem, plan: Plan, proof: Proof, run: _Run, seed: int, *, done: bool) -> Result:
    """Verify a plan and say what is proven of it; ``done`` if the search came to its own end."""
    verdict = verify(problem, plan)
    require_pins_kept(problem, plan)
    verdict.require()
    closed = proof.closed_by(verdict.objective_vnd)
    return Result(
        plan=plan,
        objective_vnd=verdict.objective_vnd,
        bound_vnd=proof.bound_vnd if proof.bound_vnd >= verdict.objective_vnd else None,
        status=Status.OPTIMAL if closed else Status.FEASIBLE,
        termination=_ending(run, closed=closed, done=done),
        seconds=run.stopwatch(),
        seed=seed,
        reasons=explain_open(problem, plan),
        prices=proof.prices,
        history=tuple(run.history),
        scarce=find_scarce(problem, plan, proof.scarce),
    )


def _hold_back(problem: Problem, planner: TripPlanner | StagedPlanner, run: _Run) -> None:
    """Keep time for long tours, where the first trips are such."""
    share = tours_share(problem, planner.plan()) if tours_allowed(problem) else 0.0
    if share >= LEAST_REROUTING:
        run.held_s = 0.0 if run.deadline == float("inf") else REROUTING_SHARE * share * (run.deadline - run.stopwatch())
        run.deadline -= run.held_s


def _hold_back_for_hubs(problem: Problem, run: _Run) -> float:
    """Keep time for transfers at hubs, where there are hubs; return how much, in seconds."""
    if not (problem.sites.kind == HUB).any():
        return 0.0
    hub_s = 1e-9 if run.deadline == float("inf") else HUB_SHARE * max(0.0, run.deadline - run.stopwatch())
    run.deadline -= hub_s
    return hub_s


def _rerouted(problem: Problem, plan: Plan, run: _Run, seed: int) -> tuple[Plan, int]:
    """Put long tours together anew in the time held back; the second value is what that saves, VND."""
    if run.held_s is None:
        return plan, 0
    run.deadline += run.held_s
    seconds = None if run.deadline == float("inf") else max(0.0, run.deadline - run.stopwatch())
    iterations = None if run.limits.iterations is None else max(1, round(REROUTING_ITERATIONS * run.limits.iterations))
    better = reroute(problem, plan, seconds=seconds, iterations=iterations, seed=seed, should_stop=run.expired)
    return better, int(plan.trips.cost_vnd.sum() - better.trips.cost_vnd.sum())


@dataclass(frozen=True)
class _Carriers:
    """A plan with carriers alone, where they are all that pays."""

    plan: Plan | None = None
    worth_vnd: int = -NO_LIMIT
    closed: bool = False


def _carriers_alone(problem: Problem, planner: TripPlanner | StagedPlanner, proof: Proof, run: _Run, seed: int) -> _Carriers:
    """Solve the problem as a mixed-integer program where no truck pays."""
    if planner.trucks_pay:
        return _Carriers()
    seconds = None if run.deadline == float("inf") else CARRIED_SHARE * (run.deadline - run.stopwatch())
    found = solve_carrier_flow(
        problem, seconds=seconds, stopwatch=run.stopwatch, should_stop=run.stopped, cores=run.limits.cores, seed=seed
    )
    if found is None:
        return _Carriers()
    proof.lower(int(found.bound_vnd))
    if found.plan is None:
        return _Carriers()
    worth = verify(problem, found.plan).require().objective_vnd
    run.tell("trips", max(worth, planner.worth_vnd), proof.bound_vnd)
    return _Carriers(found.plan, worth, proof.closed_by(worth))


class _Search(Protocol):
    """What the pace of a search is told by."""

    @property
    def iterations(self) -> int: ...

    @property
    def rounds(self) -> int: ...


def _progress(planner: _Search, limit: int, run: _Run) -> float:
    """How far the search has cooled: by iterations, unless the clock will end it first."""
    done = planner.iterations / limit
    return done if planner.rounds < 5 or run.used() < 0.8 * done else max(done, run.used())


def _ending(run: _Run, *, closed: bool, done: bool) -> Termination:
    if closed:
        return Termination.PROOF
    if done and not (run.held_s is not None and run.expired()):
        return Termination.ITERATIONS
    return Termination.STOPPED if run.stopped() else Termination.TIME
