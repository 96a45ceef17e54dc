"""`LinearProgram`: a program as arrays, and the same in MathOpt's form.

Formulation
    maximise gain · x   subject to   row_lower ≤ A x ≤ row_upper,   lower ≤ x ≤ upper,   x whole where asked for

Signs
    A row's dual is what the optimum gains for each unit that the row's binding limit is raised: 0 or above where the upper limit binds,
    0 or below where the lower one does. A column's reduced cost is gain − Aᵀ dual, with the same signs at the column's own limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from ortools.math_opt import model_pb2, parameters_pb2, sparse_containers_pb2
from scipy.sparse import coo_array, csc_array, csr_array

from matching.model.problem import BoolArray, FloatArray, IntArray

SEED = 1
Matrix = csr_array | csc_array | coo_array
Entries = tuple[IntArray, IntArray, FloatArray]
"""Rows, columns and values of coefficients."""


class Algorithm(Enum):
    """Solvers of OR-Tools; HiGHS and SCIP also take whole numbers."""

    GLOP = parameters_pb2.SOLVER_TYPE_GLOP
    """Simplex that goes on from its last basis."""
    PDLP = parameters_pb2.SOLVER_TYPE_PDLP
    """First-order method for the largest programs; its answers are good to a tolerance only."""
    HIGHS = parameters_pb2.SOLVER_TYPE_HIGHS
    """Simplex that is quick from nothing; only its own clock ends it."""
    SCIP = parameters_pb2.SOLVER_TYPE_GSCIP
    """Branch and bound."""


@dataclass(frozen=True, eq=False)
class LinearProgram:
    """Arrays of a program that is maximised.

    Attributes
    ----------
    matrix : coefficients, shape (n_rows, n_columns).
    row_lower, row_upper : limits of each row, shape (n_rows,); infinite where there is none.
    gain, lower, upper : of each column, shape (n_columns,).
    is_whole : columns that take whole numbers, shape (n_columns,); None for no such column.
    """

    matrix: Matrix
    row_lower: FloatArray
    row_upper: FloatArray
    gain: FloatArray
    lower: FloatArray
    upper: FloatArray
    is_whole: BoolArray | None = None


def model_of(program: LinearProgram) -> model_pb2.ModelProto:
    """Return a program in MathOpt's form."""
    n_columns, made = len(program.gain), model_pb2.ModelProto()
    made.objective.maximize = True
    is_whole = np.zeros(n_columns, dtype=np.bool_) if program.is_whole is None else program.is_whole
    put_columns(made.variables, 0, program.lower, program.upper, is_whole)
    put_rows(made.linear_constraints, 0, program.row_lower, program.row_upper)
    put_vector(made.objective.linear_coefficients, np.arange(n_columns), program.gain)
    put_matrix(made.linear_constraint_matrix, *entries(program.matrix, 0, 0))
    return made


def entries(matrix: Matrix, first_row: int, first_column: int) -> Entries:
    """Rows, columns and values of a matrix that is put in from a row and column on."""
    block = matrix.tocoo()
    row, column = np.asarray(block.coords[0], dtype=np.int64), np.asarray(block.coords[1], dtype=np.int64)
    return row + first_row, column + first_column, np.asarray(block.data, dtype=np.float64)


def put_vector(vector: sparse_containers_pb2.SparseDoubleVectorProto, ids: IntArray, values: FloatArray) -> None:
    """Put values in by their numbers, which ascend."""
    vector.ids.extend(ids.tolist())
    vector.values.extend(values.tolist())


def put_columns(made: model_pb2.VariablesProto, first: int, lower: FloatArray, upper: FloatArray, is_whole: BoolArray) -> None:
    """Put columns in, numbered from ``first`` on."""
    made.ids.extend(range(first, first + len(lower)))
    made.lower_bounds.extend(lower.tolist())
    made.upper_bounds.extend(upper.tolist())
    made.integers.extend(is_whole.tolist())


def put_rows(made: model_pb2.LinearConstraintsProto, first: int, lower: FloatArray, upper: FloatArray) -> None:
    """Put rows in, numbered from ``first`` on."""
    made.ids.extend(range(first, first + len(lower)))
    made.lower_bounds.extend(lower.tolist())
    made.upper_bounds.extend(upper.tolist())


def put_matrix(made: sparse_containers_pb2.SparseDoubleMatrixProto, row: IntArray, column: IntArray, value: FloatArray) -> None:
    """Put entries in, row by row as MathOpt wants them."""
    order = np.lexsort((column, row))
    made.row_ids.extend(row[order].tolist())
    made.column_ids.extend(column[order].tolist())
    made.coefficients.extend(value[order].tolist())
