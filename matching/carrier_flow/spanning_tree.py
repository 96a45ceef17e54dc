"""CarrierFlows with a charge for each, as spanning trees: exchange one arc for another, as long as that pays, from many beginnings.

Problem data
    Lots with s_i kg, lines that want d_j kg, flows from lot to line that gain g per kg and cost a charge once used, without limits of
    their own. A root takes what lots keep and gives what lines lack, both for nothing.

Method
    A best flow is a spanning tree (Hirsch and Dantzig, doi:10.1002/nav.3800150306), for charges make the gain convex. An arc that
    enters closes a cycle, on which kilograms are shifted until an arc is empty, which leaves: what that changes is known without a
    solver. Exchanges are made while they gain; then a few at random, again and again (iterated local search), and what results is gone
    on from unless it is much worse than the best.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matching.carrier_flow.program import CarrierProgram
from matching.compiled import compiled
from matching.model.problem import BoolArray, FloatArray, IntArray

SLACK = -1
"""Arc of a node that hangs on the root."""
KICKS = 5
"""Most exchanges at random before all that gain are made."""
WORSE_SHARE = 0.005
"""Share of all charges paid by which a tree may be worse than the best to be gone on from."""
AT_ONCE = 100
MUCH_KG = 1 << 60

StateArray = npt.NDArray[np.uint64]


ABOVE, ARC, DEPTH, KG = range(4)
"""Columns of a tree, by node: the node that it hangs on, the flow between both or `SLACK`, arcs up to the root, kilograms on the arc."""
TAIL, HEAD = range(2)
GAIN, CHARGE = range(2)


class TreeSearch:
    """One search, to be gone on with as long as there is time.

    Nodes are lots, then lines, then the root.

    Attributes
    ----------
    worth_vnd : gain of the best tree.
    """

    def __init__(self, program: CarrierProgram, looked: BoolArray, seed: tuple[int, int]) -> None:
        p, f = program.problem, program.flows
        self._n, self._n_lots, root = len(f.lot), p.n_lots, p.n_lots + p.n_lines
        self._ends = np.stack([f.lot, f.line + p.n_lots], axis=1)
        self._money = np.stack([program.cost[: self._n], np.zeros(self._n)], axis=1)
        for column in program.charges():
            self._money[program.members[column], CHARGE] = -program.cost[column]
        self._tree = np.zeros((root + 1, 4), dtype=np.int64)
        self._tree[:root, ABOVE], self._tree[:, ARC], self._tree[:root, DEPTH] = root, SLACK, 1
        self._tree[:root, KG] = np.concatenate([p.lots.kg, p.lines.kg])
        rows = np.flatnonzero(looked)
        dear = self._money[rows, CHARGE] / np.maximum(1, f.most_kg[rows]) - self._money[rows, GAIN]
        self._looked = rows[np.argsort(dear, kind="stable")]
        self._state = np.random.default_rng(seed).integers(1, 1 << 63, 1).astype(np.uint64)
        self._worth = descend(self._ends, self._money, self._n_lots, self._tree, self._looked, np.int64(0))
        self._incumbent, self.worth_vnd = self._tree.copy(), self._worth

    def go_on(self) -> None:
        """Begin anew from nearby a number of times."""
        used = self._incumbent[(self._incumbent[:, ARC] != SLACK) & (self._incumbent[:, KG] > 0), ARC]
        worse = WORSE_SHARE * float(self._money[used, CHARGE].sum())
        self._worth, self.worth_vnd = wander(
            self._ends, self._money, self._n_lots, self._tree, self._looked, self._state, AT_ONCE, worse,
            self._incumbent, self._worth, self.worth_vnd,
        )  # fmt: skip

    def kg(self) -> FloatArray:
        """Kilograms of each flow in the best tree, shape (n_flows,)."""
        made = np.zeros(self._n)
        used = self._incumbent[:, ARC] != SLACK
        made[self._incumbent[used, ARC]] = self._incumbent[used, KG]
        return made


def is_for_trees(program: CarrierProgram) -> bool:
    """Tell whether all that limits flows are the kilograms of lots and lines, and all choices are charges of single flows."""
    p, f, n = program.problem, program.flows, len(program.flows.lot)
    free = (f.most_kg == np.minimum(p.lots.kg[f.lot], p.lines.kg[f.line])).all()
    single = len(program.charges()) == len(program.members) and all(len(flows) == 1 for flows in program.members.values())
    # What is left is one row for each lot and line that could be short, and one for each choice.
    return bool(free) and single and n > 0 and program.rows_apart == 0


@compiled
def exchanged(ends: IntArray, money: FloatArray, n_lots: int, tree: IntArray, flow: int) -> tuple[float, int, int]:
    """Return what letting a flow in gains, đồng, the kilograms that are shifted, and the node whose arc leaves."""
    kg, leaves = MUCH_KG, -1
    a, b = ends[flow, TAIL], ends[flow, HEAD]
    # Up from the tail what lots send becomes less, and up from the head what lines get.
    while a != b:
        if tree[a, DEPTH] >= tree[b, DEPTH]:
            if a < n_lots and tree[a, KG] < kg:
                kg, leaves = tree[a, KG], a
            a = tree[a, ABOVE]
        else:
            if b >= n_lots and tree[b, KG] < kg:
                kg, leaves = tree[b, KG], b
            b = tree[b, ABOVE]
    if kg == 0:
        return 0.0, kg, leaves
    gain = kg * money[flow, GAIN] - money[flow, CHARGE]
    a, b = ends[flow, TAIL], ends[flow, HEAD]
    while a != b:
        if tree[a, DEPTH] >= tree[b, DEPTH]:
            node, is_less = a, a < n_lots
            a = tree[a, ABOVE]
        else:
            node, is_less = b, b >= n_lots
            b = tree[b, ABOVE]
        arc = tree[node, ARC]
        if arc != SLACK and is_less:
            gain -= kg * money[arc, GAIN] - (money[arc, CHARGE] if tree[node, KG] == kg else 0.0)
        elif arc != SLACK:
            gain += kg * money[arc, GAIN] - (money[arc, CHARGE] if tree[node, KG] == 0 else 0.0)
    return gain, kg, leaves


@compiled
def exchange(ends: IntArray, n_lots: int, tree: IntArray, flow: int, kg: int, leaves: int, known: BoolArray) -> None:
    """Let a flow in and the arc above a node out."""
    a, b, by_tail = ends[flow, TAIL], ends[flow, HEAD], False
    while a != b:
        if tree[a, DEPTH] >= tree[b, DEPTH]:
            by_tail = by_tail or a == leaves
            tree[a, KG] += -kg if a < n_lots else kg
            a = tree[a, ABOVE]
        else:
            tree[b, KG] += -kg if b >= n_lots else kg
            b = tree[b, ABOVE]
    node, above = (ends[flow, TAIL], ends[flow, HEAD]) if by_tail else (ends[flow, HEAD], ends[flow, TAIL])
    arc = flow
    # All that hung on the arc that leaves now hangs on the one that enters, the other way up.
    while True:
        old = tree[node, ABOVE], tree[node, ARC], tree[node, KG]
        tree[node, ABOVE], tree[node, ARC], tree[node, KG] = above, arc, kg
        if node == leaves:
            break
        above, arc, kg = node, old[1], old[2]
        node = old[0]
    _measure(tree, known)


@compiled
def _measure(tree: IntArray, known: BoolArray) -> None:
    """Reckon the depth of every node anew."""
    known[:] = False
    known[-1] = True
    for node in range(len(known) - 1):
        at, arcs = node, 0
        while not known[at]:
            at, arcs = tree[at, ABOVE], arcs + 1
        depth, at = tree[at, DEPTH] + arcs, node
        while not known[at]:
            tree[at, DEPTH], known[at] = depth, True
            at, depth = tree[at, ABOVE], depth - 1


@compiled
def descend(ends: IntArray, money: FloatArray, n_lots: int, tree: IntArray, looked: IntArray, first: np.int64) -> float:
    """Make exchanges that gain until there are none among some flows; return what they gain, đồng."""
    known = np.zeros(len(tree), dtype=np.bool_)
    total, since, at = 0.0, 0, int(first)
    while since < len(looked):
        gain, kg, leaves = exchanged(ends, money, n_lots, tree, looked[at])
        since += 1
        if gain > 0.5:
            exchange(ends, n_lots, tree, looked[at], kg, leaves, known)
            total, since = total + gain, 0
        at = at + 1 if at + 1 < len(looked) else 0
    return total


@compiled
def _draw(state: StateArray, n: int) -> np.int64:
    """Draw a number from 0 to n - 1 (Marsaglia's xorshift, doi:10.18637/jss.v008.i14); compiled loops have no generator of their own."""
    x = state[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    state[0] = x
    return np.int64(x % np.uint64(n))


@compiled
def _kick(ends: IntArray, money: FloatArray, n_lots: int, tree: IntArray, looked: IntArray, known: BoolArray, state: StateArray) -> float:
    """Make a few exchanges at random; return what they gain, đồng."""
    total = 0.0
    for _ in range(1 + _draw(state, KICKS)):
        flow = looked[_draw(state, len(looked))]
        if (tree[:, ARC] == flow).any():
            continue
        gain, kg, leaves = exchanged(ends, money, n_lots, tree, flow)
        exchange(ends, n_lots, tree, flow, kg, leaves, known)
        total += gain
    return total


@compiled
def wander(
    ends: IntArray,
    money: FloatArray,
    n_lots: int,
    tree: IntArray,
    looked: IntArray,
    state: StateArray,
    rounds: int,
    worse: float,
    best: IntArray,
    worth: float,
    best_worth: float,
) -> tuple[float, float]:
    """Kick and descend a number of times; return what the tree and the best one are worth."""
    known = np.zeros(len(tree), dtype=np.bool_)
    before = tree.copy()
    for _ in range(rounds):
        before[:] = tree
        found = worth + _kick(ends, money, n_lots, tree, looked, known, state)
        found += descend(ends, money, n_lots, tree, looked, _draw(state, len(looked)))
        if found > best_worth + 0.5:
            best_worth = found
            best[:] = tree
        if found >= worth - 0.5 or found > best_worth - worse:
            worth = found
        else:
            tree[:] = before
    return worth, best_worth
