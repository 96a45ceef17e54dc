"""Runs and plans over HTTP: asked for once, followed by polling and by events, stopped, compared, downloaded and checked."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select, update

from catalog.models import Association
from catalog.tenancy import Scope
from matching.io import read_problem
from service.app import create_app
from service.db import Database
from service.models import ApiKey, Role
from service.plan_check import check_plan
from service.planning.models import Run, RunProgress
from service.planning.states import RunState
from service.runs import queue
from service.runs.errors import Failure
from service.runs.queue import Lease
from service.runs.run_events import tell_end
from service.settings import Settings
from tests.service import run_solvers
from tests.service.api.conftest import Caller, ClientAs
from tests.service.run_market import open_market, wait_for, worked_off, working


@pytest.fixture
def quickly(settings: Settings) -> Settings:
    """Settings of a worker that looks often and is patient with a busy machine."""
    return settings.model_copy(update={"worker_poll_seconds": 0.02, "run_stop_seconds": 30.0, "run_niceness": 0})


@pytest.fixture
def scope(database: Database) -> Scope:
    return open_market(database)


@pytest.fixture
def broker(database: Database, scope: Scope, client_as: ClientAs) -> Caller:
    """A broker of the association that has a season to plan."""
    with database.read() as session:
        association = session.get_one(Association, scope.association_id)
    return client_as(Role.BROKER, market=SimpleNamespace(association=association, cooperative=None, buyer=None))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(run_solvers.FOLDER, str(tmp_path))
    return tmp_path


def asked_for(broker: Caller, **given: Any) -> str:
    answer = broker.post("/runs", json=given)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["uid"])


def planned(broker: Caller, database: Database, settings: Settings, **given: Any) -> str:
    """Have a plan made; return its uid."""
    uid = asked_for(broker, **given)
    assert worked_off(database, settings, uid).state is RunState.DONE
    return str(broker.get(f"/runs/{uid}").json()["plan"])


def leased(database: Database, worker: str = "w") -> Lease:
    with database.write() as session:
        lease = queue.lease(session, worker, 60, 3, tell_end)
        assert lease is not None
        return lease


def events_of(text: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return kind, id and data of each event of a stream."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if "event" in fields:
            found.append((fields["event"], fields.get("id", ""), json.loads(fields["data"])))
    return found


def note_progress(database: Database, uid: str, seqs: range) -> None:
    with database.write() as session:
        run = session.scalars(select(Run).where(Run.uid == uid)).one()
        for seq in seqs:
            moment = {"attempt": 1, "seconds": seq / 2, "phase": "improve", "objective_vnd": 90 + seq, "bound_vnd": 200}
            session.add(RunProgress(run_id=run.id, seq=seq, **moment))


def test_a_run_is_taken_on_followed_and_ends_with_a_plan(broker: Caller, database: Database, quickly: Settings) -> None:
    answer = broker.post("/runs", json={"seed": 3, "note": "Sau mưa đá"})
    run = answer.json()
    assert (answer.status_code, run["state"], run["note"]) == (202, "queued", "Sau mưa đá")
    assert answer.headers["location"] == f"/api/v1/runs/{run['uid']}"
    worked_off(database, quickly, run["uid"])
    shown = broker.get(f"/runs/{run['uid']}").json()
    assert (shown["state"], shown["attempt"], shown["failure_code"], shown["issues"]) == ("done", 1, None, [])
    plan = broker.get(f"/plans/{shown['plan']}").json()
    assert (plan["run"], plan["state"], plan["seed"], plan["stale"]) == (run["uid"], "draft", 3, 0)
    assert plan["goods_vnd"] - plan["freight_vnd"] - plan["short_vnd"] - plan["other_vnd"] == plan["objective_vnd"]
    progress = broker.get(f"/runs/{run['uid']}/progress").json()
    assert (progress["state"], [one["seq"] for one in progress["items"]]) == ("done", [1])
    assert broker.get(f"/runs/{run['uid']}/progress?after=1").json()["items"] == []


def test_drafts_are_compared_and_one_is_published(broker: Caller, database: Database, quickly: Settings) -> None:
    plans = []
    for seed in (1, 2):
        uid = asked_for(broker, seed=seed)
        worked_off(database, quickly, uid)
        plans.append(broker.get(f"/runs/{uid}").json()["plan"])
    beside = broker.get(f"/plans/compare?plan={plans[0]}&plan={plans[1]}").json()
    assert ([one["uid"] for one in beside["plans"]], {row["side"] for row in beside["parties"]}) == (plans, {"supply", "demand"})
    sold = [sum(row["plans"][n]["kg"] for row in beside["parties"] if row["side"] == "supply") for n in (0, 1)]
    assert sold == [one["matched_kg"] for one in beside["plans"]]
    assert broker.get("/proposals").json()["items"] == []
    unsaid = broker.post(f"/plans/{plans[1]}/publish", json={})
    assert (unsaid.status_code, unsaid.json()["code"]) == (428, "if_match_required")
    tag, key = {"if-match": broker.get(f"/plans/{plans[1]}").headers["etag"]}, {"idempotency-key": "publish-the-second"}
    done = broker.post(f"/plans/{plans[1]}/publish", json={"note": "họp thứ Hai"}, headers=tag | key)
    assert (done.status_code, done.json()["plan"]["state"], done.json()["replaced"]) == (200, "current", None)
    assert broker.post(f"/plans/{plans[1]}/publish", json={"note": "họp thứ Hai"}, headers=tag | key).json() == done.json()
    stale = broker.post(f"/plans/{plans[1]}/publish", json={}, headers=tag)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    again = broker.post(f"/plans/{plans[1]}/publish", json={}, headers={"if-match": "*"})
    assert (again.status_code, again.json()["code"]) == (409, "plan_not_draft")
    assert len(broker.get("/proposals?state=proposed").json()["items"]) > 0
    listed = broker.get("/plans?state=draft").json()["items"]
    assert [one["uid"] for one in listed] == [plans[0]]


def test_the_same_request_again_makes_no_second_run(broker: Caller, database: Database) -> None:
    key = {"idempotency-key": "nightly-run-key-1"}
    first, again = (broker.post("/runs", json={"seed": 1}, headers=key) for _ in range(2))
    assert first.json()["uid"] == again.json()["uid"]
    assert again.headers["idempotency-replayed"] == "true"
    other = broker.post("/runs", json={"seed": 2}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reuse")


def test_one_occasion_has_one_run(broker: Caller) -> None:
    first, second = (broker.post("/runs", json={"schedule_key": "nightly-2027-06-07"}).json() for _ in range(2))
    assert first["uid"] == second["uid"]
    assert len(broker.get("/runs").json()["items"]) == 1


def test_more_runs_than_an_association_may_have_are_refused(broker: Caller, settings: Settings) -> None:
    for _ in range(settings.runs_waiting):
        asked_for(broker)
    answer = broker.post("/runs", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "queue_full")


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"horizon_from": "2027-06-08", "horizon_until": "2027-06-07"}, "/horizon_from"),
        ({"time_limit_s": 80_000}, "/time_limit_s"),
        ({"time_limit_s": 0}, "/time_limit_s"),
        ({"seed": -1}, "/seed"),
        ({"trips": "some"}, "/trips"),
        ({"attempt": 3}, "/attempt"),
    ],
)
def test_a_run_that_makes_no_sense_is_refused(broker: Caller, given: dict[str, Any], pointer: str) -> None:
    answer = broker.post("/runs", json=given)
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_events_begin_with_the_state_and_end_with_the_run(broker: Caller, database: Database, quickly: Settings) -> None:
    uid = asked_for(broker)
    worked_off(database, quickly, uid, run_solvers.idle)
    answer = broker.get(f"/runs/{uid}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    kinds = [(kind, number) for kind, number, _ in events_of(answer.text)]
    assert kinds == [("state", ""), ("progress", "1"), ("end", "end:1")]
    assert events_of(answer.text)[-1][2] == broker.get(f"/runs/{uid}").json()


def test_a_stream_that_broke_goes_on_after_the_last_event(broker: Caller, database: Database) -> None:
    uid = asked_for(broker)
    lease = leased(database)
    note_progress(database, uid, range(1, 6))
    with database.write() as session:
        queue.fail(queue.owned(session, lease), Failure.MEMORY, "too little")
    events = events_of(broker.get(f"/runs/{uid}/events", headers={"last-event-id": "3"}).text)
    assert [number for kind, number, _ in events if kind == "progress"] == ["4", "5"]
    assert events[-1][2]["failure_code"] == "memory"


def test_whoever_has_seen_the_end_is_told_to_stop_asking(broker: Caller, database: Database, quickly: Settings) -> None:
    uid = asked_for(broker)
    worked_off(database, quickly, uid, run_solvers.idle)
    assert broker.get(f"/runs/{uid}/events", headers={"last-event-id": "end:1"}).status_code == 204
    assert broker.get(f"/runs/{uid}/events", headers={"last-event-id": "nonsense"}).status_code == 422


def test_a_stream_shows_what_happens_while_it_is_open(broker: Caller, database: Database, quickly: Settings, folder: Path) -> None:
    uid = asked_for(broker)
    (folder / "go").touch()
    with working(database, quickly, run_solvers.patient):
        events = events_of(broker.get(f"/runs/{uid}/events").text)
    assert events[-1][0] == "end"
    assert events[-1][2]["state"] == "done"


def test_a_stream_ends_when_the_key_is_revoked(database: Database, scope: Scope, client_as: ClientAs) -> None:
    with database.read() as session:
        association = session.get_one(Association, scope.association_id)
    market = SimpleNamespace(association=association, cooperative=None, buyer=None)
    partner = client_as(Role.BROKER, market=market, key=True)
    uid = asked_for(partner)
    with database.write() as session:
        session.execute(update(ApiKey).where(ApiKey.uid == partner.uid).values(expires_at=ApiKey.created_at))
    assert partner.get(f"/runs/{uid}/events").status_code == 401


def test_a_run_is_stopped_and_keeps_its_plan(broker: Caller, database: Database, quickly: Settings) -> None:
    uid = asked_for(broker)
    with working(database, quickly, run_solvers.patient):
        wait_for(lambda: broker.get(f"/runs/{uid}/progress").json()["items"])
        answer = broker.post(f"/runs/{uid}/stop")
        assert (answer.status_code, answer.json()["state"]) == (202, "stopping")
        run = wait_for(lambda: (r := broker.get(f"/runs/{uid}").json())["state"] == "stopped" and r)
    assert broker.get(f"/plans/{run['plan']}").json()["state"] == "draft"
    again = broker.post(f"/runs/{uid}/stop")
    assert (again.status_code, again.json()["code"]) == (409, "run_ended")


def test_a_run_that_failed_is_tried_again_as_a_new_one(broker: Caller, database: Database, quickly: Settings) -> None:
    uid = asked_for(broker, seed=5, schedule_key="nightly")
    early = broker.post(f"/runs/{uid}/retry")
    assert (early.status_code, early.json()["code"]) == (409, "run_unfinished")
    worked_off(database, quickly, uid, run_solvers.failing)
    answer = broker.post(f"/runs/{uid}/retry")
    again = answer.json()
    assert (again["parent"], again["seed"], again["schedule_key"], again["state"]) == (uid, 5, None, "queued")
    assert answer.headers["location"] == f"/api/v1/runs/{again['uid']}"


def test_runs_and_plans_are_closed_to_clerks_and_to_other_associations(
    broker: Caller, database: Database, quickly: Settings, client_as: ClientAs
) -> None:
    plan = planned(broker, database, quickly)
    run = broker.get("/runs").json()["items"][0]["uid"]
    stranger, clerk = client_as(Role.BROKER), client_as(Role.CLERK)
    paths = [f"/runs/{run}", f"/runs/{run}/progress", f"/runs/{run}/events", f"/runs/{run}/input"]
    paths += [f"/plans/{plan}{end}" for end in ("", "/trips", "/allocations", "/reasons", "/prices", "/download", f"/compare/{plan}")]
    assert {stranger.get(path).status_code for path in paths} == {404}
    assert {clerk.get(path).status_code for path in paths} <= {403, 404}
    assert {stranger.post(f"/runs/{run}/{verb}").status_code for verb in ("stop", "retry")} == {404}


def test_a_plan_is_shown_whole_part_by_part(broker: Caller, database: Database, quickly: Settings) -> None:
    plan = planned(broker, database, quickly)
    shown = broker.get(f"/plans/{plan}").json()
    trips = broker.get(f"/plans/{plan}/trips").json()["items"]
    allocations = broker.get(f"/plans/{plan}/allocations").json()["items"]
    assert sum(one["kg"] for one in allocations) == shown["matched_kg"] > 0
    assert len(trips) == shown["trips"]
    assert sum(load["kg"] for trip in trips for load in trip["loads"]) == shown["matched_kg"]
    assert all(stop["arrive"].endswith("+07:00") for trip in trips for stop in trip["stops"])
    one = broker.get(f"/plans/{plan}/allocations?lot={allocations[0]['lot_code']}&limit=1").json()["items"][0]
    assert one["lot_code"] == allocations[0]["lot_code"]
    reasons = broker.get(f"/plans/{plan}/reasons").json()["items"]
    assert {reason["subject"] for reason in reasons} <= {"lot", "line"}
    assert broker.get(f"/plans/{plan}/prices").status_code == 200


def test_two_plans_stand_side_by_side(broker: Caller, database: Database, quickly: Settings) -> None:
    first = planned(broker, database, quickly)
    second = planned(broker, database, quickly, horizon_from="2027-06-08")
    shown = broker.get(f"/plans/{first}/compare/{second}").json()
    figures = {one["name"]: (one["before"], one["after"]) for one in shown["figures"]}
    assert figures["objective_vnd"] == tuple(broker.get(f"/plans/{plan}").json()["objective_vnd"] for plan in (first, second))
    assert shown["same_input"] is False
    assert broker.get(f"/plans/{first}/compare/{first}").json()["differing_pairs"] == 0


def test_a_downloaded_plan_passes_its_check(broker: Caller, database: Database, quickly: Settings, tmp_path: Path) -> None:
    plan = planned(broker, database, quickly)
    answer = broker.get(f"/plans/{plan}/download")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(tmp_path)
    finding = check_plan(read_problem(tmp_path / "input"), tmp_path)
    assert (finding.violations, finding.same_input) == ((), True)
    book = CalamineWorkbook.from_filelike(io.BytesIO(broker.get(f"/plans/{plan}/download?form=xlsx").content))
    assert {"plan", "allocations", "trips", "lots", "sites"} <= set(book.sheet_names)
    kg = [float(str(row[3])) for row in book.get_sheet_by_name("allocations").to_python()[1:]]
    assert sum(kg) == finding.matched_kg


def test_what_a_run_was_made_from_can_be_downloaded(broker: Caller, database: Database, quickly: Settings, tmp_path: Path) -> None:
    planned(broker, database, quickly)
    run = broker.get("/runs").json()["items"][0]
    with zipfile.ZipFile(io.BytesIO(broker.get(f"/runs/{run['uid']}/input").content)) as archive:
        archive.extractall(tmp_path)
    assert read_problem(tmp_path).digest() == run["input_digest"]


def plan_tables(broker: Caller, plan: str) -> dict[str, list[dict[str, str]]]:
    import csv

    with zipfile.ZipFile(io.BytesIO(broker.get(f"/plans/{plan}/download").content)) as archive:
        names = ("allocations", "legs", "trips", "stops")
        return {name: list(csv.DictReader(io.StringIO(archive.read(f"{name}.csv").decode()))) for name in names}


def test_a_plan_made_elsewhere_is_checked_against_what_is_there_now(broker: Caller, database: Database, quickly: Settings) -> None:
    plan = planned(broker, database, quickly)
    tables, shown = plan_tables(broker, plan), broker.get(f"/plans/{plan}").json()
    found = broker.post("/plans/analyse", json={"plan": tables}).json()
    assert (found["valid"], found["violations"]) == (True, [])
    assert (found["objective_vnd"], found["matched_kg"]) == (shown["objective_vnd"], shown["matched_kg"])
    assert found["input_digest"] == shown["input_digest"]
    tables["allocations"][0]["kg"] = "999999"
    broken = broker.post("/plans/analyse", json={"plan": tables}).json()
    assert broken["valid"] is False
    assert "lot_quantity" in {violation["rule"] for violation in broken["violations"]}


def test_a_plan_made_elsewhere_is_checked_against_the_input_sent_along(broker: Caller) -> None:
    sites = [
        {"site_id": "c1", "kind": "cooperative", "lat": 21.3, "lon": 106.2},
        {"site_id": "b1", "kind": "buyer", "lat": 21.03, "lon": 105.85},
    ]
    empty: dict[str, list[Any]] = {"allocations": [], "legs": [], "trips": [], "stops": []}
    found = broker.post("/plans/analyse", json={"plan": empty, "input": {"sites": sites}}).json()
    assert (found["valid"], found["objective_vnd"], found["matched_kg"]) == (True, 0, 0)


def test_faults_of_a_plan_made_elsewhere_have_their_place(broker: Caller) -> None:
    tables = {
        "allocations": [{"allocation_id": "a1", "lot_id": "=1+1", "line_id": "line1", "kg": -5}],
        "legs": [],
        "trips": [],
        "stops": [],
    }
    answer = broker.post("/plans/analyse", json={"plan": tables})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")
    places = {(error.get("table"), error.get("row"), error.get("column")) for error in answer.json()["errors"]}
    assert ("allocations", 2, "kg") in places
    unknown = broker.post("/plans/analyse", json={"plan": {**tables, "allocations": []}, "input": {"lot": []}})
    assert unknown.json()["errors"][0]["table"] == "lot"


def test_a_request_that_finds_no_free_connection_is_told_to_come_again(
    database_address: str, settings: Settings, broker: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.db.POOL_TIMEOUT_S", 1)
    narrow = Database(database_address, pool_size=1)
    with type(broker.client)(create_app(settings, narrow), base_url="http://mca.test") as client, narrow.read() as session:
        session.execute(select(Run.id))
        answer = client.get("/api/v1/runs", headers=broker.headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
    assert int(answer.headers["retry-after"]) > 0
    narrow.close()
