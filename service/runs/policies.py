"""What a run's policy needs of the database, and what is kept of it with the plan, so that the plan can be made again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from catalog.models import Lot, Organisation
from matching.io.write import plan_sha256, plan_tables, relaxed_tables
from matching.model.plan import Plan, Result, Status
from matching.model.problem import Problem
from matching.policy import PLAIN, policy_of
from matching.recipe import Recipe
from service.days import OFFSET
from service.planning import models as m
from service.planning.fulfilment.history import SIGNER, received
from service.planning.plans.certificates import Signers
from service.planning.plans.problem_builder import Loaded
from service.planning.states import PlanState
from service.runs.messages import Order, Planned
from service.webhooks.events import emit

if TYPE_CHECKING:
    from matching.harvest.chances import Chances
    from matching.harvest.outlook import Outlook
    from matching.harvest.standby import Standby

MOST_TOLD = 200
"""Changes that a notice spells out; how many there are in all stands beside them."""
RECIPE, REPORT, OUTLOOK = "recipe", "policy", "outlook"
"""Where the figures of a plan keep how it was made, what came of its policy, and what of it is committed and expected."""
SCENARIOS, LEAST_SCENARIOS, MOST_CELLS = 1000, 100, 30_000_000
"""Scenarios that are drawn of harvests; fewer where lots, or suppliers and days, are so many that memory would run short."""


@dataclass(frozen=True)
class Given:
    """What a policy is planned with; see `service.runs.messages.Order`."""

    policy: dict[str, Any] = field(default_factory=dict)
    previous: Plan | None = None
    previous_sha256: str = ""
    deliveries: dict[str, int] = field(default_factory=dict)


def given_to(session: Session, run: m.Run, loaded: Loaded) -> Given:
    """Read what a run begins with: the history where its policy speaks of new suppliers, the plan in force where it holds on to one.

    A run around decisions goes on from the plan that they are about, whatever its policy.
    """
    stated = run.parameters.get("policy") or {}
    policy = policy_of(stated) if stated else None
    history = deliveries(session, loaded.association_id) if policy is not None and policy.needs_history else {}
    goes_on = bool(run.parameters.get("goes_on")) or (policy is not None and policy.needs_previous)
    previous = in_force(session, loaded.association_id, loaded.problem) if goes_on else None
    current = None if previous is None else current_plan(session, loaded.association_id)
    digest_then = "" if current is None else str((current.figures.get(RECIPE) or {}).get("plan_sha256", ""))
    return Given(stated, previous, digest_then, history)


def current_plan(session: Session, association_id: int) -> m.Plan | None:
    """Return the plan in force."""
    query = select(m.Plan).where(m.Plan.association_id == association_id, m.Plan.state == PlanState.CURRENT)
    return session.scalars(query.order_by(m.Plan.id.desc()).limit(1)).first()


def in_force(session: Session, association_id: int, problem: Problem) -> Plan | None:
    """Return the current plan in the numbers of a problem; None where there is none or its input is gone."""
    from matching.replanning.carry_over import carry_over
    from service.runs.archives import InputGone, archived

    current = current_plan(session, association_id)
    if current is None or current.status == Status.RELAXED.value:
        return None
    try:
        old = archived(session, current)
    except InputGone:
        return None
    return carry_over(old.problem, old.result.plan, problem)


def deliveries(session: Session, association_id: int) -> dict[str, int]:
    """Return how often each supplier's goods have been received, by its name in a problem; suppliers without any are left out."""
    query, signers = received(association_id, func.count()).group_by(Lot.organisation_id, SIGNER), Signers(session, association_id)
    return {signers.name(grower, signer): int(count) for grower, signer, count in session.execute(query)}


@dataclass(frozen=True)
class Notices:
    """What a new plan changes, party by party.

    Attributes
    ----------
    before : uid of the plan that was in force.
    own : by side and name of the party, its own changes as plain values.
    """

    before: str
    own: dict[tuple[str, str], list[dict[str, Any]]]


def what_changes(session: Session, draft: m.Plan) -> Notices | None:
    """Return what a draft changes against the plan in force; None where there is none, or the input of one is gone."""
    from matching.replanning.difference import as_json, differences, notices
    from service.runs.archives import InputGone, archived

    current = current_plan(session, draft.association_id)
    if current is None:
        return None
    try:
        kept = archived(session, draft)
    except InputGone:
        return None
    before = in_force(session, draft.association_id, kept.problem)
    if before is None:
        return None
    told = notices(kept.problem, differences(kept.problem, before, kept.result.plan))
    return Notices(current.uid, {party: [as_json(kept.problem, one, OFFSET) for one in changes] for party, changes in told.items()})


