"""What each goal of a policy is worth in a plan: whole kilograms or đồng, the larger the better; no two goals are ever added up.

contracts   kilograms delivered to lines with a penalty on what is short
spoilage    kilograms taken of perishable lots: shelf life of at most ``spoils_within_days``
worth       the objective, đồng, less the price of changed promises where the policy has one
fairness    minus the kilograms by which suppliers fall short of their floors
changes     minus the promised kilograms that their pairs of lot and line have lost
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from matching.fairness import eligible_kg
from matching.model.errors import BadInput
from matching.model.plan import Plan
from matching.model.problem import BoolArray, IntArray, Problem
from matching.policy.model import Floor, Goal, Policy
from matching.policy.texts import refusal
from matching.replanning.commitments import lost_kg
from matching.search.plan_ops import kg_by_pair
from matching.verify import Verdict


@dataclass(frozen=True, eq=False)
class Yardsticks:
    """A problem and a policy, made ready to measure plans.

    Attributes
    ----------
    eligible_kg : of each lot, shape (n_lots,).
    floor_kg : least kilograms to be accepted of each supplier, shape (n_suppliers,); 0 for those that no floor means.
    floor_of : place of each supplier's floor in the policy, or -1, shape (n_suppliers,).
    is_contract : lines with a penalty on what is short, shape (n_lines,).
    is_perishable : lots that soon spoil, shape (n_lots,).
    pairs, pair_kg : what an earlier plan promised, shape (n_pairs,); none without one.
    """

    problem: Problem
    policy: Policy
    eligible_kg: IntArray
    floor_kg: IntArray
    floor_of: IntArray
    is_contract: BoolArray
    is_perishable: BoolArray
    pairs: IntArray
    pair_kg: IntArray

    def supplier_kg(self, plan: Plan) -> IntArray:
        """Kilograms that a plan accepts of each supplier, shape (n_suppliers,)."""
        total = np.zeros(len(self.floor_kg), dtype=np.int64)
        np.add.at(total, self.problem.lots.supplier[plan.allocations.lot], plan.allocations.kg)
        return total

    def short_kg(self, plan: Plan) -> IntArray:
        """Kilograms by which each supplier falls short of its floor, shape (n_suppliers,)."""
        return np.asarray(np.maximum(0, self.floor_kg - self.supplier_kg(plan)))

    def excess_kg(self, plan: Plan) -> IntArray:
        """Kilograms by which each supplier exceeds the cap on one supplier's part, shape (n_suppliers,)."""
        taken = self.supplier_kg(plan)
        return np.asarray(np.maximum(0, taken - self.cap_kg(int(taken.sum()))))

    def cap_kg(self, total_kg: int) -> int:
        """Most kilograms of one supplier in a plan of so many."""
        cap = self.policy.cap_pct
        return total_kg if cap is None else math.floor(total_kg * cap / 100 + 1e-9)

    def capped_total_kg(self, plan: Plan) -> int:
        """Return what is left of a plan's kilograms when no supplier sells more than its cap of just that, and others step in."""
        able = np.zeros(len(self.floor_kg), dtype=np.int64)
        np.add.at(able, self.problem.lots.supplier, self.eligible_kg)
        return self.settled_kg(int(plan.allocations.kg.sum()), able)

    def settled_kg(self, total_kg: int, able_kg: IntArray) -> int:
        """Return the most kilograms, up to a total, of which no supplier sells more than its cap or than it is able to, (n_suppliers,)."""
        total, before = total_kg, -1
        while total != before:
            before, total = total, min(total, int(np.minimum(able_kg, self.cap_kg(total)).sum()))
        return total

    def lost_kg(self, plan: Plan) -> int:
        """Promised kilograms that their pairs have lost."""
        return lost_kg(self.problem, plan, self.pairs, self.pair_kg)

    def breach_kg(self, plan: Plan) -> int:
        """Kilograms by which a plan breaks the policy's rules: floors, unless fairness is a goal, and the cap."""
        short = 0 if self.is_ranked(Goal.FAIRNESS) else int(self.short_kg(plan).sum())
        return short + int(self.excess_kg(plan).sum())

    def is_ranked(self, goal: Goal) -> bool:
        """Tell whether a goal stands among the ranks."""
        return any(rank.goal is goal for rank in self.policy.ranks)

    def value(self, goal: Goal, plan: Plan, verdict: Verdict) -> int:
        """Return what a goal is worth in a plan, the larger the better."""
        if goal is Goal.CONTRACTS:
            return int(verdict.filled_kg[self.is_contract].sum())
        if goal is Goal.SPOILAGE:
            return int(verdict.taken_kg[self.is_perishable].sum())
        if goal is Goal.FAIRNESS:
            return -int(self.short_kg(plan).sum())
        if goal is Goal.CHANGES:
            return -self.lost_kg(plan)
        return verdict.objective_vnd - self.policy.change_vnd_per_kg * self.lost_kg(plan)

    def most(self, goal: Goal) -> int | None:
        """Return what a goal can be worth at most in any plan; None where that isn't plain."""
        lots, lines = self.problem.lots, self.problem.lines
        plain = {
            Goal.CONTRACTS: int(lines.kg[self.is_contract].sum()),
            Goal.SPOILAGE: int(lots.kg[self.is_perishable].sum()),
            Goal.FAIRNESS: 0,
            Goal.CHANGES: 0,
        }
        return plain.get(goal)

    def may_give_up(self, goal: Goal, value: int, tolerance_pct: float) -> int:
        """Return how much later goals may give up of what a goal has reached: per cent of it, or of all that was promised or due."""
        bases: Mapping[Goal, int] = {Goal.FAIRNESS: int(self.floor_kg.sum()), Goal.CHANGES: int(self.pair_kg.sum())}
        return math.floor(bases.get(goal, abs(value)) * tolerance_pct / 100 + 1e-9)


