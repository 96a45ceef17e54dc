"""Every kind of published instance that can be converted."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.converters.commodities import convert_commodities
from benchmarks.converters.converted import Converted
from benchmarks.converters.facilities import convert_facilities
from benchmarks.converters.routing import convert_routing, convert_split_routing
from benchmarks.converters.transportation import convert_fixed_charge, convert_transportation

KINDS: dict[str, Callable[[str], Converted]] = {
    "transportation": convert_transportation,
    "fixed-charge": convert_fixed_charge,
    "facilities": convert_facilities,
    "commodities": convert_commodities,
    "cvrp": convert_routing,
    "sdvrp": convert_split_routing,
}


def convert_text(kind: str, text: str) -> Converted:
    """Convert the text of a published file of a kind in `KINDS`.

    Raises
    ------
    ValueError : where the kind is unknown, or the text cannot be converted.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}: one of {', '.join(KINDS)}")
    return KINDS[kind](text)
