"""The money of what doors have received: shared out, sent to both sides, noted as paid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import aliased
from starlette.responses import Response

from catalog.models import Organisation, Site
from catalog.tenancy import visible
from service.auth.permissions import Permission
from service.http.context import Uid
from service.planning import models as m
from service.planning.fulfilment import settlements
from service.planning.states import SettlementState
from service.planning.terms import accounts
from service.planning.terms.records import versions_of_settlements
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader
from service.web.lists import part
from service.web.pages import Pages
from service.web.texts import mark

pages = Pages("money")
WAITING = "waiting"
SHOWN: dict[str, str] = {
    WAITING: mark("To be reckoned"), "draft": mark("To be sent"), "issued": mark("To be paid"), "paid": mark("Paid"),
}  # fmt: skip
"""What the page can show; all but the first are states of settlements."""


@dataclass(frozen=True)
class Waiting:
    """A receipt of which something hasn't been settled yet."""

    uid: str
    received_at: datetime
    door: str
    count: int
    accepted_kg: int
    rejected_kg: int


@pages.get("/money", may=Permission.SETTLEMENTS_WRITE)
def show_money(visit: PageRequest, show: str = WAITING) -> Response:
    """Show what waits to be settled, or the settlements of a state."""
    show = show if show in SHOWN else WAITING
    counts = _counts(visit)
    standing = accounts.balances(visit.session, visit.scope.association_id)
    tabs = [
        (f"/money?show={key}", f"{visit.say(words)} ({visit.formats.number(counts.get(key, 0))})", key == show)
        for key, words in SHOWN.items()
    ]
    if show == WAITING:
        rows, more = part(visit, _unsettled(visit), (m.Receipt.received_at, m.Receipt.id))
        return visit.show(
            "association/money.html",
            standing=standing,
            show=show,
            tabs=tabs,
            waiting=_waiting(visit, rows),
            rows=[],
            names={},
            more=more,
            versions={},
        )
    query = settlements.settlements(visit.scope, states=[SettlementState(show)])
    found, more = part(visit, query, (m.Settlement.created_at, m.Settlement.id), descending=show == "paid")
    return visit.show(
        "association/money.html",
        standing=standing,
        show=show,
        tabs=tabs,
        waiting=[],
        rows=found,
        names=_names(visit, found),
        more=more,
        versions=versions_of_settlements(visit.session, [row.id for row in found]),
    )


def _unsettled(visit: PageContext) -> Any:
    item, done = m.ReceiptItem, m.Settlement
    settled = exists().where(done.receipt_item_id == item.id)
    return visible(m.Receipt, visit.scope).where(exists().where(item.receipt_id == m.Receipt.id, ~settled))


def _counts(visit: PageContext) -> dict[str, int]:
    """Return how many there are of each kind that is shown."""
    states = visible(m.Settlement, visit.scope).with_only_columns(m.Settlement.state, func.count()).group_by(m.Settlement.state)
    counts = {state.value: int(count) for state, count in visit.session.execute(states)}
    return counts | {WAITING: visit.session.scalar(_unsettled(visit).with_only_columns(func.count(m.Receipt.id))) or 0}


def _waiting(visit: PageContext, rows: Sequence[m.Receipt]) -> list[Waiting]:
    item = m.ReceiptItem
    sums = select(item.receipt_id, func.count(), func.sum(item.accepted_kg), func.sum(item.rejected_kg)).group_by(item.receipt_id)
    told = {number: rest for number, *rest in visit.session.execute(sums.where(item.receipt_id.in_([row.id for row in rows])))}
    doors = dict(visit.session.execute(select(Site.id, Site.name).where(Site.id.in_({row.site_id for row in rows}))).all())
    return [Waiting(row.uid, row.received_at, doors.get(row.site_id, ""), *map(int, told[row.id])) for row in rows]


def _names(visit: PageContext, rows: Sequence[m.Settlement]) -> dict[int, tuple[str, str]]:
    """Return who sells and who buys, by the number of the settlement."""
    seller, buyer = aliased(Organisation), aliased(Organisation)
    query = select(m.Settlement.id, seller.name, buyer.name).join(seller, seller.id == m.Settlement.supplier_id)
    query = query.join(buyer, buyer.id == m.Settlement.buyer_id).where(m.Settlement.id.in_([row.id for row in rows]))
    return {number: (supplier, customer) for number, supplier, customer in visit.session.execute(query)}


@pages.post("/money/receipts/{uid}/draft", may=Permission.SETTLEMENTS_WRITE, audited=False)
def draft(visit: PageRequest, uid: Uid) -> Response:
    """Share out the money of everything on a receipt that hasn't been settled yet."""
    made = settlements.draft(visit.session, visit.scope, uid, visit.act("settled"))
    said = visit.say_many("Reckoned: %(num)s settlement. Look at it, then send it.",
                          "Reckoned: %(num)s settlements. Look at them, then send them.", len(made))  # fmt: skip
    return visit.go("/money?show=draft", said)


@pages.post("/money/{uid}/issue", may=Permission.SETTLEMENTS_WRITE, audited=False)
def issue(visit: PageRequest, uid: Uid) -> Response:
    """Send a settlement to both sides."""
    settlements.issue(visit.session, visit.scope, uid, visit.act("issued"), Reader(visit.form).whole("version"))
    return visit.go("/money?show=draft", visit.say("Sent to both sides."))


@pages.post("/money/{uid}/pay", may=Permission.SETTLEMENTS_WRITE, audited=False)
def pay(visit: PageRequest, uid: Uid) -> Response:
    """Note that a settlement has been paid."""
    settlements.pay(visit.session, visit.scope, uid, visit.act("paid"), Reader(visit.form).whole("version"))
    return visit.go("/money?show=issued", visit.say("Noted as paid."))
