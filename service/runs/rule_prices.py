"""What a rule of a stored plan costs, under the policy and with all else that the plan was made with."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.errors import Conflict
from matching.explain.rules import NoSuchRule, Rule, RulePrice
from matching.model.plan import Plan
from matching.model.problem import Problem
from matching.recipe import recipe_of
from matching.replanning.carry_over import carry_over
from service.planning import models as m
from service.runs import archives
from service.runs.policies import RECIPE
from service.searching import Searches, price_rule

MOST_LOOKED_AT = 100
"""Earlier plans among which the one is looked for that a plan held on to."""


class EarlierGone(Conflict):
    """The plan that a plan held on to is no longer there."""

    code = "earlier_gone"


def price(
    session: Session, stored: m.Plan, problem: Problem, plan: Plan, rule: Rule, seconds: float, searches: Searches, asker: str
) -> RulePrice:
    """Say what a rule costs, beginning with a stored plan.

    Parameters
    ----------
    problem, plan : what the plan was made from and the plan itself, as they were read.
    seconds : of the search.
    searches, asker : where it runs, and for whom.

    Raises
    ------
    NoSuchRule
        If neither problem nor policy has it.
    EarlierGone
        If the policy speaks of an earlier plan that isn't there any more.
    """
    recipe = recipe_of(stored.figures.get(RECIPE) or {"policy_sha256": ""})
    assert recipe is not None
    previous = _earlier(session, stored, recipe.previous_sha256, problem) if recipe.policy.needs_previous else None
    more = {"seed": stored.seed, "previous": previous, "deliveries": recipe.deliveries}
    found = searches.run(asker, price_rule, problem, recipe.policy, plan, rule, seconds, **more)
    if isinstance(found, dict):
        raise NoSuchRule(**found)
    return found


def _earlier(session: Session, stored: m.Plan, sha256: str, problem: Problem) -> Plan:
    """Return the plan of a digest that was there before, numbered as a problem is."""
    query = select(m.Plan).where(m.Plan.association_id == stored.association_id, m.Plan.id < stored.id)
    for one in session.scalars(query.order_by(m.Plan.id.desc()).limit(MOST_LOOKED_AT)):
        if (one.figures.get(RECIPE) or {}).get("plan_sha256") == sha256:
            kept = archives.archived(session, one)
            return carry_over(kept.problem, kept.result.plan, problem)
    raise EarlierGone(f"the plan that {stored.uid} held on to is gone")
