"""Random instances of the classical problems, as text in their published formats.

Costs grow with the distance between uniformly drawn points; supplies and demands are whole numbers. The same arguments give the same
text on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

SQUARE = 100.0
ROUTING_SQUARE = 1000


def transportation_text(m: int, n: int, seed: int) -> str:
    """Return a transportation problem of m origins and n destinations; supply is a tenth over demand."""
    rng = np.random.default_rng([seed, m, n])
    return _plain_text(rng, m, n)


def fixed_charge_text(m: int, n: int, seed: int) -> str:
    """Return a fixed-charge problem; a lane's charge is worth some tens of units of its goods."""
    rng = np.random.default_rng([seed, m, n, 1])
    return _plain_text(rng, m, n) + _lines(rng.integers(200, 3200, (m, n)))


def facilities_text(m: int, n: int, seed: int) -> str:
    """Return a facility location problem in which the facilities hold about five times what is wanted."""
    rng = np.random.default_rng([seed, m, n, 2])
    demand = rng.integers(5, 36, n)
    weight = rng.integers(10, 161, m)
    capacity = np.ceil(5.0 * demand.sum() * weight / weight.sum()).astype(np.int64)
    charge = (rng.integers(0, 91, m) + rng.integers(100, 111, m) * np.sqrt(capacity)).astype(np.int64)
    unit_cost = _apart(rng, m, n) / 10
    facilities = [f"{capacity[i]} {charge[i]}" for i in range(m)]
    customers = [f"{demand[j]}\n" + " ".join(f"{cost:.2f}" for cost in unit_cost[:, j] * demand[j]) for j in range(n)]
    return "\n".join([f"{m} {n}", *facilities, *customers]) + "\n"


def routing_text(n_customers: int, seed: int, *, lots_per_tour: float = 10.0, largest: int = 100) -> str:
    """Return a routing problem with customers drawn evenly from a square and the depot in one of three usual places.

    Parameters
    ----------
    lots_per_tour : about how many customers fill a vehicle.
    largest : greatest demand of a customer, as against a vehicle's capacity of ``lots_per_tour`` mean demands.
    """
    rng = np.random.default_rng([seed, n_customers, 3])
    place = rng.integers(0, ROUTING_SQUARE + 1, (n_customers + 1, 2))
    depots = ([ROUTING_SQUARE // 2] * 2, [0, 0], place[0].tolist())
    place[0] = depots[seed % 3]
    demand = rng.integers(1, largest + 1, n_customers)
    demand[0] = max(1, demand[0])
    capacity = max(int(demand.max()), round(lots_per_tour * float(demand.mean())))
    return vrp_text(capacity, [0, *demand.tolist()], place)


def vrp_text(capacity: int, demand: Iterable[int], place: npt.NDArray[np.int64]) -> str:
    """Return a ``.vrp`` file of the first kind of distances; node 1 is the depot, shape of ``place`` (n_nodes, 2)."""
    wanted = list(demand)
    head = ["NAME : random", "TYPE : CVRP", f"DIMENSION : {len(wanted)}", "EDGE_WEIGHT_TYPE : EUC_2D", f"CAPACITY : {capacity}"]
    places = [f"{k + 1} {x} {y}" for k, (x, y) in enumerate(place.tolist())]
    demands = [f"{k + 1} {kg}" for k, kg in enumerate(wanted)]
    return "\n".join([*head, "NODE_COORD_SECTION", *places, "DEMAND_SECTION", *demands, "DEPOT_SECTION", "1", "-1", "EOF"]) + "\n"


def _plain_text(rng: np.random.Generator, m: int, n: int) -> str:
    """Sizes, supplies, demands and costs of a unit."""
    demand = rng.integers(20, 200, n)
    share = rng.dirichlet(np.full(m, 3.0))
    supply = np.ceil(share * demand.sum() * 1.1).astype(np.int64)
    cost = np.maximum(1, np.rint(_apart(rng, m, n))).astype(np.int64)
    return f"{m} {n}\n" + _lines(supply[None]) + _lines(demand[None]) + _lines(cost)


def _apart(rng: np.random.Generator, m: int, n: int) -> npt.NDArray[np.float64]:
    """Distances between points drawn evenly from a square, shape (m, n)."""
    a, b = rng.random((m, 2)) * SQUARE, rng.random((n, 2)) * SQUARE
    return np.asarray(np.hypot(*(a[:, None, :] - b[None, :, :]).transpose(2, 0, 1)))


def _lines(values: npt.NDArray[np.int64]) -> str:
    """Rows of numbers, one on each line."""
    return "".join(" ".join(map(str, row)) + "\n" for row in values.tolist())
