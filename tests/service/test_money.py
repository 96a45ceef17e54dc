"""Money adds up to the last đồng, however it is shared."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.planning.fulfilment import money

AMOUNTS = st.integers(-(10**15), 10**15)
WEIGHTS = st.dictionaries(st.integers(1, 10**6), st.integers(0, 10**7), min_size=1, max_size=30).filter(
    lambda weights: sum(weights.values()) > 0
)


def test_what_is_left_over_goes_to_the_largest_remainders_then_to_the_smaller_id() -> None:
    assert money.share(100, {1: 1, 2: 1, 3: 1}) == {1: 34, 2: 33, 3: 33}
    assert money.share(101, {3: 1, 2: 1, 1: 1}) == {3: 33, 2: 34, 1: 34}
    assert money.share(10, {1: 1, 2: 5}) == {1: 2, 2: 8}
    assert money.share(-100, {1: 1, 2: 1, 3: 1}) == {1: -34, 2: -33, 3: -33}


@pytest.mark.parametrize("weights", [{}, {1: 0}, {1: -1, 2: 5}])
def test_weights_that_share_nothing_are_refused(weights: dict[int, int]) -> None:
    with pytest.raises(ValueError, match="one of them positive"):
        money.share(100, weights)


@given(AMOUNTS, WEIGHTS)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_shares_add_up_and_none_is_a_dong_off(amount: int, weights: dict[int, int]) -> None:
    shares = money.share(amount, weights)
    total = sum(weights.values())
    assert sum(shares.values()) == amount
    assert all(abs(shares[key] * total - amount * weight) < total for key, weight in weights.items())
    assert all(shares[key] == 0 for key, weight in weights.items() if weight == 0)


@given(st.integers(0, 10**7), st.integers(0, 10**9), st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 1000))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_every_dong_of_the_buyer_goes_somewhere(kg: int, price: int, freight: int, hub: int, rate: int) -> None:
    parts = money.breakdown(kg, price, freight, hub, rate)
    assert parts.buyer_vnd == kg * price == parts.freight_vnd + parts.hub_vnd + parts.fee_vnd + parts.supplier_vnd
    assert abs(parts.fee_vnd * 1000 - parts.buyer_vnd * rate) <= 500


def test_the_fee_rounds_half_up() -> None:
    assert [money.fee(vnd, 15) for vnd in (33, 34, 100, 0)] == [0, 1, 2, 0]
