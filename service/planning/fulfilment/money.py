"""Where the đồng go: from the buyer's price through freight, hub and fee to the supplier and its members, in whole đồng.

Rules, in this order:

1. The buyer pays accepted kilograms × price per kilogram. Both are whole, so nothing is left over.
2. A trip's cost is shared over the kilograms that it carried, accepted or not, and so is a hub's handling. What division leaves over
   goes, one đồng each, to the largest remainders; where remainders are equal, to the smaller id. The shares add up to the cost exactly.
3. The association's fee is a per-mille rate of what the buyer pays, rounded half up.
4. The supplier gets what remains; it can be negative where freight eats up a rejected load, and is then owed.
5. Members share the supplier's money by the kilograms that they put into the lot, by rule 2's remainder rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Breakdown:
    """The parts of one delivery's money, VND; they add up to `buyer_vnd`."""

    buyer_vnd: int
    freight_vnd: int
    hub_vnd: int
    fee_vnd: int
    supplier_vnd: int


def share(amount_vnd: int, weights: Mapping[int, int]) -> dict[int, int]:
    """Share an amount in proportion to weights, to the last đồng.

    Parameters
    ----------
    amount_vnd : what is shared; a negative amount is a debt, shared alike.
    weights : id → weight, whole and not negative, such as kilograms.

    Returns
    -------
    dict
        id → đồng; the values add up to `amount_vnd`.

    Raises
    ------
    ValueError
        If a weight is negative, or none is positive.
    """
    total = sum(weights.values())
    if total <= 0 or min(weights.values()) < 0:
        raise ValueError("expected weights that are not negative, one of them positive")
    sign, whole = (-1 if amount_vnd < 0 else 1), abs(amount_vnd)
    shares = {key: whole * weight // total for key, weight in weights.items()}
    left = whole - sum(shares.values())
    for key in sorted(weights, key=lambda k: (-(whole * weights[k] % total), k))[:left]:
        shares[key] += 1
    return {key: sign * part for key, part in shares.items()}


def fee(buyer_vnd: int, per_mille: int) -> int:
    """Return the association's fee, rounded half up."""
    return (buyer_vnd * per_mille * 2 + 1000) // 2000


def breakdown(accepted_kg: int, price_vnd_per_kg: int, freight_vnd: int, hub_vnd: int, fee_per_mille: int) -> Breakdown:
    """Return where one delivery's money goes.

    Parameters
    ----------
    accepted_kg : mass that the buyer took in, kg.
    price_vnd_per_kg : delivered price, VND per kg.
    freight_vnd, hub_vnd : this delivery's share of its trips and hubs, VND.
    fee_per_mille : the association's rate, ‰.
    """
    buyer_vnd = accepted_kg * price_vnd_per_kg
    fee_vnd = fee(buyer_vnd, fee_per_mille)
    return Breakdown(buyer_vnd, freight_vnd, hub_vnd, fee_vnd, buyer_vnd - freight_vnd - hub_vnd - fee_vnd)
