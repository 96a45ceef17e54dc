"""How the engine's loops become machine code: Cython by `hatch_build.py`, numba by `matching.warmup`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import hatch_build

ROOT = Path(__file__).resolve().parents[2]
LEFT_TO_COMPILE = """
import importlib, pkgutil
from pathlib import Path
import matching
from matching.io import read_problem
from matching.warmup import warm_up
from service.season import sample_folder

modules = [importlib.import_module(found.name) for found in pkgutil.walk_packages(matching.__path__, "matching.")]
loops = {f"{m.__name__}.{n}": v for m in modules for n, v in vars(m).items() if hasattr(v, "py_func") and v.__module__ == m.__name__}
assert len(loops) > 20, sorted(loops)
warm_up(read_problem(sample_folder()))
# A loop that comes from disk brings along those that it calls, and these never learn of it.
called = {caller for caller, loop in loops.items() if loop.signatures}
frontier = set(called)
while frontier:
    inner = {n for c in frontier for n in loops if n.rpartition(".")[2] in loops[c].py_func.__code__.co_names} - called
    called, frontier = called | inner, inner
print(*sorted(set(loops) - called))
"""


@pytest.fixture(autouse=True)
def forget_the_compiler() -> None:
    hatch_build.compiler.cache_clear()


def test_no_flag_names_a_processor_or_loosens_arithmetic() -> None:
    assert [flag for flag in hatch_build.FLAGS if flag.startswith(("-march", "-mtune", "-mcpu", "-ffast", "-Ofast"))] == []
    assert "-ffp-contract=off" in hatch_build.FLAGS


def test_zig_is_told_to_compile_for_any_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    assert [command[1:5] for command in hatch_build._candidates()] == [("-m", "ziglang", "cc", "-mcpu=baseline")]


def test_a_compiler_that_does_not_work_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        hatch_build, "_candidates", lambda: [("no-such-compiler",), (sys.executable, "-c", "raise SystemExit(1)"), ("good",)]
    )
    monkeypatch.setattr(hatch_build, "_works", lambda command, works=hatch_build._works: command == ("good",) or works(command))
    assert hatch_build.compiler() == ("good",)


def test_the_machine_without_a_compiler_is_told_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hatch_build, "_candidates", list)
    with pytest.raises(SystemExit, match=r"requirements-compiler\.lock"):
        hatch_build.main(["--has-compiler"])


def test_a_python_without_its_headers_is_told_what_helps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    with pytest.raises(SystemExit, match="python3-dev"):
        hatch_build._include_folder()


@pytest.mark.parametrize("name", ["_core.pyx", "search.pxi"])
def test_a_change_of_any_source_file_asks_for_another_library(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hatch_build, "_candidates", lambda: [("cc",)])
    monkeypatch.setattr(hatch_build, "_works", lambda command: True)
    trips = tmp_path / "trips"
    shutil.copytree(ROOT / "matching/search/trips", trips, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    before = hatch_build._ingredients(trips / "_core.pyx")
    assert hatch_build._ingredients(trips / "_core.pyx") == before
    (trips / name).write_text((trips / name).read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert hatch_build._ingredients(trips / "_core.pyx") != before


def test_no_loop_is_left_to_be_compiled_after_the_warm_up() -> None:
    done = subprocess.run([sys.executable, "-c", LEFT_TO_COMPILE], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.stdout.split(), done.stderr) == ([], "")
