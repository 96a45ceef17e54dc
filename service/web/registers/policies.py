"""The register of policies: goals in an association's own order with their tolerances, floors, cap, and what holds on to earlier plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, select

from catalog.errors import Invalid, fault
from catalog.tenancy import visible
from matching.model.errors import BadInput
from matching.policy import Goal, policy_of
from matching.texts import Language, remedy
from service.auth.permissions import Permission
from service.models import User
from service.planning.models import Run
from service.planning.policies import records
from service.planning.policies.models import AllocationPolicy
from service.web.context import PageContext
from service.web.registers import choices
from service.web.registers.fields import Field, Kind
from service.web.registers.register import Filter, Register, Values, shown
from service.web.texts import mark

N_RANKS, N_FLOORS, MOST_RUNS = len(Goal), 5, 20
GOALS: dict[str, str] = {
    "contracts": mark("Contracts: kilograms for lines with a penalty"), "spoilage": mark("Spoilage: kilograms of what keeps shortest"),
    "worth": mark("Net benefit in đồng"), "fairness": mark("Fairness: every supplier reaches its floor"),
    "changes": mark("Few changes against the plan in force"),
}  # fmt: skip
_RANKS, _FLOORS = mark("Goals, the most important first"), mark("Least that suppliers sell")
_REST = mark("Limits and earlier plans")


def _goals(visit: PageContext) -> choices.Pairs:
    return [(name, visit.say(words)) for name, words in GOALS.items()]


def _rank_fields(n: int) -> tuple[Field, Field]:
    tolerance = mark("May be given up for later goals, per cent")
    return (
        Field(f"goal_{n}", mark("Goal"), Kind.CHOICE, options=_goals, listed=n == 1, number=n, section=_RANKS),
        Field(f"tolerance_{n}", tolerance, Kind.DECIMAL, most=8, number=n, section=_RANKS),
    )


def _floor_fields(n: int) -> tuple[Field, ...]:
    place: dict[str, Any] = {"number": n, "section": _FLOORS}
    return (
        Field(f"floor_name_{n}", mark("Name of the rule"), **place),
        Field(
            f"share_pct_{n}", mark("They sell at least, per cent"), Kind.DECIMAL, most=8, hint=mark("Of what they have that fits"), **place
        ),
        Field(f"small_below_kg_{n}", mark("For those that offer less than, kg"), Kind.WHOLE, most=16, **place),
        Field(f"new_below_deliveries_{n}", mark("For those with fewer deliveries than"), Kind.WHOLE, most=10, **place),
        Field(f"suppliers_{n}", mark("For these suppliers, by code"), Kind.LIST, hint=mark("One on each line."), **place),
    )


FIELDS = (
    Field("name", mark("Name of the policy"), needed=True, listed=True, headings=("ten", "ten nguyen tac")),
    *(one for n in range(1, N_RANKS + 1) for one in _rank_fields(n)),
    *(one for n in range(1, N_FLOORS + 1) for one in _floor_fields(n)),
    Field(
        "cap_pct",
        mark("One supplier delivers at most, per cent"),
        Kind.DECIMAL,
        listed=True,
        most=8,
        hint=mark("Of everything that is delivered"),
        section=_REST,
    ),
    Field(
        "spoils_within_days",
        mark("Keeps short: shelf life up to, days"),
        Kind.WHOLE,
        most=6,
        hint=mark("7 if left out; the goal of spoilage counts these lots."),
        section=_REST,
    ),
    Field(
        "frozen_days",
        mark("Days that stay as they are"),
        Kind.WHOLE,
        most=6,
        listed=True,
        hint=mark("Trips of the plan in force within so many days"),
        section=_REST,
    ),
    Field(
        "change_vnd_per_kg",
        mark("Penalty for changing a commitment, đồng per kg"),
        Kind.WHOLE,
        most=12,
        hint=mark("What is promised changes only where it gains more"),
        section=_REST,
    ),
    Field("retired_on", mark("Out of use from"), Kind.DAY, section=_REST),
)
IN_FORM: dict[str, str] = {
    "policy.who": mark("Say for whom: those that offer less, those with few deliveries, or some codes."),
}  # fmt: skip
"""Refusals that name keys of ``policy.json``, in words of the form."""
_SINGLE = ("cap_pct", "spoils_within_days", "frozen_days", "change_vnd_per_kg")
_OF_FLOOR = ("share_pct", "small_below_kg", "new_below_deliveries")


def values_of(stated: Mapping[str, Any]) -> Values:
    """Return what a policy states as the values of its form."""
    policy = policy_of(stated)
    found: Values = {"name": policy.name}
    for n in range(1, N_RANKS + 1):
        rank = policy.ranks[n - 1] if n <= len(policy.ranks) else None
        found[f"goal_{n}"] = None if rank is None else rank.goal.value
        found[f"tolerance_{n}"] = rank.tolerance_pct if rank is not None and rank.tolerance_pct else None
    for n in range(1, N_FLOORS + 1):
        floor = policy.floors[n - 1] if n <= len(policy.floors) else None
        found[f"floor_name_{n}"] = floor and floor.name
        found[f"suppliers_{n}"] = () if floor is None else floor.suppliers
        found |= {f"{name}_{n}": floor and getattr(floor, name) for name in _OF_FLOOR}
    return found | {name: stated.get(name) for name in _SINGLE}


def stated_by(values: Mapping[str, Any], more_floors: Sequence[Any] = ()) -> dict[str, Any]:
    """Return what the values of a form state, as ``policy.json`` holds it; floors beyond those of the form stay."""
    goals = [
        {"goal": values[f"goal_{n}"], "tolerance_pct": values.get(f"tolerance_{n}") or 0.0}
        for n in range(1, N_RANKS + 1)
        if values.get(f"goal_{n}")
    ]
    floors = [floor for n in range(1, N_FLOORS + 1) if (floor := _floor(values, n))]
    stated = {"goals": goals, "floors": [*floors, *more_floors], **{name: values.get(name) for name in _SINGLE}}
    return {name: value for name, value in stated.items() if value not in (None, [])}


def _floor(values: Mapping[str, Any], n: int) -> dict[str, Any]:
    """Return one floor of the form, empty where nothing is written."""
    parts = {name: values.get(f"{name}_{n}") for name in _OF_FLOOR}
    parts |= {"name": values.get(f"floor_name_{n}"), "suppliers": list(values.get(f"suppliers_{n}") or ())}
    return {name: value for name, value in parts.items() if value not in (None, "", [])}


def _require_codes(visit: PageContext, values: Mapping[str, Any]) -> None:
    """Refuse suppliers that nobody has a code for: a mistyped one would make a floor that means nobody."""
    known = {code for (code,) in visit.session.execute(choices.suppliers_by_code(visit))}
    faults = [
        fault(f"suppliers_{n}", code, "the code of a cooperative or group")
        for n in range(1, N_FLOORS + 1)
        for code in values.get(f"suppliers_{n}") or ()
        if code.rpartition("/")[2] not in known
    ]
    if faults:
        raise Invalid(faults)


def _field_of(column: str) -> str:
    """Return the field of the form that a fault's place in ``policy.json`` means: ``floors[0].share_pct`` is ``share_pct_1``."""
    head, _, tail = column.partition(".")
    name, _, place = head.partition("[")
    if not place:
        return {"goals": "goal_1", "floors": "floor_name_1"}.get(name, name)
    number = int(place.rstrip("]")) + 1
    part = tail or {"goals": "goal", "floors": "share_pct"}[name]
    return f"{ {'tolerance_pct': 'tolerance', 'name': 'floor_name'}.get(part, part) }_{number}"


