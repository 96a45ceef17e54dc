"""The one door to OR-Tools: arrays in, values, duals and bounds out.

Linear programs, mixed-integer programs, constraint models and flows of the engine are all solved here. Every solve releases the
interpreter's lock, prints nothing, runs on one thread unless asked otherwise, and ends soon after its time is over.
"""

from matching.optimizer.constraint import ALWAYS, conflicting_conditions, solve_by_constraints
from matching.optimizer.integer import solve_integer, solve_quickly, solve_restricted
from matching.optimizer.linear import LinearSolver, solve_linear
from matching.optimizer.outcome import Ending, Outcome
from matching.optimizer.program import Algorithm, LinearProgram
from matching.optimizer.stopping import SecondsLeft, no_limit

__all__ = [
    "ALWAYS",
    "Algorithm",
    "Ending",
    "LinearProgram",
    "LinearSolver",
    "Outcome",
    "SecondsLeft",
    "conflicting_conditions",
    "no_limit",
    "solve_by_constraints",
    "solve_integer",
    "solve_linear",
    "solve_quickly",
    "solve_restricted",
]
