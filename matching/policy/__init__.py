"""What an association wants of its plans beside worth: floors, a cap, goals by rank, plans that don't jump; and what that costs.

`matching.policy.solve.solve_policy` plans under a policy; it is not imported here, so that a policy can be read without the solver.
"""

from matching.policy.model import PLAIN, Floor, Goal, Policy, Rank
from matching.policy.reader import POLICY_FILE, policy_of, read_policy

__all__ = ["PLAIN", "POLICY_FILE", "Floor", "Goal", "Policy", "Rank", "policy_of", "read_policy"]
