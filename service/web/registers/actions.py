"""What can be done on the page of a register's row besides changing its fields."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any
from urllib.parse import parse_qsl

import orjson
from fastapi import Query
from sqlalchemy import delete, select
from sqlalchemy.orm import undefer
from starlette.responses import Response

from buyers.intake import SlotIn, set_slots
from buyers.models import ReceivingSlot
from catalog import changes, communes, sponsorships
from catalog.base import now_utc
from catalog.changes import SuspensionIn, UnitIn
from catalog.errors import Invalid, fault
from catalog.models import (
    ANYTIME,
    Certificate,
    Evidence,
    LotShare,
    Member,
    Organisation,
    PlantingArea,
    Product,
    Site,
    Sponsorship,
    Suspension,
    Unit,
)
from catalog.tenancy import check_version, find
from service import photographs
from service.auth.permissions import Permission
from service.days import today
from service.db import now
from service.http.context import Uid, before
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader
from service.web.pages import Pages
from service.web.registers import fields, members

pages = Pages("register-actions")
LARGEST_SCAN = 10_000_000
BODY_LIMIT = LARGEST_SCAN + 1_000_000
SIGNS = ((b"%PDF", "application/pdf"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))
"""How the files that may be scans begin."""
WEEK = 7
Latitude = Annotated[float, Query(ge=-90, le=90)]
Longitude = Annotated[float, Query(ge=-180, le=180)]


def _today(visit: PageContext) -> Any:
    return today(now(visit.session))


@pages.post("/sponsorships/new", may=Permission.ORGANISATIONS_WRITE)
def propose_sponsor(visit: PageRequest) -> Response:
    """Propose the cooperative that is to sign for a group."""
    read = Reader(visit.form)
    group, sponsor = read.text("group", needed=True) or "", read.text("sponsor", needed=True) or ""
    first, last = read.day("valid_from", needed=True), read.day("valid_until")
    read.done()
    assert first is not None
    given = sponsorships.SponsorshipIn(group=group, sponsor=sponsor, valid_from=first, valid_until=last)
    row = sponsorships.propose(visit.session, visit.scope, given, visit.by, _today(visit))
    visit.did("sponsorship.add", row)
    return visit.go(f"/organisations/{group}", visit.say("The cooperative is named. It signs once both sides have agreed."))


@pages.post("/sponsorships/{uid}/agree", may=Permission.LOTS_WRITE)
def agree_to_sponsor(visit: PageRequest, uid: Uid) -> Response:
    """Agree to a sponsorship, for the side that one belongs to."""
    row = find(visit.session, visit.scope, Sponsorship, uid, lock=True)
    check_version(row, Reader(visit.form).whole("version"))
    was = before(row)
    sponsorships.agree(visit.session, visit.scope, row, visit.by, _today(visit))
    visit.did("sponsorship.agree", row, was)
    return visit.go(_home(visit, row), visit.say("Agreed."))


@pages.post("/sponsorships/{uid}/end", may=Permission.ORGANISATIONS_WRITE)
def end_sponsorship(visit: PageRequest, uid: Uid) -> Response:
    """Let a sponsorship end with a day."""
    was, read = before(find(visit.session, visit.scope, Sponsorship, uid, lock=True)), Reader(visit.form)
    last, version = read.day("valid_until", needed=True), read.whole("version")
    read.done()
    assert last is not None
    row = sponsorships.end(visit.session, visit.scope, uid, last, visit.by, version, _today(visit))
    visit.did("sponsorship.end", row, was)
    return visit.go(_home(visit, row), visit.say("The change is saved."))


def _home(visit: PageContext, row: Sponsorship) -> str:
    own = visit.scope.organisation_id
    return f"/organisations/{visit.session.get_one(Organisation, row.group_id if own is None else own).uid}"


@pages.post("/sites/{uid}/hours", may=Permission.SITES_WRITE)
def set_hours(visit: PageRequest, uid: Uid) -> Response:
    """State the hours of each weekday on which a site receives; a weekday without hours is a day on which it doesn't."""
    site = find(visit.session, visit.scope, Site, uid, lock=True)
    slots, faults = [], []
    for weekday in range(WEEK):
        try:
            start, end = (fields.clock(text) if (text := visit.form.get(f"{name}-{weekday}")) else None for name in ("from", "until"))
            most = fields.whole(text) if (text := visit.form.get(f"kg-{weekday}")) else None
            if start is not None and end is not None:
                slots.append(SlotIn(weekday=weekday, open_from_min=start, open_until_min=end, capacity_kg=most))
        except ValueError as error:
            faults.append(fault(f"from-{weekday}", visit.form.get(f"from-{weekday}"), str(error)))
    if faults:
        raise Invalid(faults)
    visit.session.execute(delete(ReceivingSlot).where(ReceivingSlot.site_id == site.id))
    if slots:
        set_slots(visit.session, visit.scope, uid, slots, ANYTIME)
    visit.note("site.hours", "site", uid, None, {"slots": [one.model_dump(mode="json") for one in slots]})
    return visit.go(f"/sites/{uid}", visit.say("The hours are saved."))


