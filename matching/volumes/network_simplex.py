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
import numpy.typing as npt

from matching.compiled import compiled
from matching.model.problem import IntArray

PARENT, NEXT, PREVIOUS, UPWARD, ARC, DEPTH = range(6)
NONE = -1
UNBOUNDED = 1 << 62

Links = npt.NDArray[np.int32]


class Basis(NamedTuple):
    """A spanning tree and its potentials, from which the same sources and sinks can be solved again with more arcs.

    Attributes
    ----------
    links : rows PARENT to DEPTH of each source, then each sink, then the root, shape (6, n_sources + n_sinks + 1). A row's numbers stand
        side by side, since a walk through the tree reads few of the rows. NEXT and PREVIOUS are in preorder, the root after the last.
    flow : units between each node and its parent, shape (n_sources + n_sinks + 1,).
    potential : of each node, shape (n_sources + n_sinks + 1,).
    """

    links: Links
    flow: IntArray
    potential: IntArray

    def renumbered(self, new: IntArray) -> Basis:
        """Return the basis where arc ``k`` has become arc ``new[k]``."""
        links = self.links.copy()
        used = links[ARC] != NONE
        links[ARC, used] = new[links[ARC, used]]
        return self._replace(links=links)

    def copy(self) -> Basis:
        """Return one that may be changed."""
        return Basis(self.links.copy(), self.flow.copy(), self.potential.copy())


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
    made = _star(supply, demand) if basis is None else basis.copy()
    if len(sink):
        _improve(*made, start, sink, gain, len(supply), max(64, int(np.sqrt(len(sink)))))
    units = np.zeros(len(sink), dtype=np.int64)
    used = made.links[ARC] != NONE
    units[made.links[ARC, used]] = made.flow[used]
    return Transport(units, -made.potential[: len(supply)], made.potential[len(supply) : -1].copy(), made)


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


def _star(supply: IntArray, demand: IntArray) -> Basis:
    """The first tree: every source keeps all, every sink wants all. The root is the last node."""
    n = len(supply) + len(demand)
    links, node = np.full((6, n + 1), NONE, dtype=np.int32), np.arange(n + 1)
    links[PARENT, :n], links[DEPTH, :n], links[DEPTH, n] = n, 1, 0
    links[UPWARD, : len(supply)], links[UPWARD, len(supply) :] = 1, 0
    links[NEXT], links[PREVIOUS] = np.roll(node, -1), np.roll(node, 1)
    return Basis(links, np.concatenate([supply, demand, [0]]), np.zeros(n + 1, dtype=np.int64))


@compiled
def _improve(
    links: Links, flow: IntArray, potential: IntArray, start: IntArray, sink: IntArray, gain: IntArray, n_sources: int, block: int
) -> None:
    """Pivot until no arc is violated."""
    root, place, idle, seen, worst = len(potential) - 1, 0, 0, 0, 0
    arc, tail, head = NONE, NONE, NONE
    while idle <= root:
        # A source brings its own arcs and its arc to the root, a sink the arc from the root.
        own = potential[place]
        if place < n_sources:
            if own > worst:
                worst, arc, tail, head = own, NONE, place, root
            for k in range(start[place], start[place + 1]):
                violation = gain[k] + own - potential[n_sources + sink[k]]
                if violation > worst:
                    worst, arc, tail, head = violation, k, place, n_sources + sink[k]
            seen += start[place + 1] - start[place] + 1
        else:
            if -own > worst:
                worst, arc, tail, head = -own, NONE, root, place
            seen += 1
        place = place + 1 if place + 1 < root else 0
        idle += 1
        if worst > 0 and (seen >= block or idle >= root):
            _pivot(links, flow, potential, arc, tail, head, worst)
            worst, seen, idle = 0, 0, 0


@compiled
def _pivot(links: Links, flow: IntArray, potential: IntArray, arc: int, tail: int, head: int, violation: int) -> None:
    """Bring an arc into the tree, and take out the one whose flow falls to zero first."""
    leaving, on_tail_side, units = _blocking(links, flow, tail, head)
    if units > 0:
        _push(links, flow, tail, head, units)
    if on_tail_side:
        _hang(links, potential, tail, head, leaving, -violation)
        _turn(links, flow, tail, head, leaving, arc, 1, units)
    else:
        _hang(links, potential, head, tail, leaving, violation)
        _turn(links, flow, head, tail, leaving, arc, 0, units)


