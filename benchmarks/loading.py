"""Measure the way from rows to a problem and from a plan to rows: `python -m benchmarks.loading`, on SQLite and on PostgreSQL.

A season of 3,000 lots and 900 lines is taken into a fresh database, loaded as a `Problem`, packed as a run keeps it, and a plan
of it is stored. PostgreSQL is the server that `MCA_TEST_PG_URL` names, or one that is brought up as for the tests.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.instances import SHAPES, write_instance
from benchmarks.machine import describe_machine
from benchmarks.tables import markdown
from catalog.models import Association
from catalog.tenancy import Scope
from matching.baseline import plan_by_telephone
from matching.explain import explain_open
from matching.io import read_problem
from matching.model.plan import Prices, Result, Status, Termination
from matching.model.problem import Problem
from matching.pairs.lanes import find_lanes
from matching.verify import verify, verify_result
from service.db import Database, now
from service.planning.ledger.transitions import Act
from service.planning.plans import storing as results
from service.planning.plans.exporting import pack, unpack
from service.planning.plans.importing import import_problem
from service.planning.plans.problem_builder import Loaded, load
from service.runs import publishing

Row = dict[str, Any]
LIMIT_S = 1.0
"""From database to problem."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure both databases; exit status 1 if loading takes longer than it may."""
    given = _parser().parse_args(arguments)
    machine = describe_machine()
    print(markdown([{"machine": key, "": value} for key, value in machine.items()]), flush=True)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        write_instance(Path(folder), SHAPES[given.shape], seed=1)
        problem = read_problem(Path(folder))
        for dialect in given.databases:
            with _database(dialect) as database:
                rows += measure(database, problem, given.repeat)
    print(f"\n## {given.shape}: {problem.n_lots} lots, {problem.n_lines} lines\n\n{markdown(rows)}", flush=True)
    slow = [row for row in rows if row["step"] == "load" and row["seconds"] > LIMIT_S]
    return 1 if slow else 0


def measure(database: Database, problem: Problem, repeat: int) -> list[Row]:
    """Return how long each step takes: seconds on the wall and of this process's processor, the median of some times."""
    with database.write() as session:
        association = Association(code="bench", name="Liên minh")
        session.add(association)
        session.flush()
        took = _once(lambda: import_problem(session, association.id, problem, "bench", file_name="bench"))
        mine = association.id
    database.tune()

    def loading() -> Loaded:
        with database.read() as session:
            return load(session, mine)

    loaded = loading()
    assert loaded.problem.digest() == problem.digest()
    packed, plan = pack(problem), _plan(problem)

    def storing() -> None:
        with database.write() as session:
            draft = results.store(session, loaded, plan, "bench")
            publishing.publish(session, Scope(loaded.association_id), draft.uid, Act("bench", "benchmark", now(session)))

    steps: dict[str, Callable[[], object]] = {
        "load": loading,
        "pack": lambda: pack(problem),
        "unpack": lambda: unpack(packed),
        "verify": lambda: verify_result(problem, plan).require(),
        "store": storing,
    }
    named = {"database": database.dialect}
    measured = [{**named, "step": name, **_median([_once(step) for _ in range(repeat)])} for name, step in steps.items()]
    return [{**named, "step": "import", **took}, *measured]


def _plan(problem: Problem) -> Result:
    """Return a plan of the usual size."""
    plan = plan_by_telephone(problem, find_lanes(problem))
    empty = problem.lots.kg[:0]
    prices = Prices(problem.lots.id[:0].copy(), empty.copy(), empty.astype(float))
    reasons = explain_open(problem, plan)
    worth = verify(problem, plan).require().objective_vnd
    return Result(plan, worth, None, Status.FEASIBLE, Termination.TIME, 1.0, 0, reasons, prices)


def _once(step: Callable[[], object]) -> dict[str, float]:
    wall, processor = time.perf_counter(), time.process_time()
    step()
    return {"seconds": time.perf_counter() - wall, "processor_s": time.process_time() - processor}


def _median(times: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: median(one[name] for one in times) for name in times[0]}


@contextmanager
def _database(dialect: str) -> Iterator[Database]:
    """Give a new database with the schema."""
    with address_of(dialect) as address:
        database = Database(address)
        database.upgrade()
        yield database
        database.close()


@contextmanager
def address_of(dialect: str) -> Iterator[str]:
    if dialect == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/bench.db"
    else:
        from tests.databases import empty_postgresql
        from tests.postgres import server

        with server() as url:
            yield empty_postgresql(url)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.loading", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--databases", nargs="+", choices=["sqlite", "postgresql"], default=["sqlite", "postgresql"])
    parser.add_argument("--shape", choices=list(SHAPES), default="province", help="which instance, by default 3,000 lots and 900 lines")
    parser.add_argument("--repeat", type=int, default=5, help="times of which the median is taken")
    return parser


if __name__ == "__main__":
    sys.exit(main())
