"""What a run's policy needs of the database, and what is kept of it with the plan, so that the plan can be made again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from catalog.models import Lot, Organisation
from matching.exchange.write import plan_sha256, plan_tables, relaxed_tables
from matching.plan import Plan, Result, Status
from matching.policy import PLAIN, policy_of
from matching.problem import Problem
from matching.recipe import Recipe
from service.planning import models as m
from service.planning.rows import Loaded
from service.planning.states import PlanState
from service.runs.orders import Order, Planned

RECIPE, REPORT = "recipe", "policy"
"""Where the figures of a plan keep how it was made, and what came of its policy."""


@dataclass(frozen=True)
class Given:
    """What a policy is planned with; see `service.runs.orders.Order`."""

    policy: dict[str, Any] = field(default_factory=dict)
    previous: Plan | None = None
    deliveries: dict[str, int] = field(default_factory=dict)


def given_to(session: Session, run: m.Run, loaded: Loaded) -> Given:
    """Read what a run's policy needs: the plan in force where it holds on to one, the history where it speaks of new suppliers."""
    stated = run.parameters.get("policy") or {}
    if not stated:
        return Given()
    policy = policy_of(stated)
    new = any(floor.new_below_deliveries is not None for floor in policy.floors)
    previous = in_force(session, loaded) if policy.needs_previous else None
    return Given(stated, previous, deliveries(session, loaded.association_id) if new else {})


def in_force(session: Session, loaded: Loaded) -> Plan | None:
    """Return the current plan, numbered as what is to be planned now; None where there is none or its input is gone."""
    from matching.stable.carry import carry_over
    from service.runs.archives import InputGone, archived

    query = select(m.Plan).where(m.Plan.association_id == loaded.association_id, m.Plan.state == PlanState.CURRENT)
    current = session.scalars(query.order_by(m.Plan.id.desc()).limit(1)).first()
    if current is None:
        return None
    try:
        old = archived(session, current)
    except InputGone:
        return None
    return carry_over(old.problem, old.result.plan, loaded.problem)


def deliveries(session: Session, association_id: int) -> dict[str, int]:
    """Return how often each supplier's goods have been received, by its code; suppliers without any are left out."""
    signer = func.coalesce(Lot.supplier_id, Lot.organisation_id)
    query = (
        select(Organisation.code, func.count())
        .select_from(m.ReceiptItem)
        .join(m.ShipmentItem, m.ShipmentItem.id == m.ReceiptItem.shipment_item_id)
        .join(m.Promise, m.Promise.id == m.ShipmentItem.promise_id)
        .join(Lot, Lot.id == m.Promise.lot_id)
        .join(Organisation, Organisation.id == signer)
        .where(Lot.association_id == association_id)
        .group_by(Organisation.code)
    )
    return {code: int(count) for code, count in session.execute(query)}


def kept_with_plan(problem: Problem, order: Order, answer: Planned) -> dict[str, Any]:
    """Return what is kept with a plan: its recipe with the digest of its own tables, and its policy's report."""
    kept: dict[str, Any] = {RECIPE: recipe(problem, order, answer.result)}
    return kept if answer.report is None else kept | {REPORT: answer.report}


def recipe(problem: Problem, order: Order, result: Result) -> dict[str, Any]:
    """Return how a plan was made, as ``plan.json`` says it."""
    policy = policy_of(order.policy) if order.policy else PLAIN
    before = "" if order.previous is None else digest(problem, order.previous)
    made = Recipe(order.trips, order.iterations, order.seconds, order.cores, result.termination.value, policy, before)
    return made.as_json() | {"plan_sha256": digest(problem, result.plan, relaxed=result.status is Status.RELAXED)}


def digest(problem: Problem, plan: Plan, *, relaxed: bool = False) -> str:
    """Return the digest of a plan's own tables."""
    return plan_sha256((relaxed_tables if relaxed else plan_tables)(problem, bare(plan)))


def bare(plan: Plan) -> Result:
    """Return a plan as a result of which nothing else is known, to be written as tables."""
    from matching.plan import Prices, Reasons, Termination

    none = plan.allocations.lot[:0]
    texts, reals = none.astype(object), none.astype(float)
    reasons, prices = Reasons(texts, none, none, texts, texts), Prices(texts, none, reals)
    return Result(plan, 0, None, Status.FEASIBLE, Termination.STOPPED, 0.0, 0, reasons, prices)