@pages.post("/products/{uid}/units", may=Permission.CATALOG_WRITE)
def add_unit(visit: PageRequest, uid: Uid) -> Response:
    """State what one piece, crate or bundle of a product weighs from a day on."""
    product, read = find(visit.session, visit.scope, Product, uid, lock=True), Reader(visit.form)
    unit, kg = read.text("unit", needed=True), read.decimal("kg", needed=True)
    first, source = read.day("valid_from", needed=True), read.text("source", needed=True, most=500)
    read.done()
    assert kg is not None
    assert first is not None
    given = UnitIn(unit=Unit(unit or ""), grams=int(kg * 1000), valid_from=first, source=source or "")
    changes.add_unit(visit.session, product, given)
    visit.note("unit.add", "product", uid, None, given.model_dump(mode="json"))
    return visit.go(f"/products/{uid}", visit.say("The weight is saved."))


def _paper(visit: PageContext, uid: str) -> Any:
    """Return the certificate or planting-area code of a uid."""
    model: type[Any] = PlantingArea if visit.path.startswith("/areas/") else Certificate
    return find(visit.session, visit.scope, model, uid, lock=True)


def _take_scan(visit: PageContext, uid: str) -> Response:
    """Keep the scan of a certificate."""
    row, file = _paper(visit, uid), visit.form.files.get("scan")
    if file is None or not file.content:
        raise Invalid([fault("scan", "", "a value")])
    kind = next((kind for sign, kind in SIGNS if file.content.startswith(sign)), "image/webp" if file.content[8:12] == b"WEBP" else "")
    if not kind or len(file.content) > LARGEST_SCAN:
        raise Invalid([fault("scan", file.name, "a PDF or a photograph of at most 10 MB")])
    was = before(row)
    row.evidence_id = _evidence(visit, row, file.name, _without_notes(file.content, kind), kind).id
    row.waiting = row.waiting or visit.scope.organisation_id is not None
    row.updated_by = visit.by
    visit.session.flush()
    visit.did("certificate.scan", row, was)
    return visit.go(visit.path.rpartition("/")[0], visit.say("The scan is on file."))


def _without_notes(content: bytes, kind: str) -> bytes:
    """Return a photograph without what a telephone noted in it; anything else as it is."""
    if not kind.startswith("image/") or len(content) > photographs.LARGEST_BYTES:
        return content
    try:
        return photographs.plain(content).content
    except photographs.NotAPhotograph:
        raise Invalid([fault("scan", kind, "a PDF or a photograph of at most 10 MB")]) from None


def _evidence(visit: PageContext, row: Any, name: str, content: bytes, kind: str) -> Evidence:
    """Return the document of some content, which is kept once."""
    digest = hashlib.sha256(content).hexdigest()
    same = select(Evidence).where(Evidence.association_id == visit.scope.association_id, Evidence.sha256 == digest)
    paper = visit.session.scalars(same).one_or_none()
    if paper is None:
        paper = Evidence(
            association_id=visit.scope.association_id, organisation_id=row.organisation_id, title=name[:200], media_type=kind,
            sha256=digest, content=content, added_by=visit.by,
        )  # fmt: skip
        visit.session.add(paper)
        visit.session.flush()
    return paper


@pages.post("/certificates/entries/{uid}/scan", may=Permission.CERTIFICATES_WRITE, body_limit=BODY_LIMIT, takes_long=True)
def add_scan(visit: PageRequest, uid: Uid) -> Response:
    """Keep the scan of a certificate."""
    return _take_scan(visit, uid)


@pages.post("/areas/{uid}/scan", may=Permission.CERTIFICATES_WRITE, body_limit=BODY_LIMIT, takes_long=True)
def add_area_scan(visit: PageRequest, uid: Uid) -> Response:
    """Keep the scan of a planting-area code's paper."""
    return _take_scan(visit, uid)


def _accept(visit: PageContext, uid: str) -> Response:
    row = _paper(visit, uid)
    if visit.scope.organisation_id is not None:
        raise Invalid([fault("waiting", "", "somebody of the association")])
    check_version(row, Reader(visit.form).whole("version"))
    was = before(row)
    row.waiting, row.updated_by = False, visit.by
    visit.session.flush()
    visit.did("certificate.accept", row, was)
    return visit.go(visit.path.rpartition("/")[0], visit.say("Accepted. It counts from now on."))


@pages.post("/certificates/entries/{uid}/accept", may=Permission.CERTIFICATES_SUSPEND)
def accept_certificate(visit: PageRequest, uid: Uid) -> Response:
    """Let a certificate count that a cooperative has entered."""
    return _accept(visit, uid)


@pages.post("/areas/{uid}/accept", may=Permission.CERTIFICATES_SUSPEND)
def accept_area(visit: PageRequest, uid: Uid) -> Response:
    """Let a planting-area code count that a cooperative has entered."""
    return _accept(visit, uid)