def tell_changes(session: Session, plan: m.Plan, found: Notices) -> None:
    """Tell each party once, and only of its own, what a new plan changes for it."""
    codes = {party: party[1].partition("/")[0] for party in found.own}
    query = select(Organisation.code, Organisation.id).where(Organisation.association_id == plan.association_id)
    numbers = dict(session.execute(query.where(Organisation.code.in_(set(codes.values())))).all())
    told: dict[int, dict[str, Any]] = {}
    for party, changes in found.own.items():
        number = numbers.get(codes[party])
        if number is not None:
            mine = told.setdefault(number, {"plan": plan.uid, "before": found.before, "count": 0, "changes": []})
            mine["count"] += len(changes)
            mine["changes"] = (mine["changes"] + changes)[:MOST_TOLD]
    if told:
        emit(session, plan.association_id, "plan.changed", {"plan": plan.uid, "before": found.before, "parties": len(told)}, told)


def kept_with_plan(loaded: Loaded, order: Order, answer: Planned) -> dict[str, Any]:
    """Return what is kept with a plan: its recipe with the digest of its own tables, its policy's report, and how sure it is."""
    kept: dict[str, Any] = {RECIPE: recipe(loaded.problem, order, answer.result)}
    if loaded.outlook is not None and loaded.outlook.is_known and len(answer.result.plan.trips.vehicle):
        kept[OUTLOOK] = look_ahead(loaded.problem, loaded.outlook, answer.result.plan, answer.result.seed).totals
    return kept if answer.report is None else kept | {REPORT: answer.report}


@dataclass(frozen=True)
class Ahead:
    """How sure a plan is, by so many scenarios of what may be harvested and brought."""

    chances: Chances
    standby: Standby
    scenarios: int

    @property
    def totals(self) -> dict[str, int]:
        """Kilograms in all: planned, committed, which arrive in nine scenarios of ten, expected, and standing by."""
        found = self.chances
        return {
            "scenarios": self.scenarios,
            "planned_kg": int(found.planned_kg.sum()),
            "committed_kg": int(found.committed_kg.sum()),
            "expected_kg": round(float(found.expected_kg.sum())),
            "standby_kg": int(self.standby.kg.sum()),
        }


def look_ahead(problem: Problem, outlook: Outlook, plan: Plan, seed: int, most: int = SCENARIOS) -> Ahead:
    """Simulate what becomes of a plan's promises, and name standby lots; the same seed gives the same figures."""
    from matching.harvest.chances import chances
    from matching.harvest.outlook import scenarios
    from matching.harvest.standby import standby

    days = 1 + max([problem.horizon_until_day, *problem.lots.until_day.tolist()]) - problem.horizon_from_day
    cells = problem.n_lots + len(problem.supplier_ids) * days + len(plan.allocations.lot)
    n = max(min(most, LEAST_SCENARIOS), min(most, MOST_CELLS // max(1, cells)))
    drawn = scenarios(problem, outlook, n=n, seed=seed)
    found = chances(problem, plan, drawn)
    return Ahead(found, standby(problem, plan, drawn, found), n)


def recipe(problem: Problem, order: Order, result: Result) -> dict[str, Any]:
    """Return how a plan was made, as ``plan.json`` says it."""
    policy = policy_of(order.policy) if order.policy else PLAIN
    history = order.deliveries if policy.needs_history else None
    made = Recipe(
        order.trips, order.iterations, order.seconds, order.cores, result.termination.value, policy, order.previous_sha256, history
    )
    return made.as_json() | {"plan_sha256": digest(problem, result.plan, relaxed=result.status is Status.RELAXED)}


def digest(problem: Problem, plan: Plan, *, relaxed: bool = False) -> str:
    """Return the digest of a plan's own tables."""
    return plan_sha256((relaxed_tables if relaxed else plan_tables)(problem, bare(plan)))


def bare(plan: Plan) -> Result:
    """Return a plan as a result of which nothing else is known, to be written as tables."""
    from matching.model.plan import Prices, Reasons, Termination

    none = plan.allocations.lot[:0]
    texts, reals = none.astype(object), none.astype(float)
    reasons, prices = Reasons(texts, none, none, texts, texts), Prices(texts, none, reals)
    return Result(plan, 0, None, Status.FEASIBLE, Termination.STOPPED, 0.0, 0, reasons, prices)