@compiled
def _blocking(links: Links, flow: IntArray, tail: int, head: int) -> tuple[int, bool, int]:
    """Find the arc that leaves: the last to block along the cycle, as seen from its top (Cunningham's rule)."""
    first, first_units, second, second_units = NONE, UNBOUNDED, NONE, UNBOUNDED
    a, b, depth_a, depth_b = tail, head, links[DEPTH, tail], links[DEPTH, head]
    while a != b:
        if depth_a >= depth_b:
            if links[UPWARD, a] and flow[a] < first_units:
                first, first_units = a, flow[a]
            a, depth_a = links[PARENT, a], depth_a - 1
        else:
            if not links[UPWARD, b] and flow[b] <= second_units:
                second, second_units = b, flow[b]
            b, depth_b = links[PARENT, b], depth_b - 1
    if second_units <= first_units:
        return second, False, second_units
    return first, True, first_units


@compiled
def _push(links: Links, flow: IntArray, tail: int, head: int, units: int) -> None:
    """Send units around the cycle that an arc from tail to head closes."""
    a, b, depth_a, depth_b = tail, head, links[DEPTH, tail], links[DEPTH, head]
    while a != b:
        if depth_a >= depth_b:
            flow[a] += -units if links[UPWARD, a] else units
            a, depth_a = links[PARENT, a], depth_a - 1
        else:
            flow[b] += units if links[UPWARD, b] else -units
            b, depth_b = links[PARENT, b], depth_b - 1


@compiled
def _turn(links: Links, flow: IntArray, node: int, parent: int, leaving: int, arc: int, upward: int, units: int) -> None:
    """Let each node on the path from ``node`` up to ``leaving`` hang below the one before it, the first below ``parent`` by the new arc."""
    while True:
        above, old_arc, old_upward, old_units = links[PARENT, node], links[ARC, node], links[UPWARD, node], flow[node]
        links[PARENT, node], links[ARC, node], links[UPWARD, node], flow[node] = parent, arc, upward, units
        if node == leaving:
            return
        parent, node, arc, upward, units = node, above, old_arc, 1 - old_upward, old_units


@compiled
def _hang(links: Links, potential: IntArray, top: int, parent: int, leaving: int, by: int) -> None:
    """Put the subtree at ``leaving`` in the order that it has from ``top``, and behind ``parent``; renew its depths and potentials.

    In preorder a subtree is one stretch, and the path from ``top`` up to ``leaving`` splits that of ``leaving``: what is below ``top``
    comes first, then what else is below the node above it, some of which stands before and some behind, and so on.
    """
    before, node, depth = links[PREVIOUS, leaving], top, links[DEPTH, parent] + 1
    # What follows upon the stretch of the node before, and the last node that was put in order.
    after, last, last_before = node, NONE, NONE
    while True:
        level, sinks = links[DEPTH, node], depth - links[DEPTH, node]
        ahead, one = links[PREVIOUS, node], node
        if last != NONE:
            links[NEXT, last], links[PREVIOUS, node] = node, last
            while True:
                potential[one] += by
                links[DEPTH, one] += sinks
                if one == last_before:
                    break
                one = links[NEXT, one]
            last = one
            if links[DEPTH, after] > level:
                links[NEXT, last], links[PREVIOUS, after] = after, last
        else:
            potential[one] += by
            links[DEPTH, one] += sinks
            last, after = one, links[NEXT, one]
        while links[DEPTH, after] > level:
            potential[after] += by
            links[DEPTH, after] += sinks
            last, after = after, links[NEXT, after]
        if node == leaving:
            break
        last_before, node, depth = ahead, links[PARENT, node], depth + 1
    links[NEXT, before], links[PREVIOUS, after] = after, before
    follower = links[NEXT, parent]
    links[NEXT, parent], links[PREVIOUS, top] = top, parent
    links[NEXT, last], links[PREVIOUS, follower] = follower, last
