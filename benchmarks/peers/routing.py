"""Vehicle routing libraries on an instance of the classical routing problem."""

from __future__ import annotations

from itertools import repeat

import numpy as np

from benchmarks.converters.numbers import Whole
from benchmarks.converters.tsplib import Routing
from benchmarks.peers.optional import library


def split_demand(given: Routing, piece: int) -> Routing:
    """Return the problem with every customer cut into customers of at most ``piece`` at the same place, as split loads need."""
    nodes, demand = [0], [0]
    for node in range(1, len(given.demand)):
        whole, rest = divmod(int(given.demand[node]), piece)
        parts = [*repeat(piece, whole), *([rest] if rest else [])]
        nodes.extend(repeat(node, len(parts)))
        demand.extend(parts)
    distance: Whole = given.distance[np.ix_(nodes, nodes)]
    return Routing(given.capacity, given.n_vehicles, np.array(demand, dtype=np.int64), distance, given.place[nodes])


def pyvrp_cost(given: Routing, seconds: float, seed: int = 0) -> int:
    """Return the length of the tours that PyVRP finds within a time.

    Raises
    ------
    ImportError : where PyVRP is not installed.
    ValueError : where it finds no solution.
    """
    pyvrp, stop = library("pyvrp"), library("pyvrp.stop")
    model = pyvrp.Model()
    places = [model.add_location(float(x), float(y)) for x, y in given.place.tolist()]
    depot = model.add_depot(places[0])
    for place, kg in zip(places[1:], given.demand[1:].tolist()):
        model.add_client(place, delivery=kg)
    fleet = given.n_vehicles or len(given.demand) - 1
    model.add_vehicle_type(fleet, capacity=given.capacity, start_depot=depot, end_depot=depot)
    for i, row in enumerate(given.distance.tolist()):
        for j, length in enumerate(row):
            model.add_edge(places[i], places[j], distance=length)
    found = model.solve(stop.MaxRuntime(seconds), seed=seed, display=False, collect_stats=False)
    if not found.is_feasible():
        raise ValueError("PyVRP found no solution")
    return int(found.cost())


def ortools_cost(given: Routing, seconds: float) -> int:
    """Return the length of the tours that OR-Tools' routing library finds within a time.

    Raises
    ------
    ValueError : where it finds no solution.
    """
    wrapper, enums = library("ortools.constraint_solver.pywrapcp"), library("ortools.constraint_solver.routing_enums_pb2")
    n, fleet = len(given.demand), given.n_vehicles or len(given.demand) - 1
    index = wrapper.RoutingIndexManager(n, fleet, 0)
    model = wrapper.RoutingModel(index)
    # Rows of the matrix hold plain numbers, which the library reads much faster than it calls back.
    model.SetArcCostEvaluatorOfAllVehicles(model.RegisterTransitMatrix(given.distance.tolist()))
    load = model.RegisterUnaryTransitVector(given.demand.tolist())
    model.AddDimension(load, 0, given.capacity, True, "load")
    how = wrapper.DefaultRoutingSearchParameters()
    how.first_solution_strategy = enums.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    how.local_search_metaheuristic = enums.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    how.time_limit.FromMilliseconds(round(1000 * seconds))
    found = model.SolveWithParameters(how)
    if found is None:
        raise ValueError("OR-Tools found no solution")
    return int(found.ObjectiveValue())
