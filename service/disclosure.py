"""What an organisation may learn: the one policy that pages, explanations, exports and error texts follow.

An association's own people see everything. An organisation sees its own figures exactly. Of others it learns only what a market bulletin
would publish:

1. No name, no code and no quantity of another party.
2. Prices as steps of a fixed scale (`PRICE_STEPS`), at least 11 % apart. A secret price is rounded to the scale before any other figure is
   added to it. So nobody narrows it down by asking again from another place, in another quantity or at another price of his own.
3. A step is told only where at least `LEAST_PARTIES` parties stand behind it; with fewer, only how far away it is, in words.
4. Counts of others below `LEAST_PARTIES` are told as "fewer than five".
5. A share of one's own goods is told in words, because its rest would be another's quantity.
6. Which of the market's reasons applies (`MARKET_REASONS`) depends on others' exact prices. An organisation is told the reason that follows
   from the published steps; lists, which have no steps, tell one neutral reason for all of them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from enum import StrEnum

from catalog.tenancy import Scope

LEAST_PARTIES = 5
"""Parties that must stand behind a published figure."""
_SERIES = (100, 112, 125, 140, 160, 180, 200, 224, 250, 280, 315, 355, 400, 450, 500, 560, 630, 710, 800, 900)
PRICE_STEPS: tuple[int, ...] = (0, *(step * 10**power for power in range(10) for step in _SERIES))
"""Prices that are published, đồng per kg: the preferred numbers of ISO 3, twenty a decade."""
MARKET_REASONS = frozenset({"price", "better_offer", "suppliers_limit", "minimum", "throughput", "fleet", "truck"})
"""Reasons that tell something of others' prices or quantities: the price, and all that is looked at only where it would pay."""


class Distance(StrEnum):
    """How far a price is from the one that would do, as a share of one's own."""

    SLIGHT = "slight"
    CLEAR = "clear"
    FAR = "far"


class Part(StrEnum):
    """How much of one's own goods something concerns."""

    ALL = "all"
    HALF = "half"
    SOME = "some"


def sees_all(scope: Scope) -> bool:
    """Return whether these eyes are the association's own."""
    return scope.organisation_id is None


def step_above(price_vnd: float) -> int:
    """Return the smallest published price that is at least as high; the highest step where there is none."""
    return PRICE_STEPS[min(bisect_left(PRICE_STEPS, price_vnd), len(PRICE_STEPS) - 1)]


def step_below(price_vnd: float) -> int:
    """Return the largest published price that is at most as high; 0 where there is none."""
    return PRICE_STEPS[max(bisect_right(PRICE_STEPS, price_vnd) - 1, 0)]


def price_to_offer(floor_vnd: float, freight_vnd: float) -> int:
    """Return a published price that covers another's floor price and the freight, đồng per kg."""
    return step_above(step_above(floor_vnd) + freight_vnd)


def price_to_ask(bid_vnd: float, freight_vnd: float) -> int:
    """Return a published floor price that another's bid pays for, freight included, đồng per kg."""
    return step_below(max(0.0, step_below(bid_vnd) - freight_vnd))


def distance(own_vnd: float, published_vnd: float) -> Distance:
    """Return how far one's own price is from a published one."""
    share = abs(published_vnd - own_vnd) / max(1.0, own_vnd)
    return Distance.SLIGHT if share < 0.25 else Distance.CLEAR if share < 0.5 else Distance.FAR


def part_of(kg: int, own_kg: int) -> Part:
    """Return how much of one's own goods an amount is."""
    return Part.ALL if kg >= own_kg else Part.HALF if 2 * kg >= own_kg else Part.SOME


def published_count(parties: int) -> int | None:
    """Return a count of others as it is published; None stands for fewer than five."""
    return None if 0 < parties < LEAST_PARTIES else parties
