"""What a plan leaves open, lot by lot or line by line: how much, why, and what would help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from buyers.models import DemandLine
from catalog.models import Lot, Organisation
from catalog.tenancy import find
from service.api.deps import Uid
from service.auth.permissions import Permission
from service.planning import models as m
from service.web.lists import part
from service.web.pages import Pages
from service.web.reasons import OF_LINE, OF_LOT
from service.web.visit import Visit, Visited

pages = Pages("left")


@dataclass(frozen=True)
class Left:
    """Kilograms of a lot or a line that a plan leaves open."""

    code: str
    whose: str
    open_kg: int
    words: str
    helps: str


@pages.get("/plans/{uid}/open", may=Permission.PLANS_READ)
def show_left(visit: Visited, uid: Uid, side: str = "lines") -> Response:
    """Show what a plan leaves open, the most kilograms first."""
    plan = find(visit.session, visit.scope, m.Plan, uid)
    column = m.PlanReason.lot_id if side == "lots" else m.PlanReason.line_id
    query = select(m.PlanReason).where(m.PlanReason.plan_id == plan.id, column.is_not(None))
    rows, more = part(visit, query, (m.PlanReason.open_kg, m.PlanReason.id), descending=True)
    here = f"/plans/{uid}/open?side="
    tabs = [(f"{here}lines", visit.say("Demand lines"), side != "lots"), (f"{here}lots", visit.say("Lots of suppliers"), side == "lots")]
    return visit.show("broker/open.html", plan=plan, rows=_left(visit, rows, side), more=more, side=side, tabs=tabs)


def _left(visit: Visit, rows: list[m.PlanReason], side: str) -> list[Left]:
    lots, known = side == "lots", OF_LOT if side == "lots" else OF_LINE
    of: Any = Lot if lots else DemandLine
    query = select(of.id, of.code, Organisation.name).join(
        Organisation, Organisation.id == (Lot.supplier_id if lots else of.organisation_id)
    )
    about = {number: (code, name) for number, code, name in visit.session.execute(
        query.where(of.id.in_([row.lot_id if lots else row.line_id for row in rows])))}  # fmt: skip
    found = []
    for row in rows:
        words, helps = known.get(row.reason, (row.detail or row.reason, ""))
        number = row.lot_id if lots else row.line_id
        assert number is not None
        found.append(Left(*about[number], row.open_kg, visit.say(words), visit.say(helps) if helps else ""))
    return found
