"""Harvest lots: what cooperatives offer, and how their forecasts change. The pattern of every other part of the API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog import intake, repository
from catalog.given import Day, Given
from catalog.intake import LotChange, LotIn
from catalog.models import MAX_GRADE, ForecastRevision, Lot, LotShare, LotStatus, Member, Organisation, Site, Unit
from catalog.tenancy import check_version, find
from service.auth.permissions import Permission
from service.http.context import Reading, Uid, Writing, before
from service.http.lists import CodeFilter, Listing, Page, Part, SearchText, of_row, only
from service.http.routing import Api
from service.http.shapes import Out, shown
from service.planning import market_changes
from service.planning.ledger import transitions
from service.planning.models import LotBalance

api = Api("lots", "Harvest lots on offer, and the revisions of their forecasts.")
SORTS = (Lot.created_at, Lot.available_from, Lot.quantity_kg, Lot.ask_vnd_per_kg, Lot.code)
LOTS = Listing("lots", {column.key: (column, Lot.id) for column in SORTS}, "-created_at")
MOST_AT_ONCE = 1000


class LotOut(Out):
    """A harvest lot."""

    uid: str
    code: str
    organisation: str
    organisation_name: str
    site: str
    site_name: str
    product: str
    variety: str | None
    grade: int
    quantity_kg: int
    available_from: date
    available_until: date
    cut_on_pickup: bool
    shelf_life_days: int
    ask_vnd_per_kg: int
    min_take_kg: int
    indivisible: bool
    cold: bool
    litres_per_kg: float
    harvest: str | None
    status: LotStatus
    stated_amount: str | None
    stated_unit: Unit | None
    note: str
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


class LotBalanceOut(Out):
    """How many kilograms of a lot stand where; together they are its quantity."""

    offered_kg: int = Field(description="Free to be promised, kg.", examples=[400])
    held_kg: int = Field(description="Kept for a line until both sides confirm, kg.", examples=[300])
    confirmed_kg: int = Field(description="Agreed by both sides, kg.", examples=[300])
    loaded_kg: int = Field(description="On a truck, kg.", examples=[0])
    accepted_kg: int = Field(description="Accepted by a buyer, kg.", examples=[0])
    rejected_kg: int = Field(description="Turned down by a buyer, kg.", examples=[0])
    settled_kg: int = Field(description="Paid, kg.", examples=[0])
    withdrawn_kg: int = Field(description="Taken back or past its window, kg.", examples=[0])


class LotDetail(LotOut):
    """A harvest lot with what stands where of it and who put what into it."""

    balance: LotBalanceOut
    shares: dict[str, int]


class ForecastOut(Out):
    """What a cooperative expected of a lot at one time."""

    expected_kg: int
    low_kg: int
    high_kg: int
    available_from: date
    available_until: date
    reason: str
    made_at: datetime
    made_by: str


class Forecasts(Out):
    """Every revision of a lot's forecast."""

    items: list[ForecastOut] = Field(description="The revisions, the latest first.")


class LotsIn(Given):
    """Lots that are taken in together, or not at all."""

    lots: tuple[LotIn, ...] = Field(min_length=1, max_length=MOST_AT_ONCE, description=f"Up to {MOST_AT_ONCE} lots.")


class LotsOut(Out):
    """Lots that were taken in together."""

    items: list[LotOut] = Field(description="The lots, in the order in which they were sent.")


class Withdrawal(Given):
    """Why a lot is taken off the market."""

    reason: str = Field(min_length=1, max_length=1000)


def lot_out(lot: Lot) -> LotOut:
    """Return what is shown of a lot that was loaded by `catalog.repository.lots`."""
    return LotOut.model_construct(**_fields(lot))


def _fields(lot: Lot) -> dict[str, Any]:
    return {
        "uid": lot.uid, "code": lot.code, "organisation": lot.organisation.uid, "organisation_name": lot.organisation.name,
        "site": lot.site.uid, "site_name": lot.site.name, "product": lot.product.code, "variety": lot.variety and lot.variety.code,
        "grade": lot.grade, "quantity_kg": lot.quantity_kg, "available_from": lot.available_from, "available_until": lot.available_until,
        "cut_on_pickup": lot.cut_on_pickup, "shelf_life_days": lot.shelf_life_days, "ask_vnd_per_kg": lot.ask_vnd_per_kg,
        "min_take_kg": lot.min_take_kg, "indivisible": lot.indivisible, "cold": lot.cold, "litres_per_kg": lot.litres_per_kg,
        "harvest": lot.harvest,
        "status": lot.status, "stated_amount": lot.stated_amount, "stated_unit": lot.stated_unit, "note": lot.note,
        "version": lot.version, "created_at": lot.created_at, "updated_at": lot.updated_at, "updated_by": lot.updated_by,
    }  # fmt: skip


def _shown(asked: Reading, lots: list[Lot]) -> list[LotOut]:
    """Return lots that were just written, with what they refer to."""
    query = repository.lots(asked.scope).where(Lot.id.in_([lot.id for lot in lots])).execution_options(populate_existing=True)
    found = {lot.id: lot for lot in asked.session.scalars(query)}
    return [lot_out(found[lot.id]) for lot in lots]


