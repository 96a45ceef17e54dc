"""What came of a plan's policy: fairness, floors and their price, changes between plans, and what it takes to make a plan again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query

from catalog.errors import NotFound
from catalog.tenancy import find
from matching.fairness import Shares, fairness, season, shares
from matching.harvest.chances import Chances
from matching.harvest.outlook import nothing_known
from matching.harvest.standby import Standby
from matching.model.plan import Status
from matching.model.problem import Problem
from matching.recipe import recipe_of
from matching.replanning.difference import Change, as_json, differences, notices
from service.auth.permissions import Permission
from service.days import OFFSET
from service.http.context import Reading, Uid
from service.http.problems import Refused
from service.http.routing import Api
from service.planning.models import Plan
from service.runs import archives
from service.runs.policies import RECIPE, REPORT, look_ahead
from service.views.policies import (
    UID,
    ChanceOut,
    ChancesOut,
    ChangeOut,
    ChangesOut,
    FairnessOut,
    NoticeOut,
    OpportunityOut,
    PolicyReport,
    RecipeOut,
    StandbyOut,
    policy_out,
)

api = Api("policies", "Policies: fairness, the price of floors, what changes between plans, and making a plan again.")
MOST_CHANGES, MOST_PARTIES, MOST_PLANS, MOST_SCENARIOS = 1000, 1000, 50, 2000


@api.get("/plans/{uid}/fairness", may=Permission.PLANS_READ)
def get_plan_fairness(asked: Reading, uid: Uid) -> FairnessOut:
    """Show how evenly a plan spreads chances to sell."""
    return _fairness([uid], [_counted(asked, uid)])


@api.get("/fairness", may=Permission.PLANS_READ)
def get_season_fairness(
    asked: Reading,
    plan: Annotated[list[Uid], Query(min_length=1, max_length=MOST_PLANS, description="Plans of the season.", examples=[[UID]])],
) -> FairnessOut:
    """Add up a season: accepted and eligible kilograms of several plans, supplier by supplier."""
    uids = list(dict.fromkeys(plan))
    return _fairness(uids, [_counted(asked, uid) for uid in uids])


def _counted(asked: Reading, uid: str) -> Shares:
    kept = archives.archived(asked.session, find(asked.session, asked.scope, Plan, uid))
    return shares(kept.problem, kept.result.plan)


def _fairness(uids: Sequence[str], parts: Sequence[Shares]) -> FairnessOut:
    whole = season(parts)
    columns = (whole.offered_kg, whole.eligible_kg, whole.accepted_kg)
    rows = [
        OpportunityOut(supplier=name, offered_kg=offered, eligible_kg=eligible, accepted_kg=accepted, share=_share(accepted, eligible))
        for name, offered, eligible, accepted in zip(whole.supplier_ids, *(column.tolist() for column in columns))
    ]
    figures: dict[str, Any] = {
        name: round(value, 6) if isinstance(value, float) else value for name, value in vars(fairness(whole)).items()
    }
    return FairnessOut(plans=list(uids), shares=rows, **figures)


def _share(accepted: int, eligible: int) -> float | None:
    return round(accepted / eligible, 6) if eligible else None


@api.get("/plans/{uid}/policy", may=Permission.PLANS_READ)
def get_plan_policy(asked: Reading, uid: Uid) -> PolicyReport:
    """Show what came of a plan's policy: each rank, how far each floor was met, and what the policy costs."""
    plan = find(asked.session, asked.scope, Plan, uid)
    report: dict[str, Any] = plan.figures.get(REPORT) or {"policy": None, "met": True, "changed_kg": 0, "price_vnd": 0}
    nothing: dict[str, Any] = {"stages": [], "floors": [], "absent": [], "cap": []}
    nothing |= {"worth_vnd": plan.objective_vnd, "free_vnd": plan.objective_vnd}
    facts = {name: value for name, value in (nothing | report).items() if name in PolicyReport.model_fields}
    return PolicyReport(**(facts | {"policy": policy_out(report["policy"])}))


