"""`solve_policy`: a verified plan under a policy, rank by rank, and what the policy costs.

1. A plan for worth alone, or, where there is an earlier plan to be stable against, that plan made anew with as few changes as pay.
   Under a cap it is trimmed until it keeps that, and so is whatever a search finds (`matching.policy.trim`).
2. The policy's rules, floors and cap: the kilograms by which they are broken are made as few as can be found.
3. Each goal in its rank. What a stage may give up of the rules (nothing) and of earlier goals (their tolerance) is a limit in whole
   kilograms or đồng; a plan beyond a limit is worse than any within, however good it is for the goal at hand.
4. The search for worth alone goes on for as long, so that the price of the policy is not the price of the search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from matching.decomposition.planner import MOST_ROWS, MOST_SITES, is_large
from matching.explain import explain_open
from matching.model.errors import BadInput
from matching.model.plan import Plan, Prices, Progress, Result, Status, Termination
from matching.model.problem import IntArray, Problem
from matching.pairs.pins import require_pins_kept, require_pins_possible
from matching.policy.goals import Yardsticks, yardsticks
from matching.policy.guide import NO_TRIAL, Premiums, Trial, guide, just_due, premiums, some_short, trial_pins
from matching.policy.model import Goal, Policy, Rank
from matching.policy.report import PolicyResult, Stage, report
from matching.policy.texts import refusal
from matching.policy.trim import trimmed
from matching.replanning import Stability, replan
from matching.replanning.commitments import unmet_pins_kg
from matching.solver import Limits, Mode, SolveParams, solve
from matching.verify import Verdict, verify
from matching.volumes.relaxation import relaxation_bound, shadow_prices, solve_volumes

FIRST_SHARE, GUIDED_SHARE = 0.5, 0.35
"""Shares of the time, or of the iterations, of the first plan and of the stages; the rest is for the search for worth alone."""
ROUNDS = 10
"""Searches of a stage, each with premiums that learn from the last."""
EASING = 8.0
"""Premiums of goals of earlier ranks become so many times lower whenever that was found to do no harm."""
SHRINKING, GROWING = 0.97, 1.01
"""What is sold in all is expected to be so much less when a cap was not kept, and so much more when it was."""
ROOM = (1.0, 1.03, 1.08)
"""By turns, a search may find so many times what is expected to be sold, for what is too much of a supplier is trimmed."""
OWN_ITERATIONS = 20_000
"""Iterations of a search in a stage that no time limits."""
LEAST_ROUND = 2.0
"""A round of a stage lasts at least so many times what a search takes before its first iteration, or it would come to nothing."""
CLOSING_S, CLOSING_S_PER_ROW = 0.3, 2.5e-4
"""Kept back for verification and reasons."""


@dataclass
class _Course:
    """A run under way: its clock, and the best plan so far."""

    yard: Yardsticks
    limits: Limits
    stopwatch: Callable[[], float]
    on_progress: Callable[[Progress], None] | None
    should_stop: Callable[[], bool] | None
    seed: int
    direct: bool
    bound_vnd: int | None
    plan: Plan
    verdict: Verdict
    first: Plan
    previous: Plan | None
    frozen_until_day: int | None
    held: list[tuple[Goal | None, int]] = field(default_factory=list)
    searches: int = 0
    total_kg: int = 0
    preparing_s: float = 0.0

    def tell(self, phase: str) -> None:
        if self.on_progress is not None:
            self.on_progress(Progress(self.stopwatch(), phase, self.verdict.objective_vnd, self.bound_vnd))

    def until(self, second: float | None) -> Callable[[], bool]:
        """Return what tells whether a stage's time is up."""
        return lambda: (second is not None and self.stopwatch() >= second) or (self.should_stop is not None and self.should_stop())

    def deadline(self) -> float | None:
        if self.limits.seconds is None:
            return None
        problem = self.yard.problem
        closing = CLOSING_S + CLOSING_S_PER_ROW * (problem.n_lots + problem.n_lines)
        return max(self.limits.seconds - closing, 0.6 * self.limits.seconds)

    def measured(self, goal: Goal | None) -> Callable[[Plan, Verdict], tuple[float, ...]]:
        """Return how plans compare while a goal is at hand: pins, limits of what came before in its order, the goal, worth."""
        yard, held = self.yard, tuple(self.held)

        def of(plan: Plan, verdict: Verdict) -> tuple[float, ...]:
            beyond = [min(0, value_of(yard, one, plan, verdict) - limit) for one, limit in held]
            return (
                -float(unmet_pins_kg(yard.problem, plan)),
                *map(float, beyond),
                float(value_of(yard, goal, plan, verdict)),
                float(yard.value(Goal.WORTH, plan, verdict)),
            )

        return of

    def search(
        self,
        plan: Plan,
        goal: Goal | None,
        given: Premiums | None,
        iterations: int | None,
        expired: Callable[[], bool],
        trial: Trial = NO_TRIAL,
    ) -> tuple[Plan, Verdict]:
        """Search once, led by premiums, and return the best plan met."""
        self.searches += 1
        self.total_kg = max(self.total_kg, self.kept_kg())
        promise = self.yard.policy.change_vnd_per_kg if given is None else given.promise
        again = replan(
            self.yard.problem,
            plan,
            stability=Stability(self.frozen_until_day, promise),
            iterations=iterations,
            expired=self._timed(expired),
            seed=self.seed + self.searches,
            cores=self.limits.cores,
            direct=self.direct,
            guide=None if given is None else self._guide(given, trial),
            measure=self.measured(goal),
            promises=(self.yard.pairs, self.yard.pair_kg),
            mend=None if given is None else self.trimmed,
        )
        self._expect(again.ended)
        return again.plan, again.verdict

    def trimmed(self, plan: Plan) -> Plan:
        return trimmed(self.yard, plan, self.frozen_until_day)

    def kept_kg(self) -> int:
        """Kilograms of the best plan so far, if it keeps the cap: so much can be sold, whatever searches since have ended with."""
        return 0 if self.yard.excess_kg(self.plan).any() else int(self.plan.allocations.kg.sum())

    def _guide(self, given: Premiums, trial: Trial) -> Problem:
        """Return the problem in a stage's prices; suppliers at their cap may sell what they do in the best plan that keeps it, or more."""
        like, room = self.plan if self.kept_kg() else self.first, ROOM[self.searches % len(ROOM)]
        return guide(self.yard, given, like, round(room * self.total_kg), trial)

    def _timed(self, expired: Callable[[], bool]) -> Callable[[], bool]:
        """Note how long a search takes until it first asks whether its time is up."""
        begun, asked = self.stopwatch(), False

        def ask() -> bool:
            nonlocal asked
            if not asked:
                took = self.stopwatch() - begun
                asked, self.preparing_s = True, (self.preparing_s + took) / 2 if self.preparing_s else took
            return expired()

        return ask

    def _expect(self, ended: Plan) -> None:
        """Learn how much is sold in all, of which a cap is a part: less than was thought where a search's end didn't keep the cap."""
        sold = int(ended.allocations.kg.sum())
        kept = sold > 0 and not self.yard.excess_kg(ended).any()
        self.total_kg = round(GROWING * self.total_kg) if kept else round(SHRINKING * min(self.total_kg, sold or self.total_kg))

    def take(self, found: tuple[Plan, Verdict], goal: Goal | None) -> bool:
        """Go on with a plan if it is better while a goal is at hand; tell whether it was."""
        of = self.measured(goal)
        if not of(*found) > of(self.plan, self.verdict):
            return False
        self.plan, self.verdict = found
        return True


