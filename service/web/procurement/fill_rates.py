"""How far a buyer's demand is met, by product, and why the rest is short."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from starlette.responses import Response

from buyers.models import DemandLine, LineProduct, LineStatus
from catalog.models import Product
from catalog.tenancy import visible
from service.auth.permissions import Permission
from service.planning.models import LineBalance, Plan, PlanReason
from service.planning.states import PlanState
from service.web.context import PageContext, PageRequest
from service.web.pages import Pages
from service.web.reasons import OF_LINE, words_of

pages = Pages("fill")
MOST_LINES = 3
"""Lines that stand under each reason; a line's page says why in figures, and what would change it."""


@dataclass(frozen=True)
class Filled:
    """How much of a product is wanted and promised."""

    code: str
    name: str
    lines: int
    wanted_kg: int
    promised_kg: int

    @property
    def share(self) -> float:
        return self.promised_kg / self.wanted_kg if self.wanted_kg else 0.0


@dataclass(frozen=True)
class Short:
    """What is short for one reason: the words, what would help, how many lines and kilograms, and the largest lines: kg, uid, code."""

    words: str
    helps: str
    count: int
    kg: int
    lines: tuple[tuple[int, str, str], ...]


@pages.get("/fill", may=Permission.DEMAND_READ)
def show_fill(visit: PageRequest) -> Response:
    """Show the fill rate, and the shortage with its reasons."""
    rows = _by_product(visit)
    wanted, promised = sum(row.wanted_kg for row in rows), sum(row.promised_kg for row in rows)
    return visit.show(
        "procurement/fill.html",
        rows=rows,
        wanted_kg=wanted,
        promised_kg=promised,
        share=promised / wanted if wanted else None,
        shortage=_shortage(visit),
        planned=visit.session.scalar(select(_current(visit).exists())),
    )


def _by_product(visit: PageContext) -> list[Filled]:
    """Return the sums of every product, each line under the first product that it names."""
    query = select(Product.code, Product.name, func.count(), func.sum(DemandLine.quantity_kg), func.sum(LineBalance.promised_kg))
    query = query.select_from(DemandLine).join(LineBalance, LineBalance.line_id == DemandLine.id)
    query = query.join(LineProduct, (LineProduct.line_id == DemandLine.id) & (LineProduct.position == 0))
    query = query.join(Product, Product.id == LineProduct.product_id).where(DemandLine.id.in_(_lines(visit)))
    rows = visit.session.execute(query.group_by(Product.id, Product.code, Product.name, Product.sort_key).order_by(Product.sort_key))
    return [Filled(code, name, lines, int(wanted), int(promised)) for code, name, lines, wanted, promised in rows]


def _lines(visit: PageContext) -> Select[Any]:
    return visible(DemandLine, visit.scope).with_only_columns(DemandLine.id).where(DemandLine.status != LineStatus.CANCELLED)


def _current(visit: PageContext) -> Select[Any]:
    return select(Plan.id).where(Plan.association_id == visit.scope.association_id, Plan.state == PlanState.CURRENT)


def _shortage(visit: PageContext) -> list[Short]:
    """Return the reasons of what the current plan leaves short, the largest first, each with its largest lines."""
    query = select(PlanReason.reason, PlanReason.open_kg, DemandLine.uid, DemandLine.code).join(
        DemandLine, DemandLine.id == PlanReason.line_id
    )
    query = query.where(PlanReason.plan_id.in_(_current(visit)), PlanReason.line_id.in_(_lines(visit)))
    found: dict[tuple[str, str], list[tuple[int, str, str]]] = {}
    for reason, kg, uid, code in visit.session.execute(query.order_by(PlanReason.open_kg.desc(), PlanReason.id)):
        found.setdefault(words_of(visit, OF_LINE, reason), []).append((kg, uid, code))
    made = [_short(visit, *told, lines) for told, lines in found.items()]
    return sorted(made, key=lambda one: -one.kg)


def _short(visit: PageContext, words: str, helps: str, lines: list[tuple[int, str, str]]) -> Short:
    kg = sum(open_kg for open_kg, *_ in lines)
    return Short(visit.say(words), visit.say(helps) if helps else "", len(lines), kg, tuple(lines[:MOST_LINES]))
