"""Policies over HTTP: asked for with a run, reported with its plan, and what a later plan changes for each party."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from catalog.models import Organisation
from catalog.tenancy import Scope
from service.db import Database
from service.models import Outbox, Role
from service.planning.states import RunState
from service.runs import policies
from service.runs.solvers import plan_wholly
from service.settings import Settings
from tests.service.api.conftest import Caller, ClientAs
from tests.service.api.test_runs import asked_for, broker, folder, quickly, scope
from tests.service.cli_support import printed_json, run
from tests.service.run_market import worked_off

__all__ = ["broker", "folder", "quickly", "scope"]

POLICY = {"name": "Vụ vải", "goals": [{"goal": "worth", "tolerance_pct": 2}, {"goal": "changes"}], "frozen_days": 1}
FLOORS = {"floors": [{"name": "mới", "share_pct": 1, "new_below_deliveries": 1}], "cap_pct": 100}


def planned(caller: Caller, database: Database, settings: Settings, **given: Any) -> str:
    uid = asked_for(caller, iterations=100, **given)
    assert worked_off(database, settings, uid, plan_wholly).state is RunState.DONE, caller.get(f"/runs/{uid}").text
    plan = str(caller.get(f"/runs/{uid}").json()["plan"])
    published = caller.post(f"/plans/{plan}/publish", json={"confirmed": True}, headers={"if-match": "*"})
    assert published.status_code == 200, published.text
    return plan


def test_a_policy_is_planned_reported_and_made_again_from_the_download(
    broker: Caller, database: Database, quickly: Settings, tmp_path: Path
) -> None:
    first = planned(broker, database, quickly, policy=FLOORS)
    run_uid = broker.get(f"/plans/{first}").json()["run"]
    shown = broker.get(f"/runs/{run_uid}").json()["policy"]
    assert (shown["cap_pct"], shown["floors"][0]["new_below_deliveries"], shown["goals"][0]["goal"]) == (100, 1, "worth")
    report = broker.get(f"/plans/{first}/policy").json()
    assert report["policy"] == shown
    assert report["price_vnd"] == report["free_vnd"] - report["worth_vnd"]
    assert {one["floor"] for one in report["floors"]} == {"mới"}
    fairness = broker.get(f"/plans/{first}/fairness").json()
    shares = {one["supplier"]: one for one in fairness["shares"]}
    assert all(one["accepted_kg"] == shares[one["supplier"]]["accepted_kg"] for one in report["floors"])
    recipe = broker.get(f"/plans/{first}/recipe").json()
    assert (recipe["exact"], recipe["iterations"], recipe["policy_sha256"]) == (True, 100, shown["sha256"])
    with zipfile.ZipFile(io.BytesIO(broker.get(f"/plans/{first}/download").content)) as archive:
        archive.extractall(tmp_path / "plan")
    again = printed_json(run("replay", tmp_path / "plan/input", tmp_path / "plan", "--json"))
    assert (again["plan_sha256_then"], again["objective_then_vnd"]) == (recipe["plan_sha256"], report["worth_vnd"])


def test_a_later_plan_tells_each_party_once_and_only_of_its_own(
    broker: Caller, database: Database, quickly: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = planned(broker, database, quickly, seed=1)
    with database.write() as session:
        session.query(Outbox).delete()
    lot = broker.get(f"/plans/{first}/allocations").json()["items"][0]
    answer = broker.post("/decisions", json={"lot": lot["lot"], "line": lot["line"], "kind": "forbid"})
    assert answer.status_code == 201, answer.text
    second = planned(broker, database, quickly, policy=POLICY)
    changes = broker.get(f"/plans/{first}/changes/{second}").json()
    assert changes["count"] == len(changes["changes"]) > 0
    assert all(one["vi"] != one["en"] for one in changes["changes"])
    with database.read() as session:
        codes = dict(session.execute(select(Organisation.id, Organisation.code)).all())
        told = [(row.organisation_id, row.payload) for row in session.scalars(select(Outbox).where(Outbox.kind == "plan.changed"))]
    own = {codes[number]: payload["changes"] for number, payload in told if number is not None}
    assert len(own) == len([number for number, _ in told if number is not None]), "one notice for each party"
    assert own == {notice["party"].partition("/")[0]: notice["changes"] for notice in changes["notices"]}
    assert broker.get(f"/plans/{second}/changes/{second}").json()["count"] == 0
    season = broker.get(f"/fairness?plan={first}&plan={second}").json()
    assert season["plans"] == [first, second]


def test_a_plan_made_again_around_decisions_goes_on_from_the_one_they_are_about(
    broker: Caller, database: Database, quickly: Settings
) -> None:
    first = planned(broker, database, quickly, seed=1)
    before = broker.get(f"/plans/{first}/allocations", params={"limit": 200}).json()["items"]
    banned = before[0]
    answer = broker.post("/decisions", json={"lot": banned["lot"], "line": banned["line"], "kind": "forbid"})
    assert answer.status_code == 201, answer.text
    asked = broker.post(f"/plans/{first}/resolve", json={})
    assert worked_off(database, quickly, asked.json()["run"], plan_wholly).state is RunState.DONE
    second = broker.get(f"/runs/{asked.json()['run']}").json()["plan"]
    recipes = [broker.get(f"/plans/{uid}/recipe").json() for uid in (first, second)]
    assert [recipe["previous_sha256"] for recipe in recipes] == ["", recipes[0]["plan_sha256"]]
    after = broker.get(f"/plans/{second}/allocations", params={"limit": 200}).json()["items"]
    assert (banned["lot"], banned["line"]) not in {(row["lot"], row["line"]) for row in after}
    # A run that is only asked for again, as it was, begins from nothing, though its plan is in force.
    third = planned(broker, database, quickly, seed=1)
    again = broker.post(f"/runs/{broker.get(f'/plans/{third}').json()['run']}/retry", json={}).json()["uid"]
    assert worked_off(database, quickly, again, plan_wholly).state is RunState.DONE
    recipe = broker.get(f"/plans/{broker.get(f'/runs/{again}').json()['plan']}/recipe").json()
    assert recipe["previous_sha256"] == ""


def test_a_policy_that_contradicts_itself_is_refused_before_it_waits(broker: Caller) -> None:
    answer = broker.post("/runs", json={"policy": {"goals": [{"goal": "worth"}, {"goal": "worth"}]}})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_policy")
    assert "each goal once" in answer.text
    assert broker.post("/runs", json={"policy": FLOORS, "trips": "none"}).status_code == 422


def test_frozen_days_without_a_plan_in_force_fail_with_the_reason(broker: Caller, database: Database, quickly: Settings) -> None:
    uid = asked_for(broker, iterations=100, policy={"frozen_days": 2})
    assert worked_off(database, quickly, uid, plan_wholly).state is RunState.FAILED
    shown = broker.get(f"/runs/{uid}").json()
    assert shown["failure_code"] == "bad_input"
    assert "an earlier plan" in shown["issues"][0]["expected"]
    assert shown["issues"][0]["vi"].startswith("Cần một kế hoạch trước đó")


def test_forecasts_with_a_spread_say_what_of_a_plan_is_committed_and_stay_with_it(
    broker: Caller, database: Database, scope: Scope, quickly: Settings, tmp_path: Path
) -> None:
    certain = planned(broker, database, quickly)
    said = broker.get(f"/plans/{certain}/chances").json()
    assert (said["known"], said["committed_kg"], said["expected_kg"], said["standby"]) == (
        False,
        said["planned_kg"],
        said["planned_kg"],
        [],
    )
    for lot in broker.get("/lots").json()["items"]:
        spread = {"low_kg": lot["quantity_kg"] // 4, "high_kg": 2 * lot["quantity_kg"], "reason": "mưa đá"}
        changed = broker.patch(f"/lots/{lot['uid']}", json=spread, headers={"if-match": f'W/"{lot["version"]}"'})
        assert changed.status_code == 200, changed.text
    uid = planned(broker, database, quickly)
    said = broker.get(f"/plans/{uid}/chances").json()
    assert said["known"]
    assert said["committed_kg"] < said["expected_kg"] < said["planned_kg"] == sum(one["planned_kg"] for one in said["lines"])
    assert all(0 < one["chance"] < 1 and one["filled_chance"] <= one["chance"] for one in said["lines"])
    shown = broker.get(f"/plans/{uid}").json()["outlook"]
    assert shown == {name: said[name] for name in ("scenarios", "planned_kg", "committed_kg", "expected_kg", "standby_kg")}
    # The plan's download says the same to `mca chances`.
    with zipfile.ZipFile(io.BytesIO(broker.get(f"/plans/{uid}/download").content)) as archive:
        archive.extractall(tmp_path / "plan")
    told = printed_json(run("chances", tmp_path / "plan/input", tmp_path / "plan", "--seed", said["seed"], "--json"))
    assert {name: told[name] for name in shown if name != "scenarios"} == {name: shown[name] for name in shown if name != "scenarios"}


def test_a_floor_of_a_plan_has_its_price(broker: Caller, database: Database, quickly: Settings) -> None:
    uid = planned(broker, database, quickly, policy={"floors": [{"name": "nhỏ", "share_pct": 50, "small_below_kg": 10**6}]})
    found = broker.get(f"/plans/{uid}/rule-price", params={"rule": "floor", "of": "nhỏ", "seconds": 2})
    assert found.status_code == 200, found.text
    price = found.json()
    assert price["cost_vnd"] == price["without_vnd"] - price["with_vnd"] >= 0
    assert price["text"].startswith("Mức bán tối thiểu công bằng nhỏ ")
    lost = broker.get(f"/plans/{uid}/rule-price", params={"rule": "floor", "of": "lớn", "seconds": 1})
    assert (lost.status_code, lost.json()["code"]) == (422, "no_such_rule")
    assert broker.get(f"/plans/{uid}/rule-price", params={"rule": "cap", "seconds": 1}).status_code == 422


def test_a_floor_that_names_nobody_says_so(broker: Caller, database: Database, quickly: Settings) -> None:
    uid = planned(broker, database, quickly, policy={"floors": [{"name": "nhỏ", "share_pct": 1, "suppliers": ["ai-day"]}]})
    report = broker.get(f"/plans/{uid}/policy").json()
    assert (report["absent"], report["floors"]) == ([{"supplier": "ai-day", "floor": "nhỏ"}], [])


def test_a_plan_of_another_association_shows_nothing(client_as: ClientAs, database: Database, scope: Scope) -> None:
    stranger = client_as(Role.BROKER)
    for path in ("fairness", "policy", "recipe", "chances", "changes/01k4h4m1r3v8w2x5y7z9abcdef"):
        assert stranger.get(f"/plans/01k4h4m1r3v8w2x5y7z9abcdef/{path}").status_code == 404
    with database.read() as session:
        assert policies.deliveries(session, scope.association_id) == {}
