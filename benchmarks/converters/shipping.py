"""Shipping problems, where goods move by the kilogram, as carriers' lanes between sites on one date.

Problem data
    commodities k, origins i with supply, destinations j with demand, a lane for each (i, j): cost of a unit, fixed charge,
    capacity; an opening charge of each origin; least load of a lane into each destination, most origins of a destination.

Translation
    origin         a cooperative with one lot of each commodity; its charge is the site's ``opening_vnd``
    destination    a buyer with one line for each commodity
    lane           a carrier: ``vnd_per_kg``, ``fixed_vnd``, ``capacity_kg``, ``transit_days`` 0
    least load     ``min_supplier_kg``; most origins: ``max_suppliers``
    minimisation   every line bids so much that leaving one kilogram behind never pays

How much is enough. Let a plan leave a kilogram of demand open. Without the last two rules and with one commodity, a better one
is reached along a path that enters at most 1 + min(origins, destinations) lanes or origins anew, each of which costs at most the
dearest unit and the dearest charges. In any case no plan saves more than all charges and all units at their dearest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.converters.converted import DAY, Converted, Table
from benchmarks.converters.numbers import Decimals, Whole, vnd_per_cost

UNLIMITED = -1


@dataclass(frozen=True, eq=False)
class Shipping:
    """A shipping problem in published units.

    Attributes
    ----------
    supply : shape (n_commodities, n_origins).
    demand : shape (n_commodities, n_destinations).
    unit_cost : of each lane, shape (n_origins, n_destinations), in 1 / ``unit_cost_per[j]`` of a cost.
    unit_cost_per : what the costs of each destination are divided by for one unit, shape (n_destinations,).
    fixed_cost, capacity : of each lane; capacity UNLIMITED for none.
    opening_cost : of each origin, shape (n_origins,).
    min_load, max_origins : of each destination; 0 and UNLIMITED for none.
    """

    supply: Whole
    demand: Whole
    unit_cost: Decimals
    unit_cost_per: Whole
    fixed_cost: Decimals
    capacity: Whole
    opening_cost: Decimals
    min_load: Whole
    max_origins: Whole

    @property
    def n_origins(self) -> int:
        return int(self.supply.shape[1])

    @property
    def n_destinations(self) -> int:
        return int(self.demand.shape[1])

    def is_plain(self) -> bool:
        """Whether demand can be met along paths one kilogram after another."""
        return len(self.supply) == 1 and not self.min_load.any() and bool((self.max_origins == UNLIMITED).all())


def plain_shipping(supply: Whole, demand: Whole, unit_cost: Decimals) -> Shipping:
    """Return a problem without charges or limits; supply and demand have shape (n_commodities, n_origins) and so on."""
    m, n = supply.shape[1], demand.shape[1]
    return Shipping(
        supply=supply,
        demand=demand,
        unit_cost=unit_cost,
        unit_cost_per=np.ones(n, dtype=np.int64),
        fixed_cost=np.zeros((m, n), dtype=object),
        capacity=np.full((m, n), UNLIMITED),
        opening_cost=np.zeros(m, dtype=object),
        min_load=np.zeros(n, dtype=np.int64),
        max_origins=np.full(n, UNLIMITED),
    )


def convert_shipping(given: Shipping) -> Converted:
    """Convert a shipping problem.

    Raises
    ------
    ValueError : where demand exceeds supply, so that no plan of the published problem exists.
    """
    _require_supply(given.supply, given.demand)
    return _converted(given)


def convert_reversed(given: Shipping) -> Converted:
    """Convert a problem whose ``min_load`` and ``max_origins`` are limits of origins, of shape (n_origins,): most destinations of each.

    What destinations want becomes lots and what origins hold becomes lines, so that each lot is bought by some origins.

    Raises
    ------
    ValueError : where demand exceeds supply.
    """
    _require_supply(given.supply, given.demand)
    if given.opening_cost.any() or (given.unit_cost_per != 1).any():
        raise ValueError("a problem with opening charges or costs of whole demands cannot be turned round")
    turned = replace(
        given,
        supply=given.demand,
        demand=given.supply,
        unit_cost=given.unit_cost.T,
        unit_cost_per=np.ones(given.n_origins, dtype=np.int64),
        fixed_cost=given.fixed_cost.T,
        capacity=given.capacity.T,
        opening_cost=np.zeros(given.n_destinations, dtype=object),
    )
    return _converted(turned)


def _require_supply(supply: Whole, demand: Whole) -> None:
    if (demand.sum(axis=1) > supply.sum(axis=1)).any():
        raise ValueError("demand exceeds supply")


def _converted(given: Shipping) -> Converted:
    """Convert a problem in which the smaller side of each commodity is to be used up."""
    scale = vnd_per_cost(given.unit_cost, given.fixed_cost, given.opening_cost)
    bid = _enough(given, scale)
    tables = {
        "sites": _sites(given, scale),
        "lots": _lots(given),
        "demands": _demands(given, bid),
        "vehicles": Table("class_id payload_kg fixed_vnd vnd_per_km kmh", []),
        "lanes": _lanes(given, scale),
    }
    moved = np.minimum(given.supply.sum(axis=1), given.demand.sum(axis=1)).sum()
    return Converted(tables, bid * int(moved), scale)


def _enough(given: Shipping, scale: int) -> int:
    """Return a bid per kilogram at which meeting all demand always pays."""
    unit, fixed = given.unit_cost / given.unit_cost_per, given.fixed_cost
    total = (
        (unit.max(axis=0) * np.minimum(given.demand.sum(axis=0), int(given.supply.sum()))).sum() + fixed.sum() + given.opening_cost.sum()
    )
    if given.is_plain():
        path = 1 + min(given.n_origins, given.n_destinations)
        total = min(total, path * (unit.max() + fixed.max() + given.opening_cost.max()))
    return int(total * scale) + 1


def _sites(given: Shipping, scale: int) -> Table:
    """Return origins in one row and destinations in another; nothing depends on where they stand."""
    opening = [int(cost * scale) for cost in given.opening_cost]
    origins = [[f"o{i + 1}", "cooperative", 21.0, round(105 + 0.01 * i, 6), opening[i]] for i in range(given.n_origins)]
    destinations = [[f"d{j + 1}", "buyer", 20.0, round(105 + 0.01 * j, 6), 0] for j in range(given.n_destinations)]
    return Table("site_id kind lat lon opening_vnd", origins + destinations)


def _lots(given: Shipping) -> Table:
    rows = [
        [f"o{i + 1}-k{k + 1}", f"o{i + 1}", f"o{i + 1}", f"k{k + 1}", 1, int(given.supply[k, i]), DAY, DAY, 1, 0]
        for k, i in np.argwhere(given.supply > 0).tolist()
    ]
    return Table("lot_id site_id supplier_id product grade quantity_kg available_from available_until shelf_life_days ask_vnd_per_kg", rows)


def _demands(given: Shipping, bid: int) -> Table:
    rows = []
    for k, j in np.argwhere(given.demand > 0).tolist():
        most = None if given.max_origins[j] == UNLIMITED else int(given.max_origins[j])
        place = [f"d{j + 1}-k{k + 1}", f"d{j + 1}", f"d{j + 1}", f"k{k + 1}", 1, int(given.demand[k, j]), DAY, DAY]
        rows.append([*place, bid, most, int(given.min_load[j])])
    header = (
        "line_id buyer_id site_id product max_grade quantity_kg deliver_from deliver_until bid_vnd_per_kg max_suppliers min_supplier_kg"
    )
    return Table(header, rows)


def _lanes(given: Shipping, scale: int) -> Table:
    rows = []
    for i in range(given.n_origins):
        for j in range(given.n_destinations):
            rate = given.unit_cost[i, j] * scale / int(given.unit_cost_per[j])
            capacity = None if given.capacity[i, j] == UNLIMITED else int(given.capacity[i, j])
            rows.append([f"o{i + 1}", f"d{j + 1}", f"{float(rate):.12g}", int(given.fixed_cost[i, j] * scale), capacity, 0])
    return Table("from_site to_site vnd_per_kg fixed_vnd capacity_kg transit_days", rows)