@api.get("/lots", may=Permission.LOTS_READ)
def list_lots(
    asked: Reading,
    part: Annotated[Part, LOTS.part()],
    status: Annotated[list[LotStatus], Query(max_length=5, description="Only lots that stand here.", examples=[["declared"]])] = [],  # noqa: B006
    product: Annotated[SearchText, Query(max_length=100, description="Only lots of the product of this code.", examples=["lychee"])] = "",
    available_from: Annotated[
        Day | None, Query(description="Only lots that can be picked up on this day or later.", examples=["2027-06-07"])
    ] = None,
    available_until: Annotated[
        Day | None, Query(description="Only lots that can be picked up on this day or earlier.", examples=["2027-06-14"])
    ] = None,
    organisation: Annotated[str | None, only("lots of the cooperative or group")] = None,
    site: Annotated[str | None, only("lots at the site")] = None,
    max_grade: Annotated[int | None, Query(ge=1, le=MAX_GRADE, description="Only lots of this grade or better.", examples=[2])] = None,
    code: CodeFilter = "",
) -> Page[LotOut]:
    """List lots.

    A cooperative sees its own and those of the groups that it signs for, the association sees all of them.
    """
    query = repository.lots(asked.scope, status=status, product_code=product, first=available_from, last=available_until)
    query = of_row(asked, query, Lot.organisation_id, Organisation, organisation)
    query = of_row(asked, query, Lot.site_id, Site, site)
    query = query if max_grade is None else query.where(Lot.grade <= max_grade)
    query = query.where(Lot.code == code) if code else query
    return LOTS.page(asked, query, part, lot_out)


@api.post("/lots", may=Permission.LOTS_WRITE)
def declare_lot(asked: Writing, given: LotIn) -> LotOut:
    """Put a lot on offer.

    A quantity that is more than twenty times off what the cooperative usually declares is refused with `needs_confirmation`; send it
    again with `confirmed`, if it is meant.
    """
    lot = intake.declare_lot(asked.session, asked.scope, given, asked.by)
    asked.did("lot.declare", lot)
    return lot_out(lot)


@api.post("/lots/bulk", may=Permission.LOTS_WRITE)
def declare_lots(asked: Writing, given: LotsIn) -> LotsOut:
    """Put many lots on offer, all of them or none.

    Every fault of every lot is named, with its `row`: the first lot is row 2, as in a spreadsheet below its header.
    """
    lots = intake.declare_lots(asked.session, asked.scope, given.lots, asked.by)
    for lot in lots:
        asked.did("lot.declare", lot)
    return LotsOut(items=[lot_out(lot) for lot in lots])


@api.get("/lots/{uid}", may=Permission.LOTS_READ)
def get_lot(asked: Reading, uid: Uid) -> LotDetail:
    """Show a lot, what stands where of it and who put what into it."""
    return _detail(asked, uid)


def _detail(asked: Reading, uid: str) -> LotDetail:
    lot = find(asked.session, asked.scope, Lot, uid)
    shown = _shown(asked, [lot])[0]
    return LotDetail(**dict(shown), balance=_balance(asked.session, lot), shares=_shares(asked.session, lot))


def _balance(session: Session, lot: Lot) -> LotBalanceOut:
    balance = session.get_one(LotBalance, lot.id, populate_existing=True)
    return shown(LotBalanceOut, balance)


def _shares(session: Session, lot: Lot) -> dict[str, int]:
    query = select(Member.uid, LotShare.kg).join(Member, Member.id == LotShare.member_id).where(LotShare.lot_id == lot.id)
    return dict(session.execute(query.order_by(Member.uid)).all())


@api.patch("/lots/{uid}", may=Permission.LOTS_WRITE)
def revise_lot(asked: Writing, uid: Uid, given: LotChange) -> LotOut:
    """Change a lot; what isn't named stays.

    A new quantity or window is a revision of the forecast, and needs a reason. Less than what is promised already is refused.
    Offers that wait for an answer get new terms where the floor price changes; a change that they or a promise wouldn't fit is refused with
    `offer_stands`.
    """
    lot = market_changes.find_lot(asked.session, asked.scope, uid)
    was = before(lot)
    lot = market_changes.revise_lot(asked.session, asked.scope, uid, given, asked.act(given.reason or "the lot was changed"), asked.version)
    asked.did("lot.revise", lot, was, given.reason)
    return _shown(asked, [lot])[0]


@api.post("/lots/{uid}/withdraw", may=Permission.LOTS_WRITE, if_match=True, status=200)
def withdraw_lot(asked: Writing, uid: Uid, given: Withdrawal) -> LotDetail:
    """Take a lot off the market.

    What is promised of it stays promised; the rest is withdrawn.
    """
    lot = market_changes.find_lot(asked.session, asked.scope, uid)
    check_version(lot, asked.version)
    was = before(lot)
    transitions.withdraw(asked.session, lot.id, asked.act(given.reason))
    asked.session.refresh(lot)
    asked.did("lot.withdraw", lot, was, given.reason)
    return _detail(asked, uid)


@api.get("/lots/{uid}/forecasts", may=Permission.LOTS_READ)
def list_forecasts(asked: Reading, uid: Uid) -> Forecasts:
    """List the revisions of a lot's forecast, the latest first."""
    lot = find(asked.session, asked.scope, Lot, uid)
    query = select(ForecastRevision).where(ForecastRevision.lot_id == lot.id).order_by(ForecastRevision.id.desc()).limit(1000)
    return Forecasts(items=[shown(ForecastOut, row) for row in asked.session.scalars(query)])
