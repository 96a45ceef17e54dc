"""Rates of the ways that fractional trips would ask for: column generation over all patterns, under the branches of a node.

Formulation
    maximise  Σ X (margin) − Σ over columns cost × λ
    the volumes' rules on X, with no variable whole;  X[w] ≤ Σ over columns load[w] × λ;  the limits on starts
    low ≤ Σ λ over the columns that a feature counts ≤ high       for each branch

A column is a pattern with one of its loads. The price φ of the coupling rows pays each trip; a set of calls is looked at closer while
it might be paid more than it costs. The bound is worked out from prices alone: what the rows allow at them, and nothing for trips,
since none of them earns anything any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csc_array, csr_array

from matching.bounds.ways import Ways
from matching.bounds.whole_trips.blocks import Block, make_block
from matching.bounds.whole_trips.features import Feature, counted, counts
from matching.bounds.whole_trips.patterns import Expander, Listed, needed
from matching.bounds.whole_trips.pricing import Goods
from matching.bounds.whole_trips.program import Program, build_program, start_rows
from matching.bounds.whole_trips.stage import Stage
from matching.model.problem import FloatArray, IntArray
from matching.optimizer import Ending, LinearSolver, Outcome, SecondsLeft

MOST_ROUNDS = 200
MOST_SETS_A_ROUND = 1500
MOST_COLUMNS_A_ROUND = 400
TOLERANCE_VND = 1e-2
"""What a trip has to earn to be worth a column."""
PENALTY_VND = 1e9
"""What it costs to fall short of a branch by one trip, or to move a kilogram on every way without any."""


@dataclass
class Root:
    """The linear program with the columns found so far.

    Attributes
    ----------
    rate : price of each direct way, đồng per kg, shape (n_direct,).
    price : price of each row.
    columns : number and block of each column.
    features, limits : row of each feature that was ever limited, and the limits that hold now.
    excess_vnd : most that any trip earns at the prices at hand, once no more columns are needed.
    is_empty : whether no solution keeps the branches, whatever trips there are.
    outcome : what the linear program came to when it was last solved.
    """

    stage: Stage
    ways: Ways
    listed: Sequence[Listed]
    rate: FloatArray
    program: Program
    solver: LinearSolver
    price: FloatArray
    expander: Expander
    blocks: dict[tuple[int, int], tuple[Block, ...]] = field(default_factory=dict)
    columns: list[tuple[int, Block]] = field(default_factory=list)
    features: dict[Feature, int] = field(default_factory=dict)
    limits: dict[Feature, tuple[float, float]] = field(default_factory=dict)
    counts: dict[tuple[Feature, int], FloatArray] = field(default_factory=dict)
    excess_vnd: float = np.inf
    is_empty: bool = False
    outcome: Outcome = field(default_factory=lambda: Outcome(Ending.LIMIT))

    def goods(self) -> Goods:
        """The rates with what they are paid on."""
        p, ways = self.stage.problem, self.stage.ways
        return Goods(ways.lot, ways.line, self.rate, p.lots.kg.astype(np.float64), p.lines.kg.astype(np.float64))

    def of_set(self, part: int, row: int) -> tuple[Block, ...]:
        """Blocks of the orders of a set."""
        if (part, row) not in self.blocks:
            patterns = needed(self.stage, self.expander.patterns(self.listed[part], row))
            self.blocks[part, row] = tuple(make_block(self.stage, pattern) for pattern in patterns)
        return self.blocks[part, row]

    def other_price(self, block: Block) -> float:
        """What a trip costs at the prices of the start rows and of the branches, đồng."""
        branches = sum(float(self.price[row]) for feature, row in self.features.items() if counts(feature, block.pattern))
        return branches + sum(max(0.0, float(self.price[row])) for row in self.start_rows(block))

    def branch_price(self, part: int) -> FloatArray:
        """What a trip of each set of a scene costs at the prices of the branches, đồng, shape (n_sets,)."""
        total = np.zeros(len(self.listed[part].cost_vnd))
        for feature, row in self.features.items():
            if self.price[row] != 0.0:
                if (feature, part) not in self.counts:
                    self.counts[feature, part] = counted(feature, self.listed[part])
                total += float(self.price[row]) * self.counts[feature, part]
        return total

    def start_rows(self, block: Block) -> list[int]:
        """Rows that count the starts of a pattern."""
        return start_rows(self.stage, self.program, block.pattern)

    def profit(self, block: Block) -> tuple[float, FloatArray]:
        """Bound on what a trip earns over its cost, đồng, and a best load."""
        value, load = block.best_load(self.rate)
        return value - block.pattern.cost_vnd - self.other_price(block), load


def make_root(stage: Stage, ways: Ways, listed: Sequence[Listed]) -> Root:
    """Return the program without columns, its rates as high as any that would be paid."""
    p = stage.problem
    program = build_program(stage, ways)
    made = LinearSolver(program.model.relaxed())
    _add_help(made, program)
    gain = (p.lines.bid_vnd_per_kg + p.lines.short_vnd_per_kg)[stage.ways.line] - p.lots.ask_vnd_per_kg[stage.ways.lot]
    rate = np.maximum(gain.astype(np.float64), 0.0)
    return Root(stage, ways, listed, rate, program, made, np.zeros(program.model.n_rows), Expander(stage))


def _add_help(made: LinearSolver, program: Program) -> None:
    """Add a column that moves goods without trips, so that a node lacks no solution merely because columns are still to be found."""
    made.add_columns(_column(-np.ones(len(program.coupling)), program.coupling, made.n_rows), *_one_column(-PENALTY_VND))


def _column(values: FloatArray, rows: IntArray, n_rows: int) -> csc_array:
    """Return one column of coefficients, shape (n_rows, 1)."""
    return csc_array((values, rows, np.array([0, len(rows)])), shape=(n_rows, 1))


def _one_column(gain: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return gain, lower and upper limit of one column without an upper limit, shape (1,) each."""
    return np.array([gain]), np.zeros(1), np.full(1, np.inf)


