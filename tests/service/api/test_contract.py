"""The API does what its description says, for every operation and every role; `tests.service.api.contract` asks for longer."""

from __future__ import annotations

from fastapi import FastAPI

from service.db import Database
from service.models import Role
from tests.service.api import contract

EXAMPLES, BUDGET_S, ROLES_EACH = 2, 60, 2


def test_every_operation_keeps_its_description_and_every_role_asks_its_share(app: FastAPI, database: Database, dialect: str) -> None:
    who = contract.callers(database, list(Role))
    # On the two databases other roles ask, so that together they make four of the seven.
    first = ROLES_EACH if dialect == "postgresql" else 0
    report = contract.ask(app, who, EXAMPLES, budget_s=BUDGET_S, chosen=first, roles_each=ROLES_EACH)
    assert report.failures == {}
    assert report.statuses[500] == 0
    assert report.asked > 0
