"""Exact transportation by the primal network simplex method, with integers throughout.

Problem data
    supply s_i ≥ 0 of sources, demand d_j ≥ 0 of sinks, and arcs with a whole gain g_ij per unit.

Decision variables
    x_ij ≥ 0 units on each arc; y_i = s_i - Σ_j x_ij units kept back, z_j = d_j - Σ_i x_ij units that stay wanting.

Formulation
    maximise Σ g_ij x_ij  with  y, z ≥ 0
    dual: minimise Σ s_i u_i + Σ d_j v_j  with  u, v ≥ 0  and  u_i + v_j ≥ g_ij

Method
    y and z are arcs to and from one root, so a basis is a spanning tree of sources, sinks and root; no arc has an upper limit.
    The first tree is the star of the root. The tree is kept *strongly feasible* (W. H. Cunningham, doi:10.1007/BF01580379):
    an arc of the tree without flow points to the root, which rules out cycling. Arcs are priced block by block in cyclic
    order, and the most violated of a block enters. All of it is exact, and so is the certificate that `is_optimal` checks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.compiled import compiled
from matching.problem import IntArray

PARENT, CHILD, NEXT, PREVIOUS, UPWARD, FLOW, ARC, DEPTH = range(8)
NONE = -1
UNBOUNDED = 1 << 62


class Basis(NamedTuple):
    """A spanning tree and its potentials, from which the same sources and sinks can be solved again with more arcs.

    Attributes
    ----------
    tree : columns PARENT to DEPTH of each source, then each sink, then the root, shape (n_sources + n_sinks + 1, 8).
    potential : of each node, shape (n_sources + n_sinks + 1,).
    """

    tree: IntArray
    potential: IntArray

    def renumbered(self, new: IntArray) -> Basis:
        """Return the basis where arc ``k`` has become arc ``new[k]``."""
        tree = self.tree.copy()
        used = tree[:, ARC] != NONE
        tree[used, ARC] = new[tree[used, ARC]]
        return Basis(tree, self.potential)


class Transport(NamedTuple):
    """An optimal flow and its proof.

    Attributes
    ----------
    units : flow on each arc, shape (n_arcs,).
    source_price, sink_price : dual prices u and v, gain per unit, shapes (n_sources,) and (n_sinks,).
    basis : where to go on from with more arcs.
    """

    units: IntArray
    source_price: IntArray
    sink_price: IntArray
    basis: Basis


class TransportProblem(NamedTuple):
    """Sources, sinks and arcs with whole gains.

    Attributes
    ----------
    supply, demand : units of each source, shape (n_sources,), and sink, shape (n_sinks,).
    start : arcs of source ``i`` are ``start[i]:start[i + 1]``, shape (n_sources + 1,).
    sink, gain : of each arc, shape (n_arcs,); the sum of the gains along a path must fit 62 bits.
    """

    supply: IntArray
    demand: IntArray
    start: IntArray
    sink: IntArray
    gain: IntArray


def solve_transport(given: TransportProblem, basis: Basis | None = None) -> Transport:
    """Find a flow of the largest gain; a sink with arcs must want at least one unit.

    Parameters
    ----------
    basis : of the same sources and sinks with some of the arcs; by default nothing flows at first.
    """
    supply, demand, start, sink, gain = given
    tree, potential = _star(supply, demand) if basis is None else (basis.tree.copy(), basis.potential.copy())
    if len(sink):
        _improve(tree, potential, start, sink, gain, len(supply), max(64, int(np.sqrt(len(sink)))))
    units = np.zeros(len(sink), dtype=np.int64)
    used = tree[:, ARC] != NONE
    units[tree[used, ARC]] = tree[used, FLOW]
    return Transport(units, -potential[: len(supply)], potential[len(supply) : -1].copy(), Basis(tree, potential))


def is_optimal(given: TransportProblem, made: Transport) -> bool:
    """Check the certificate: a feasible flow, feasible prices, and no gap between them on any arc, source or sink."""
    supply, demand, start, sink, gain = given
    source = np.repeat(np.arange(len(supply)), np.diff(start))
    left, wanting, used = supply.copy(), demand.copy(), np.flatnonzero(made.units)
    np.subtract.at(left, source[used], made.units[used])
    np.subtract.at(wanting, sink[used], made.units[used])
    slack = made.source_price[source] + made.sink_price[sink] - gain
    feasible = min(x.min(initial=0) for x in (made.units, left, wanting, slack, made.source_price, made.sink_price)) >= 0
    tight = not ((slack > 0) & (made.units > 0)).any()
    paid = not ((made.source_price > 0) & (left > 0)).any() and not ((made.sink_price > 0) & (wanting > 0)).any()
    return bool(feasible and tight and paid)


def _star(supply: IntArray, demand: IntArray) -> tuple[IntArray, IntArray]:
    """The first tree: every source keeps all, every sink wants all. The root is the last node."""
    n = len(supply) + len(demand)
    tree = np.full((n + 1, 8), NONE, dtype=np.int64)
    tree[:n, PARENT], tree[:n, DEPTH], tree[n, DEPTH] = n, 1, 0
    tree[: len(supply), UPWARD], tree[len(supply) :, UPWARD] = 1, 0
    tree[:n, FLOW], tree[n, FLOW] = np.concatenate([supply, demand]), 0
    tree[: n - 1, NEXT], tree[1:n, PREVIOUS] = np.arange(1, n), np.arange(n - 1)
    tree[n, CHILD] = 0 if n else NONE
    return tree, np.zeros(n + 1, dtype=np.int64)


@compiled
def _improve(tree: IntArray, potential: IntArray, start: IntArray, sink: IntArray, gain: IntArray, n_sources: int, block: int) -> None:
    """Pivot until no arc is violated."""
    root, place, idle, seen, worst = len(potential) - 1, 0, 0, 0, 0
    arc, tail, head = NONE, NONE, NONE
    while idle <= root:
        # A source brings its own arcs and its arc to the root, a sink the arc from the root.
        if place < n_sources:
            if potential[place] > worst:
                worst, arc, tail, head = potential[place], NONE, place, root
            for k in range(start[place], start[place + 1]):
                violation = gain[k] + potential[place] - potential[n_sources + sink[k]]
                if violation > worst:
                    worst, arc, tail, head = violation, k, place, n_sources + sink[k]
            seen += start[place + 1] - start[place] + 1
        else:
            if -potential[place] > worst:
                worst, arc, tail, head = -potential[place], NONE, root, place
            seen += 1
        place = place + 1 if place + 1 < root else 0
        idle += 1
        if worst > 0 and (seen >= block or idle >= root):
            _pivot(tree, potential, arc, tail, head, worst)
            worst, seen, idle = 0, 0, 0


@compiled
def _pivot(tree: IntArray, potential: IntArray, arc: int, tail: int, head: int, violation: int) -> None:
    """Bring an arc into the tree, and take out the one whose flow falls to zero first."""
    leaving, on_tail_side, units = _blocking(tree, tail, head)
    _push(tree, tail, head, units)
    if on_tail_side:
        _hang(tree, tail, head, leaving, arc, 1, units)
        _shift(tree, potential, tail, -violation)
    else:
        _hang(tree, head, tail, leaving, arc, 0, units)
        _shift(tree, potential, head, violation)


@compiled
def _blocking(tree: IntArray, tail: int, head: int) -> tuple[int, bool, int]:
    """Find the arc that leaves: the last to block along the cycle, as seen from its top (Cunningham's rule)."""
    first, first_units, second, second_units = NONE, UNBOUNDED, NONE, UNBOUNDED
    a, b = tail, head
    while a != b:
        if tree[a, DEPTH] >= tree[b, DEPTH]:
            if tree[a, UPWARD] and tree[a, FLOW] < first_units:
                first, first_units = a, tree[a, FLOW]
            a = tree[a, PARENT]
        else:
            if not tree[b, UPWARD] and tree[b, FLOW] <= second_units:
                second, second_units = b, tree[b, FLOW]
            b = tree[b, PARENT]
    if second_units <= first_units:
        return second, False, second_units
    return first, True, first_units


@compiled
def _push(tree: IntArray, tail: int, head: int, units: int) -> None:
    """Send units around the cycle that an arc from tail to head closes."""
    a, b = tail, head
    while a != b:
        if tree[a, DEPTH] >= tree[b, DEPTH]:
            tree[a, FLOW] += -units if tree[a, UPWARD] else units
            a = tree[a, PARENT]
        else:
            tree[b, FLOW] += units if tree[b, UPWARD] else -units
            b = tree[b, PARENT]


@compiled
def _hang(tree: IntArray, node: int, parent: int, leaving: int, arc: int, upward: int, units: int) -> None:
    """Cut the subtree at ``leaving``, turn it so that ``node`` is its top, and hang it below ``parent`` by the new arc."""
    while True:
        above, old_arc, old_upward, old_units = tree[node, PARENT], tree[node, ARC], tree[node, UPWARD], tree[node, FLOW]
        _unlink(tree, node)
        tree[node, PARENT], tree[node, ARC], tree[node, UPWARD], tree[node, FLOW] = parent, arc, upward, units
        tree[node, PREVIOUS], tree[node, NEXT] = NONE, tree[parent, CHILD]
        if tree[parent, CHILD] != NONE:
            tree[tree[parent, CHILD], PREVIOUS] = node
        tree[parent, CHILD] = node
        if node == leaving:
            return
        parent, node, arc, upward, units = node, above, old_arc, 1 - old_upward, old_units


@compiled
def _unlink(tree: IntArray, node: int) -> None:
    """Take a node out of its parent's children."""
    before, after = tree[node, PREVIOUS], tree[node, NEXT]
    if before == NONE:
        tree[tree[node, PARENT], CHILD] = after
    else:
        tree[before, NEXT] = after
    if after != NONE:
        tree[after, PREVIOUS] = before


@compiled
def _shift(tree: IntArray, potential: IntArray, top: int, by: int) -> None:
    """Add to the potential of a subtree, and renew its depths."""
    node = top
    while True:
        potential[node] += by
        tree[node, DEPTH] = tree[tree[node, PARENT], DEPTH] + 1
        if tree[node, CHILD] != NONE:
            node = tree[node, CHILD]
            continue
        while node != top and tree[node, NEXT] == NONE:
            node = tree[node, PARENT]
        if node == top:
            return
        node = tree[node, NEXT]
