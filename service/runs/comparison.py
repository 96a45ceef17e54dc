"""Two plans side by side: what each is worth, and which lot goes to which line in one and not in the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from buyers.models import DemandLine
from catalog.models import Lot
from service.planning.models import Plan, PlanAllocation

FIGURES = ("goods_vnd", "freight_vnd", "short_vnd", "other_vnd", "matched_kg", "wanted_kg", "offered_kg", "trips")


@dataclass(frozen=True)
class Figure:
    """One figure of both plans."""

    name: str
    before: int | None
    after: int | None


@dataclass(frozen=True)
class Difference:
    """A pair of lot and line that gets different kilograms in the two plans."""

    lot: str
    lot_code: str
    line: str
    line_code: str
    before_kg: int
    after_kg: int

    @property
    def weight_kg(self) -> int:
        """By how much they differ."""
        return abs(self.after_kg - self.before_kg)


def figures(before: Plan, after: Plan) -> list[Figure]:
    """Return the figures of both plans, the worth first."""
    return [Figure(name, figure(before, name), figure(after, name)) for name in ("objective_vnd", "bound_vnd", *FIGURES)]


def figure(plan: Plan, name: str) -> int | None:
    """Return a figure of a plan; None where it has none of that name."""
    found: int | None = getattr(plan, name) if hasattr(plan, name) else plan.figures.get(name)
    return found


def differences(session: Session, before: Plan, after: Plan) -> list[Difference]:
    """Return the pairs that get different kilograms, the largest difference first."""
    one, other = _pairs(session, before), _pairs(session, after)
    found = [
        Difference(*names, before_kg=kg_before, after_kg=kg_after)
        for names in {**one, **other}
        if (kg_before := one.get(names, 0)) != (kg_after := other.get(names, 0))
    ]
    return sorted(found, key=lambda pair: (-pair.weight_kg, pair.lot_code, pair.line_code))


def _pairs(session: Session, plan: Plan) -> dict[tuple[str, str, str, str], int]:
    a = PlanAllocation
    query: Any = select(Lot.uid, Lot.code, DemandLine.uid, DemandLine.code, a.kg).select_from(a).join(Lot, Lot.id == a.lot_id)
    kg: dict[tuple[str, str, str, str], int] = {}
    for *names, amount in session.execute(query.join(DemandLine, DemandLine.id == a.line_id).where(a.plan_id == plan.id)):
        pair = (names[0], names[1], names[2], names[3])
        kg[pair] = kg.get(pair, 0) + amount
    return kg
