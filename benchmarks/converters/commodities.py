"""Multi-commodity transportation with lane charges, minimum loads, and limits on sources or destinations.

File: a keyword and its numbers, one after another, in any order after the first three:

    COMMODITIES k   SOURCES m   SINKS n
    SUPPLY k × m    DEMAND k × n    COST m × n        must be there; a unit of any commodity costs the same on a lane
    FIXED m × n     CAPACITY m × n                    charge once a lane is used at all, most units of all commodities on it
    MIN_LOAD n      MAX_SOURCES n                     least units of a commodity from each source that serves a sink, most such sources
    MAX_SINKS m                                       most sinks of each commodity of a source

The format limits how many suppliers a line has, not how many lines a lot has. So a file with MAX_SINKS is turned round: what its sinks
want becomes lots, what its sources hold becomes lines, and MIN_LOAD then counts m numbers, one for each source.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.converters.converted import Converted
from benchmarks.converters.numbers import NumberFile
from benchmarks.converters.shipping import UNLIMITED, Shipping, convert_reversed, convert_shipping, plain_shipping


def convert_commodities(text: str) -> Converted:
    """Convert a multi-commodity problem.

    Raises
    ------
    ValueError : where the text is not such a file, demand exceeds supply, or both kinds of limits are asked for.
    """
    sections = _sections(text)
    if {"MAX_SINKS", "MAX_SOURCES"} <= set(sections):
        raise ValueError("MAX_SOURCES and MAX_SINKS cannot be told together")
    missing = {"COMMODITIES", "SOURCES", "SINKS", "SUPPLY", "DEMAND", "COST"} - set(sections)
    if missing:
        raise ValueError(f"{', '.join(sorted(missing))} must be there")
    given = _read(sections)
    return convert_reversed(given) if "MAX_SINKS" in sections else convert_shipping(given)


def _sections(text: str) -> dict[str, NumberFile]:
    """Split the text at its keywords."""
    words: dict[str, list[str]] = {}
    name = ""
    for word in (word for line in text.splitlines() for word in line.partition("#")[0].split()):
        if word.replace("_", "").isalpha():
            name = word.upper()
            if name in words:
                raise ValueError(f"{name} is there twice")
            words[name] = []
        else:
            words.setdefault(name, []).append(word)
    known = {"COMMODITIES", "SOURCES", "SINKS", "SUPPLY", "DEMAND", "COST", "FIXED", "CAPACITY", "MIN_LOAD", "MAX_SOURCES", "MAX_SINKS"}
    if set(words) - known:
        raise ValueError(f"unknown keyword {', '.join(sorted(set(words) - known))!r}")
    return {name: NumberFile(" ".join(numbers)) for name, numbers in words.items()}


def _read(sections: dict[str, NumberFile]) -> Shipping:
    """Read all sections; limits of sinks stand at the destinations, limits of sources too, for the reversal to find them."""
    k, m, n = (sections[name].count() for name in ("COMMODITIES", "SOURCES", "SINKS"))
    turned = "MAX_SINKS" in sections
    limited = m if turned else n
    made = plain_shipping(sections["SUPPLY"].whole(k, m), sections["DEMAND"].whole(k, n), sections["COST"].decimals(m, n))
    limit = next((sections[name].whole(limited) for name in ("MAX_SINKS", "MAX_SOURCES") if name in sections), None)
    made = replace(
        made,
        fixed_cost=sections["FIXED"].decimals(m, n) if "FIXED" in sections else made.fixed_cost,
        capacity=sections["CAPACITY"].whole(m, n) if "CAPACITY" in sections else made.capacity,
        min_load=sections["MIN_LOAD"].whole(limited) if "MIN_LOAD" in sections else np.zeros(limited, dtype=np.int64),
        max_origins=np.full(limited, UNLIMITED) if limit is None else limit,
    )
    for file in sections.values():
        file.require_end()
    return made