@api.get("/plans/{uid}/chances", may=Permission.PLANS_READ)
def get_plan_chances(
    asked: Reading,
    uid: Uid,
    scenarios: Annotated[int, Query(ge=100, le=MOST_SCENARIOS, description="How many scenarios are drawn.", examples=[1000])] = 1000,
) -> ChancesOut:
    """Say what of a plan is committed and what is expected, how likely each line gets what is planned, and which lots stand by.

    Where lots and suppliers are very many, fewer scenarios are drawn than asked for.
    """
    plan = find(asked.session, asked.scope, Plan, uid)
    kept = archives.archived(asked.session, plan)
    if kept.result.status is Status.RELAXED:
        raise Refused(409, "no_trips", "this plan is of volumes alone, which names no days: plan with trips first")
    outlook = kept.outlook or nothing_known(kept.problem)
    ahead = look_ahead(kept.problem, outlook, kept.result.plan, plan.seed, scenarios)
    return ChancesOut(
        plan=plan.uid, known=outlook.is_known, seed=plan.seed, **ahead.totals, lines=_chances(kept.problem, ahead.chances),
        standby=_standby(kept.problem, ahead.standby),
    )  # fmt: skip


def _chances(problem: Problem, found: Chances) -> list[ChanceOut]:
    columns = (found.line, found.planned_kg, found.committed_kg, found.expected_kg, found.chance, found.filled)
    return [
        ChanceOut(
            line=str(problem.lines.id[line]), planned_kg=planned, committed_kg=int(committed), expected_kg=round(expected),
            chance=round(chance, 6), filled_chance=round(filled, 6),
        )
        for line, planned, committed, expected, chance, filled in zip(*(column.tolist() for column in columns))
    ]  # fmt: skip


def _standby(problem: Problem, ready: Standby) -> list[StandbyOut]:
    lots, lines = problem.lots, problem.lines
    columns = (ready.line, ready.lot, ready.kg, ready.chance)
    return [
        StandbyOut(
            line=str(lines.id[line]),
            lot=str(lots.id[lot]),
            supplier=problem.supplier_ids[lots.supplier[lot]],
            kg=kg,
            chance=round(chance, 6),
        )
        for line, lot, kg, chance in zip(*(column.tolist() for column in columns))
    ]


@api.get("/plans/{uid}/changes/{other}", may=Permission.PLANS_READ)
def list_plan_changes(asked: Reading, uid: Uid, other: Uid) -> ChangesOut:
    """Say in typed words what a later plan changes, and what each supplier and buyer is told of it.

    Lots, lines and sites that one of the two doesn't know are left out of the comparison.
    """
    from matching.replanning.carry_over import carry_over

    old, new = (archives.archived(asked.session, find(asked.session, asked.scope, Plan, name)) for name in (uid, other))
    problem = new.problem
    changes = differences(problem, carry_over(old.problem, old.result.plan, problem), new.result.plan)
    told = notices(problem, changes)

    def out(change: Change) -> ChangeOut:
        return ChangeOut(**as_json(problem, change, OFFSET))

    parties = [
        NoticeOut(side=side, party=name, changes=[out(one) for one in own[:MOST_CHANGES]])
        for (side, name), own in list(told.items())[:MOST_PARTIES]
    ]
    return ChangesOut(before=uid, after=other, count=len(changes), changes=[out(one) for one in changes[:MOST_CHANGES]], notices=parties)


@api.get("/plans/{uid}/recipe", may=Permission.PLANS_READ)
def get_plan_recipe(asked: Reading, uid: Uid) -> RecipeOut:
    """Show all that it takes to make a plan again, with the digest that the plan must have then."""
    plan = find(asked.session, asked.scope, Plan, uid)
    kept = plan.figures.get(RECIPE)
    recipe = recipe_of(kept or {})
    if kept is None or recipe is None:
        raise NotFound("recipe of plan", uid)
    facts = {name: kept.get(name) for name in RecipeOut.model_fields if name in kept}
    return RecipeOut(plan=plan.uid, input_sha256=plan.input_digest, engine=plan.engine, seed=plan.seed, exact=recipe.is_exact, **facts)
