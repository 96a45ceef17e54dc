"""A plan put in force in one step, for tests of what comes after."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from catalog.tenancy import Scope
from matching.model.plan import Result
from service.planning import models as m
from service.planning.plans import storing
from service.planning.plans.problem_builder import Loaded
from service.runs import publishing
from tests.sample_market import act


def publish_result(
    session: Session, loaded: Loaded, result: Result, engine: str = "mca 1", run_id: int | None = None, **more: Any
) -> m.Plan:
    """Store a plan and publish it at once, whatever it takes the place of."""
    plan = storing.store(session, loaded, result, engine, run_id, **more)
    return publish_plan(session, loaded.association_id, plan.uid)


def publish_plan(session: Session, association_id: int, uid: str) -> m.Plan:
    """Publish a stored plan, whatever it takes the place of."""
    return publishing.publish(session, Scope(association_id), uid, act(), confirmed=True).plan