def yardsticks(problem: Problem, policy: Policy, previous: Plan | None = None, deliveries: Mapping[str, int] | None = None) -> Yardsticks:
    """Make ready to measure plans.

    Parameters
    ----------
    previous : an earlier plan, numbered as the problem is.
    deliveries : how often each supplier has delivered, by id; needed by floors for new suppliers.

    Raises
    ------
    BadInput
        If the policy speaks of an earlier plan or of a history that isn't there, or can't hold in any plan of this problem.
    """
    _require_given(policy, previous, deliveries)
    eligible = eligible_kg(problem)
    floor_kg, floor_of = _floors(problem, policy, eligible, deliveries or {})
    pairs, kg = (np.zeros(0, dtype=np.int64),) * 2 if previous is None else kg_by_pair(problem, previous)
    made = Yardsticks(
        problem=problem,
        policy=policy,
        eligible_kg=eligible,
        floor_kg=floor_kg,
        floor_of=floor_of,
        is_contract=problem.lines.short_vnd_per_kg > 0,
        is_perishable=problem.lots.life_days <= policy.spoils_within_days,
        pairs=pairs,
        pair_kg=kg,
    )
    _require_possible(made)
    return made


def _require_given(policy: Policy, previous: Plan | None, deliveries: Mapping[str, int] | None) -> None:
    issues = []
    if previous is None:
        issues += [refusal(where, value, "no_previous") for where, value in _of_previous(policy)]
    if deliveries is None and any(floor.new_below_deliveries is not None for floor in policy.floors):
        issues.append(refusal("floors", "new_below_deliveries", "no_history"))
    if issues:
        raise BadInput(issues)


def _of_previous(policy: Policy) -> list[tuple[str, str]]:
    """Return the keys by which a policy speaks of an earlier plan, with their values."""
    asked = [(name, getattr(policy, name)) for name in ("frozen_days", "change_vnd_per_kg")]
    ranked = [("goals", Goal.CHANGES.value)] if any(rank.goal is Goal.CHANGES for rank in policy.ranks) else []
    return [(name, str(value)) for name, value in asked if value > 0] + ranked


def _floors(problem: Problem, policy: Policy, eligible: IntArray, deliveries: Mapping[str, int]) -> tuple[IntArray, IntArray]:
    """Least kilograms of each supplier, and by which floor; the highest counts where several mean one."""
    n, lots = len(problem.supplier_ids), problem.lots
    offered, possible = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    np.add.at(offered, lots.supplier, lots.kg)
    np.add.at(possible, lots.supplier, eligible)
    floor_kg, floor_of = np.zeros(n, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    for place, floor in enumerate(policy.floors):
        meant = (offered > 0) & _meant(problem, floor, offered, deliveries)
        due = np.where(meant, np.ceil(possible * floor.share_pct / 100 - 1e-9).astype(np.int64), 0)
        floor_of[due > floor_kg] = place
        floor_kg = np.maximum(floor_kg, due)
    return floor_kg, floor_of


def _meant(problem: Problem, floor: Floor, offered: IntArray, deliveries: Mapping[str, int]) -> BoolArray:
    """Tell which suppliers a floor means, shape (n_suppliers,)."""
    meant = np.isin(np.array(problem.supplier_ids, dtype=object).astype(str), list(floor.suppliers))
    if floor.small_below_kg is not None:
        meant |= offered < floor.small_below_kg
    if floor.new_below_deliveries is not None:
        meant |= np.array([deliveries.get(name, 0) < floor.new_below_deliveries for name in problem.supplier_ids], dtype=np.bool_)
    return meant


def _require_possible(made: Yardsticks) -> None:
    """Refuse a cap that no plan can keep, and floors that no plan can meet under the cap."""
    cap, problem = made.policy.cap_pct, made.problem
    if cap is None:
        return
    able = np.unique(problem.lots.supplier[made.eligible_kg > 0])
    if len(able) and len(able) * cap < 100 - 1e-9:
        raise BadInput([refusal("cap_pct", f"{cap:g}", "cap_too_low", least=f"{100 / len(able):.4g}", count=len(able))])
    most_kg = made.cap_kg(min(int(made.eligible_kg.sum()), int(problem.lines.kg.sum())))
    over = np.flatnonzero(made.floor_kg > most_kg)
    if len(over):
        named = [
            refusal("floors", problem.supplier_ids[row], "floor_over_cap", due_kg=int(made.floor_kg[row]), cap=f"{cap:g}", most_kg=most_kg)
            for row in over.tolist()
        ]
        raise BadInput(named)
