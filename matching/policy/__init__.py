"""What an association wants of its plans beside worth: floors, a cap, goals by rank, plans that don't jump; and what that costs."""

from matching.policy.model import PLAIN, Floor, Goal, Policy, Rank
from matching.policy.reader import POLICY_FILE, policy_of, read_policy
from matching.policy.report import FloorReport, PolicyResult, Stage
from matching.policy.solve import solve_policy

__all__ = [
    "PLAIN", "POLICY_FILE", "Floor", "FloorReport", "Goal", "Policy", "PolicyResult", "Rank", "Stage", "policy_of", "read_policy",
    "solve_policy",
]  # fmt: skip
