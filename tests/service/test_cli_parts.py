from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from matching.model.plan import CARRIER, Allocations, Legs, Plan, Progress, Status, Trips
from matching.model.problem import Problem
from service import stopwatch
from service.cautions import cautions
from service.cli.output_folder import BadOutput, check_output
from service.cli.planning import reserve_s
from service.cli.progress import PlainLines, describe
from service.cli.terminal import console, printable
from service.report import summarise
from tests.matching.builders import build_problem
from tests.service.cli_support import empty_plan, idle_result


def whole(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)


def two_allocations() -> Plan:
    """300 kg by truck and 200 kg by carrier, from lot 0 to line 0."""
    zero, one = whole(0, 0), whole(1, 1)
    return Plan(
        Allocations(zero, zero, whole(300, 200), one, one),
        Legs(whole(0, 1), one, whole(0, 1), zero, one),
        Trips(whole(0, CARRIER), np.array([50.0, 60.0]), whole(700_000, 90_000)),
        empty_plan().stops,
    )


def penal_problem() -> Problem:
    return build_problem(demands=[{"quantity_kg": 800, "short_vnd_per_kg": 100}])


def test_the_report_adds_up_to_the_worth_of_the_plan() -> None:
    problem = penal_problem()
    goods = 500 * 10_000
    result = idle_result(problem, plan=two_allocations(), objective_vnd=goods - 790_000 - 30_000 - 12)
    report = summarise(problem, result)
    assert (report.goods_vnd, report.freight_vnd, report.short_vnd, report.other_vnd) == (goods, 790_000, 30_000, 12)
    assert report.goods_vnd - report.freight_vnd - report.short_vnd - report.other_vnd == report.objective_vnd
    assert report.freight_vnd_per_kg == 1580


def test_products_and_classes_show_what_moved() -> None:
    problem = penal_problem()
    report = summarise(problem, idle_result(problem, plan=two_allocations()))
    assert [(p.product, p.wanted_kg, p.matched_kg, p.open_kg) for p in report.products] == [("lychee", 800, 500, 300)]
    classes = {c.class_id: (c.trips, c.carried_kg, c.capacity_kg) for c in report.classes}
    assert classes == {"class1": (1, 300, 2000), "carrier": (1, 200, 0)}


def test_a_relaxation_reports_its_rates_as_freight() -> None:
    problem = build_problem()
    report = summarise(problem, idle_result(problem, status=Status.RELAXED, objective_vnd=-42))
    assert (report.freight_vnd, report.other_vnd) == (42, 0)


def test_a_lapsing_certificate_is_pointed_out_only_while_goods_remain() -> None:
    lapsing = {"valid_until": "2027-06-08"}
    problem = build_problem(certificates=[lapsing])
    nothing = np.zeros(1, dtype=np.int64)
    assert any("VietGAP of s1 on 2027-06-08" in sentence for sentence in cautions(problem, nothing))
    shipped = build_problem(certificates=[lapsing], lots=[{"available_until": "2027-06-08"}])
    assert cautions(shipped, nothing) == ()
    over_by_then = build_problem(certificates=[lapsing], settings={"horizon_until": "2027-06-08"})
    assert cautions(over_by_then, nothing) == ()


def test_a_certificate_of_other_goods_may_lapse_in_silence() -> None:
    wanted = [{}, {"product": "longan"}]
    lots = [{"available_until": "2027-06-08"}, {"product": "longan", "supplier_id": "s2"}]
    lapsing = {"valid_until": "2027-06-08"}
    silent = build_problem(lots=lots, demands=wanted, certificates=[lapsing, lapsing | {"product": "lychee", "scheme": "OCOP"}])
    assert cautions(silent, silent.lines.kg) == ()
    spoken = build_problem(lots=lots, demands=wanted, certificates=[lapsing | {"supplier_id": "s2", "product": "longan"}])
    assert "1 certificate lapses" in cautions(spoken, spoken.lines.kg)[0]


def test_goods_nobody_wants_and_lines_nobody_can_serve_are_pointed_out() -> None:
    problem = build_problem(lots=[{"grade": 2}, {"product": "taro"}], demands=[{}, {"product": "rice;corn"}, {"max_grade": 1}])
    sentences = cautions(problem, problem.lines.kg)
    assert any("1 lot (1.0 t)" in s and "taro" in s for s in sentences)
    assert any("2 lines (1.6 t)" in s and "line2, line3" in s for s in sentences)


def test_a_contract_left_short_is_pointed_out_with_its_price() -> None:
    assert any("30,000 đ" in sentence for sentence in cautions(penal_problem(), whole(500)))
    assert cautions(penal_problem(), whole(800)) == ()


@pytest.mark.parametrize("below", ["out", "a/b/out"])
def test_asking_whether_a_plan_can_be_written_leaves_no_trace(tmp_path: Path, below: str) -> None:
    check_output(tmp_path / below, tmp_path / "in")
    assert list(tmp_path.iterdir()) == []


def test_an_output_folder_that_is_there_keeps_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    check_output(tmp_path, tmp_path / "in")
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_a_plan_is_not_mixed_with_its_input(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(BadOutput, match="is the input"):
        check_output(tmp_path / "in/../in", tmp_path / "in")


def test_a_file_in_the_way_of_the_output_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadOutput, match="is a file"):
        check_output(tmp_path / "file", tmp_path)
    with pytest.raises(BadOutput, match="Not a directory"):
        check_output(tmp_path / "file/out", tmp_path)


def test_a_folder_without_write_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*given: object, **more: object) -> str:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr("service.cli.output_folder.tempfile.mkdtemp", forbidden)
    with pytest.raises(BadOutput, match="Permission denied"):
        check_output(tmp_path / "out", tmp_path / "in")
    assert list(tmp_path.iterdir()) == []


def test_the_stopwatch_counts_what_had_passed_before_it_was_made() -> None:
    assert stopwatch.start_stopwatch(already_s=100.0)() >= 100.0


def test_a_process_age_that_cannot_be_start_up_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.stopwatch.SLOWEST_START_S", -1.0)
    assert stopwatch.process_age_s() == 0.0


def test_time_for_writing_grows_with_the_input_but_never_eats_the_limit() -> None:
    problem = build_problem()
    assert reserve_s(problem, 60.0) < 1.0
    assert reserve_s(problem, 0.1) == pytest.approx(0.02)


def test_plain_progress_is_a_line_a_phase_and_not_a_line_a_move(capsys: pytest.CaptureFixture[str]) -> None:
    show = PlainLines(console(stderr=True), limit_s=20.0)
    for step in range(200):
        show(Progress(step / 1000, "improve", step, 1000))
    show(Progress(0.3, "verify", 200, 1000))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "verifying" in lines[1]


def test_progress_without_figures_names_the_phase_alone() -> None:
    assert describe(Progress(0.0, "funnel", None, None)) == "finding who may serve whom"
    assert describe(Progress(0.0, "trips", 1_500_000, None)) == "loading trucks · best 1.5 M · bound - · gap -"


def test_vietnamese_names_are_shown_as_they_are_and_control_characters_are_not() -> None:
    assert printable("Lục Ngạn [loại 1]") == "Lục Ngạn [loại 1]"
    assert printable("a\x1b[2Jb\n") == "a\\x1b[2Jb\\n"
