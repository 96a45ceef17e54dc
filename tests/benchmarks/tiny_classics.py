"""Hand-made instances of the classical problems, and the smallest cost of each by a way that has nothing of the engine."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp

Floats = npt.NDArray[np.float64]

TRANSPORTATION = """
3 4                 # origins, destinations
20 30 25
10 25 15 20
8 6 10 9
9 12 13 7
14 9 16 5
"""

FIXED_CHARGE = """
3 4
20 30 25
10 25 15 20
3 2 5 4
4 6 3 3
6 4 7 2
50 120 40 90
80 30 100 60
20 70 60 110
"""

FACILITIES = """
4 5
30 120.5
35 150
25 90
50 260
8  16.0 24.0 40.8 20.0
12 48.0 12.0 36.0 30.0
10 50.0 45.0 10.0 20.0
7  21.0 35.7 14.0 28.0
9  18.0 54.0 36.0 27.5
"""

COMMODITIES = """
COMMODITIES 2 SOURCES 3 SINKS 3
SUPPLY
20 15 10
12 18 14
DEMAND
12 14 9
10 8 12
COST
4 7 5
6 3 8
5 6 2
FIXED
20 35 15
10 25 40
30 20 10
CAPACITY
18 25 20
25 16 25
20 25 17
MIN_LOAD 5 4 3
MAX_SOURCES 2 1 2
"""

FEW_SINKS = """
COMMODITIES 1 SOURCES 3 SINKS 4
SUPPLY 30 30 30
DEMAND 15 20 10 25
COST
2 3 4 6
3 2 5 4
6 4 2 3
MIN_LOAD 5 5 5
MAX_SINKS 2 1 2
"""

CVRP = """NAME : tiny
COMMENT : made by hand
TYPE : CVRP
DIMENSION : 8
EDGE_WEIGHT_TYPE : EUC_2D
CAPACITY : 10
NODE_COORD_SECTION
1 50 50
2 20 70
3 10 40
4 80 80
5 85 30
6 60 10
7 35 20
8 65 90
DEMAND_SECTION
1 0
2 4
3 5
4 3
5 6
6 4
7 2
8 5
DEPOT_SECTION
 1
 -1
EOF
"""

SDVRP = """NAME : tiny split
TYPE : SDVRP
DIMENSION : 4
EDGE_WEIGHT_TYPE : EXPLICIT
EDGE_WEIGHT_FORMAT : LOWER_ROW
CAPACITY : 6
EDGE_WEIGHT_SECTION
40
42 5
41 6 4
DEMAND_SECTION
1 0
2 4
3 4
4 4
DEPOT_SECTION
1
-1
EOF
"""


def numbers(text: str) -> list[float]:
    return [float(word) for line in text.splitlines() for word in line.partition("#")[0].split()]


def least_shipping_cost(
    supply: Floats,
    demand: Floats,
    cost: Floats,
    fixed: Floats | None = None,
    opening: Floats | None = None,
    capacity: Floats | None = None,
    min_load: Floats | None = None,
    max_sources: Floats | None = None,
    max_sinks: Floats | None = None,
) -> float:
    """Solve a mixed-integer program: kg, and whether a lane, a commodity on a lane, and an origin are used."""
    k, m, n = len(supply), supply.shape[1], demand.shape[1]
    kg, lane = np.arange(k * m * n).reshape(k, m, n), k * m * n + np.arange(m * n).reshape(m, n)
    share = lane[-1, -1] + 1 + np.arange(k * m * n).reshape(k, m, n)
    is_open = share[-1, -1, -1] + 1 + np.arange(m)
    c = np.zeros(is_open[-1] + 1)
    c[kg] = cost
    c[lane] = 0 if fixed is None else fixed
    c[is_open] = 0 if opening is None else opening
    rows: list[tuple[dict[int, float], float, float]] = []
    for q, i, j in itertools.product(range(k), range(m), range(n)):
        most = float(min(supply[q, i], demand[q, j]))
        rows.append(({kg[q, i, j]: 1, share[q, i, j]: -most}, -np.inf, 0))
        rows.append(({share[q, i, j]: 1, lane[i, j]: -1}, -np.inf, 0))
        rows.append(({lane[i, j]: 1, is_open[i]: -1}, -np.inf, 0))
        if min_load is not None:
            rows.append(({kg[q, i, j]: 1, share[q, i, j]: -float(min_load[i if max_sinks is not None else j])}, 0, np.inf))
    for q in range(k):
        rows += [(dict.fromkeys(kg[q, i], 1.0), -np.inf, supply[q, i]) for i in range(m)]
        rows += [(dict.fromkeys(kg[q, :, j], 1.0), demand[q, j], demand[q, j]) for j in range(n)]
        if max_sources is not None:
            rows += [(dict.fromkeys(share[q, :, j], 1.0), -np.inf, max_sources[j]) for j in range(n)]
        if max_sinks is not None:
            rows += [(dict.fromkeys(share[q, i], 1.0), -np.inf, max_sinks[i]) for i in range(m)]
    if capacity is not None:
        rows += [(dict.fromkeys(kg[:, i, j], 1.0), -np.inf, capacity[i, j]) for i in range(m) for j in range(n)]
    matrix = np.zeros((len(rows), len(c)))
    for place, (terms, _, _) in enumerate(rows):
        matrix[place, list(terms)] = list(terms.values())
    limits = LinearConstraint(matrix, [low for _, low, _ in rows], [high for _, _, high in rows])
    whole = np.arange(len(c)) >= k * m * n
    upper = np.where(whole, 1.0, np.inf)
    found = milp(c, constraints=limits, integrality=whole.astype(int), bounds=Bounds(np.zeros(len(c)), upper))
    assert found.success
    return float(found.fun)


def tour_lengths(distance: npt.NDArray[np.int64]) -> dict[frozenset[int], int]:
    """Shortest tour from node 0 through each set of the others."""
    made = {}
    others = range(1, len(distance))
    for size in range(1, len(distance)):
        for nodes in itertools.combinations(others, size):
            tours = (sum(distance[a, b] for a, b in itertools.pairwise((0, *order, 0))) for order in itertools.permutations(nodes))
            made[frozenset(nodes)] = int(min(tours))
    return made


def least_routing_cost(distance: npt.NDArray[np.int64], demand: list[int], capacity: int) -> int:
    """Split the customers into tours that fit in every way, and take the shortest."""
    tours = {nodes: length for nodes, length in tour_lengths(distance).items() if sum(demand[k] for k in nodes) <= capacity}
    best: dict[frozenset[int], int] = {frozenset(): 0}
    for size in range(1, len(distance)):
        for nodes in map(frozenset, itertools.combinations(range(1, len(distance)), size)):
            first = min(nodes)
            best[nodes] = min(length + best[nodes - tour] for tour, length in tours.items() if first in tour and tour <= nodes)
    return best[frozenset(range(1, len(distance)))]


def least_split_cost(distance: npt.NDArray[np.int64], demand: list[int], capacity: int, most_tours: int) -> int:
    """Try every handful of tours; loads fit where no set of customers wants more than the tours that touch it can hold."""
    tours = tour_lengths(distance)
    best = None
    for count in range(1, most_tours + 1):
        for chosen in itertools.combinations_with_replacement(tours, count):
            fits = all(sum(demand[k] for k in nodes) <= capacity * sum(bool(nodes & tour) for tour in chosen) for nodes in tours)
            length = sum(tours[tour] for tour in chosen)
            best = length if fits and (best is None or length < best) else best
    assert best is not None
    return best