def _say_faults(visit: PageContext, error: BadInput) -> Invalid:
    language: Language = "vi" if visit.language == "vi" else "en"
    said = [visit.say(IN_FORM[one.code]) if one.code in IN_FORM else remedy(one, language) for one in error.issues]
    return Invalid([fault(_field_of(one.column or "goals"), one.value, words) for one, words in zip(error.issues, said, strict=True)])


def _add(visit: PageContext, values: Values) -> AllocationPolicy:
    _require_codes(visit, values)
    try:
        return records.add_policy(visit.session, visit.scope, values["name"], stated_by(values), visit.by)
    except BadInput as error:
        raise _say_faults(visit, error) from None


def _change(visit: PageContext, row: AllocationPolicy, values: Values, version: int | None) -> AllocationPolicy:
    _require_codes(visit, values)
    whole = values_of(row.stated) | {"retired_on": row.retired_on} | values
    stated = stated_by(whole, row.stated.get("floors", [])[N_FLOORS:])
    try:
        return records.change_policy(
            visit.session, visit.scope, row.uid, visit.by, version,
            name=whole["name"], stated=stated, retired_on=whole["retired_on"],
        )  # fmt: skip
    except BadInput as error:
        raise _say_faults(visit, error) from None


def _query(visit: PageContext) -> Select[Any]:
    return visible(AllocationPolicy, visit.scope)


