"""Figures for monitoring: for those who may read them, without labels that strangers could invent."""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI

from service.db import Database
from service.metrics import Metrics
from service.models import Role
from tests.service.api.conftest import Caller, ClientAs


def value(text: str, name: str) -> float:
    """The figure of a name; 0 for one that hasn't been counted yet."""
    found = re.search(rf"^{re.escape(name)} ([0-9.e+-]+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_figures_need_a_permission_unless_the_address_is_closed_to_others(app: FastAPI, client_as: ClientAs, guest: Caller) -> None:
    assert guest.get("/metrics").status_code == 401
    assert client_as(Role.CLERK).get("/metrics").status_code == 403
    assert client_as(Role.ADMINISTRATOR).get("/metrics").status_code == 200
    app.state.service.settings = app.state.service.settings.model_copy(update={"metrics_open": True})
    assert guest.get("/metrics").headers["content-type"].startswith("text/plain")


def test_requests_are_counted_by_route_and_not_by_what_strangers_ask_for(client_as: ClientAs) -> None:
    who = client_as(Role.ADMINISTRATOR)
    before = who.get("/metrics").text
    who.get("/lots/00000000000000000000000000")
    who.get("/secret-of-a-stranger")
    text = who.get("/metrics").text
    for name in ('{method="GET",route="/api/v1/lots/{uid}",status="404"}', '{method="(none)",route="(none)",status="404"}'):
        assert value(text, f"mca_http_requests_total{name}") == value(before, f"mca_http_requests_total{name}") + 1
    assert "stranger" not in text
    assert value(text, "mca_database_up") == 1
    assert value(text, 'mca_runs{state="queued"}') == 0
    assert value(text, "mca_webhooks_pending") == 0


def test_a_database_that_is_away_is_a_figure_and_no_failure(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(database, "read", away)
    assert value(Metrics(lambda: database).text().decode(), "mca_database_up") == 0


def test_figures_are_those_of_the_database_that_the_application_works_on(client_as: ClientAs) -> None:
    manager, admin = client_as(Role.MANAGER), client_as(Role.ADMINISTRATOR)
    assert manager.post("/runs", json={}).status_code == 202
    assert value(admin.get("/metrics").text, 'mca_runs{state="queued"}') == 1
