"""What each member has put into a lot: stated by the cooperative, proposed by area or as in the lot before."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from sqlalchemy import select
from starlette.responses import Response

from catalog.errors import Invalid, fault
from catalog.models import Lot, LotShare, Member, Organisation, Product
from catalog.shares import share_lot
from catalog.tenancy import find
from service.auth.permissions import Permission
from service.days import today
from service.db import now
from service.http.context import Uid
from service.planning.fulfilment import money
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader
from service.web.pages import Pages

pages = Pages("shares")
MOST_MEMBERS = 2000


def _page(visit: PageContext) -> Response:
    lot = find(visit.session, visit.scope, Lot, visit.params["uid"])
    members = _members(visit, lot)
    way = dict(parse_qsl(visit.query)).get("as", "")
    proposed = {"area": _by_area, "last": _as_before}.get(way, _stated)(visit, lot, members)
    return visit.show(
        "cooperative/shares.html",
        lot=lot,
        product=visit.session.get_one(Product, lot.product_id),
        owner=visit.session.get_one(Organisation, lot.organisation_id),
        members=members,
        kg=proposed,
        total=sum(proposed.values()),
        may_write=visit.principal.may(Permission.LOTS_WRITE),
    )


def _members(visit: PageContext, lot: Lot) -> list[Member]:
    """Return those who are members on the day that a lot is picked up from, by name."""
    query = select(Member).where(Member.organisation_id == lot.organisation_id, Member.erased_at.is_(None))
    day = max(lot.available_from, today(now(visit.session)))
    still = query.where((Member.left_on.is_(None)) | (Member.left_on >= day))
    return list(visit.session.scalars(still.order_by(Member.sort_key, Member.id).limit(MOST_MEMBERS)))


def _stated(visit: PageContext, lot: Lot, _members: list[Member]) -> Mapping[int, int]:
    return dict(visit.session.execute(select(LotShare.member_id, LotShare.kg).where(LotShare.lot_id == lot.id)).all())


def _by_area(_visit: PageContext, lot: Lot, members: list[Member]) -> Mapping[int, int]:
    return _spread(lot, {one.id: one.area_m2 for one in members if one.area_m2})


def _as_before(visit: PageContext, lot: Lot, members: list[Member]) -> Mapping[int, int]:
    """Return shares like those of the cooperative's latest lot of the same product that has any."""
    shared = select(LotShare.lot_id).join(Lot, Lot.id == LotShare.lot_id)
    mine = (Lot.organisation_id == lot.organisation_id, Lot.product_id == lot.product_id, Lot.id != lot.id)
    latest = visit.session.scalar(shared.where(*mine).order_by(Lot.id.desc()).limit(1))
    known = {one.id for one in members}
    rows = visit.session.execute(select(LotShare.member_id, LotShare.kg).where(LotShare.lot_id == latest)).all()
    return _spread(lot, {member: kg for member, kg in rows if member in known})


def _spread(lot: Lot, weights: Mapping[int, int]) -> Mapping[int, int]:
    """Return a lot's kilograms by weights, whole and adding up; members with too small a weight get none."""
    return {member: kg for member, kg in money.share(lot.quantity_kg, dict(weights)).items() if kg} if weights else {}


@pages.get("/lots/{uid}/shares", may=Permission.MEMBERS_READ)
def show_shares(visit: PageRequest, uid: Uid) -> Response:
    """Show what each member has put into a lot."""
    visit.params = {"uid": uid}
    return _page(visit)


@pages.post("/lots/{uid}/shares", may=Permission.LOTS_WRITE, body_limit=1 << 20, form=_page)
def set_shares(visit: PageRequest, uid: Uid) -> Response:
    """State what each member has put into a lot."""
    find(visit.session, visit.scope, Lot, uid)
    read = Reader(visit.form)
    version = read.whole("version", needed=True)
    names = [name.removeprefix("kg-") for name, value in visit.form if name.startswith("kg-") and value.strip()]
    shares = {name: kg for name in names if (kg := read.whole(f"kg-{name}"))}
    read.done()
    if not shares:
        raise Invalid([fault("shares", "", "a value")])
    lot = share_lot(visit.session, visit.scope, uid, shares, visit.by, version)
    visit.note("lot.revise", "lot", uid, None, {"shares": shares})
    return visit.go(f"/lots/{uid}", visit.say("The shares of %(kg)s are saved.", kg=visit.formats.kg(lot.quantity_kg)))
