"""Planning under a policy from files, and what `mca replay`, `compare`, `chances` and `difference` do with plans.

The engine is imported where it is used, so that bad input is told before the solver's libraries are loaded.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matching.io import Season, read_plan, read_problem
from matching.model.errors import BadInput, InputIssue
from matching.model.plan import Plan, Progress, Result
from matching.model.problem import Problem
from matching.policy import Policy
from matching.recipe import Mode, Recipe, recipe_of
from service.version import engine_name

if TYPE_CHECKING:
    from matching.executors import Executor
    from matching.harvest.chances import Chances
    from matching.harvest.standby import Standby
    from matching.policy.report import PolicyResult

REPORT_FILE, CHANCES_FILE, STANDBY_FILE = "policy-report.json", "chances.csv", "standby.csv"
INPUT_FOLDER = "input"
PLAN_FILES = ("allocations.csv", "legs.csv", "trips.csv", "stops.csv")
SCENARIOS = 1000


@dataclass(frozen=True, eq=False)
class Task:
    """One planning of a season.

    Attributes
    ----------
    previous : an earlier plan, numbered as the season is; its digest is ``previous_sha256``.
    deliveries : how often each supplier had delivered; None for what the season says.
    seconds, iterations : limits of the run; None for none.
    """

    season: Season
    policy: Policy
    trips: Mode
    seconds: float | None
    iterations: int | None
    seed: int
    cores: int = 2
    previous: Plan | None = None
    previous_sha256: str = ""
    deliveries: Mapping[str, int] | None = None

    @property
    def history(self) -> Mapping[str, int] | None:
        """How often each supplier had delivered, where the policy asks; None where nobody knows, or it doesn't matter."""
        known = self.season.outlook.deliveries or None if self.deliveries is None else self.deliveries
        return known if self.policy.needs_history else None


@dataclass(frozen=True, eq=False)
class Done:
    """A finished plan with its recipe; ``report`` says what came of its policy, None for a plan for worth alone."""

    result: Result
    recipe: Recipe
    report: PolicyResult | None


def plan(
    task: Task,
    stopwatch: Callable[[], float],
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    executor: Executor | None = None,
) -> Done:
    """Plan a season, under its policy where that asks for anything beside worth.

    Raises
    ------
    BadInput
        The input's pins, or its policy, can't be kept.
    """
    from matching.solver import Limits, SolveParams, solve

    limits = Limits(task.seconds, task.iterations, task.cores)
    report = None
    if task.policy.is_plain:
        result = solve(
            task.season.problem,
            SolveParams(limits, trips=task.trips, seed=task.seed),
            stopwatch=stopwatch,
            on_progress=on_progress,
            should_stop=should_stop,
            executor=executor,
            warm_start=task.previous,
        )
    else:
        report = _under_policy(task, limits, stopwatch, on_progress, should_stop)
        result = report.result
    recipe = Recipe(
        task.trips, task.iterations, task.seconds, task.cores, str(result.termination), task.policy, task.previous_sha256, task.history
    )
    return Done(result, recipe, report)


def _under_policy(
    task: Task,
    limits: Any,
    stopwatch: Callable[[], float],
    on_progress: Callable[[Progress], None] | None,
    should_stop: Callable[[], bool] | None,
) -> PolicyResult:
    from matching.policy.solve import solve_policy
    from matching.policy.texts import refusal

    if task.trips == "none":
        raise BadInput([refusal("", "trips none", "volumes_alone")])
    return solve_policy(
        task.season.problem,
        task.policy,
        limits=limits,
        seed=task.seed,
        stopwatch=stopwatch,
        trips=task.trips,
        previous=task.previous,
        deliveries=task.history,
        on_progress=on_progress,
        should_stop=should_stop,
    )


# what lies beside a plan ---------------------------------------------------------------------------------------------
def extra_files(season: Season, done: Done) -> dict[str, str]:
    """Return the text of what is written beside a plan: the policy's report, and chances and standby lots where harvests are uncertain."""
    files = {}
    if done.report is not None:
        files[REPORT_FILE] = json.dumps(done.report.as_json(), ensure_ascii=False, indent=2) + "\n"
    if season.outlook.is_known and len(done.result.plan.trips.vehicle):
        found, ready = look_ahead(season, done.result.plan, SCENARIOS, done.result.seed)
        files |= {CHANCES_FILE: chances_csv(season.problem, found), STANDBY_FILE: standby_csv(season.problem, ready)}
    return files


def look_ahead(season: Season, made: Plan, n: int, seed: int) -> tuple[Chances, Standby]:
    """Simulate what becomes of a plan's promises, and name standby lots."""
    from matching.harvest.chances import chances
    from matching.harvest.outlook import scenarios
    from matching.harvest.standby import standby

    drawn = scenarios(season.problem, season.outlook, n=n, seed=seed)
    found = chances(season.problem, made, drawn)
    return found, standby(season.problem, made, drawn, found)


def chances_csv(problem: Problem, found: Chances) -> str:
    """Return the table of chances: one row for each line that the plan serves."""
    columns = (found.planned_kg, found.committed_kg, found.expected_kg, found.chance, found.filled)
    rows = [
        [problem.lines.id[line], planned, int(committed), round(expected), f"{chance:.3f}", f"{filled:.3f}"]
        for line, planned, committed, expected, chance, filled in zip(found.line.tolist(), *(column.tolist() for column in columns))
    ]
    return _csv("line_id planned_kg committed_kg expected_kg chance filled_chance", rows)


