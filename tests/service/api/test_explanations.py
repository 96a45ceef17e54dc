"""Explanations of a stored plan over HTTP; one plan is made for all questions."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from catalog.models import Association
from catalog.tenancy import Scope
from matching.baseline import plan_by_telephone
from matching.explain.context import PlanContext
from matching.io import read_problem
from matching.model.plan import LINE, LOT
from matching.pairs.lanes import find_lanes
from service.api.explanations import Lang, explanation_out
from service.db import Database
from service.models import Role
from service.planning.states import RunState
from service.season import sample_folder
from service.settings import Settings
from tests.service.api.conftest import Caller, ClientAs, World
from tests.service.run_market import open_market, worked_off


@pytest.fixture
def broker(database: Database, client_as: ClientAs) -> Caller:
    """A broker of an association with a season to plan."""
    scope: Scope = open_market(database)
    with database.read() as session:
        association = session.get_one(Association, scope.association_id)
    return client_as(Role.BROKER, market=SimpleNamespace(association=association, cooperative=None, buyer=None))


@pytest.fixture
def plan(broker: Caller, database: Database, settings: Settings) -> str:
    """The address of a plan."""
    quickly = settings.model_copy(update={"worker_poll_seconds": 0.02, "run_stop_seconds": 30.0, "run_niceness": 0})
    uid = broker.post("/runs", json={}).json()["uid"]
    assert worked_off(database, quickly, uid).state is RunState.DONE
    return "/plans/" + str(broker.get(f"/runs/{uid}").json()["plan"])


def codes_of(broker: Caller, plan: str) -> tuple[str, str]:
    """Codes of a lot and a line that the plan brings together."""
    made = broker.get(f"{plan}/allocations").json()["items"][0]
    return str(made["lot_code"]), str(made["line_code"])


def test_a_stored_plan_is_explained(broker: Caller, plan: str, client_as: ClientAs, world: World) -> None:
    lot, line = codes_of(broker, plan)
    said = broker.get(f"{plan}/explanation", params={"lot": lot, "language": "en"})
    assert said.status_code == 200, said.text
    story: dict[str, Any] = said.json()
    assert (story["subject"], story["id"]) == ("lot", lot)
    assert line in {partner["id"] for partner in story["partners"]}
    assert story["kg"] == story["used_kg"] + story["open_kg"]
    assert story["text"].startswith(f"Lot {lot}: ")

    change = broker.get(f"{plan}/changes", params={"line": line})
    assert change.status_code == 200, change.text
    assert change.json()["outcome"] in {"found", "none", "matched", "time"}
    pool = broker.get(f"{plan}/pool", params={"line": line})
    assert pool.status_code == 200, pool.text
    assert pool.json()["line"] == line

    # What isn't there, what is asked wrongly, and what others have.
    lost = broker.get(f"{plan}/explanation", params={"lot": "no such lot"})
    assert (lost.status_code, lost.json()["code"]) == (404, "unknown_id")
    assert "Không có lô nào mang mã no such lot." in lost.json()["detail"]
    both = broker.get(f"{plan}/explanation", params={"lot": lot, "line": line})
    assert (both.status_code, both.json()["code"]) == (422, "one_of_two")
    rule = broker.get(f"{plan}/rule-price", params={"rule": "pin", "of": [lot, line], "seconds": 1})
    assert (rule.status_code, rule.json()["code"]) == (422, "no_such_rule")
    assert rule.json()["detail"].startswith(f"{lot}, {line} không có")
    english = broker.get(f"{plan}/rule-price", params={"rule": "pin", "of": [lot, line], "seconds": 1, "language": "en"})
    assert "no " in english.json()["detail"].lower()
    stranger = client_as(Role.BROKER, market=world.theirs)
    for question in ("explanation", "changes", "pool"):
        assert stranger.get(f"{plan}/{question}", params={"line": line}).status_code == 404
    assert stranger.get(f"{plan}/rule-price", params={"rule": "min_fill"}).status_code == 404
    member = client_as(Role.CLERK)
    assert member.get(f"{plan}/explanation", params={"lot": lot}).status_code in {403, 404}


def test_every_open_lot_and_line_of_the_sample_season_has_an_explanation_of_the_described_shape() -> None:
    problem = read_problem(sample_folder())
    context = PlanContext(problem, plan_by_telephone(problem, find_lanes(problem)))
    open_rows = [(subject, row) for subject in (LOT, LINE) for row, kg in enumerate(context.open_kg(subject).tolist()) if kg > 0]
    shown = [explanation_out(context, subject, row, Lang.VI, stopped_early=False) for subject, row in open_rows]
    assert len(shown) > 100
    assert any(one.misses for one in shown)
    assert all(one.open_kg > 0 and one.reason is not None for one in shown)
