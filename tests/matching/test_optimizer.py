"""The door to OR-Tools against examples by hand, brute force and SciPy, and which solves go through it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import csc_array, csr_array

from matching.model.problem import FloatArray
from matching.optimizer import (
    ALWAYS,
    Algorithm,
    Ending,
    LinearProgram,
    LinearSolver,
    conflicting_conditions,
    solve_by_constraints,
    solve_integer,
    solve_linear,
    solve_quickly,
    solve_restricted,
)
from matching.optimizer.branching import branch_and_bound

FREE = np.inf
SIMPLEX = (Algorithm.GLOP, Algorithm.HIGHS)


def two_goods(row_upper: tuple[float, float] = (14.0, 12.0)) -> LinearProgram:
    """3 x + 4 y with x + 2 y ≤ 14 and 3 x + y ≤ 12: best at (2, 6)."""
    return LinearProgram(
        csr_array(np.array([[1.0, 2.0], [3.0, 1.0]])),
        np.full(2, -FREE), np.array(row_upper), np.array([3.0, 4.0]), np.zeros(2), np.full(2, FREE),
    )  # fmt: skip


def knapsack(seed: int) -> LinearProgram:
    """Nine things that are taken or left, under two limits; weights and gains are whole."""
    rng = np.random.default_rng(seed)
    matrix = csr_array(rng.integers(1, 9, (2, 9)).astype(np.float64))
    gain = rng.integers(1, 20, 9).astype(np.float64)
    return LinearProgram(matrix, np.full(2, -FREE), np.array([17.0, 15.0]), gain, np.zeros(9), np.ones(9), np.ones(9, dtype=np.bool_))


def best_by_hand(program: LinearProgram) -> float:
    """The most of all choices that keep the limits, by trying each."""
    every = np.array(list(itertools.product((0.0, 1.0), repeat=len(program.gain))))
    keeps = (every @ program.matrix.toarray().T <= program.row_upper).all(axis=1)
    return float((every[keeps] @ program.gain).max())


def random_program(seed: int) -> LinearProgram:
    """A bounded program with limits on both sides of its rows."""
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-3, 6, (6, 10)).astype(np.float64)
    middle = matrix @ rng.uniform(0.0, 4.0, 10)
    gain = rng.integers(-9, 10, 10).astype(np.float64)
    return LinearProgram(csr_array(matrix), middle - 2.0, middle + 2.0, gain, np.zeros(10), np.full(10, 5.0))


@pytest.mark.parametrize("algorithm", SIMPLEX)
def test_values_duals_and_reduced_costs_are_those_found_by_hand(algorithm: Algorithm) -> None:
    found = solve_linear(two_goods(), algorithm=algorithm)
    assert found.is_optimal
    assert found.objective == found.bound == pytest.approx(30.0)
    assert found.values == pytest.approx([2.0, 6.0])
    assert found.duals == pytest.approx([1.8, 0.4])
    assert found.reduced_costs == pytest.approx([0.0, 0.0], abs=1e-9)


@pytest.mark.parametrize("algorithm", SIMPLEX)
def test_a_dual_is_below_zero_where_the_lower_limit_of_a_row_binds(algorithm: Algorithm) -> None:
    forced = replace(two_goods(), row_lower=np.array([-FREE, 11.0]), gain=np.array([-3.0, -4.0]))
    found = solve_linear(forced, algorithm=algorithm)
    assert found.duals == pytest.approx([0.0, -1.0])
    assert found.reduced_costs == pytest.approx([0.0, -3.0])


@pytest.mark.parametrize("algorithm", SIMPLEX)
@pytest.mark.parametrize("seed", range(10))
def test_linear_programs_agree_with_another_library_and_with_their_duals(seed: int, algorithm: Algorithm) -> None:
    program = random_program(seed)
    found, dense = solve_linear(program, algorithm=algorithm), program.matrix.toarray()
    limits = np.concatenate([program.row_upper, -program.row_lower])
    other = linprog(-program.gain, A_ub=np.vstack([dense, -dense]), b_ub=limits, bounds=(0.0, 5.0))
    assert other.fun is not None
    assert found.objective == pytest.approx(-other.fun)
    assert found.duals is not None
    assert found.reduced_costs == pytest.approx(program.gain - dense.T @ found.duals, abs=1e-6)
    priced = np.where(found.duals > 0, program.row_upper, program.row_lower) @ found.duals
    assert priced + 5.0 * np.maximum(found.reduced_costs, 0.0).sum() == pytest.approx(found.objective)


@pytest.mark.parametrize("algorithm", [*SIMPLEX, Algorithm.PDLP])
def test_a_program_without_a_point_is_infeasible(algorithm: Algorithm) -> None:
    found = solve_linear(replace(two_goods(), row_lower=np.array([3.5, -FREE]), upper=np.ones(2)), algorithm=algorithm)
    assert found.ending is Ending.INFEASIBLE
    assert found.values is None


@pytest.mark.parametrize("algorithm", SIMPLEX)
def test_a_program_without_a_limit_is_unbounded(algorithm: Algorithm) -> None:
    assert solve_linear(two_goods((FREE, FREE)), algorithm=algorithm).ending is Ending.UNBOUNDED


@pytest.mark.parametrize("algorithm", SIMPLEX)
def test_a_solver_takes_rows_columns_limits_and_gains_on_the_way(algorithm: Algorithm) -> None:
    solver, inf = LinearSolver(two_goods(), algorithm), np.full(1, FREE)
    assert solver.solve().objective == pytest.approx(30.0)
    assert solver.add_columns(csc_array(np.array([[1.0], [1.0]])), np.array([5.0]), np.zeros(1), np.array([2.0])) == 2
    assert solver.solve().objective == pytest.approx(35.6)
    assert solver.add_rows(csr_array(np.array([[1.0, 0.0, 1.0]])), -inf, np.array([2.0])) == 2
    assert solver.solve().objective == pytest.approx(34.0)
    solver.set_row_limits(np.array([0]), -inf, np.array([7.0]))
    solver.set_gain(np.array([1]), np.array([9.0]))
    solver.set_limits(np.array([2]), np.zeros(1), np.array([1.0]))
    assert solver.solve().objective == pytest.approx(32.0)
    solver.restart()
    assert solver.solve().objective == pytest.approx(32.0)
    assert (solver.n_rows, solver.n_columns) == (3, 3)


@pytest.mark.parametrize("seed", range(6))
def test_whole_numbers_are_those_that_trying_all_finds(seed: int) -> None:
    program = knapsack(seed)
    best = best_by_hand(program)
    heard: list[float] = []
    for found in (
        solve_integer(program, on_bound=heard.append),
        solve_quickly(program, 5.0, algorithm=Algorithm.SCIP),
        branch_and_bound(program, lambda: 5.0, hint=np.zeros(9), on_bound=heard.append),
    ):
        assert found.is_optimal
        assert found.objective == pytest.approx(best)
        assert found.bound >= best - 1e-6
    assert all(bound >= best - 1e-6 for bound in heard)


@pytest.mark.parametrize("seed", range(6))
def test_holding_some_columns_is_as_fixing_their_limits(seed: int) -> None:
    program = knapsack(seed)
    start = np.zeros(9)
    start[seed] = 1.0
    is_held = np.arange(9) % 2 == 0
    fixed = replace(program, lower=np.where(is_held, start, 0.0), upper=np.where(is_held, start, 1.0))
    found = solve_restricted(program, start, is_held, 5.0)
    assert found.values is not None
    assert found.objective == pytest.approx(solve_integer(fixed).objective)
    assert found.objective == pytest.approx(float(program.gain @ found.values))
    assert found.values[is_held] == pytest.approx(start[is_held])


SOLVES: list[Callable[[Callable[[], float]], object]] = [
    lambda left: solve_linear(two_goods(), left),
    lambda left: LinearSolver(two_goods()).solve(left),
    lambda left: solve_integer(knapsack(1), left),
]


@pytest.mark.parametrize("solve", SOLVES)
def test_nothing_is_solved_once_the_time_is_over(solve: Callable[[Callable[[], float]], object]) -> None:
    assert getattr(solve(lambda: 0.0), "ending", None) is Ending.LIMIT


def hard_choice() -> LinearProgram:
    """Take things of even weight up to an odd sum: branch and bound without cuts has to try nearly all of them."""
    rng = np.random.default_rng(3)
    n = 60
    weights = 2.0 * rng.integers(10_000, 99_999, (4, n))
    half, gain = np.floor(weights.sum(axis=1) / 4.0) * 2.0 + 1.0, weights.sum(axis=0) + rng.integers(-9, 9, n)
    return LinearProgram(csr_array(weights), np.full(4, -FREE), half, gain, np.zeros(n), np.ones(n), np.ones(n, dtype=np.bool_))


def test_branch_and_bound_ends_when_asked_with_a_solution_below_its_bound() -> None:
    asked = iter(range(10**9))
    heard: list[FloatArray] = []
    found = branch_and_bound(hard_choice(), lambda: 60.0 if next(asked) < 20 else 0.0, on_values=heard.append)
    assert found.ending is Ending.LIMIT
    assert next(asked) < 10_000
    assert found.objective <= found.bound
    assert (found.values is None) == (len(heard) == 0)


def test_solving_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    solve_integer(knapsack(2))
    branch_and_bound(knapsack(2), lambda: 5.0)
    solve_linear(two_goods(), algorithm=Algorithm.HIGHS)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("seed", range(6))
def test_constraints_give_the_best_of_whole_programs_and_a_bound_that_meets_it(seed: int) -> None:
    program = knapsack(seed)
    bounds: list[float] = []
    found = solve_by_constraints(program, hint=np.zeros(9), on_bound=bounds.append)
    assert found.is_optimal
    assert found.objective == pytest.approx(best_by_hand(program))
    assert found.bound == pytest.approx(found.objective)
    assert all(bound >= found.objective - 1e-6 for bound in bounds)


def test_constraints_refuse_coefficients_in_fractions() -> None:
    program = replace(knapsack(0), matrix=csr_array(np.full((2, 9), 0.5)))
    with pytest.raises(ValueError, match="whole coefficients"):
        solve_by_constraints(program)


def test_constraints_end_when_asked() -> None:
    asked = iter(range(10**9))
    found = solve_by_constraints(hard_choice(), lambda: 60.0 if next(asked) < 3 else 0.0)
    assert found.ending is Ending.LIMIT
    assert found.objective <= found.bound


@pytest.mark.parametrize("seed", range(10))
def test_conflicting_conditions_are_a_smallest_set_by_trying_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    program = replace(knapsack(seed), row_lower=np.full(2, -FREE))
    wants = rng.integers(0, 2, (5, 9)).astype(np.float64)
    low = np.floor(wants.sum(axis=1) * rng.uniform(0.3, 1.0, 5))
    rows = csr_array(np.concatenate([program.matrix.toarray(), wants]))
    limits = np.concatenate([program.row_lower, low]), np.concatenate([program.row_upper, np.full(5, FREE)])
    whole = replace(program, matrix=rows, row_lower=limits[0], row_upper=limits[1])
    every = np.array(list(itertools.product((0.0, 1.0), repeat=9)))
    every = every[(every @ program.matrix.toarray().T <= program.row_upper).all(axis=1)]

    def can_hold(conditions: list[int]) -> bool:
        return bool((every @ wants[conditions].T >= low[conditions]).all(axis=1).any())

    core = conflicting_conditions(whole, np.array([ALWAYS, ALWAYS, *range(5)]))
    assert core is not None
    assert can_hold(core.tolist()) == (len(core) == 0)
    assert all(can_hold([k for k in core.tolist() if k != left_out]) for left_out in core.tolist())
    assert len(core) > 0 or can_hold(list(range(5)))
