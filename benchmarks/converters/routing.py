"""Capacitated vehicle routing, with and without split loads, as the collection of lots for one receiver.

Translation
    depot       a buyer with one line for all goods, which is also the base of an owned class of trucks
    customer    a cooperative with one lot, indivisible unless loads may be split; a truck drives from the base to its lots and back
    distance    ``km`` of a lane of its own in each direction; a truck costs the same for each kilometre and nothing else
    clock       driving takes no minutes, so neither hours nor dates bind
    minimisation  the line bids so much that a truck of its own pays for every lot or, with split loads, for every kilogram

With a limit on vehicles, a kilogram left behind saves at most all tours, so the bid is over that.
"""

from __future__ import annotations

import numpy as np

from benchmarks.converters.converted import DAY, Converted, Table
from benchmarks.converters.tsplib import Routing, kilometres_per_degree, read_routing

VND_PER_COST = 100
WIDEST_DEGREES = 40.0
HOURS = 240


def convert_routing(text: str) -> Converted:
    """Convert a capacitated vehicle routing problem.

    Raises
    ------
    ValueError : where the text is not such a file, or asks for something that cannot be told in the exchange format.
    """
    return _converted(read_routing(text), split=False)


def convert_split_routing(text: str) -> Converted:
    """Convert a split-delivery vehicle routing problem: as `convert_routing`, but several trucks may share a lot.

    Raises
    ------
    ValueError : as `convert_routing` does.
    """
    return _converted(read_routing(text), split=True)


def _converted(given: Routing, *, split: bool) -> Converted:
    if given.demand[0] != 0 or (given.demand[1:] <= 0).any():
        raise ValueError("the depot must want nothing, and every customer something")
    if not split and given.demand.max() > given.capacity:
        raise ValueError("a customer wants more than a vehicle holds")
    bid = _enough(given, split=split)
    tables = {
        "sites": _sites(given),
        "lots": _lots(given, split=split),
        "demands": _demand(given, bid),
        "vehicles": _vehicle(given),
        "lanes": _lanes(given),
        "settings": Table("key value", [["detour_factor", 1]]),
    }
    return Converted(tables, bid * int(given.demand.sum()), VND_PER_COST)


def _enough(given: Routing, *, split: bool) -> int:
    """Return a bid per kilogram at which collecting everything always pays."""
    alone = given.distance[0, 1:] + given.distance[1:, 0]
    if given.n_vehicles is not None:
        return int(VND_PER_COST * (len(given.demand) + given.n_vehicles) * given.distance.max()) + 1
    return int(np.max(VND_PER_COST * alone / (1 if split else given.demand[1:]))) + 1


def _sites(given: Routing) -> Table:
    """Places keep their shape, at one unit a kilometre where that fits on the globe."""
    extent = max(1.0, float(np.ptp(given.place, axis=0).max()))
    degrees = min(1 / kilometres_per_degree(), WIDEST_DEGREES / extent)
    at = (given.place - given.place.min(axis=0)) * degrees
    rows = [
        [_site(k), "cooperative" if k else "buyer", round(float(y), 7), round(100 + float(x), 7)] for k, (x, y) in enumerate(at.tolist())
    ]
    return Table("site_id kind lat lon", rows)


def _site(node: int) -> str:
    return f"n{node}" if node else "depot"


def _lots(given: Routing, *, split: bool) -> Table:
    rows = [
        [f"lot{k}", _site(k), _site(k), "goods", 1, int(given.demand[k]), DAY, DAY, 1, 0, "no" if split else "yes", 0]
        for k in range(1, len(given.demand))
    ]
    header = "lot_id site_id supplier_id product grade quantity_kg available_from available_until shelf_life_days ask_vnd_per_kg"
    return Table(f"{header} indivisible litres_per_kg", rows)


def _demand(given: Routing, bid: int) -> Table:
    row = ["all", "depot", "depot", "goods", 1, int(given.demand.sum()), DAY, DAY, bid]
    return Table("line_id buyer_id site_id product max_grade quantity_kg deliver_from deliver_until bid_vnd_per_kg", [row])


def _vehicle(given: Routing) -> Table:
    row = ["truck", given.capacity, 0, VND_PER_COST, 60, given.n_vehicles, len(given.demand), HOURS, "depot"]
    return Table("class_id payload_kg fixed_vnd vnd_per_km kmh count_per_day max_stops max_hours base_site", [row])


def _lanes(given: Routing) -> Table:
    n = len(given.demand)
    rows = [[_site(i), _site(j), int(given.distance[i, j]), 0] for i in range(n) for j in range(n) if i != j]
    return Table("from_site to_site km minutes", rows)
