"""What the rules of a policy allow and owe suppliers in a problem, for explanations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from matching.explain.policy_limits import PolicyLimits
from matching.model.problem import Problem
from matching.policy.goals import yardsticks
from matching.policy.model import Policy, Rank


def policy_limits(problem: Problem, policy: Policy, deliveries: Mapping[str, int] | None = None) -> PolicyLimits | None:
    """Return the floors and the cap of a policy in figures, or None where it has neither.

    Parameters
    ----------
    deliveries : how often each supplier has delivered, by id; floors for new suppliers are left out where that isn't known.

    Raises
    ------
    BadInput
        If the policy can't hold in any plan of this problem.
    """
    known = tuple(floor for floor in policy.floors if floor.new_below_deliveries is None or deliveries is not None)
    if policy.cap_pct is None and not known:
        return None
    rules = replace(policy, floors=known, ranks=tuple(rank for rank in policy.ranks if not _is_of_previous(rank)), frozen_days=0)
    measures = yardsticks(problem, replace(rules, change_vnd_per_kg=0), deliveries=deliveries)
    names = tuple(known[place].name if place >= 0 else "" for place in measures.floor_of.tolist())
    return PolicyLimits(policy.cap_pct, measures.floor_kg, names)


def _is_of_previous(rank: Rank) -> bool:
    return rank.goal.value == "changes"
