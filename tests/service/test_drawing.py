"""The drawings of a plan exist, are what their names say, name the places, and are the same for the same plan."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from matching.baseline import plan_by_telephone
from matching.io import read_problem
from matching.model.plan import CARRIER, Plan
from matching.model.problem import Problem
from matching.network.carriers import find_carrier_lanes
from matching.pairs.lanes import find_lanes
from service.drawing import draw_plan
from service.drawing.legend import class_colours
from service.drawing.tally import tally
from service.season import sample_folder
from tests.matching.builders import build_problem

NAMES = ["map.svg", "map.png", "products.svg", "products.png"]


def planned(problem: Problem) -> Plan:
    return plan_by_telephone(problem, find_lanes(problem), find_carrier_lanes(problem))


@pytest.fixture(scope="module")
def season() -> Problem:
    return read_problem(sample_folder())


@pytest.fixture(scope="module")
def plan(season: Problem) -> Plan:
    return planned(season)


@pytest.fixture(scope="module")
def drawn(season: Problem, plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "made" / "on the way"
    assert [path.name for path in draw_plan(season, plan, folder)] == NAMES
    return folder


@pytest.mark.parametrize("name", ["map.svg", "products.svg"])
def test_a_drawing_is_well_formed_svg_of_modest_size(drawn: Path, name: str) -> None:
    root = ET.parse(drawn / name).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) > 50
    assert (drawn / name).stat().st_size < 300_000


@pytest.mark.parametrize("name", ["map.png", "products.png"])
def test_a_drawing_is_a_png(drawn: Path, name: str) -> None:
    content = (drawn / name).read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert content.endswith(b"IEND\xaeB`\x82")
    assert int.from_bytes(content[16:20], "big") >= 1600


def written(path: Path) -> set[str]:
    """Texts of a drawing: matplotlib keeps each beside its outlines, as a comment."""
    return set(re.findall(r"<!-- (.*?) -->", path.read_text(encoding="utf-8")))


def test_the_map_names_every_receiver_and_the_largest_pick_ups(season: Problem, plan: Plan, drawn: Path) -> None:
    counted, texts = tally(season, plan), written(drawn / "map.svg")
    receivers = {str(season.sites.name[i]) for i in np.flatnonzero(counted.received_t)}
    assert receivers <= texts
    assert str(season.sites.name[int(np.argmax(counted.shipped_t))]) in texts


def test_the_map_explains_its_colours_widths_marks_and_scale(season: Problem, plan: Plan, drawn: Path) -> None:
    texts = written(drawn / "map.svg")
    used = {str(season.vehicles.id[v]) for v in plan.trips.vehicle.tolist() if v != CARRIER}
    assert used | {"carrier, by the kg", "pick-up", "receiver", "hub"} <= texts
    assert any(re.fullmatch(r"\d+ km", text) for text in texts)


def test_the_bar_chart_names_every_product(season: Problem, drawn: Path) -> None:
    assert set(season.product_ids) <= written(drawn / "products.svg")


def test_the_same_plan_gives_the_same_bytes(season: Problem, plan: Plan, drawn: Path, tmp_path: Path) -> None:
    for path in draw_plan(season, plan, tmp_path):
        assert path.read_bytes() == (drawn / path.name).read_bytes(), path.name


def test_a_drawing_bears_no_date_and_no_version(drawn: Path) -> None:
    for name in ("map.svg", "products.svg"):
        assert not re.search(r"<dc:date>|[Mm]atplotlib v", (drawn / name).read_text(encoding="utf-8"))
    assert b"Software" not in (drawn / "map.png").read_bytes()[:400]


def test_what_is_matched_and_open_is_all_that_is_wanted(season: Problem, plan: Plan) -> None:
    counted = tally(season, plan)
    assert counted.wanted_t.sum() == pytest.approx(season.lines.kg.sum() / 1000)
    assert counted.matched_t.sum() == pytest.approx(plan.allocations.kg.sum() / 1000)
    assert counted.received_t.sum() == pytest.approx(counted.shipped_t.sum())


def test_the_tonnes_of_direct_trips_are_the_tonnes_of_the_plan(season: Problem, plan: Plan) -> None:
    assert sum(tally(season, plan).hops.values()) == pytest.approx(plan.allocations.kg.sum() / 1000)


def test_classes_that_are_used_together_have_colours_of_their_own(season: Problem) -> None:
    colours = class_colours(season)
    assert len(set(colours.values())) == len(colours)


def test_an_empty_plan_can_be_drawn(tmp_path: Path) -> None:
    problem = build_problem(decisions=({},))
    assert len(draw_plan(problem, planned(problem), tmp_path)) == len(NAMES)


def test_a_problem_with_nothing_in_it_can_be_drawn(tmp_path: Path) -> None:
    problem = build_problem(lots=(), demands=())
    assert len(draw_plan(problem, planned(problem), tmp_path)) == len(NAMES)
