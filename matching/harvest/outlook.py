"""What is known of harvests to come, and seeded scenarios of them.

Problem data
    P10, P50, P90 of a lot   with chances of 10, 50 and 90 % there will be at most so many kilograms
    deliveries of a supplier pairs of promised and delivered kilograms, from the past

Scenarios
    harvest_l  = Q_l(u_l), with Q_l linear between the points (0.1, P10), (0.5, P50), (0.9, P90) and going on as steeply to 0 and 1,
                 never below 0; a lot without the three is as large as declared
    u_l        = Φ(√ρ w_p + √(1−ρ) e_l): the weather w_p is one for all lots of a product, e_l is the lot's own
    kept_s,t   = share of what it promised that supplier s brings on date t: drawn from its n past deliveries, or, with a chance of
                 k / (n + k), from those of everybody; 1 where there are none at all
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.model.problem import FloatArray, IntArray, Problem, TextArray, _flat, _Table

UNKNOWN = -1
WEATHER = 0.3
"""Share ρ of a harvest's chance that is the weather's."""
STRANGERS = 5
"""Own deliveries k from which on a supplier's own history counts for half."""


@dataclass(frozen=True, eq=False)
class Outlook(_Table):
    """What is known of harvests.

    Attributes
    ----------
    p10_kg, p50_kg, p90_kg : of each lot, shape (n_lots,); `UNKNOWN` where it is as declared.
    supplier : of each past delivery, row of `Problem.supplier_ids`, or `UNKNOWN` for one without a lot; shape (n_deliveries,).
    promised_kg, delivered_kg : of each past delivery, the same shape.
    supplier_id : of each past delivery, the same shape.
    """

    p10_kg: IntArray
    p50_kg: IntArray
    p90_kg: IntArray
    supplier: IntArray = _flat()
    promised_kg: IntArray = _flat()
    delivered_kg: IntArray = _flat()
    supplier_id: TextArray = _flat()

    @property
    def is_known(self) -> bool:
        """Whether anything is uncertain at all."""
        return bool((self.p50_kg != UNKNOWN).any()) or len(self.supplier) > 0

    @property
    def deliveries(self) -> dict[str, int]:
        """How often each supplier has delivered, by id."""
        names, counts = np.unique(self.supplier_id.astype(str), return_counts=True)
        return dict(zip(names.tolist(), counts.tolist()))


def nothing_known(problem: Problem) -> Outlook:
    """Return the outlook of a problem whose lots are as declared."""
    unknown, none = np.full(problem.n_lots, UNKNOWN), np.zeros(0, dtype=np.int64)
    return Outlook(unknown, unknown.copy(), unknown.copy(), none, none.copy(), none.copy(), none.astype(object))


@dataclass(frozen=True, eq=False)
class Scenarios:
    """What may happen.

    Attributes
    ----------
    harvest_kg : of each lot in each scenario, shape (n_scenarios, n_lots).
    kept : share of its promise that each supplier brings on each date, shape (n_scenarios, n_suppliers, n_days).
    first_day : date of the first of these.
    """

    harvest_kg: FloatArray
    kept: FloatArray
    first_day: int


def scenarios(problem: Problem, outlook: Outlook, *, n: int, seed: int) -> Scenarios:
    """Draw scenarios; the same seed gives the same ones.

    Parameters
    ----------
    n : number of scenarios, at least 1.
    """
    rng = np.random.default_rng((seed, 0x9E37))
    first = min([problem.horizon_from_day, *problem.lots.from_day.tolist()])
    last = max([problem.horizon_until_day, *problem.lots.until_day.tolist()])
    return Scenarios(_harvests(problem, outlook, n, rng), _kept(problem, outlook, n, last - first + 1, rng), first)


def _harvests(problem: Problem, outlook: Outlook, n: int, rng: np.random.Generator) -> FloatArray:
    from scipy.special import ndtr  # An input is read without it.

    weather = rng.standard_normal((n, len(problem.product_ids)))
    own = rng.standard_normal((n, problem.n_lots))
    u = ndtr(np.sqrt(WEATHER) * weather[:, problem.lots.product] + np.sqrt(1 - WEATHER) * own)
    return quantile(outlook, problem.lots.kg, u)


def quantile(outlook: Outlook, declared_kg: IntArray, u: FloatArray) -> FloatArray:
    """Return the harvest of each lot at a chance ``u`` of there being no more, shape of ``u`` (…, n_lots), kg."""
    low, middle, high = (one.astype(np.float64) for one in (outlook.p10_kg, outlook.p50_kg, outlook.p90_kg))
    below = middle + (u - 0.5) * (middle - low) / 0.4
    above = middle + (u - 0.5) * (high - middle) / 0.4
    made = np.maximum(0.0, np.where(u < 0.5, below, above))
    return np.where(outlook.p50_kg == UNKNOWN, declared_kg.astype(np.float64), made)


def _kept(problem: Problem, outlook: Outlook, n: int, n_days: int, rng: np.random.Generator) -> FloatArray:
    """Draw what suppliers keep of their promises."""
    shape = (n, len(problem.supplier_ids), n_days)
    counted = outlook.promised_kg > 0
    share = np.minimum(1.0, outlook.delivered_kg[counted] / np.maximum(1, outlook.promised_kg[counted]))
    if len(share) == 0:
        return np.ones(shape)
    owner = outlook.supplier[counted]
    made = share[rng.integers(len(share), size=shape)]
    trusted, pick = rng.random(shape), rng.random(shape)
    for supplier in np.unique(owner[owner >= 0]).tolist():
        mine = share[owner == supplier]
        own = mine[(pick[:, supplier] * len(mine)).astype(np.int64)]
        made[:, supplier] = np.where(trusted[:, supplier] < len(mine) / (len(mine) + STRANGERS), own, made[:, supplier])
    return made