def promising(root: Root, above_vnd: float) -> list[tuple[float, int, int]]:
    """Sets that might earn more than an amount, by what they might earn for each đồng of their cost, best first."""
    found, goods = [], root.goods()
    for part, listed in enumerate(root.listed):
        profits = listed.profits(goods) - root.branch_price(part)
        found += [(-float(profits[row] / listed.cost_vnd[row]), part, row) for row in np.flatnonzero(profits > above_vnd).tolist()]
    return sorted(found)


def generate(root: Root, seconds_left: SecondsLeft) -> bool:
    """Add columns until no trip is paid more than it costs; return whether that was reached."""
    for _ in range(MOST_ROUNDS):
        if seconds_left() <= 0 or not resolve(root, seconds_left):
            return False
        if _add_columns(root) == 0:
            return True
    return False


def resolve(root: Root, seconds_left: SecondsLeft) -> bool:
    """Solve the linear program with the columns at hand, and take its prices; return whether that was possible."""
    root.outcome = root.solver.solve(seconds_left)
    root.is_empty = root.outcome.ending is Ending.INFEASIBLE
    if not root.outcome.is_optimal or root.outcome.duals is None:
        return False
    root.price = root.outcome.duals.copy()
    root.rate = np.maximum(root.price[root.program.coupling], 0.0)
    for feature, row in root.features.items():
        low, high = root.limits.get(feature, (-np.inf, np.inf))
        # A price that leans on a limit that is not there proves nothing, so it counts as none.
        if np.isinf(high if root.price[row] > 0 else low):
            root.price[row] = 0.0
    root.excess_vnd = np.inf
    return True