def value_of(yard: Yardsticks, goal: Goal | None, plan: Plan, verdict: Verdict) -> int:
    """Return what a goal is worth in a plan; None stands for the policy's rules."""
    return -yard.breach_kg(plan) if goal is None else yard.value(goal, plan, verdict)


def solve_policy(
    problem: Problem,
    policy: Policy,
    *,
    limits: Limits,
    seed: int = 0,
    stopwatch: Callable[[], float],
    trips: Mode = "full",
    previous: Plan | None = None,
    deliveries: Mapping[str, int] | None = None,
    warm_start: Plan | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> PolicyResult:
    """Plan a problem under a policy.

    Parameters
    ----------
    limits, seed, stopwatch, trips, on_progress, should_stop : as `matching.solver.solve` takes them; volumes alone know no policy.
    previous : an earlier plan, numbered as the problem is (`matching.replanning.carry_over`).
    deliveries : how often each supplier has delivered so far, by id.
    warm_start : a plan of this problem to go on from; by default the earlier plan, or none.

    Raises
    ------
    BadInput
        The policy contradicts itself or the problem, speaks of what isn't there, or pins can't be kept; or the problem is so large that it
        is planned in parts.
    """
    _require_one_piece(problem)
    require_pins_possible(problem)
    yard = yardsticks(problem, policy, previous, deliveries)
    course, prices = _begin(yard, limits, seed, stopwatch, trips, (previous, warm_start), on_progress, should_stop)
    first = course.plan, course.verdict
    course.first, course.total_kg = course.plan, yard.capped_total_kg(course.plan)
    _trim(course)
    stages = _stages(course)
    free = _worth_alone(course, *first)
    require_pins_kept(problem, course.plan)
    course.verdict.require()
    course.tell("verify")
    return report(yard, _result(course, prices), stages, free)


def _trim(course: _Course) -> None:
    """Go on from a plan that keeps the cap, where trimming makes one; pins may be missed, which counts before all else."""
    plan = course.trimmed(course.plan)
    verdict = verify(course.yard.problem, plan)
    if not {breach.rule for breach in verdict.violations} - {"decisions"}:
        course.take((plan, verdict), None)


def _require_one_piece(problem: Problem) -> None:
    """Refuse what is planned in parts: no part knows what a supplier sells in another, nor what a later rank may give up there."""
    if is_large(problem):
        raise BadInput([refusal("", f"{problem.n_lots + problem.n_lines}", "too_large", most=MOST_ROWS, sites=MOST_SITES)])


def _begin(
    yard: Yardsticks,
    limits: Limits,
    seed: int,
    stopwatch: Callable[[], float],
    trips: Mode,
    earlier: tuple[Plan | None, Plan | None],
    on_progress: Callable[[Progress], None] | None,
    should_stop: Callable[[], bool] | None,
) -> tuple[_Course, Prices]:
    """Make the plan that the stages begin with, from the plan before and one to go on from, as far as there are any."""
    (previous, warm), problem, policy = earlier, yard.problem, yard.policy
    start = previous if warm is None else warm
    frozen = problem.horizon_from_day + policy.frozen_days if policy.frozen_days else None
    direct = trips == "direct"

    def course_of(plan: Plan, bound_vnd: int | None) -> _Course:
        verdict = verify(problem, plan)
        return _Course(yard, limits, stopwatch, on_progress, should_stop, seed, direct, bound_vnd, plan, verdict, plan, previous, frozen)

    if start is not None:
        course = course_of(start, relaxation_bound(problem, workers=limits.cores))
        iterations, until = _portion(course, FIRST_SHARE)
        course.plan, course.verdict = course.search(start, Goal.WORTH, None, iterations, until)
        return course, shadow_prices(solve_volumes(problem, workers=limits.cores))
    part = replace(
        limits,
        seconds=None if limits.seconds is None else stopwatch() + FIRST_SHARE * max(0.0, limits.seconds - stopwatch()),
        iterations=None if limits.iterations is None else max(1, round(FIRST_SHARE * limits.iterations)),
    )
    first = solve(problem, SolveParams(part, trips=trips, seed=seed), stopwatch=stopwatch, on_progress=on_progress, should_stop=should_stop)
    return course_of(first.plan, first.bound_vnd), first.prices


def _portion(course: _Course, share: float) -> tuple[int | None, Callable[[], bool]]:
    """Return the iterations and the end of a stretch that may take a share of the run, or of what is left of its time."""
    total, limited = course.limits.iterations, course.limits.seconds is not None
    iterations = None if total is None and limited else max(1, round(share * (total or OWN_ITERATIONS)))
    return iterations, course.until(_end_of(course, share) if limited else None)


def _stages(course: _Course) -> list[Stage]:
    """Take the policy's rules, then its goals, one after another."""
    yard, policy = course.yard, course.yard.policy
    goals: list[Goal | None] = [None] if policy.has_rules else []
    goals += [rank.goal for rank in policy.ranks]
    share = GUIDED_SHARE / (1.0 - FIRST_SHARE) / max(1, len(goals))
    supplier: IntArray = np.zeros(len(yard.floor_kg), dtype=np.int64)
    made: list[Stage] = []
    for place, goal in enumerate(goals):
        course.tell("improve")
        supplier = _stage(course, goal, supplier, share / (1.0 - share * place))
        value = value_of(yard, goal, course.plan, course.verdict)
        rank = next((one for one in policy.ranks if one.goal is goal), Rank(Goal.WORTH))
        spare = 0 if goal is None else yard.may_give_up(goal, value, rank.tolerance_pct)
        course.held.append((goal, value - spare))
        made.append(Stage(goal, value, value - spare, None if goal is None else yard.most(goal), value))
    final = [value_of(yard, stage.goal, course.plan, course.verdict) for stage in made]
    return [replace(stage, kept=value) for stage, value in zip(made, final)]


def _stage(course: _Course, goal: Goal | None, supplier: IntArray, share: float) -> IntArray:
    """Make a goal as good as can be found within the limits of what came before; return suppliers' premiums as they stand."""
    yard = course.yard
    rounds = _rounds(course, share)
    wanted = {one for one in (goal, *(held for held, _ in course.held)) if one is not None}
    floors_count = bool(yard.floor_kg.any()) and (yard.policy.has_rules or Goal.FAIRNESS in wanted)
    given, factor = premiums(yard, wanted - {Goal.WORTH}, supplier), 1.0
    best = 0 if goal is None else yard.most(goal)
    for turn, (each, expired) in enumerate(rounds):
        if best is not None and value_of(yard, goal, course.plan, course.verdict) >= best:
            break
        if floors_count:
            given = given.adjusted(yard, course.plan)
        start = course.previous if goal is Goal.CHANGES and turn == 0 and course.previous is not None else course.plan
        if len(start.trips.vehicle) == 0:
            start = course.first
        led, trial = _trial(course, given.scaled(factor), start, turn) if floors_count else (given.scaled(factor), NO_TRIAL)
        better = course.take(course.search(start, goal, led, each, expired, trial), goal)
        if goal is Goal.WORTH and better:
            # There may be more to gain nearer to the limits of what came before.
            factor /= EASING
    return given.supplier


def _trial(course: _Course, given: Premiums, plan: Plan, turn: int) -> tuple[Premiums, Trial]:
    """Return what a search tries for floors, turn by turn: just what is due, pins, and premiums that learn.

    Where worth has a limit to keep, every other turn tries them for some of the suppliers alone.
    """
    yard, rng = course.yard, np.random.default_rng((course.seed, course.searches))
    some = turn % 2 == 1 and any(goal is Goal.WORTH for goal, _ in course.held)
    chosen = some_short(yard, plan, rng) if some else np.ones(len(yard.floor_kg), dtype=np.bool_)
    if turn % 3 == 0:
        lot_kg, supplier = just_due(yard, plan, rng, chosen)
        return replace(given, supplier=supplier), Trial(lot_kg=lot_kg)
    if turn % 3 == 1:
        return replace(given, supplier=np.zeros_like(given.supplier)), Trial(trial_pins(yard, plan, rng, chosen))
    return replace(given, supplier=np.where(chosen, given.supplier, 0)), NO_TRIAL


def _rounds(course: _Course, share: float) -> Iterator[tuple[int | None, Callable[[], bool]]]:
    """Yield the iterations and the end of each round of a stage that may take a share of what is left of the run."""
    iterations, over = _portion(course, share)
    end = None if iterations is not None or course.limits.seconds is None else _end_of(course, share)
    for left in range(ROUNDS, 0, -1):
        now = course.stopwatch()
        if over() or (end is not None and left < ROUNDS and end - now < course.preparing_s):
            return
        yield (
            None if iterations is None else max(1, iterations // ROUNDS),
            course.until(None if end is None else now + _round_s(course, end - now, left)),
        )


def _round_s(course: _Course, left_s: float, left: int) -> float:
    """Return how long one of the rounds that are left may take: its part of the time, but no less than comes to something."""
    return min(left_s, max(left_s / left, LEAST_ROUND * course.preparing_s))


def _end_of(course: _Course, share: float) -> float:
    """Return the second at which a share of what is left of a limited run is over."""
    now, deadline = course.stopwatch(), course.deadline() or 0.0
    return now + share * max(0.0, deadline - now)


def _worth_alone(course: _Course, plan: Plan, verdict: Verdict) -> Verdict:
    """Go on with the plan for worth alone, so that it has had as much of the search as the policy's own; return its verdict."""
    yard, held = course.yard, course.held
    iterations, expired = _portion(course, 1.0)
    if iterations is not None:
        iterations = max(1, round((1 - FIRST_SHARE - GUIDED_SHARE) * iterations))
    if not yard.policy.is_plain and not expired():
        course.held = []
        plan, verdict = course.search(plan, Goal.WORTH, None, iterations, expired)
        course.held = held
    # Whatever a policy allows is allowed without it, too.
    return verdict if verdict.objective_vnd >= course.verdict.objective_vnd else course.verdict


def _result(course: _Course, prices: Prices) -> Result:
    problem, verdict, bound = course.yard.problem, course.verdict, course.bound_vnd
    closed = bound is not None and verdict.objective_vnd >= bound - 1
    stopped = course.should_stop is not None and course.should_stop()
    deadline = course.deadline()
    by_clock = deadline is not None and (course.limits.iterations is None or course.stopwatch() >= deadline)
    ended = Termination.TIME if by_clock else Termination.ITERATIONS
    return Result(
        plan=course.plan,
        objective_vnd=verdict.objective_vnd,
        bound_vnd=bound if bound is not None and bound >= verdict.objective_vnd else None,
        status=Status.OPTIMAL if closed else Status.FEASIBLE,
        termination=Termination.STOPPED if stopped else ended,
        seconds=course.stopwatch(),
        seed=course.seed,
        reasons=explain_open(problem, course.plan),
        prices=prices,
    )
