"""Capacitated facility location in the format of the OR-Library's ``cap`` files.

File: ``m n``; for each of the m facilities its capacity and its fixed cost; for each of the n customers its demand and then the cost
of meeting all of that demand from each facility. A customer may be served by several facilities.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.converters.converted import Converted
from benchmarks.converters.numbers import NumberFile
from benchmarks.converters.shipping import convert_shipping, plain_shipping


def convert_facilities(text: str, capacity: int | None = None) -> Converted:
    """Convert a facility location problem.

    Parameters
    ----------
    capacity : stands in where a file has the word ``capacity`` instead of a number.

    Raises
    ------
    ValueError : where the text is not such a file, a customer wants nothing, or demand exceeds capacity.
    """
    if capacity is not None:
        text = text.replace("capacity", str(capacity))
    file = NumberFile(text)
    m, n = file.count(), file.count()
    facilities = [(file.whole(1)[0], file.decimals(1)[0]) for _ in range(m)]
    customers = [(file.whole(1)[0], file.decimals(m)) for _ in range(n)]
    file.require_end()
    demand = np.array([[wanted for wanted, _ in customers]], dtype=np.int64)
    if (demand == 0).any():
        raise ValueError("a customer wants nothing")
    supply = np.array([[held for held, _ in facilities]], dtype=np.int64)
    made = plain_shipping(supply, demand, np.array([costs for _, costs in customers], dtype=object).T)
    opening = np.array([cost for _, cost in facilities], dtype=object)
    return convert_shipping(replace(made, unit_cost_per=demand[0], opening_cost=opening))