@pages.post("/certificates/entries/{uid}/suspend", may=Permission.CERTIFICATES_SUSPEND)
def suspend_certificate(visit: PageRequest, uid: Uid) -> Response:
    """Let a certificate not count from a day on."""
    held = find(visit.session, visit.scope, Certificate, uid, lock=True)
    read = Reader(visit.form)
    first, last, reason = read.day("from_day", needed=True), read.day("until_day"), read.text("reason", needed=True, most=1000)
    read.done()
    assert first is not None
    given = SuspensionIn(from_day=first, until_day=last, reason=reason or "")
    row = changes.add_suspension(visit.session, visit.scope, held, given, visit.by)
    visit.did("certificate.suspend", row, None, given.reason)
    return visit.go(f"/certificates/entries/{uid}", visit.say("The certificate doesn't count on these days."))


@pages.post("/certificates/entries/{uid}/lift", may=Permission.CERTIFICATES_SUSPEND)
def lift_suspension(visit: PageRequest, uid: Uid) -> Response:
    """Let a suspension of a certificate end with today."""
    find(visit.session, visit.scope, Certificate, uid)
    row = find(visit.session, visit.scope, Suspension, Reader(visit.form).text("suspension", needed=True) or "", lock=True)
    check_version(row, Reader(visit.form).whole("version"))
    was, day = before(row), _today(visit)
    row.until_day, row.updated_by = max(row.from_day, day), visit.by
    visit.session.flush()
    visit.did("certificate.lift", row, was)
    return visit.go(f"/certificates/entries/{uid}", visit.say("The suspension ends with today."))


@pages.get("/scans/{uid}", may=Permission.CERTIFICATES_READ)
def show_scan(visit: PageRequest, uid: Uid) -> Response:
    """Return a scan as it was sent in."""
    number = find(visit.session, visit.scope, Evidence, uid).id
    row = visit.session.scalars(select(Evidence).where(Evidence.id == number).options(undefer(Evidence.content))).one()
    headers = {"content-disposition": "attachment", "x-content-type-options": "nosniff", "content-security-policy": "sandbox"}
    return Response(row.content, media_type=row.media_type, headers=headers)


@pages.get("/members/{uid}/data", may=Permission.MEMBERS_READ)
def export_member(visit: PageRequest, uid: Uid) -> Response:
    """Return everything on file about a member, for the member."""
    row = find(visit.session, visit.scope, Member, uid)
    owner = visit.session.get_one(Organisation, row.organisation_id)
    lots = visit.session.execute(select(LotShare.kg).where(LotShare.member_id == row.id)).scalars().all()
    lines = [
        (visit.say("Name"), row.name), (visit.say("Cooperative or group"), owner.name), (visit.say("Number in the cooperative"), row.code),
        (visit.say("Telephone"), row.phone or ""), (visit.say("Area, m²"), row.area_m2 or ""),
        (visit.say("Agreed on"), visit.formats.day(row.consent_on)), (visit.say("Lots with a share"), len(lots)),
        (visit.say("Shares in all, kg"), sum(lots)),
        *(
            (f"{one.product} {one.year}", visit.say("still owed %(vnd)s, paid %(paid)s", vnd=visit.formats.vnd(one.owed_vnd),
             paid=visit.formats.vnd(one.paid_vnd)))
            for one in members.accounts_of(visit, row)
        ),
    ]  # fmt: skip
    text = "\r\n".join(f"{label}: {value}" for label, value in lines) + "\r\n"
    return Response(
        text.encode("utf-8-sig"),
        media_type="text/plain; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{row.uid}.txt"'},
    )


@pages.post("/members/{uid}/erase", may=Permission.MEMBERS_WRITE)
def erase_member(visit: PageRequest, uid: Uid) -> Response:
    """Erase what is personal of a member; the kilograms of past lots stay, without a name."""
    row = find(visit.session, visit.scope, Member, uid, lock=True)
    check_version(row, Reader(visit.form).whole("version"))
    if not visit.form.get("sure"):
        raise Invalid([fault("sure", "", "a value")])
    row.name, row.phone, row.area_m2, row.consent_on = f"Đã xóa {row.uid[-6:]}", None, None, None
    row.erased_at, row.updated_by = now_utc(), visit.by
    visit.session.flush()
    visit.note("member.erase", "member", uid)
    return visit.go("/members", visit.say("What was personal is erased."))


@pages.get("/communes", may=Permission.CATALOG_READ, open_query=True)
def find_communes(visit: PageRequest) -> Response:
    """Return communes whose new or old names hold what is searched for, for a list that opens while somebody writes."""
    wanted = dict(parse_qsl(visit.query)).get("q", "")[:100]
    found = [{"full": one.full, "formerly": "; ".join(one.formerly)[:200], "lat": one.lat, "lon": one.lon} for one in communes.find(wanted)]
    return Response(orjson.dumps(found), media_type="application/json")


@pages.get("/communes/around", may=Permission.CATALOG_READ)
def find_communes_around(_visit: PageRequest, lat: Latitude, lon: Longitude) -> Response:
    """Return the communes around a place, for the map on which a position is chosen."""
    found = [{"name": one.name, "lat": one.lat, "lon": one.lon} for one in communes.around(lat, lon)]
    return Response(orjson.dumps(found), media_type="application/json")
