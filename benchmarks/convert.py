"""Convert a published instance into the exchange format, or a plan's worth back into the published cost.

python -m benchmarks.convert KIND FILE FOLDER          write FOLDER, an input of ``mca match``
python -m benchmarks.convert KIND FILE --cost PLAN     print what the plan in folder PLAN costs in the instance's own unit
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.converters import KINDS, Converted, convert_text


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status, 2 where the file cannot be converted."""
    given = _parser().parse_args(arguments)
    try:
        made = convert_text(given.kind, given.file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(f"{given.file}: {error}", file=sys.stderr)
        return 2
    if given.cost is not None:
        _print_cost(made, given.cost)
    elif given.folder is not None:
        made.write(given.folder)
        print(f"Written to {given.folder}; cost = ({made.income_vnd} - objective_vnd) / {made.vnd_per_cost}")
    else:
        print("name a FOLDER to write, or --cost PLAN", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.convert", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("kind", choices=list(KINDS))
    parser.add_argument("file", type=Path, help="the published instance")
    parser.add_argument("folder", type=Path, nargs="?", help="input folder to write")
    parser.add_argument("--cost", type=Path, metavar="PLAN", help="folder of a plan, whose cost is printed")
    return parser


def _print_cost(made: Converted, plan: Path) -> None:
    summary = json.loads((plan / "plan.json").read_text(encoding="utf-8"))
    cost, bound = made.known_cost_of(summary["objective_vnd"]), summary["bound_vnd"]
    print(f"cost {cost:.6g}" + ("" if bound is None else f", proven to be at least {made.known_cost_of(bound):.6g}"))


if __name__ == "__main__":
    sys.exit(main())
