"""Connected components of a graph given by its edges."""

from __future__ import annotations

import numpy as np

from matching.model.problem import IntArray


def connected_components(one: IntArray, other: IntArray, n_nodes: int) -> tuple[int, IntArray]:
    """Return the number of components and the component of each node, shape (n_nodes,), numbered by their first nodes.

    Parameters
    ----------
    one, other : ends of each edge, shape (n_edges,).
    """
    if (one == other).all():
        return n_nodes, np.arange(n_nodes)
    # Loading them takes as long as solving a tiny problem, which seldom joins anything.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components as components

    n_components, label = components(coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(n_nodes, n_nodes)), directed=False)
    return int(n_components), label.astype(np.int64)
