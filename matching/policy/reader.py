"""`read_policy`: from ``policy.json`` to a `Policy`, or to all of its faults at once; and what contradicts itself in one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matching.model.errors import BadInput, InputIssue
from matching.policy.model import DEFAULT_TOLERANCE_PCT, SPOILS_WITHIN_DAYS, Floor, Goal, Policy, Rank
from matching.policy.texts import refusal

POLICY_FILE = "policy.json"
LARGEST = 9_000_000_000_000_000
MOST_DAYS = 36_500
MOST_FLOORS, MOST_SUPPLIERS = 50, 10_000
KEYS = ("name", "goals", "floors", "cap_pct", "spoils_within_days", "frozen_days", "change_vnd_per_kg")
FLOOR_KEYS = ("name", "share_pct", "suppliers", "small_below_kg", "new_below_deliveries")


class _Faults:
    """Gathers everything that is wrong."""

    def __init__(self) -> None:
        self.found: list[InputIssue] = []

    def add(self, where: str, value: Any, code: str, **figures: Any) -> None:
        shown = "" if value is None else json.dumps(value, ensure_ascii=False, default=str)[:80]
        self.found.append(refusal(where, shown, code, **figures))

    def raise_any(self) -> None:
        if self.found:
            raise BadInput(self.found)


def read_policy(path: Path) -> Policy:
    """Read a policy file.

    Raises
    ------
    BadInput
        With every fault at once.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_no_number)
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput([refusal("", path.name, "unreadable", error=str(error))]) from error
    return policy_of(content)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def policy_of(given: Any) -> Policy:
    """Return the policy that a JSON object states.

    Raises
    ------
    BadInput
        With every fault at once, contradictions included.
    """
    faults = _Faults()
    if not isinstance(given, dict):
        faults.add("", given, "object")
        faults.raise_any()
    _strangers(faults, "", given, KEYS)
    policy = Policy(
        name=_text(faults, given, "name"),
        ranks=_ranks(faults, given.get("goals", [])),
        floors=_floors(faults, given.get("floors", [])),
        cap_pct=_number(faults, given, "cap_pct", None, 0.0, 100.0, above=True),
        spoils_within_days=_whole(faults, given, "spoils_within_days", SPOILS_WITHIN_DAYS, MOST_DAYS) or 0,
        frozen_days=_whole(faults, given, "frozen_days", 0, MOST_DAYS) or 0,
        change_vnd_per_kg=_whole(faults, given, "change_vnd_per_kg", 0, 10**9) or 0,
    )
    faults.raise_any()
    require_consistent(policy)
    return policy


def require_consistent(policy: Policy) -> None:
    """Refuse a policy that contradicts itself.

    Raises
    ------
    BadInput
        One issue for each contradiction.
    """
    faults, goals = _Faults(), [rank.goal for rank in policy.ranks]
    for goal in dict.fromkeys(goal for goal in goals if goals.count(goal) > 1):
        faults.add("goals", goal.value, "goal_twice")
    if Goal.FAIRNESS in goals and not policy.floors:
        faults.add("goals", Goal.FAIRNESS.value, "fairness_without_floor")
    if policy.change_vnd_per_kg and Goal.CHANGES in goals:
        faults.add("change_vnd_per_kg", policy.change_vnd_per_kg, "changes_twice")
    names = [floor.name for floor in policy.floors]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        faults.add("floors", name, "floor_name")
    faults.raise_any()


def _strangers(faults: _Faults, where: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in given:
        if key not in known:
            faults.add(f"{where}{key}", None, "unknown_key", known=", ".join(known))


def _ranks(faults: _Faults, given: Any) -> tuple[Rank, ...]:
    """Goals in their order; worth is the last where it isn't named."""
    if not isinstance(given, list):
        faults.add("goals", given, "goals")
        return ()
    ranks = [rank for n, entry in enumerate(given) if (rank := _rank(faults, n, entry)) is not None]
    if all(rank.goal is not Goal.WORTH for rank in ranks):
        ranks.append(Rank(Goal.WORTH))
    return tuple(ranks)


def _rank(faults: _Faults, n: int, given: Any) -> Rank | None:
    where, entry = f"goals[{n}].", {"goal": given} if isinstance(given, str) else given
    if not isinstance(entry, dict) or entry.get("goal") not in [goal.value for goal in Goal]:
        faults.add(f"{where}goal", given, "goal", known=", ".join(goal.value for goal in Goal))
        return None
    _strangers(faults, where, entry, ("goal", "tolerance_pct"))
    tolerance = _number(faults, entry, "tolerance_pct", DEFAULT_TOLERANCE_PCT, 0.0, 100.0, where=where)
    return Rank(Goal(entry["goal"]), DEFAULT_TOLERANCE_PCT if tolerance is None else tolerance)


def _floors(faults: _Faults, given: Any) -> tuple[Floor, ...]:
    if not isinstance(given, list) or len(given) > MOST_FLOORS:
        faults.add("floors", given, "floors", most=MOST_FLOORS)
        return ()
    return tuple(floor for n, entry in enumerate(given) if (floor := _floor(faults, n, entry)) is not None)


def _floor(faults: _Faults, n: int, given: Any) -> Floor | None:
    where = f"floors[{n}]."
    if not isinstance(given, dict):
        faults.add(where.rstrip("."), given, "floor")
        return None
    _strangers(faults, where, given, FLOOR_KEYS)
    share = _number(faults, given, "share_pct", None, 0.0, 100.0, above=True, where=where)
    who = given.get("suppliers", [])
    if not isinstance(who, list) or len(who) > MOST_SUPPLIERS or not all(isinstance(name, str) and name for name in who):
        faults.add(f"{where}suppliers", who, "suppliers", most=MOST_SUPPLIERS)
        who = []
    small = _whole(faults, given, "small_below_kg", None, LARGEST, where=where)
    new = _whole(faults, given, "new_below_deliveries", None, LARGEST, where=where)
    if share is None and given.get("share_pct") is None:
        faults.add(f"{where}share_pct", None, "share")
    if not who and small is None and new is None:
        faults.add(where.rstrip("."), None, "who")
    name = _text(faults, given, "name", where=where) or f"floor {n + 1}"
    return Floor(name, share or 100.0, tuple(sorted(set(who))), small, new)


def _text(faults: _Faults, given: Mapping[str, Any], key: str, *, where: str = "") -> str:
    value = given.get(key, "")
    if not isinstance(value, str) or len(value) > 200 or "\x00" in value:
        faults.add(f"{where}{key}", value, "text")
        return ""
    return value


def _whole(faults: _Faults, given: Mapping[str, Any], key: str, default: int | None, most: int, *, where: str = "") -> int | None:
    value = given.get(key, default)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most):
        return value
    faults.add(f"{where}{key}", value, "whole", most=most)
    return default


def _number(
    faults: _Faults,
    given: Mapping[str, Any],
    key: str,
    default: float | None,
    least: float,
    most: float,
    *,
    above: bool = False,
    where: str = "",
) -> float | None:
    value = given.get(key, default)
    if value is None:
        return None
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= most
    if not fits or (above and value == least):
        faults.add(f"{where}{key}", value, "number_above" if above else "number_from", least=f"{least:g}", most=f"{most:g}")
        return default
    return float(value)
