"""`mca match` under a policy, `replay`, `compare`, `chances` and `difference`, on files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.matching.builders import filled_tables, write_folder
from tests.service.cli_support import printed_json, run

RIVALS: dict[str, Any] = {
    "lots": [{"quantity_kg": 1000}, {"supplier_id": "s2", "quantity_kg": 1000, "ask_vnd_per_kg": 11_000}],
    "demands": [{"quantity_kg": 1000}],
    "vehicles": [{"fixed_vnd": 1000, "vnd_per_km": "100"}],
}
FLOOR = {"floors": [{"name": "nhỏ", "share_pct": 30, "suppliers": ["s2"]}]}
QUICKLY = ("--iterations", 300, "--time-limit", 60, "--quiet")


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("season") / "in", filled_tables(**RIVALS))


@pytest.fixture(scope="module")
def plain(season: Path) -> Path:
    out = season.parent / "plain"
    assert run("match", season, "--out", out, *QUICKLY).exit_code == 0
    return out


@pytest.fixture(scope="module")
def floored(season: Path) -> Path:
    """A plan under a policy that lies beside the input, with uncertain harvests."""
    tables = filled_tables(**RIVALS)
    tables["harvests"] = [{"lot_id": "lot1", "p10_kg": "400", "p50_kg": "800", "p90_kg": "1000"}]
    source = write_folder(season.parent / "policy", tables)
    (source / "policy.json").write_text(json.dumps(FLOOR), encoding="utf-8")
    out = season.parent / "floored"
    assert run("match", source, "--out", out, *QUICKLY).exit_code == 0
    return out


def said(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    return found


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_floor_of_a_plan_is_priced_and_a_rule_that_is_not_there_is_refused(season: Path, floored: Path, plain: Path) -> None:
    source = season.parent / "policy"
    price = printed_json(run("price", source, floored, "--rule", "floor", "--of", "nhỏ", "--seconds", 2, "--json"))
    # 300 kg of the dearer supplier, at 1,000 đ/kg.
    assert price["cost_vnd"] == 300_000 == price["without_vnd"] - price["with_vnd"]
    assert "Mức bán tối thiểu công bằng nhỏ làm giảm lợi ích ròng 300.000 đ." in price["text"]
    lost = run("price", season, plain, "--rule", "floor", "--seconds", 1, "--json")
    assert (lost.exit_code, printed_json(lost)["error"]) == (2, "no_such_rule")
    (season.parent / "empty").mkdir()
    assert run("price", season, season.parent / "empty", "--rule", "min_fill").exit_code == 2


def test_a_plan_says_how_it_was_made_and_is_made_again(season: Path, plain: Path) -> None:
    assert said(plain)["iterations"] == 300
    assert said(plain)["termination"] in ("iterations", "proof")
    found = printed_json(run("replay", season, plain, "--json"))
    assert (found["same"], found["exact"]) == (True, True)
    assert found["plan_sha256_now"] == said(plain)["plan_sha256"]


def test_a_policy_beside_the_input_is_kept_and_reported_and_made_again(floored: Path) -> None:
    report = json.loads((floored / "policy-report.json").read_text(encoding="utf-8"))
    assert (report["met"], [one["due_kg"] for one in report["floors"]]) == (True, [300])
    assert report["price_vnd"] >= 300_000
    assert said(floored)["policy"]["floors"][0]["share_pct"] == 30
    source = floored.parent / "policy"
    assert run("check", source, floored).exit_code == 0
    found = printed_json(run("replay", source, floored, "--out", floored.parent / "again", "--json"))
    assert found["same"]
    for name in ("allocations.csv", "trips.csv", "stops.csv"):
        assert (floored.parent / "again" / name).read_bytes() == (floored / name).read_bytes()


def test_a_supplier_that_a_floor_names_and_that_offers_nothing_is_told_and_not_passed_over(season: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    floors = [{"name": "nhỏ", "share_pct": 30, "suppliers": ["s2", "s22"]}]
    policy.write_text(json.dumps({"floors": floors}), encoding="utf-8")
    told = printed_json(run("match", season, "--out", tmp_path / "out", "--policy", policy, "--iterations", 20, "--json"))
    assert [words for words in told["warnings"] if "s22" in words and "nothing is due to it" in words]
    report = json.loads((tmp_path / "out" / "policy-report.json").read_text(encoding="utf-8"))
    assert report["absent"] == [{"supplier": "s22", "floor": "nhỏ"}]


def test_chances_and_standby_lots_lie_beside_a_plan_of_uncertain_harvests(floored: Path, plain: Path) -> None:
    [line] = rows(floored / "chances.csv")
    assert int(line["committed_kg"]) < int(line["expected_kg"]) < int(line["planned_kg"])
    assert 0 < float(line["chance"]) < 0.9
    assert {row["lot_id"] for row in rows(floored / "standby.csv")} <= {"lot1", "lot2"}
    assert not (plain / "chances.csv").exists()
    shown = printed_json(run("chances", floored.parent / "policy", floored, "--scenarios", 200, "--seed", 3, "--json"))
    assert shown["committed_kg"] < shown["expected_kg"] < shown["planned_kg"] == 1000


def test_a_tampered_plan_does_not_pass_as_the_same(season: Path, plain: Path, tmp_path: Path) -> None:
    facts = said(plain) | {"plan_sha256": "0" * 64}
    for path in plain.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "plan.json").write_text(json.dumps(facts), encoding="utf-8")
    outcome = run("replay", season, tmp_path)
    assert outcome.exit_code == 1
    assert "Another plan" in outcome.stdout


def test_a_run_that_the_clock_ended_may_come_out_otherwise(season: Path, plain: Path, tmp_path: Path) -> None:
    for path in plain.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    facts = said(plain) | {"plan_sha256": "0" * 64, "termination": "time"}
    (tmp_path / "plan.json").write_text(json.dumps(facts), encoding="utf-8")
    outcome = run("replay", season, tmp_path)
    assert outcome.exit_code == 0
    assert "ended by the clock" in outcome.stdout


@pytest.mark.parametrize(
    ("changes", "column"),
    [({"input_sha256": "0" * 64}, "input_sha256"), ({"previous_sha256": "0" * 64}, "previous_sha256"), ({"policy_sha256": None}, "")],
)
def test_another_input_or_no_recipe_is_refused(season: Path, plain: Path, tmp_path: Path, changes: dict[str, Any], column: str) -> None:
    facts = {name: value for name, value in (said(plain) | changes).items() if value is not None}
    (tmp_path / "plan.json").write_text(json.dumps(facts), encoding="utf-8")
    found = run("replay", season, tmp_path, "--json")
    assert found.exit_code == 2
    assert [issue["column"] for issue in printed_json(found)["issues"]] == [column or "policy_sha256"]


def test_policies_stand_side_by_side_and_a_dear_one_is_refused(season: Path, tmp_path: Path) -> None:
    policy = tmp_path / "new.json"
    policy.write_text(json.dumps(FLOOR), encoding="utf-8")
    found = run("compare", season, season, "--policy", policy, "--iterations", 200, "--most-loss", 0.1, "--json")
    assert found.exit_code == 1, "300 kg at 1,000 đ more are over 0.1 % of the worth"
    facts = printed_json(found)
    figures = {(one["policy"], one["season"]): one for one in facts["trials"]}
    assert set(figures) == {(policy, where) for policy in ("worth alone", "new") for where in ("in", "all")}
    assert (figures["worth alone", "in"]["short_kg"], figures["new", "in"]["short_kg"]) == (300, 0)
    assert figures["new", "all"]["worth_vnd"] == 2 * figures["new", "in"]["worth_vnd"]
    assert facts["loss_pct"]["new"] > 0.1
    shown = run("compare", season, "--policy", policy, "--iterations", 200, "--most-loss", 50)
    assert shown.exit_code == 0
    assert "worst-off decile" in shown.stdout


def test_what_changed_is_said_in_both_languages_and_party_by_party(season: Path, plain: Path, floored: Path) -> None:
    vietnamese, english = (run("difference", season, plain, floored, "--language", tongue).stdout for tongue in ("vi", "en"))
    assert "lot2" in vietnamese
    assert "lot2" in english
    assert vietnamese != english
    own = run("difference", season, plain, floored, "--party", "supplier:s2", "--language", "en").stdout
    assert "lot2" in own
    assert "lot1" not in own
    assert run("difference", season, plain, plain).stdout.strip() == "Không có gì thay đổi."


@pytest.mark.parametrize("party", ["supplier:s9", "buyer:s2", "s2", "haulier:s2"])
def test_a_party_that_is_not_there_is_refused_and_not_told_that_nothing_has_changed(season: Path, plain: Path, party: str) -> None:
    refused = run("difference", season, plain, plain, "--party", party, "--lang", "en", "--json")
    assert refused.exit_code == 2
    said = printed_json(refused)
    assert (said["error"], said["id"]) == ("unknown_id", party)
    assert said["message"] == f"There is no party {party}; write supplier:ID or buyer:ID."


def test_an_earlier_plan_is_gone_on_from_and_its_digest_kept(season: Path, plain: Path, tmp_path: Path) -> None:
    policy = tmp_path / "stable.json"
    policy.write_text('{"frozen_days": 30}', encoding="utf-8")
    outcome = run("match", season, "--out", tmp_path / "out", "--policy", policy, "--previous", plain, *QUICKLY)
    assert outcome.exit_code == 0, outcome.output
    assert said(tmp_path / "out")["previous_sha256"] == said(plain)["plan_sha256"]
    assert (tmp_path / "out/stops.csv").read_text() == (plain / "stops.csv").read_text()
    assert run("replay", season, tmp_path / "out", "--previous", plain).exit_code == 0


@pytest.mark.parametrize("content", ['{"goals": ["worth", "worth"]}', '{"frozen_days": 2}', "{"])
def test_a_policy_that_contradicts_itself_plans_nothing(season: Path, tmp_path: Path, content: str) -> None:
    policy = tmp_path / "bad.json"
    policy.write_text(content, encoding="utf-8")
    outcome = run("match", season, "--out", tmp_path / "out", "--policy", policy, "--quiet")
    assert outcome.exit_code == 2
    assert "policy" in outcome.stderr
    assert not (tmp_path / "out").exists()


def test_volumes_alone_know_no_policy(season: Path, tmp_path: Path) -> None:
    policy = tmp_path / "cap.json"
    policy.write_text('{"cap_pct": 60}', encoding="utf-8")
    outcome = run("match", season, "--out", tmp_path / "out", "--policy", policy, "--trips", "none", "--quiet")
    assert outcome.exit_code == 2
    assert "volumes alone know no policy" in outcome.stderr
