"""What a stored plan uses to its limit: kept among the plan's figures, and read back in the engine's terms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from matching.io.write import scarce_id
from matching.model.plan import CARRIER_RESOURCE, CLASS_RESOURCE, SITE_RESOURCE, Scarce, no_scarce
from matching.model.problem import Problem
from service.planning.models import Plan

KEY = "scarce"
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class ScarceDay:
    """A truck class, a site or a carrier that a plan uses to its limit on a date.

    Attributes
    ----------
    resource : ``class``, ``site`` or ``carrier``.
    code : of the class or site; of a carrier, both ends of its lane.
    used, limit : trips of a class, else kilograms.
    vnd_per_unit : what one more trip or kilogram would add; None where that isn't known.
    """

    resource: str
    code: str
    day: date
    used: int
    limit: int
    vnd_per_unit: float | None


def scarce_figures(problem: Problem, scarce: Scarce) -> dict[str, Any]:
    """Return what is kept among a plan's figures, nothing where nothing is scarce."""
    rows = [
        [str(resource), scarce_id(problem, resource, index), day, used, limit, None if np.isnan(price) else round(price, 3)]
        for resource, index, day, used, limit, price in zip(
            scarce.resource.tolist(), scarce.index.tolist(), scarce.day.tolist(), scarce.used.tolist(), scarce.limit.tolist(),
            scarce.vnd_per_unit.tolist(), strict=True,
        )
    ]  # fmt: skip
    return {KEY: rows} if rows else {}


def scarce_days(plan: Plan) -> list[ScarceDay]:
    """Return what a stored plan uses to its limit, what is worth most first."""
    stored = plan.figures.get(KEY, [])
    rows = [ScarceDay(kind, code, EPOCH + timedelta(days=day), used, limit, price) for kind, code, day, used, limit, price in stored]
    return sorted(rows, key=lambda one: (-(one.vnd_per_unit or 0.0) * (1 if one.resource == CLASS_RESOURCE else 1000), one.day, one.code))


def stored_scarce(plan: Plan, problem: Problem) -> Scarce:
    """Return the same in the engine's terms; a row of what the problem no longer has is left out."""
    rows = plan.figures.get(KEY, [])
    if not rows:
        return no_scarce()
    counts = {CLASS_RESOURCE: problem.n_classes, SITE_RESOURCE: problem.n_sites, CARRIER_RESOURCE: len(problem.roads.km)}
    place = {(kind, scarce_id(problem, kind, n)): n for kind, count in counts.items() for n in range(count)}
    kept = [row for row in rows if (row[0], row[1]) in place]
    index = np.array([place[row[0], row[1]] for row in kept], dtype=np.int64)
    day, used, limit = (np.array([row[column] for row in kept], dtype=np.int64) for column in (2, 3, 4))
    price = np.array([np.nan if row[5] is None else row[5] for row in kept], dtype=np.float64)
    return Scarce(np.array([row[0] for row in kept], dtype=object), index, day, used, limit, price)
