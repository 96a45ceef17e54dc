"""Where the đồng go: from the buyer's price through freight, hub and fee to the supplier and its members, in whole đồng.

Rules, in this order:

1. The buyer pays kilograms × price per kilogram, and a surcharge where it has agreed to one. All are whole, so nothing is left over.
2. A trip's cost is shared over the kilograms that ride on it. What division leaves over goes, one đồng each, to the largest remainders;
   where remainders are equal, to the smaller id. The shares add up to the cost exactly.
3. The association's fee is a per-mille rate of what the buyer pays, rounded half up.
4. The supplier gets what remains, and that is never negative.
5. A delivery is settled in the proportion of its terms: the buyer's amount for the accepted kilograms is shared over freight, handling,
   fee and supplier as the terms share theirs, by rule 2's remainder rule. What rejected goods cost is not the supplier's.
6. Members share the supplier's money by the kilograms that they put into the lot, by rule 2's remainder rule.
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


def handling(kg: int, vnd_per_kg: float) -> int:
    """Return what a hub takes for handling a mass, rounded half up."""
    return int(kg * vnd_per_kg + 0.5)


def in_proportion(agreed: Breakdown, agreed_kg: int, accepted_kg: int, price_vnd_per_kg: int, surcharge_vnd: int = 0) -> Breakdown:
    """Return where the money of accepted kilograms goes, in the proportion of what was agreed.

    Parameters
    ----------
    agreed : the parts for `agreed_kg`, none of them negative.
    accepted_kg : mass that the buyer took in, kg.
    surcharge_vnd : what the buyer pays above the price for `agreed_kg`; accepted kilograms bear their part of it, rounded half up.
    """
    if accepted_kg == agreed_kg:
        return agreed
    buyer_vnd = accepted_kg * price_vnd_per_kg + (surcharge_vnd * accepted_kg * 2 + agreed_kg) // (2 * agreed_kg)
    weights = {0: agreed.supplier_vnd, 1: agreed.freight_vnd, 2: agreed.hub_vnd, 3: agreed.fee_vnd}
    if not buyer_vnd or not sum(weights.values()):
        return Breakdown(0, 0, 0, 0, 0)
    parts = share(buyer_vnd, weights)
    return Breakdown(buyer_vnd, parts[1], parts[2], parts[3], parts[0])


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
