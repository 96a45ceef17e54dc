"""How quickly a plan is made anew after brokers' decisions, and how little it moves: `python -m benchmarks.replans INPUT ...`.

For each input folder a plan is made; then, draw after draw, brokers decide at random about some pairs of it, and the plan is made anew
from it with `solve(..., warm_start=plan)`. Half of the decisions forbid a pair of the plan, a quarter pin one, and a quarter pin some
kilograms of a pair that the plan doesn't use.

A pair is touched if a decision is about its lot or its line. What the other pairs carry less than before, as a share of what they carried,
is what has moved. A draw with a pin that no plan was found to keep is left out and counted.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import describe_machine
from benchmarks.tables import markdown
from matching.io import read_problem
from matching.model.errors import BadInput
from matching.model.plan import Plan
from matching.model.problem import FORBID, PIN, Decisions, FloatArray, IntArray, Problem
from matching.pairs.lanes import find_lanes
from matching.solver import Limits, SolveParams, solve
from matching.verify import verify

Row = dict[str, Any]
Decision = tuple[int, int, int, int]
"""Row of the lot, row of the line, kind and kilograms."""
LIMIT_S, LIMIT_SHARE = 1.0, 0.02
"""Seconds in which one decision is to be planned around, and the share of untouched tonnes that may move."""
MOST_NEW_KG = 2_000


def kg_by_pair(problem: Problem, plan: Plan) -> FloatArray:
    """Kilograms that a plan moves from each lot to each line, shape (n_lots, n_lines)."""
    kg = np.zeros((problem.n_lots, problem.n_lines))
    np.add.at(kg, (plan.allocations.lot, plan.allocations.line), plan.allocations.kg)
    return kg


def moved_share(before: FloatArray, after: FloatArray, decisions: Sequence[Decision]) -> float:
    """Return the share of what pairs apart from some decisions carried that they carry no more."""
    apart = np.ones_like(before, dtype=np.bool_)
    for lot, line, _, _ in decisions:
        apart[lot], apart[:, line] = False, False
    return float(np.maximum(0, before - after)[apart].sum() / max(1.0, before[apart].sum()))


def drawn(problem: Problem, before: FloatArray, eligible: IntArray, rng: np.random.Generator, n: int) -> list[Decision]:
    """Draw decisions about different lots and lines; ``eligible`` holds pairs as rows of lot and line, shape (n_pairs, 2)."""
    used, made = np.argwhere(before > 0), list[Decision]()
    while len(made) < n:
        kind = rng.choice(["forbid", "forbid", "keep", "new"])
        lot, line = (int(row) for row in rng.choice(eligible if kind == "new" else used))
        if any(lot == other or line == another for other, another, _, _ in made) or (kind == "new" and before[lot, line] > 0):
            continue
        least = max(problem.lines.min_supplier_kg[line], problem.lines.min_fill_kg[line], problem.lots.min_take_kg[lot])
        most = min(problem.lots.kg[lot], problem.lines.kg[line])
        whole = problem.lots.kg[lot] if problem.lots.indivisible[lot] else min(most, max(least, MOST_NEW_KG))
        kg = {"forbid": 0, "keep": int(before[lot, line]), "new": int(whole)}[kind]
        if kg <= most:
            made.append((lot, line, FORBID if kind == "forbid" else PIN, kg))
    return made


def measure(problem: Problem, plan: Plan, draws: int, n: int, seconds: float, seed: int) -> list[Row]:
    """Plan anew after ``n`` decisions at once, draw after draw."""
    rng, before, lanes = np.random.default_rng([seed, n]), kg_by_pair(problem, plan), find_lanes(problem)
    eligible = np.stack([lanes.lot, lanes.line], axis=1)
    rows: list[Row] = []
    for draw in range(draws):
        decisions = drawn(problem, before, eligible, rng, n)
        decided = problem.replace(decisions=Decisions(*np.array(decisions, dtype=np.int64).T.copy()))
        row: Row = {"decisions": n, "draw": draw}
        stopwatch = _stopwatch()
        try:
            again = solve(decided, SolveParams(Limits(seconds), seed=seed), stopwatch=stopwatch, warm_start=plan)
        except BadInput as refusal:
            rows.append(row | {"seconds": round(stopwatch(), 2), "refused": "; ".join(issue.value for issue in refusal.issues)})
            print(f"  {rows[-1]}", flush=True)
            continue
        row["seconds"] = round(stopwatch(), 2)
        assert verify(decided, again.plan).ok
        row["moved %"] = round(100 * moved_share(before, kg_by_pair(problem, again.plan), decisions), 3)
        rows.append(row | {"worth M": round(again.objective_vnd / 1e6, 1)})
        print(f"  {rows[-1]}", flush=True)
    return rows


def _stopwatch() -> Callable[[], float]:
    began = time.perf_counter()
    return lambda: time.perf_counter() - began


def main(arguments: list[str] | None = None) -> int:
    """Measure the folders that the command line names; the exit status is 1 if a limit is missed."""
    given = _parser().parse_args(arguments)
    print(markdown([{"machine": key, "": value} for key, value in describe_machine().items()]), flush=True)
    made: list[Row] = []
    for folder in given.inputs:
        problem = read_problem(folder)
        first = solve(problem, SolveParams(Limits(given.first), seed=given.seed), stopwatch=_stopwatch())
        print(f"{folder.name}: {first.objective_vnd / 1e6:.1f} M after {first.seconds:.0f} s", flush=True)
        for n, draws in ((1, given.single), (given.several, given.draws)):
            rows = measure(problem, first.plan, draws, n, given.seconds, given.seed)
            done = [row for row in rows if "refused" not in row]
            if done:
                seconds, moved = (np.array([row[name] for row in done]) for name in ("seconds", "moved %"))
                made.append({
                    "input": folder.name, "decisions": n, "draws": len(done), "refused": len(rows) - len(done),
                    "median s": round(float(np.median(seconds)), 2), "most s": float(seconds.max()),
                    "median moved %": float(np.median(moved)), "most moved %": float(moved.max()),
                })  # fmt: skip
    print(markdown(made), flush=True)
    if given.out:
        given.out.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    slow = any(row["decisions"] == 1 and row["median s"] > LIMIT_S for row in made)
    return int(slow or any(row["most moved %"] > 100 * LIMIT_SHARE for row in made))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.replans", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("inputs", nargs="+", type=Path, help="folders in the exchange format")
    parser.add_argument("--first", type=float, default=60, help="seconds for the plan that is decided about")
    parser.add_argument("--seconds", type=float, default=1, help="limit of each plan made anew")
    parser.add_argument("--single", type=int, default=20, help="draws of one decision")
    parser.add_argument("--several", type=int, default=10, help="decisions at once")
    parser.add_argument("--draws", type=int, default=10, help="draws of several decisions")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="JSON file for the results")
    return parser


if __name__ == "__main__":
    sys.exit(main())
