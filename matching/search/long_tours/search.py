"""The library at work: from the present tours to better ones, until it is told to end."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from matching.model.problem import IntArray
from matching.search.long_tours.model import Routing
from matching.search.long_tours.rebuild import Route

if TYPE_CHECKING:
    import pyvrp


def improved_routes(
    routing: Routing,
    tour: IntArray,
    vehicle: IntArray,
    *,
    seconds: float | None,
    iterations: int,
    seed: int,
    should_stop: Callable[[], bool],
) -> list[Route]:
    """Return the best routes found, empty where none keep the limits.

    Parameters
    ----------
    tour, vehicle : the tour on which each piece rides now, shape (n_pieces,), and each tour's class, shape (n_tours,). Where a piece
        rides on none, the search begins at random.
    """
    import pyvrp
    from pyvrp.stop import MaxRuntime

    runtime = MaxRuntime(seconds) if seconds is not None else None
    made = 0

    def stop(best_cost: int) -> bool:
        nonlocal made
        made += 1
        return made > iterations or should_stop() or (runtime is not None and runtime(best_cost))

    present = _present(routing, tour, vehicle) if (tour >= 0).all() else None
    with warnings.catch_warnings():
        # Penalties at their limits only say that capacity never, or always, binds.
        warnings.simplefilter("ignore")
        found = pyvrp.solve(routing.data, stop, seed=seed, collect_stats=False, display=False, initial_solution=present)
    if not found.is_feasible():
        return []
    return [Route(int(routing.vehicle[route.vehicle_type()]), [a.idx for a in route if a.is_client()]) for route in found.best.routes()]


def _present(routing: Routing, tour: IntArray, vehicle: IntArray) -> pyvrp.Solution:
    """Return the present tours as the library knows them."""
    import pyvrp

    kind = np.searchsorted(routing.vehicle, vehicle)
    routes = [pyvrp.Route(routing.data, np.flatnonzero(tour == t).tolist(), int(kind[t])) for t in range(len(vehicle))]
    return pyvrp.Solution(routing.data, routes)
