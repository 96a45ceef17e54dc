"""What stays together when a plan is divided: trips, and before there are any, the flows of the volumes relaxation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.model.components import connected_components
from matching.model.plan import Plan
from matching.model.problem import FloatArray, IntArray, Problem
from matching.volumes.relaxation import Flows

KM_PER_DEGREE = 111.2


class Bundles(NamedTuple):
    """Shares of lots and lines that stay together; shape of each column but the last (n_shares,).

    Attributes
    ----------
    bundle : number of the bundle that a share belongs to, from 0, none left out.
    at : middle of what each bundle picks up, of where it delivers, km north and east each, and of its days; shape (n_bundles, 5).
    """

    bundle: IntArray
    lot: IntArray
    line: IntArray
    kg: IntArray
    at: FloatArray


def bundles_of_flows(problem: Problem, flows: Flows) -> Bundles:
    """Make all flows to one line a bundle, each on the middle day that fits both its lot and its line."""
    lots, lines = problem.lots, problem.lines
    first = np.maximum(lots.from_day[flows.lot], lines.from_day[flows.line] - 1)
    last = np.minimum(lots.until_day[flows.lot], lines.until_day[flows.line])
    day = np.clip((first + last) / 2, lines.from_day[flows.line] - 1, lines.until_day[flows.line])
    bundle = np.unique(flows.line, return_inverse=True)[1].astype(np.int64)
    return _bundles(problem, bundle, flows.lot, flows.line, flows.kg, day)


def bundles_of_trips(problem: Problem, plan: Plan) -> tuple[Bundles, IntArray]:
    """Make each trip a bundle, trips that hand goods to each other one together; also the bundle of each trip, shape (n_trips,)."""
    legs, a = plan.legs, plan.allocations
    order = np.argsort(legs.allocation, kind="stable")
    first = legs.trip[order][np.searchsorted(legs.allocation[order], np.arange(len(a.lot)))]
    label = connected_components(legs.trip, first[legs.allocation], len(plan.trips.vehicle))[1]
    return _bundles(problem, label[first], a.lot, a.line, a.kg, (a.pickup_day + a.delivery_day) / 2), label


def places(problem: Problem, site: IntArray) -> FloatArray:
    """Kilometres north and east of sites on a flat map, shape (len(site), 2)."""
    lat, lon = problem.sites.lat[site], problem.sites.lon[site]
    return np.stack([lat, lon * np.cos(np.radians(lat))], axis=1) * KM_PER_DEGREE


def _bundles(problem: Problem, bundle: IntArray, lot: IntArray, line: IntArray, kg: IntArray, day: FloatArray) -> Bundles:
    columns = np.column_stack([places(problem, problem.lots.site[lot]), places(problem, problem.lines.site[line]), day])
    n = int(bundle.max(initial=-1)) + 1
    weight = np.bincount(bundle, weights=kg, minlength=n)
    at = np.stack([np.bincount(bundle, weights=kg * column, minlength=n) for column in columns.T], axis=1)
    return Bundles(bundle, lot, line, kg, at / np.maximum(weight, 1.0)[:, None])