def _narrow_state(_visit: PageContext, query: Select[Any], value: str) -> Select[Any]:
    retired = AllocationPolicy.retired_on
    return query.where(retired.is_not(None) if value == "retired" else retired.is_(None))


def _own(_visit: PageContext, rows: Sequence[AllocationPolicy]) -> list[Values]:
    return [values_of(row.stated) for row in rows]


def _extra(visit: PageContext, row: AllocationPolicy) -> Mapping[str, Any]:
    """Return the versions of a policy with what each changed, and the latest runs under it."""
    versions = records.versions_of(visit.session, row)
    people = dict(visit.session.execute(select(User.uid, User.name).where(User.uid.in_({one.made_by for one in versions}))).all())
    earlier = [values_of(one.stated) for one in versions[1:]]
    told = [
        (one, people.get(one.made_by, visit.say("the service")), _differences(visit, before, values_of(one.stated)))
        for one, before in zip(versions, [*earlier, {}], strict=True)
    ]
    runs = visible(Run, visit.scope).order_by(Run.id.desc()).limit(500)
    mine = [run for run in visit.session.scalars(runs) if (run.parameters.get("policy_source") or {}).get("uid") == row.uid]
    return {
        "versions": told,
        "runs": [(run, run.parameters["policy_source"]["version"]) for run in mine[:MOST_RUNS]],
        "more_floors": len(row.stated.get("floors", [])[N_FLOORS:]),
    }


def _differences(visit: PageContext, before: Values, after: Values) -> list[tuple[str, str, str]]:
    """Return label, former and new words of each value that a version changes."""
    found = []
    for one in FIELDS:
        held, given = before.get(one.name), after.get(one.name)
        if (held or None) != (given or None):
            options = one.options(visit) if one.options else ()
            found.append((one.words(visit), shown(visit, one, held, options), shown(visit, one, given, options)))
    return found


REGISTER = Register(
    key="policies",
    path="/policies",
    title=mark("Policies"),
    one=mark("policy"),
    add_label=mark("New policy"),
    none=mark("No policy on file: runs look for net benefit alone"),
    icon="handshake",
    model=AllocationPolicy,
    read=Permission.PLANS_READ,
    write=Permission.RUNS_WRITE,
    fields=FIELDS,
    order=(AllocationPolicy.sort_key, AllocationPolicy.id),
    search=((AllocationPolicy.search_key,), ()),
    add=_add,
    change=_change,
    name_of=lambda row: str(row.name),
    verbs=("policy.add", "policy.change"),
    query=_query,
    filters=(Filter("state", mark("State"), choices.uses, _narrow_state),),
    own_values=_own,
    extra=_extra,
    extra_template="registers/policy.html",
    key_field="name",
)
