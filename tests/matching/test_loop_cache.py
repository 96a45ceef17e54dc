"""Where compiled loops are kept, who may use them, and whose time it takes to compile one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numba
import pytest

from matching.compiling import LoopStopwatch, without_compiling
from matching.loop_cache import LoopCache

ROOT = Path(__file__).resolve().parents[2]
LOOP = """
import sys
from matching.compiled import compiled
from matching.compiling import without_compiling
@compiled
def double(x):
    return 2 * x
ticks = iter(range(1000))
with without_compiling(lambda: float(next(ticks))) as stopwatch:
    print(double(21), stopwatch.compiled.seconds > 0, stopwatch.compiled.is_kept)
"""


def run(folder: Path, **variables: str) -> list[str]:
    """Run a program with one loop, in an account without a home and with no other folder to write in."""
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": "/proc/nobody", **variables}
    call = [sys.executable, "-B", str(folder / "loops.py")]
    return subprocess.run(call, env=environment, capture_output=True, text=True, check=True).stdout.split()


def test_a_loop_of_a_package_is_found_by_every_processor_and_needs_no_folder_to_write_in(tmp_path: Path) -> None:
    (tmp_path / "loops.py").write_text(LOOP, encoding="utf-8")
    assert run(tmp_path, NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="") == ["42", "True", "True"]
    assert run(tmp_path) == ["42", "False", "True"]


def test_where_nothing_can_be_written_the_loop_works_and_is_said_not_to_be_kept(tmp_path: Path) -> None:
    (tmp_path / "loops.py").write_text(LOOP, encoding="utf-8")
    (tmp_path / "__pycache__").write_text("a file where a folder belongs", encoding="utf-8")
    assert run(tmp_path) == ["42", "True", "False"]


@pytest.fixture
def halve() -> Any:
    """A loop that has not been compiled yet."""

    def halve(x: int) -> int:
        return x // 2

    made: Any = numba.njit(halve)
    made._cache = LoopCache(halve, "stamp")
    made._cache.save_overload = lambda signature, made: None
    return made


def ticks(*moments: float) -> Iterator[float]:
    yield from moments


def test_a_stopwatch_stands_still_while_a_loop_is_compiled(halve: Any) -> None:
    said: list[str] = []
    moments = ticks(1.0, 10.0, 70.0, 71.0, 72.0)
    with without_compiling(lambda: next(moments), lambda: said.append("begun")) as stopwatch:
        assert stopwatch() == 1.0
        assert halve(8) == 4
        assert (stopwatch(), said, stopwatch.compiled.seconds) == (11.0, ["begun"], 60.0)
        assert halve(6) == 3
        assert stopwatch() == 12.0


def test_inner_loops_are_part_of_the_outermost_one() -> None:
    class Told:
        data = {"dispatcher": None}  # noqa: RUF012

    moments = ticks(5.0, 30.0)
    stopwatch = LoopStopwatch(lambda: next(moments), lambda: None)
    for step in (stopwatch.on_start, stopwatch.on_start, stopwatch.on_end):
        step(Told())
    assert stopwatch() == 5.0
    stopwatch.on_end(Told())
    assert stopwatch.compiled.seconds == 25.0