def _add_columns(root: Root) -> int:
    """Add the best load of each pattern that is paid too much; return how many."""
    columns: list[tuple[Block, FloatArray]] = []
    excess = 0.0
    for looked, (_, part, row) in enumerate(promising(root, 0.0)):
        for block in root.of_set(part, row):
            profit, load = root.profit(block)
            excess = max(excess, profit)
            if profit > TOLERANCE_VND:
                columns.append((block, load))
        if len(columns) >= MOST_COLUMNS_A_ROUND or (looked >= MOST_SETS_A_ROUND and columns):
            break
    if columns:
        _put(root, columns)
    else:
        root.excess_vnd = excess
    return len(columns)


def _put(root: Root, columns: list[tuple[Block, FloatArray]]) -> None:
    """Add columns to the program."""
    start: list[int] = []
    rows: list[int] = []
    values: list[float] = []
    for block, load in columns:
        start.append(len(rows))
        used = [(int(root.program.coupling[way]), -float(kg)) for way, kg in zip(block.pattern.ways, load) if kg > 0]
        used += [(row, 1.0) for row in root.start_rows(block)]
        used += [(row, 1.0) for feature, row in root.features.items() if counts(feature, block.pattern)]
        rows += [row for row, _ in used]
        values += [value for _, value in used]
    n = len(columns)
    start.append(len(rows))
    matrix = csc_array((np.array(values), np.array(rows, dtype=np.int64), np.array(start)), shape=(root.solver.n_rows, n))
    cost = np.array([-block.pattern.cost_vnd for block, _ in columns])
    first = root.solver.add_columns(matrix, cost, np.zeros(n), np.full(n, np.inf))
    root.columns += [(first + k, block) for k, (block, _) in enumerate(columns)]


def put_limits(root: Root, limits: dict[Feature, tuple[float, float]]) -> None:
    """Keep the trips that features count within limits, and lift all other limits on features."""
    for feature in limits:
        if feature not in root.features:
            root.features[feature] = _new_row(root, feature)
    every = [limits.get(feature, (-np.inf, np.inf)) for feature in root.features]
    low, high = np.array(every, dtype=np.float64).reshape(-1, 2).T
    root.solver.set_row_limits(np.array(list(root.features.values()), dtype=np.int64), low, high)
    root.limits = limits


def _new_row(root: Root, feature: Feature) -> int:
    """Add a row that counts what a feature counts, with a column that falls short of it."""
    columns = np.array([column for column, block in root.columns if counts(feature, block.pattern)], dtype=np.int64)
    coefficients = csr_array((np.ones(len(columns)), columns, np.array([0, len(columns)])), shape=(1, root.solver.n_columns))
    row = root.solver.add_rows(coefficients, np.full(1, -np.inf), np.full(1, np.inf))
    root.solver.add_columns(_column(np.ones(1), np.array([row]), root.solver.n_rows), *_one_column(-PENALTY_VND))
    return row


def bound_of(root: Root, fixed: dict[int, float], most_trips: float) -> float:
    """Bound on every plan that keeps the limits, at the prices at hand.

    Parameters
    ----------
    fixed : variables of the volumes' rules that are held at a value.
    most_trips : more trips than a plan worth anything can have.
    """
    model, n = root.program.model, root.program.model.n_rows
    lower, upper = model.bounds()
    price = root.price[:n].copy()
    price[((price > 0) & np.isinf(upper)) | ((price < 0) & np.isinf(lower))] = 0.0
    price[root.program.coupling] = root.rate
    limit = np.where(price > 0, upper, lower)
    left = np.array(model.gain) - model.matrix().T @ price
    gains = np.maximum(left, 0.0) * np.array(model.most)
    for column, value in fixed.items():
        gains[column] = left[column] * value
    total = float(model.constant + np.dot(price[price != 0], limit[price != 0]) + gains.sum())
    for feature, (low, high) in root.limits.items():
        paid = float(root.price[root.features[feature]])
        total += paid * (high if paid > 0 else low) if paid != 0.0 else 0.0
    return total + root.excess_vnd * most_trips
