"""The API does what its description says, for every operation and every role; `tests.service.api.contract` asks for longer."""

from __future__ import annotations

from fastapi import FastAPI

from service.db import Database
from service.models import Role
from tests.service.api import contract

EXAMPLES, BUDGET_S, ROLES_EACH = 2, 60, 3


def test_every_operation_keeps_its_description_and_every_role_asks_its_share(app: FastAPI, database: Database, dialect: str) -> None:
    who = contract.callers(database, list(Role))
    # What a request may be is generated slowly and depends on no database, so each of the two answers for half of the operations.
    part = int(dialect == "postgresql"), 2
    report = contract.ask(app, who, EXAMPLES, budget_s=BUDGET_S, roles_each=ROLES_EACH, part=part)
    assert report.failures == {}
    assert report.statuses[500] == 0
    assert report.asked > 0
