"""The solver: from a problem and parameters to a verified, proven and explained result."""

from matching.solver.params import Limits, Mode, SolveParams
from matching.solver.run import PlanTaker
from matching.solver.solve import solve

__all__ = ["Limits", "Mode", "PlanTaker", "SolveParams", "solve"]
