"""The API does what its description says, for every operation and every role; `tests.service.api.contract` asks for longer."""

from __future__ import annotations

from fastapi import FastAPI

from service.db import Database
from service.models import Role
from tests.service.api import contract

EXAMPLES, BUDGET_S = 2, 60


def test_every_operation_keeps_its_description_for_every_role(app: FastAPI, database: Database, dialect: str) -> None:
    who = contract.callers(database, list(Role))
    report = contract.ask(app, who, EXAMPLES, budget_s=BUDGET_S, backwards=dialect == "postgresql")
    assert report.failures == {}
    assert report.statuses[500] == 0
    assert report.asked > 0
