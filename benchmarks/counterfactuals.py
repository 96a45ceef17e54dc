"""Do promises come true? `python -m benchmarks.counterfactuals INPUT ...`: an outside judge of what `mca explain --changes` promises.

For each input folder: a plan is made with `mca match`; `mca explain --all --changes --json` says what would get each open lot and line
matched; for every such lot and line its best change is made in a copy of the folder's CSV files, the copy is planned anew with `mca match`
from nothing, and what the new plan uses of the lot or line is added up from its ``allocations.csv``. Nothing of the engine is imported.

A promise comes true if at least the promised kilograms are used. It is false beyond the tolerance if less than the promise without its
stated tolerance is.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

Row = dict[str, str]
KEYS = {"lots": ("lot_id",), "demands": ("line_id",), "decisions": ("lot_id", "line_id")}


def read_table(file: Path) -> tuple[list[str], list[Row]]:
    """Return a table's header and rows."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened)
        return list(reader.fieldnames or ()), list(reader)


def write_table(file: Path, header: list[str], rows: list[Row]) -> None:
    """Write a table."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        out = csv.DictWriter(opened, header, restval="")
        out.writeheader()
        out.writerows(rows)


def apply_change(folder: Path, change: dict[str, Any]) -> None:
    """Make a change in the CSV files of a folder, as a person with a spreadsheet would.

    Raises
    ------
    ValueError
        If the row isn't there once, or its cell doesn't hold what the change says.
    """
    file = folder / f"{change['table']}.csv"
    header, rows = read_table(file) if file.exists() else (list(change["key"]), [])
    if change["action"] == "add":
        rows.append(change["key"])
        header += [name for name in change["key"] if name not in header]
    else:
        found = [row for row in rows if _is_meant(row, change)]
        if not found:
            raise ValueError(f"no row of {file.name} is {change['key']}")
        if change["action"] == "remove":
            rows.remove(found[0])
        else:
            _set(found[0], header, change)
    write_table(file, header, rows)


def _is_meant(row: Row, change: dict[str, Any]) -> bool:
    return all((row.get(name) or "0" * (name == "level")) == text for name, text in change["key"].items())


def _set(row: Row, header: list[str], change: dict[str, Any]) -> None:
    column = change["column"]
    if (row.get(column) or "") not in (change["old"], "") and row[column] != change["old"]:
        raise ValueError(f"{column} of {change['key']} is {row.get(column)!r}, not {change['old']!r}")
    row[column] = change["new"]
    if column not in header:
        header.append(column)


def used_kg(plan: Path, subject: str, name: str) -> int:
    """Return what a written plan uses of a lot or line."""
    column = f"{subject}_id"
    return sum(int(row["kg"]) for row in read_table(plan / "allocations.csv")[1] if row[column] == name)


def run(*command: str) -> str:
    """Run a command of MCA and return what it printed."""
    done = subprocess.run([sys.executable, "-m", "service.cli.main", *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-500:]}{done.stdout[-500:]}")
    return done.stdout


def judge_folder(folder: Path, given: argparse.Namespace, place: Path) -> list[dict[str, Any]]:
    """Return one row for every lot and line of a folder that was asked about."""
    plan = place / "plan"
    run("match", str(folder), "--out", str(plan), *_limit(given, given.first), "--seed", "1", "--quiet", "--json")
    began = time.monotonic()
    items = json.loads(run("explain", str(folder), str(plan), "--all", "--changes", "--json", "--seconds", str(given.seconds)))["items"]
    print(f"{folder.name}: {len(items)} open, explained in {time.monotonic() - began:.1f} s", flush=True)
    rows = [_row(folder, item) for item in items]
    asked = [(row, item) for row, item in zip(rows, items) if item["answer"]["outcome"] == "found"]
    random.Random(given.seed).shuffle(asked)
    for row, item in asked[: given.most]:
        row |= _tried(folder, item, given, place)
        print(f"  {row}", flush=True)
    return rows


def _limit(given: argparse.Namespace, seconds: float) -> tuple[str, str]:
    """Return how a plan's search is limited: by iterations, where they are given, for a machine that has other work, too."""
    return ("--time-limit", str(seconds)) if given.iterations is None else ("--iterations", str(given.iterations))


def _row(folder: Path, item: dict[str, Any]) -> dict[str, Any]:
    answer = item["answer"]
    return {"input": folder.name, "subject": item["subject"], "id": item["id"], "outcome": answer["outcome"], "seconds": answer["seconds"]}


def _tried(folder: Path, item: dict[str, Any], given: argparse.Namespace, place: Path) -> dict[str, Any]:
    """Make the best change of a lot or line and plan anew."""
    change, copy, plan = item["answer"]["changes"][0], place / "copy", place / "again"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.rmtree(plan, ignore_errors=True)
    shutil.copytree(folder, copy)
    apply_change(copy, change)
    run("match", str(copy), "--out", str(plan), *_limit(given, given.again), "--seed", str(given.seed), "--quiet", "--json")
    used, promised = used_kg(plan, item["subject"], item["id"]), change["promised_kg"]
    least = promised * (1 - item["answer"]["tolerance_share"])
    return {
        "kind": change["kind"], "before_kg": item["used_kg"], "promised_kg": promised, "used_kg": used,
        "cost_vnd": change["cost_vnd"], "gain_vnd": change["gain_vnd"], "true": used >= promised, "within": used >= least,
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Judge the folders that the command line names; the exit status is 1 if too few promises came true."""
    given = _parser().parse_args(arguments)
    rows: list[dict[str, Any]] = []
    for folder in given.inputs:
        with tempfile.TemporaryDirectory() as place:
            rows += judge_folder(folder, given, Path(place))
    tried = [row for row in rows if "true" in row]
    true, far = sum(row["true"] for row in tried), sum(not row["within"] for row in tried)
    outcomes = {name: sum(row["outcome"] == name for row in rows) for name in ("found", "none", "time")}
    share = 100 * true / max(1, len(tried))
    slowest = max((row["seconds"] for row in rows), default=0.0)
    print(f"{outcomes}; {true} of {len(tried)} came true ({share:.1f} %), {far} false beyond the tolerance; slowest {slowest} s")
    if given.out:
        made = {"share_true": share, "false_beyond": far, "rows": rows}
        given.out.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0 if share >= 95 and far == 0 else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.counterfactuals", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("inputs", nargs="+", type=Path, help="folders in the exchange format")
    parser.add_argument("--first", type=float, default=20, help="seconds for the plan that is explained")
    parser.add_argument("--again", type=float, default=20, help="seconds for each plan with a change")
    parser.add_argument("--iterations", type=int, help="limit of the search for every plan, instead of seconds")
    parser.add_argument("--seconds", type=float, default=1, help="longest search for each change")
    parser.add_argument("--most", type=int, default=1000, help="promises to be tried of each folder, drawn at random")
    parser.add_argument("--seed", type=int, default=2, help="of the draw and of the plans with changes")
    parser.add_argument("--out", type=Path, help="JSON file for the results")
    return parser


if __name__ == "__main__":
    sys.exit(main())
