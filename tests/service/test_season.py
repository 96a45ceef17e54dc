"""The sample season reads without error and holds what its README promises."""

from __future__ import annotations

import csv
import unicodedata
from collections import Counter
from functools import cache

import numpy as np
import pytest

from matching.io import read_problem
from matching.model.problem import BUYER, COOPERATIVE, FORBID, HUB, NO_BASE, PIN, Problem
from service.season import sample_folder

NAMED = (
    "Nam Thể",
    "Phì Điền",
    "Cao Lan",
    "Cường Nhung",
    "Làng Chòi",
    "Hương Sơn",
    "GO! Bắc Giang",
    "Co.opmart",
    "Hapro",
    "Hữu Nghị",
    "Postmart",
)
COMMUNES = {
    "nam-the": "Nam Dương",
    "phi-dien": "Lục Ngạn",
    "cao-lan": "Xuân Lương",
    "cuong-nhung": "Tam Tiến",
    "lang-choi": "Lục Sơn",
    "huong-son": "Kép",
}


@cache
def season() -> Problem:
    return read_problem(sample_folder())


def rows(name: str) -> list[dict[str, str]]:
    with (sample_folder() / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", NAMED)
def test_every_named_party_is_in_the_season(name: str) -> None:
    assert any(name in str(site) for site in season().sites.name)


@pytest.mark.parametrize("site", COMMUNES)
def test_the_cooperatives_of_the_press_stand_in_their_communes(site: str) -> None:
    names = dict(zip(season().sites.id.tolist(), season().sites.name.tolist()))
    assert names[site].endswith(f", {COMMUNES[site]}")


def test_the_season_has_the_size_of_a_real_one() -> None:
    problem = season()
    assert 40 <= problem.n_sites <= 60
    assert 150 <= problem.n_lots <= 250
    assert 80 <= problem.n_lines <= 150
    assert problem.horizon_until_day - problem.horizon_from_day == 14


def test_dry_bottled_fresh_and_cold_goods_are_offered_and_wanted() -> None:
    problem = season()
    offered = {problem.product_ids[p] for p in problem.lots.product}
    wanted = {problem.product_ids[p] for p in problem.lines.product}
    assert {"mì Chũ", "rượu nếp", "vải thiều", "vải sớm", "dứa", "gà đồi", "chè xanh"} <= offered & wanted
    assert problem.lots.cold.any()
    assert not problem.lots.cold.all()
    assert problem.lots.life_days.min() <= 3
    assert problem.lots.life_days.max() >= 360
    assert problem.lots.indivisible.any()
    assert not problem.lots.cut_on_pickup.all()


def test_every_offered_product_has_a_buyer_and_every_wanted_one_a_supplier() -> None:
    problem = season()
    assert set(problem.lots.product.tolist()) == set(problem.lines.product.tolist())


def test_groups_sell_in_the_name_of_their_sponsor() -> None:
    groups = [row for row in rows("lots") if row["site_id"].startswith("tht-")]
    cooperatives = {row["site_id"] for row in rows("sites") if row["name"].startswith("HTX ")}
    assert len({row["site_id"] for row in groups}) >= 8
    assert {row["supplier_id"] for row in groups} <= cooperatives


def test_certificates_of_every_scheme_are_held_and_some_lapse_within_the_season() -> None:
    problem = season()
    assert {"VietGAP", "OCOP", "PUC:CN", "GlobalGAP"} <= set(problem.scheme_ids)
    first, last, until = problem.horizon_from_day, problem.horizon_until_day, problem.certificates.until_day
    lapsing = Counter(problem.scheme_ids[s] for s in problem.certificates.scheme[(until >= first) & (until < last)])
    assert lapsing["VietGAP"] >= 2
    assert lapsing["OCOP"] >= 1
    assert lapsing["PUC:CN"] >= 1


def test_an_ocop_recognition_is_valid_for_36_months() -> None:
    for row in rows("certificates"):
        if row["scheme"] == "OCOP":
            assert int(row["valid_until"][:4]) - int(row["valid_from"][:4]) == 3, row
            assert row["level"] in ("3", "4", "5"), row


def test_big_trucks_are_kept_out_of_inner_ha_noi_by_day() -> None:
    access = season().access
    by_day = (access.min_payload_kg == 2000) & (access.closed_from_min == 6 * 60) & (access.closed_until_min == 21 * 60)
    assert by_day.any()
    assert (season().sites.zone >= 0).sum() >= 2


def test_hubs_carriers_an_owned_truck_and_both_kinds_of_decision_are_in_it() -> None:
    problem = season()
    assert {HUB, BUYER, COOPERATIVE} <= set(problem.sites.kind.tolist())
    assert np.isfinite(problem.roads.vnd_per_kg).sum() >= 10
    assert (problem.vehicles.base_site != NO_BASE).sum() == 1
    assert {PIN, FORBID} == set(problem.decisions.kind.tolist())


def test_a_chain_wants_500_kg_of_greens_every_morning_before_six() -> None:
    sites = {row["site_id"]: row for row in rows("sites")}
    mornings = [row for row in rows("demands") if row["quantity_kg"] == "500" and row["site_id"] == "go-ha-noi"]
    assert len({row["deliver_from"] for row in mornings}) >= 13
    assert sites["go-ha-noi"]["open_until"] == "06:00"


def test_names_are_composed_unicode() -> None:
    for path in sorted(sample_folder().glob("*.csv")):
        text = path.read_text(encoding="utf-8")
        assert unicodedata.is_normalized("NFC", text), path.name


def test_the_readme_names_every_product_and_marks_what_is_public() -> None:
    text = (sample_folder() / "README.md").read_text(encoding="utf-8")
    for product in season().product_ids:
        assert product in text
    assert "Public" in text
    assert "Made up" in text
