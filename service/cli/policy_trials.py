"""`mca compare`: two policies, or more, side by side on past seasons, as the acceptance test before a rule goes live."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from matching.fairness import Shares, fairness, season, shares
from matching.io import Season
from matching.policy import Policy
from matching.policy.goals import Yardsticks, yardsticks
from matching.verify import Verdict, verify
from service.cli.terminal import millions, percent, printable, tonnes
from service.policy_files import Done, Task, earlier, plan

PREVIOUS_FOLDER = "previous"
"""Where a past season keeps the plan that was in force when it was planned, for policies that speak of one."""


@dataclass(frozen=True)
class Figures:
    """A policy on one season, or on all of them; money in đồng, mass in kg.

    Attributes
    ----------
    contract_kg, contract_asked_kg : delivered to lines with a penalty, and asked for by them.
    perishable_kg : taken of lots that soon spoil.
    short_kg, excess_kg : by which floors are missed and the cap is exceeded.
    changed_kg : promised kilograms that their pairs have lost.
    """

    worth_vnd: int
    matched_kg: int
    wanted_kg: int
    contract_kg: int
    contract_asked_kg: int
    perishable_kg: int
    short_kg: int
    excess_kg: int
    changed_kg: int
    trips: int


@dataclass(frozen=True, eq=False)
class Trial:
    """A policy on one season, or all of them together under the name ``all``."""

    policy: str
    season: str
    figures: Figures
    counted: Shares
    plan_sha256: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        measured = {name: round(value, 6) if isinstance(value, float) else value for name, value in vars(fairness(self.counted)).items()}
        return {"policy": self.policy, "season": self.season, **vars(self.figures), "fairness": measured}


def trial(name: str, policy: Policy, gauge: Policy, given: Season, source: Path, order: Task, stopwatch: Callable[[], float]) -> Trial:
    """Plan one season under one policy and measure the plan.

    Parameters
    ----------
    gauge : the policy by whose floors, cap and perishables every plan is measured.
    order : limits, trips and seed; its season and policy are not looked at.
    """
    folder = source / PREVIOUS_FOLDER
    wanted = policy.needs_previous or gauge.needs_previous
    before, digest = earlier(folder, given.problem) if wanted and folder.is_dir() else (None, "")
    done = plan(
        Task(given, policy, order.trips, order.seconds, order.iterations, order.seed, order.cores, before, digest), _from_now(stopwatch)
    )
    verdict = verify(given.problem, done.result.plan).require()
    yard = yardsticks(given.problem, gauge, before, given.outlook.deliveries or None)
    return Trial(name, source.name, _figures(yard, done, verdict), shares(given.problem, done.result.plan, yard.eligible_kg))


def _from_now(stopwatch: Callable[[], float]) -> Callable[[], float]:
    """Return a stopwatch that begins now, so that every plan has the whole of its time."""
    start = stopwatch()
    return lambda: stopwatch() - start


def _figures(yard: Yardsticks, done: Done, verdict: Verdict) -> Figures:
    made, lines = done.result.plan, yard.problem.lines
    return Figures(
        worth_vnd=verdict.objective_vnd,
        matched_kg=int(verdict.filled_kg.sum()),
        wanted_kg=int(lines.kg.sum()),
        contract_kg=int(verdict.filled_kg[yard.is_contract].sum()),
        contract_asked_kg=int(lines.kg[yard.is_contract].sum()),
        perishable_kg=int(verdict.taken_kg[yard.is_perishable].sum()),
        short_kg=int(yard.short_kg(made).sum()),
        excess_kg=int(yard.excess_kg(made).sum()),
        changed_kg=yard.lost_kg(made),
        trips=len(made.trips.vehicle),
    )


def together(trials: Sequence[Trial]) -> Trial:
    """Add up the trials of one policy."""
    sums = {spec.name: sum(getattr(one.figures, spec.name) for one in trials) for spec in fields(Figures)}
    return Trial(trials[0].policy, "all", Figures(**sums), season([one.counted for one in trials]))


def loss_pct(baseline: Trial, candidate: Trial) -> float:
    """Return by how many per cent of the baseline's worth a candidate is worth less; below 0 where it is worth more."""
    before, after = baseline.figures.worth_vnd, candidate.figures.worth_vnd
    return 100.0 * (before - after) / max(1, abs(before))


def show(screen: Console, trials: Sequence[Trial]) -> None:
    """Print one table for each season and one for all, policies as columns."""
    for where in dict.fromkeys(one.season for one in trials):
        chosen = [one for one in trials if one.season == where]
        table = Table(title=f"Season {printable(where)}", title_justify="left", box=None, padding=(0, 2))
        table.add_column("")
        for one in chosen:
            table.add_column(printable(one.policy), justify="right")
        for name, of in ROWS:
            table.add_row(name, *(of(one) for one in chosen))
        screen.print(table)
        screen.print()


def _part(part: int, whole: int) -> str:
    return f"{tonnes(part)} of {tonnes(whole)}"


ROWS: tuple[tuple[str, Callable[[Trial], str]], ...] = (
    ("worth, đ", lambda one: millions(one.figures.worth_vnd)),
    ("delivered", lambda one: _part(one.figures.matched_kg, one.figures.wanted_kg)),
    ("contracts kept", lambda one: _part(one.figures.contract_kg, one.figures.contract_asked_kg)),
    ("perishables saved", lambda one: tonnes(one.figures.perishable_kg)),
    ("short of floors", lambda one: tonnes(one.figures.short_kg)),
    ("beyond the cap", lambda one: tonnes(one.figures.excess_kg)),
    ("promises changed", lambda one: tonnes(one.figures.changed_kg)),
    ("opportunity share", lambda one: percent(fairness(one.counted).overall_share)),
    ("worst-off decile", lambda one: percent(fairness(one.counted).worst_decile_share)),
    ("Gini coefficient", lambda one: f"{fairness(one.counted).gini:.3f}"),
    ("largest supplier", lambda one: percent(fairness(one.counted).largest_part)),
    ("trips", lambda one: f"{one.figures.trips:,}"),
)
