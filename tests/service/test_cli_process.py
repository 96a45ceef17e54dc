"""The command line as a process of its own, as people start it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.matching.builders import tiny_folder

HELP_THEN_MODULES = """
import sys
sys.argv = ["mca", "--help"]
from service.cli.main import main
try:
    main()
except SystemExit:
    print(*sys.modules)
"""


def mca(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "service.cli.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small season, planned once by a real process."""
    folder = tmp_path_factory.mktemp("planned")
    tiny_folder(folder / "in")
    ended = mca("match", folder / "in", "--out", folder / "out", "--time-limit", 30, "--seed", 1, "--json")
    assert ended.returncode == 0, ended.stderr
    (folder / "printed.json").write_text(ended.stdout, encoding="utf-8")
    return folder


def test_one_command_plans_a_folder(planned: Path) -> None:
    printed = json.loads((planned / "printed.json").read_text(encoding="utf-8"))
    written = json.loads((planned / "out/plan.json").read_text(encoding="utf-8"))
    assert printed["objective_vnd"] == written["objective_vnd"] > 0
    assert printed["bound_vnd"] >= printed["objective_vnd"]
    assert printed["matched_kg"] == 800


def test_a_written_plan_passes_its_check(planned: Path) -> None:
    ended = mca("check", planned / "in", planned / "out", "--json")
    assert ended.returncode == 0, ended.stdout
    assert json.loads(ended.stdout)["valid"] is True


def test_a_plan_that_breaks_a_rule_is_told_apart(planned: Path, tmp_path: Path) -> None:
    for path in (planned / "out").iterdir():
        text = path.read_text(encoding="utf-8")
        (tmp_path / path.name).write_text(text.replace(",800,", ",801,") if path.name == "allocations.csv" else text, encoding="utf-8")
    ended = mca("check", planned / "in", tmp_path)
    assert ended.returncode == 1
    assert "BROKEN line_quantity" in ended.stdout


def test_a_broken_folder_ends_with_two_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    ended = mca("match", tmp_path / "in", "--out", tmp_path / "out")
    assert ended.returncode == 2
    assert "lots" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "out").exists()


def test_help_loads_no_numerical_library() -> None:
    begin = "import os, sys; os._exit = sys.exit; sys.argv = ['mca', '--help']"
    code = f"{begin}\nfrom service.cli.main import main\ntry: main()\nexcept SystemExit: pass\nprint(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ended.stdout.split())
    assert "service.cli.main" in loaded
    assert not loaded & {"numpy", "pandas", "scipy", "numba", "ortools", "matplotlib", "rich.console", "matching.model.problem"}


def test_a_tiny_problem_loads_no_library_that_it_has_no_use_for(planned: Path, tmp_path: Path) -> None:
    call = ["mca", "match", str(planned / "in"), "--out", str(tmp_path / "out"), "--quiet"]
    begin = f"import os, sys; os._exit = sys.exit; sys.argv = {call!r}"
    code = f"{begin}\nfrom service.cli.main import main\ntry: main()\nexcept SystemExit: pass\nprint(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert "matching.solver" in loaded
    assert not loaded & {
        "scipy.spatial",
        "scipy.sparse.csgraph",
        "matplotlib",
        "sqlalchemy",
        "fastapi",
        "pyvrp",
        "distributed",
        "xlsxwriter",
    }


def test_a_full_standard_output_is_one_sentence_and_a_status_of_its_own(planned: Path) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "service.cli.main", "check", str(planned / "in"), str(planned / "out"), "--json"]
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 74
    assert "Traceback" not in ended.stderr
    assert "standard output could not be written" in ended.stderr
