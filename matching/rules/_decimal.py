"""Decimal numbers as whole multiples, for models over integers."""

from __future__ import annotations

from fractions import Fraction
from math import lcm


def whole(*values: float) -> tuple[int, ...]:
    """Return the least whole multiples of decimal numbers, then the factor: ``whole(0.5, 1.25) == (2, 5, 4)``."""
    exact = [Fraction(repr(float(value))) for value in values]
    factor = lcm(*(value.denominator for value in exact))
    return (*(int(value * factor) for value in exact), factor)
