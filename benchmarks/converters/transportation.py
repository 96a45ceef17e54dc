"""Transportation problems, plain and with fixed charges.

File: ``m n``, the m supplies, the n demands, and the m × n costs of a unit, row by row; with fixed charges, the m × n charges follow.
All are numbers separated by blanks or line ends.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.converters.converted import Converted
from benchmarks.converters.numbers import NumberFile
from benchmarks.converters.shipping import Shipping, convert_shipping, plain_shipping


def convert_transportation(text: str) -> Converted:
    """Convert a transportation problem.

    Raises
    ------
    ValueError : where the text is not such a file, or demand exceeds supply.
    """
    file = NumberFile(text)
    made = _plain(file)
    file.require_end()
    return convert_shipping(made)


def convert_fixed_charge(text: str) -> Converted:
    """Convert a transportation problem whose lanes have a fixed charge.

    Raises
    ------
    ValueError : where the text is not such a file, or demand exceeds supply.
    """
    file = NumberFile(text)
    made = _plain(file)
    made = replace(made, fixed_cost=file.decimals(made.n_origins, made.n_destinations))
    file.require_end()
    return convert_shipping(made)


def _plain(file: NumberFile) -> Shipping:
    m, n = file.count(), file.count()
    return plain_shipping(file.whole(1, m), file.whole(1, n), file.decimals(m, n))
