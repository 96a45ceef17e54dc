"""Features of trips that a plan makes a whole number of times: what the proof branches on."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np

from matching.bounds.whole_trips.patterns import Listed, Pattern
from matching.model.problem import FloatArray

ANY = -1


class Feature(NamedTuple):
    """Counts the trips of a class that start on a day and visit all of some sites, each on a day; ``ANY`` leaves a part open."""

    vehicle: int
    day: int
    calls: frozenset[tuple[int, int]]


def counts(feature: Feature, pattern: Pattern) -> bool:
    """Whether a trip with this pattern is counted."""
    if feature.vehicle not in (ANY, pattern.vehicle) or feature.day not in (ANY, pattern.days[0]):
        return False
    visits = dict(zip(pattern.sites, pattern.days))
    return all(site in visits and day in (ANY, visits[site]) for site, day in feature.calls)


def counted(feature: Feature, listed: Listed) -> FloatArray:
    """1 for each set of a scene whose trips are counted, else 0, shape (n_sets,)."""
    n, scene = len(listed.cost_vnd), listed.scene
    made = np.full(n, feature.vehicle in (ANY, listed.vehicle) and feature.day in (ANY, scene.start_day))
    place = np.arange(listed.sheet.call.shape[1])[None, :]
    n_loads, size = listed.sheet.size[:, :1], listed.sheet.size.sum(axis=1)[:, None]
    for site, day in feature.calls if made.any() else ():
        here = [np.append((calls.site == site) & ((day == ANY) | (calls.day == day)), False) for calls in (scene.loads, scene.drops)]
        at = [flag[np.minimum(listed.sheet.call, len(flag) - 1)] for flag in here]
        made &= np.where(place < n_loads, at[0], at[1] & (place < size)).any(axis=1)
    return made.astype(np.float64)


def features_of(pattern: Pattern) -> list[Feature]:
    """Features that count a pattern, from coarse to fine."""
    c, day = pattern.vehicle, pattern.days[0]
    visits = list(zip(pattern.sites, pattern.days))
    made = [Feature(ANY, ANY, frozenset()), Feature(c, ANY, frozenset()), Feature(ANY, day, frozenset()), Feature(c, day, frozenset())]
    for site, on in visits:
        for vehicle in (ANY, c):
            made += [Feature(vehicle, ANY, frozenset([(site, ANY)])), Feature(vehicle, ANY, frozenset([(site, on)]))]
    for a, b in combinations(visits, 2):
        made.append(Feature(ANY, ANY, frozenset([(a[0], ANY), (b[0], ANY)])))
        made.append(Feature(c, ANY, frozenset([a, b])))
    made.append(Feature(c, day, frozenset(visits)))
    return made
