"""What came of a policy: its stages, its floors and cap, and the price of it all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matching.fairness import Fairness, Shares, fairness, shares
from matching.model.plan import Result
from matching.policy.goals import Yardsticks
from matching.policy.model import Goal, Policy
from matching.verify import Verdict

RULES = "rules"
"""Stands in a report for the policy's floors and cap, which come before all goals."""


@dataclass(frozen=True)
class Stage:
    """One rank of a policy.

    Attributes
    ----------
    goal : None for the policy's rules, whose value is minus the kilograms by which they are broken.
    reached : value when its stage ended, kg or đồng, the larger the better.
    limit : what later stages had to leave of it.
    most : what no plan exceeds, None where that isn't plain.
    kept : value in the finished plan.
    """

    goal: Goal | None
    reached: int
    limit: int
    most: int | None
    kept: int

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        goal = RULES if self.goal is None else self.goal.value
        return {"goal": goal, "reached": self.reached, "limit": self.limit, "most": self.most, "kept": self.kept}


@dataclass(frozen=True)
class FloorReport:
    """How far one supplier has got towards its floor, kilograms."""

    supplier: str
    floor: str
    eligible_kg: int
    due_kg: int
    accepted_kg: int

    @property
    def short_kg(self) -> int:
        return max(0, self.due_kg - self.accepted_kg)


@dataclass(frozen=True)
class CapReport:
    """How far one supplier goes beyond the cap, kilograms."""

    supplier: str
    cap_kg: int
    accepted_kg: int

    @property
    def excess_kg(self) -> int:
        return max(0, self.accepted_kg - self.cap_kg)


@dataclass(frozen=True)
class Absent:
    """A supplier that a floor names and that offers nothing in this input: its id may be mistyped, or it sells nothing this time."""

    supplier: str
    floor: str


@dataclass(frozen=True, eq=False)
class PolicyResult:
    """A result under a policy.

    Attributes
    ----------
    result : the verified plan.
    stages : the rules first, if there are any, then the goals in their order.
    floors : one for each supplier that a floor means.
    absent : suppliers that floors name but that offer nothing, for whom nothing can be due.
    cap : those who exceed it; empty where it is kept or there is none.
    shares, fairness : opportunity shares of the plan and their figures.
    worth_vnd, free_vnd : worth of the plan, and of the best plan found without the policy's rules and ranks.
    changed_kg : promised kilograms that their pairs have lost, against the earlier plan.
    """

    policy: Policy
    result: Result
    stages: tuple[Stage, ...]
    floors: tuple[FloorReport, ...]
    absent: tuple[Absent, ...]
    cap: tuple[CapReport, ...]
    shares: Shares
    fairness: Fairness
    worth_vnd: int
    free_vnd: int
    changed_kg: int

    @property
    def price_vnd(self) -> int:
        """What the policy costs: worth without it less worth with it; never below 0."""
        return self.free_vnd - self.worth_vnd

    @property
    def is_met(self) -> bool:
        """Whether every floor and the cap are kept."""
        return not any(floor.short_kg for floor in self.floors) and not any(one.excess_kg for one in self.cap)

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values, without the plan."""
        return {
            "policy": self.policy.as_json(),
            "policy_sha256": self.policy.digest(),
            "met": self.is_met,
            "worth_vnd": self.worth_vnd,
            "free_vnd": self.free_vnd,
            "price_vnd": self.price_vnd,
            "changed_kg": self.changed_kg,
            "stages": [stage.as_json() for stage in self.stages],
            "floors": [vars(one) | {"short_kg": one.short_kg} for one in self.floors],
            "absent": [vars(one) for one in self.absent],
            "cap": [vars(one) | {"excess_kg": one.excess_kg} for one in self.cap],
            "fairness": fairness_json(self.fairness),
        }


def fairness_json(figures: Fairness) -> dict[str, Any]:
    """Return figures of fairness as plain values, shares to six decimals."""
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in vars(figures).items()}


def report(yard: Yardsticks, result: Result, stages: Sequence[Stage], free: Verdict) -> PolicyResult:
    """Put everything together, each figure counted anew from the plan."""
    plan, ids = result.plan, yard.problem.supplier_ids
    taken, counted = yard.supplier_kg(plan), shares(yard.problem, plan, yard.eligible_kg)
    eligible = dict(zip(counted.supplier_ids, counted.eligible_kg.tolist()))
    cap_kg = yard.cap_kg(int(taken.sum()))
    floors = [
        FloorReport(ids[row], yard.policy.floors[place].name, int(eligible[ids[row]]), int(yard.floor_kg[row]), int(taken[row]))
        for row, place in enumerate(yard.floor_of.tolist())
        if place >= 0
    ]
    return PolicyResult(
        policy=yard.policy,
        result=result,
        stages=tuple(stages),
        floors=tuple(floors),
        absent=absent(yard),
        cap=tuple(CapReport(ids[row], cap_kg, int(taken[row])) for row in range(len(ids)) if taken[row] > cap_kg),
        shares=counted,
        fairness=fairness(counted),
        worth_vnd=result.objective_vnd,
        free_vnd=max(free.objective_vnd, result.objective_vnd),
        changed_kg=yard.lost_kg(plan),
    )


def absent(yard: Yardsticks) -> tuple[Absent, ...]:
    """Return the suppliers that floors name and that offer nothing, floor by floor."""
    offering = {yard.problem.supplier_ids[row] for row in set(yard.problem.lots.supplier.tolist())}
    return tuple(Absent(name, floor.name) for floor in yard.policy.floors for name in floor.suppliers if name not in offering)
