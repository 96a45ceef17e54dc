"""Measure the engine: `python -m benchmarks`, or `--smoke` for the smallest instances alone.

Every suite is printed as a markdown table and stored as JSON with the machine and the versions that it was measured on.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.machine import describe_machine
from benchmarks.suites import SMOKE, SUITES, WHOLE, Effort, Row, exponents
from benchmarks.tables import markdown, plot_growth

RESULTS = Path(__file__).with_name("results")
ASYMPTOTIC_LOTS = 10_000
"""From here on the growth's exponent is fitted; smaller sizes are over before fixed costs are."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suites that the command line names."""
    given = _parser().parse_args(arguments)
    effort = _effort(given)
    out: Path = given.out or (RESULTS / "smoke" if given.smoke else RESULTS)
    out.mkdir(parents=True, exist_ok=True)
    machine = describe_machine()
    print(markdown([{"machine": key, "": value} for key, value in machine.items()]), flush=True)
    for name in given.only or SUITES:
        print(f"\n## {name}\n", flush=True)
        rows = SUITES[name](effort)
        print(markdown(rows), flush=True)
        _store(out, name, rows, machine, effort)
    return 0


def _effort(given: argparse.Namespace) -> Effort:
    effort = SMOKE if given.smoke else WHOLE
    changes = {"shapes": given.shapes, "limit_s": given.limit, "repeat": given.repeat, "seed": given.seed, "sizes": given.sizes}
    return replace(effort, **{name: value for name, value in changes.items() if value is not None})


def _store(out: Path, name: str, rows: list[Row], machine: dict[str, str], effort: Effort) -> None:
    """Write a suite's results, and draw those of the growth."""
    made = {"suite": name, "machine": machine, "limit_s": effort.limit_s, "repeat": effort.repeat, "seed": effort.seed, "rows": rows}
    if name == "growth":
        large = [n for n in effort.sizes if n >= ASYMPTOTIC_LOTS]
        fitted = exponents(rows, ASYMPTOTIC_LOTS if len(large) >= 2 else 0)
        made["exponents"] = fitted
        plot_growth(rows, fitted, out / "growth.png")
        print("\n" + ", ".join(f"{stage}: lots^{value:.2f}" for stage, value in fitted.items()))
    (out / f"{name}.json").write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="the smallest instances alone, within a minute")
    parser.add_argument("--only", nargs="+", choices=list(SUITES), help="suites to run, all by default")
    parser.add_argument("--shapes", nargs="+", help="shapes to measure instead of the usual ones, e.g. nation")
    parser.add_argument("--sizes", nargs="+", type=int, help="numbers of lots of the growth curve")
    parser.add_argument("--limit", type=float, help="seconds of every run with trips")
    parser.add_argument("--repeat", type=int, help="runs of which the median is taken")
    parser.add_argument("--seed", type=int, help="of the instances and of the search")
    parser.add_argument("--out", type=Path, help="folder of the results")
    return parser


if __name__ == "__main__":
    sys.exit(main())
