"""Reading plain tables of numbers, exactly."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import numpy as np
import numpy.typing as npt

Decimals = npt.NDArray[np.object_]
Whole = npt.NDArray[np.int64]

COARSEST_DECIMALS, FINEST_DECIMALS = 2, 6


class NumberFile:
    """The numbers of a text one after another; what follows ``#`` on a line is left out."""

    def __init__(self, text: str) -> None:
        self._words = [word for line in text.splitlines() for word in line.partition("#")[0].split()]
        self._next = 0

    def word(self) -> str:
        """Return the next word.

        Raises
        ------
        ValueError : at the end of the text.
        """
        if self._next == len(self._words):
            raise ValueError("the file ends before all its numbers were read")
        self._next += 1
        return self._words[self._next - 1]

    def count(self) -> int:
        """Return the next number, which counts things."""
        value = self.decimals(1)[0]
        if value != int(value) or value < 0:
            raise ValueError(f"{value} is not a whole number from 0")
        return int(value)

    def decimals(self, *shape: int) -> Decimals:
        """Return the next numbers as exact decimals from 0."""
        values = np.array([self._decimal() for _ in range(int(np.prod(shape)))], dtype=object)
        return values.reshape(shape)

    def whole(self, *shape: int) -> Whole:
        """Return the next numbers, which must be whole."""
        values = self.decimals(*shape)
        if any(value != int(value) for value in values.flat):
            raise ValueError("quantities must be whole numbers: multiply them, and divide the costs of a unit")
        return values.astype(np.int64)

    def _decimal(self) -> Decimal:
        word = self.word()
        try:
            value = Decimal(word)
        except InvalidOperation as error:
            raise ValueError(f"{word!r} is not a number") from error
        if not value.is_finite() or value < 0:
            raise ValueError(f"{word} is not a finite number from 0")
        return value

    def is_over(self) -> bool:
        """Whether all numbers have been read."""
        return self._next == len(self._words)

    def require_end(self) -> None:
        """Raise if numbers are left."""
        if not self.is_over():
            raise ValueError(f"{len(self._words) - self._next} more numbers than expected")


def vnd_per_cost(*costs: Decimals) -> int:
    """Đồng that stand for one unit of cost: a power of ten that makes all costs whole, and a đồng less than a unit in any case.

    Raises
    ------
    ValueError : where six decimals do not hold a cost exactly.
    """
    for decimals in range(COARSEST_DECIMALS, FINEST_DECIMALS + 1):
        scale = int(f"1{'0' * decimals}")
        scaled = (Decimal(value) * scale for array in costs for value in array.ravel().tolist())
        if all(value == int(value) for value in scaled):
            return scale
    raise ValueError(f"costs have more than {FINEST_DECIMALS} decimals")
