"""The figures of a finished run, for the terminal, for machines and for drawings."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from matching.model.plan import CARRIER, Plan, Result, Status
from matching.model.problem import IntArray, Problem
from service.cautions import cautions


@dataclass(frozen=True)
class ProductRow:
    """Demand for one product, or one list of products that lines accept alike, in kg."""

    product: str
    wanted_kg: int
    matched_kg: int
    open_kg: int


@dataclass(frozen=True)
class ClassRow:
    """Trips of one vehicle class, or of carriers; ``capacity_kg`` is 0 where it is unlimited."""

    class_id: str
    trips: int
    km: float
    carried_kg: int
    capacity_kg: int
    cost_vnd: int


@dataclass(frozen=True)
class ReasonRow:
    """How many lots or lines are open for one reason, and by how many kg."""

    subject: str
    reason: str
    count: int
    open_kg: int


@dataclass(frozen=True)
class Report:
    """A run in figures; money in đồng, mass in kg.

    Attributes
    ----------
    goods_vnd : Σ kg × (bid − ask).
    freight_vnd : what all trips cost; in a relaxed result, what the cheapest rates come to.
    short_vnd : penalties on what is not delivered.
    other_vnd : handling at hubs and openings of sites.
    notes : how the input was read where it didn't keep the exchange format to the letter.
    """

    objective_vnd: int
    bound_vnd: int | None
    gap: float | None
    status: str
    termination: str
    seconds: float
    seed: int
    goods_vnd: int
    freight_vnd: int
    short_vnd: int
    other_vnd: int
    offered_kg: int
    wanted_kg: int
    matched_kg: int
    trips: int
    products: tuple[ProductRow, ...]
    classes: tuple[ClassRow, ...]
    reasons: tuple[ReasonRow, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def freight_vnd_per_kg(self) -> float:
        return self.freight_vnd / self.matched_kg if self.matched_kg else 0.0

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values for a JSON object."""
        return asdict(self) | {"freight_vnd_per_kg": round(self.freight_vnd_per_kg, 1)}


def summarise(problem: Problem, result: Result) -> Report:
    """Return the figures of ``result``."""
    plan = result.plan
    matched = line_matched_kg(problem, plan)
    goods = goods_vnd(problem, plan)
    short = int(((problem.lines.kg - matched) * problem.lines.short_vnd_per_kg).sum())
    rest = goods - short - result.objective_vnd
    freight = rest if result.status is Status.RELAXED else int(plan.trips.cost_vnd.sum())
    return Report(
        objective_vnd=int(result.objective_vnd),
        bound_vnd=None if result.bound_vnd is None else int(result.bound_vnd),
        gap=result.gap,
        status=str(result.status),
        termination=str(result.termination),
        seconds=round(float(result.seconds), 3),
        seed=int(result.seed),
        goods_vnd=goods,
        freight_vnd=freight,
        short_vnd=short,
        other_vnd=rest - freight,
        offered_kg=int(problem.lots.kg.sum()),
        wanted_kg=int(problem.lines.kg.sum()),
        matched_kg=int(matched.sum()),
        trips=len(plan.trips.vehicle),
        products=product_rows(problem, matched),
        classes=class_rows(problem, plan),
        reasons=reason_rows(result),
        warnings=cautions(problem, matched),
    )


def line_matched_kg(problem: Problem, plan: Plan) -> IntArray:
    """Return the kg that each line gets, shape (n_lines,)."""
    matched = np.zeros(problem.n_lines, dtype=np.int64)
    np.add.at(matched, plan.allocations.line, plan.allocations.kg)
    return matched


def goods_vnd(problem: Problem, plan: Plan) -> int:
    """Return Σ kg × (bid − ask) in đồng."""
    bought = plan.allocations
    spread = problem.lines.bid_vnd_per_kg[bought.line] - problem.lots.ask_vnd_per_kg[bought.lot]
    return int((bought.kg * spread).sum())


def product_label(problem: Problem, line: int) -> str:
    """Return the products that a line accepts, joined."""
    lines = problem.lines
    accepted = lines.product[lines.product_start[line] : lines.product_start[line + 1]]
    return " / ".join(problem.product_ids[p] for p in accepted)


def product_rows(problem: Problem, matched_kg: IntArray) -> tuple[ProductRow, ...]:
    """Group the lines by the products that they accept, most wanted first."""
    wanted: dict[str, int] = {}
    matched: dict[str, int] = {}
    for line in range(problem.n_lines):
        label = product_label(problem, line)
        wanted[label] = wanted.get(label, 0) + int(problem.lines.kg[line])
        matched[label] = matched.get(label, 0) + int(matched_kg[line])
    order = sorted(wanted, key=lambda label: (-wanted[label], label))
    return tuple(ProductRow(label, wanted[label], matched[label], wanted[label] - matched[label]) for label in order)


def class_rows(problem: Problem, plan: Plan) -> tuple[ClassRow, ...]:
    """Sum the trips of each vehicle class that is used, most trips first."""
    carried = np.zeros(len(plan.trips.vehicle), dtype=np.int64)
    np.add.at(carried, plan.legs.trip, plan.allocations.kg[plan.legs.allocation])
    rows = []
    for vehicle in np.unique(plan.trips.vehicle):
        mine = plan.trips.vehicle == vehicle
        hired = vehicle != CARRIER
        name = str(problem.vehicles.id[vehicle]) if hired else "carrier"
        capacity = int(mine.sum() * problem.vehicles.payload_kg[vehicle]) if hired else 0
        km, cost = float(plan.trips.km[mine].sum()), int(plan.trips.cost_vnd[mine].sum())
        rows.append(ClassRow(name, int(mine.sum()), round(km, 1), int(carried[mine].sum()), capacity, cost))
    return tuple(sorted(rows, key=lambda row: (-row.trips, row.class_id)))


def reason_rows(result: Result) -> tuple[ReasonRow, ...]:
    """Count the open lots and lines by reason, most kilograms first."""
    count: dict[tuple[str, str], int] = {}
    open_kg: dict[tuple[str, str], int] = {}
    reasons = result.reasons
    for subject, code, kg in zip(reasons.subject, reasons.reason, reasons.open_kg, strict=True):
        key = (str(subject), str(code))
        count[key] = count.get(key, 0) + 1
        open_kg[key] = open_kg.get(key, 0) + int(kg)
    order = sorted(count, key=lambda key: (-open_kg[key], key))
    return tuple(ReasonRow(subject, code, count[subject, code], open_kg[subject, code]) for subject, code in order)