def standby_csv(problem: Problem, ready: Standby) -> str:
    """Return the table of standby lots."""
    lots, lines = problem.lots, problem.lines
    rows = [
        [lines.id[line], lots.id[lot], problem.supplier_ids[lots.supplier[lot]], kg, f"{chance:.3f}"]
        for line, lot, kg, chance in zip(ready.line.tolist(), ready.lot.tolist(), ready.kg.tolist(), ready.chance.tolist())
    ]
    return _csv("line_id lot_id supplier_id kg chance_with_standby", rows)


def _csv(header: str, rows: list[list[Any]]) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header.split())
    writer.writerows(rows)
    return file.getvalue()


# earlier plans -------------------------------------------------------------------------------------------------------
def earlier(folder: Path, problem: Problem) -> tuple[Plan, str]:
    """Read an earlier plan as one of this problem, and its digest.

    Where the input that it was made from lies in a folder ``input`` beside it, what is no longer there is left out; else it must be a
    plan of this very problem.

    Raises
    ------
    BadInput
        If it can't be read.
    """
    from matching.replanning.carry_over import carry_over

    own = folder / INPUT_FOLDER
    if not own.is_dir():
        return read_plan(folder, problem), folder_sha256(folder)
    old = read_problem(own)
    return carry_over(old, read_plan(folder, old), problem), folder_sha256(folder)


def folder_sha256(folder: Path) -> str:
    """Return the digest of a written plan's own tables, as its ``plan.json`` states it."""
    from matching.io.write import plan_sha256

    texts = {name.removesuffix(".csv"): (folder / name).read_text(encoding="utf-8") for name in PLAN_FILES if (folder / name).is_file()}
    return plan_sha256(texts)


# replay --------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Replay:
    """What came of making a plan again.

    Attributes
    ----------
    same : whether the plan's own tables are equal to the byte.
    exact : whether they had to be: the recipe ends by iterations or by proof, and the engine is the one of then.
    """

    same: bool
    exact: bool
    engine_then: str
    engine_now: str
    objective_then_vnd: int
    objective_now_vnd: int
    plan_sha256_then: str
    plan_sha256_now: str


def replay(season: Season, folder: Path, previous: Path | None, stopwatch: Callable[[], float]) -> tuple[Replay, Done]:
    """Make a written plan again from its recipe.

    A run that the clock ended is played again with the same limit of time; it need not give the same plan.

    Raises
    ------
    BadInput
        If the plan has no recipe, was made from another input or against another earlier plan.
    """
    from matching.io.write import plan_sha256, plan_tables, relaxed_tables
    from matching.model.plan import Status

    said = _said(folder)
    recipe = recipe_in(folder)
    _require_same(said, "input_sha256", season.problem.digest(), "the input that the plan was made from")
    before, digest = (None, "") if previous is None else earlier(previous, season.problem)
    _require_same(said, "previous_sha256", digest, "the earlier plan that the plan was made from")
    done = plan(
        Task(
            season,
            recipe.policy,
            recipe.trips,
            recipe.seconds,
            recipe.iterations,
            int(said["seed"]),
            recipe.cores,
            before,
            digest,
            recipe.deliveries,
        ),
        stopwatch,
    )
    made = relaxed_tables if done.result.status is Status.RELAXED else plan_tables
    now = plan_sha256(made(season.problem, done.result))
    same_engine = said.get("engine") == engine_name()
    return Replay(
        same=now == said.get("plan_sha256"),
        exact=recipe.is_exact and same_engine,
        engine_then=str(said.get("engine")),
        engine_now=engine_name(),
        objective_then_vnd=int(said["objective_vnd"]),
        objective_now_vnd=done.result.objective_vnd,
        plan_sha256_then=str(said.get("plan_sha256")),
        plan_sha256_now=now,
    ), done


def recipe_in(folder: Path) -> Recipe:
    """Return how the plan of a folder was made.

    Raises
    ------
    BadInput
        If it doesn't say.
    """
    recipe = recipe_of(_said(folder))
    if recipe is None:
        raise BadInput([InputIssue("plan.json", 0, "policy_sha256", "", "a plan that says how it was made: this one was written without")])
    return recipe


def _said(folder: Path) -> Mapping[str, Any]:
    """Return what a plan says of itself."""
    try:
        said = json.loads((folder / "plan.json").read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise BadInput([InputIssue("plan.json", 0, "", "", f"a JSON object that can be read ({error})")]) from error
    if not isinstance(said, dict) or not isinstance(said.get("seed"), int) or not isinstance(said.get("objective_vnd"), int):
        raise BadInput([InputIssue("plan.json", 0, "", "", "an object with objective_vnd and seed")])
    return said


def _require_same(said: Mapping[str, Any], name: str, now: str, what: str) -> None:
    if said.get(name, "") != now:
        raise BadInput([InputIssue("plan.json", 0, name, str(said.get(name, "")), f"{what}, whose digest is {now or 'empty'}")])
