"""Measurements are made in processes of their own, and written down as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks.child import measure, measure_again
from benchmarks.converters.tsplib import read_routing
from benchmarks.instances import SHAPES, write_instance
from benchmarks.machine import describe_machine, peak_mib
from benchmarks.peers.routing import ortools_cost, split_demand
from benchmarks.suites import SUITES, exponents
from benchmarks.tables import markdown, plot_growth
from benchmarks.tasks import CONTENDERS, STAGES, TASKS, WHOLE_MODELS
from tests.benchmarks import tiny_classics as tiny
from tests.benchmarks.tiny_classics import least_routing_cost


def test_every_stage_of_the_smallest_shape_can_be_measured(tmp_path: Path) -> None:
    write_instance(tmp_path, SHAPES["commune"], 1)
    for stage in STAGES:
        more = {"limit_s": 0.5, "seed": 1} if stage == "trips" else {}
        assert TASKS[stage](folder=str(tmp_path), **more)["seconds"] > 0
    assert (tmp_path / "plan" / "plan.json").exists()


@pytest.mark.parametrize("name", [*CONTENDERS, *WHOLE_MODELS])
def test_every_way_of_planning_reports_its_worth(name: str, tmp_path: Path) -> None:
    write_instance(tmp_path, SHAPES["commune"], 1)
    TASKS["read"](folder=str(tmp_path))
    made = TASKS["contender"](folder=str(tmp_path), name=name, limit_s=0.5, seed=1)
    assert made["objective_vnd"] is None or made["bound_vnd"] is None or made["objective_vnd"] <= made["bound_vnd"]


def test_a_measurement_comes_from_a_process_of_its_own(tmp_path: Path) -> None:
    made = measure("routing_peer", 60.0, warm=False, text=tiny.CVRP, name="OR-Tools routing", limit_s=0.2)
    assert made["cost"] == 392
    assert made["peak_mib"] > 10
    failed = measure("read", 60.0, warm=False, folder=str(tmp_path / "nowhere"))
    assert "nowhere" in failed["failed"]


def test_a_task_that_takes_too_long_is_given_up() -> None:
    assert measure_again("read", 1, 0.01, folder="") == {"failed": "over 0 s"}


def test_memory_is_counted_in_mebibytes() -> None:
    assert 10 < peak_mib() < 100_000


def test_a_machine_is_described_without_its_name() -> None:
    assert {"system", "processor", "cores", "memory", "python", "numpy"} <= set(describe_machine())
    assert "node" not in describe_machine()


def test_the_exponent_of_a_power_law_is_found() -> None:
    rows = [{"lots": n, "stage": "volumes", "seconds": 3e-6 * n**1.25} for n in (100, 1000, 10_000)]
    assert exponents(rows)["volumes"] == pytest.approx(1.25)
    assert exponents(rows, least_lots=5000) == {}


def test_a_table_has_a_column_for_every_key_and_blanks_where_a_row_has_none() -> None:
    text = markdown([{"shape": "commune", "gap": 0.0125}, {"shape": "nation", "seconds": 12.0}])
    assert text.splitlines() == ["| shape | gap | seconds |", "|---|---|---|", "| commune | 1.25% |  |", "| nation |  | 12 |"]


def test_growth_is_drawn(tmp_path: Path) -> None:
    rows = [{"lots": n, "stage": "read", "seconds": 1e-5 * n} for n in (100, 1000)]
    plot_growth(rows, {"read": 1.0}, tmp_path / "growth.png")
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_prints_and_stores_a_suite(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SUITES, "stages", lambda effort: [{"shape": name} for name in effort.shapes])
    assert command.main(["--smoke", "--only", "stages", "--shapes", "district", "--out", str(tmp_path)]) == 0
    assert "| district |" in capsys.readouterr().out
    assert json.loads((tmp_path / "stages.json").read_text(encoding="utf-8"))["rows"] == [{"shape": "district"}]


def test_a_customer_is_cut_into_pieces_that_add_up() -> None:
    given = split_demand(read_routing(tiny.SDVRP), 3)
    assert given.demand.tolist() == [0, 3, 1, 3, 1, 3, 1]
    assert given.distance[1].tolist() == [40, 0, 0, 5, 5, 6, 6]


def test_a_routing_library_finds_the_known_optimum_of_the_tiny_case() -> None:
    given = read_routing(tiny.CVRP)
    assert ortools_cost(given, 0.5) == least_routing_cost(given.distance, given.demand.tolist(), given.capacity)
