"""Cheapest haulage of two trucks that meet at a hub, as far as the clock admits it.

The first truck loads at a, unloads at hub h; the second loads there once the first has unloaded, and unloads at b. With t the times at
which the stops at a and b begin, on days 0 and k,

    t_a + dur_a + drive_1 + dur_h + dur_h + drive_2 ≤ t_b,   t_a in the hours of a,  t_b in the hours of b,
    dur_a + drive_1 + dur_h ≤ shift_1,   dur_h + drive_2 + dur_b ≤ shift_2.

Goods may wait at the hub as long as they like, so it is enough that the earliest t_a goes with the latest t_b on the last day allowed.
Durations and drives are least ones, as in `matching.network.reach`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.compiled import compiled
from matching.model.problem import MINUTES_PER_DAY, FloatArray, IntArray
from matching.network.distance import Distances, kilometres
from matching.network.reach import SLACK_MIN, Reach, full_rate

FAR_MIN = 1e12


class Halves(NamedTuple):
    """One truck between every site and every hub, on its way to the hub or from it; shape of each (n_sites, n_hubs, n_classes).

    Attributes
    ----------
    rate : đồng per kg of a full truck, infinite where it may not go.
    minute : to the hub: earliest at which goods can be loaded again there; from the hub: latest at which they may be; of day 0.
    """

    rate: FloatArray
    minute: FloatArray


def into_hubs(r: Reach, spans: Distances, hubs: IntArray, extra_vnd_per_kg: FloatArray) -> Halves:
    """From every site into every hub; ``extra_vnd_per_kg`` is what each hub adds."""
    rate, drive = _legs(r, spans, hubs, inbound=True)
    takes = r.lasts[:, None, None] + drive + r.lasts[hubs][None, :, None]
    rate = np.where(takes <= r.shift_min + SLACK_MIN, rate + extra_vnd_per_kg[None, :, None], np.inf)
    opens = np.where(r.begins[..., 0] <= r.begins[..., 1], r.begins[..., 0], FAR_MIN).min(axis=2)
    return Halves(rate, opens[:, None, :] + takes)


def out_of_hubs(r: Reach, spans: Distances, hubs: IntArray) -> Halves:
    """From every hub to every site."""
    rate, drive = _legs(r, spans, hubs, inbound=False)
    takes = r.lasts[hubs][None, :, None] + drive
    rate = np.where(takes + r.lasts[:, None, None] <= r.shift_min + SLACK_MIN, rate, np.inf)
    last = np.where(r.begins[..., 0] <= r.begins[..., 1], r.begins[..., 1], -FAR_MIN).max(axis=2)
    return Halves(rate, last[:, None, :] - takes)


def _legs(r: Reach, spans: Distances, hubs: IntArray, *, inbound: bool) -> tuple[FloatArray, FloatArray]:
    """Rate of each class when full, and its drive, between every site and every hub, shape (n_sites, n_hubs, n_classes) each."""
    n, n_classes = len(r.lasts), len(r.shift_min)
    site, hub = np.repeat(np.arange(n), len(hubs)), np.tile(hubs, n)
    km = kilometres(spans, site, hub) if inbound else kilometres(spans, hub, site)
    rate = np.stack([full_rate(r, c, km) for c in range(n_classes)], axis=-1).reshape(n, len(hubs), n_classes)
    drive = (r.drive_min(spans, *((site, hub) if inbound else (hub, site))) - SLACK_MIN).reshape(n, len(hubs), n_classes)
    opens = np.asarray((r.begins[..., 0] <= r.begins[..., 1]).any(axis=2))
    may = opens[:, None, :] & opens[hubs][None, :, :] & (np.arange(n)[:, None] != hubs)[:, :, None]
    return np.where(may, rate, np.inf), drive


def relay_rates(r: Reach, into: Halves, out: Halves, a: IntArray, b: IntArray, cold: IntArray, most_days: IntArray) -> FloatArray:
    """Cheapest rate of two trucks through a hub between the sites of ``a`` and ``b``, đồng per kg, infinite where none is in time.

    Parameters
    ----------
    cold : 1 where goods need cold, shape of ``a``.
    most_days : most days between pick-up and delivery, shape of ``a``.
    """
    made: FloatArray = _relay_rates(r.cold.astype(np.int64), *into, *out, a, b, cold, most_days)
    return made


@compiled
def _relay_rates(
    refrigerated: IntArray,
    in_rate: FloatArray,
    ready: FloatArray,
    out_rate: FloatArray,
    due: FloatArray,
    a: IntArray,
    b: IntArray,
    cold: IntArray,
    most_days: IntArray,
) -> FloatArray:
    """Try each hub with each two classes, those alone that could lower the best so far."""
    best = np.full(len(a), np.inf)
    for k in range(len(a)):
        later = most_days[k] * MINUTES_PER_DAY
        for h in range(in_rate.shape[1]):
            for c in range(len(refrigerated)):
                first = in_rate[a[k], h, c]
                if first >= best[k] or refrigerated[c] < cold[k]:
                    continue
                for d in range(len(refrigerated)):
                    total = first + out_rate[b[k], h, d]
                    if total < best[k] and refrigerated[d] >= cold[k] and ready[a[k], h, c] <= due[b[k], h, d] + later + SLACK_MIN:
                        best[k] = total
    return best
