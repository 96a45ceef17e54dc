"""`Outcome`: what a solver has come to, whichever solver it was."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from ortools.math_opt import result_pb2, solution_pb2

from matching.model.problem import FloatArray


class Ending(Enum):
    """Why a solve ended."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    LIMIT = "limit"
    """The time or another limit is over, or the caller asked to stop; values and bound are the best so far."""
    FAILED = "failed"
    """The solver lost its way numerically, or couldn't tell an infeasible model from an unbounded one."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """The result of one solve of a model that is maximised.

    Attributes
    ----------
    objective : gain of ``values``, minus infinity without them.
    bound : no feasible point gains more, as far as the solver knows; infinity where it knows nothing.
    values : best point, shape (n_columns,), or None.
    duals : gain of the optimum for each unit of a row's binding limit, shape (n_rows,), or None; linear programs only.
    reduced_costs : the same for each column's binding limit, shape (n_columns,), or None; linear programs only.
    """

    ending: Ending
    objective: float = -np.inf
    bound: float = np.inf
    values: FloatArray | None = None
    duals: FloatArray | None = None
    reduced_costs: FloatArray | None = None

    @property
    def is_optimal(self) -> bool:
        """Return whether the values are proven to be best."""
        return self.ending is Ending.OPTIMAL


_ENDINGS = {
    result_pb2.TERMINATION_REASON_OPTIMAL: Ending.OPTIMAL,
    result_pb2.TERMINATION_REASON_INFEASIBLE: Ending.INFEASIBLE,
    result_pb2.TERMINATION_REASON_UNBOUNDED: Ending.UNBOUNDED,
    result_pb2.TERMINATION_REASON_FEASIBLE: Ending.LIMIT,
    result_pb2.TERMINATION_REASON_NO_SOLUTION_FOUND: Ending.LIMIT,
}


def outcome_of(result: result_pb2.SolveResultProto) -> Outcome:
    """Read MathOpt's answer to a model that is maximised."""
    bounds = result.termination.objective_bounds
    ending = _ENDINGS.get(result.termination.reason, Ending.FAILED)
    values = duals = reduced_costs = None
    for solution in result.solutions[:1]:
        if solution.primal_solution.feasibility_status == solution_pb2.SOLUTION_STATUS_FEASIBLE:
            values = _dense(solution.primal_solution.variable_values.values)
        if solution.HasField("dual_solution") and solution.dual_solution.feasibility_status == solution_pb2.SOLUTION_STATUS_FEASIBLE:
            duals, reduced_costs = _dense(solution.dual_solution.dual_values.values), _dense(solution.dual_solution.reduced_costs.values)
    return Outcome(ending, bounds.primal_bound if values is not None else -np.inf, bounds.dual_bound, values, duals, reduced_costs)


def _dense(values: object) -> FloatArray:
    return np.array(values, dtype=np.float64)
