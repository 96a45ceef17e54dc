"""Prices that look mistyped are asked about."""

from __future__ import annotations

import pytest

from catalog.prices import price_doubt


@pytest.mark.parametrize(
    ("price", "recent", "asked"),
    [(15_000, [], False), (499, [], True), (15, [], True), (15_000, [14_000, 16_000], False), (1_500, [14_000, 16_000], True),
     (160_000, [14_000, 16_000], True), (149_000, [14_000, 16_000], False), (450, [400, 500], True)],
)  # fmt: skip
def test_a_price_ten_times_off_or_under_five_hundred_is_asked_about(price: int, recent: list[int], asked: bool) -> None:
    assert bool(price_doubt(price, recent)) is asked
