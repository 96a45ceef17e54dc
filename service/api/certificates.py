"""Certificates with their suspensions, the documents that prove them, and planting-area codes."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import defaultdict
from datetime import date, datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import defer, undefer
from starlette.responses import Response

from catalog import changes, intake
from catalog.changes import CertificateChange, EvidenceIn, PlantingAreaChange, SuspensionChange, SuspensionIn
from catalog.errors import AlreadyThere, Invalid, fault
from catalog.given import Day
from catalog.intake import CertificateIn, PlantingAreaIn
from catalog.models import Certificate, Evidence, Organisation, PlantingArea, Product, Suspension
from catalog.tenancy import find, visible
from service.auth.permissions import Permission
from service.http.context import Reading, RequestContext, Uid, Writing, before
from service.http.lists import Listing, Page, Part, SearchText
from service.http.routing import Api
from service.http.shapes import Out, References, shown

api = Api("certificates", "Certificates, their suspensions, the documents that prove them, and planting-area codes.")
CERTIFICATES = Listing("certificates", {"valid_until": (Certificate.valid_until, Certificate.id)}, "valid_until")
AREAS = Listing("planting-areas", {"code": (PlantingArea.code, PlantingArea.id)}, "code")
EVIDENCE = Listing("evidence", {"added_at": (Evidence.added_at, Evidence.id)}, "-added_at")
LARGEST_EVIDENCE = 10_000_000
LARGEST_BODY = 14 * 1024 * 1024


class SuspensionOut(Out):
    """Days on which a certificate doesn't count."""

    uid: str
    from_day: date
    until_day: date | None
    reason: str
    version: int


class CertificateOut(Out):
    """A certificate."""

    uid: str
    organisation: str
    product: str | None
    scheme: str
    level: int
    valid_from: date
    valid_until: date
    number: str
    issuer: str
    area: str
    evidence: str | None
    withdrawn_on: date | None = Field(description="Day from which the issuer has taken it back.", examples=["2027-09-01"])
    suspensions: list[SuspensionOut]
    waiting: bool
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


class EvidenceOut(Out):
    """A document that proves something; its content is at `/evidence/{uid}/content`."""

    uid: str
    organisation: str | None
    title: str
    media_type: str
    sha256: str
    added_at: datetime = Field(description="When it was added.", examples=["2027-06-01T02:30:00Z"])
    added_by: str = Field(description="Uid of the one who added it.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])


class PlantingAreaOut(Out):
    """A planting-area code for one destination market."""

    uid: str
    organisation: str
    product: str
    code: str
    market: str
    area_m2: int | None
    valid_from: date
    valid_until: date
    suspended_from: date | None
    suspended_until: date | None
    source: str
    waiting: bool
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


def _certificates(asked: RequestContext, rows: list[Certificate]) -> list[CertificateOut]:
    known = References(asked.session)
    owners = known.uids(Organisation, [row.organisation_id for row in rows])
    products = known.codes(Product, [row.product_id for row in rows])
    papers = known.uids(Evidence, [row.evidence_id for row in rows])
    paused = defaultdict(list)
    query = select(Suspension).where(Suspension.certificate_id.in_([row.id for row in rows]))
    for pause in asked.session.scalars(query.order_by(Suspension.certificate_id, Suspension.from_day, Suspension.id)):
        paused[pause.certificate_id].append(shown(SuspensionOut, pause))
    return [
        shown(
            CertificateOut, row, organisation=owners[row.organisation_id], product=products[row.product_id],
            evidence=papers[row.evidence_id], suspensions=paused[row.id],
        )
        for row in rows
    ]  # fmt: skip


def _areas(asked: RequestContext, rows: list[PlantingArea]) -> list[PlantingAreaOut]:
    known = References(asked.session)
    owners = known.uids(Organisation, [row.organisation_id for row in rows])
    products = known.codes(Product, [row.product_id for row in rows])
    return [shown(PlantingAreaOut, row, organisation=owners[row.organisation_id], product=products[row.product_id]) for row in rows]


def _evidence(asked: RequestContext, rows: list[Evidence]) -> list[EvidenceOut]:
    owners = References(asked.session).uids(Organisation, [row.organisation_id for row in rows])
    return [shown(EvidenceOut, row, organisation=owners[row.organisation_id]) for row in rows]


@api.get("/certificates", may=Permission.CERTIFICATES_READ)
def list_certificates(
    asked: Reading,
    part: Annotated[Part, CERTIFICATES.part()],
    organisation: Annotated[
        str | None, Query(pattern="^[0-9a-hjkmnp-tv-z]{26}$", description="Only of the organisation of this uid.")
    ] = None,
    scheme: Annotated[SearchText, Query(max_length=100, description="Only of this scheme.", examples=["VietGAP"])] = "",
    lapses_before: Annotated[Day | None, Query(description="Only those that lapse before this day.", examples=["2027-12-31"])] = None,
) -> Page[CertificateOut]:
    """List certificates, those that lapse first at the top."""
    query = visible(Certificate, asked.scope)
    if organisation is not None:
        query = query.where(Certificate.organisation_id == find(asked.session, asked.scope, Organisation, organisation).id)
    if scheme:
        query = query.where(Certificate.scheme == scheme)
    if lapses_before is not None:
        query = query.where(Certificate.valid_until < lapses_before, Certificate.withdrawn_on.is_(None))
    return CERTIFICATES.page_of(asked, query, part, lambda rows: _certificates(asked, rows))


@api.post("/certificates", may=Permission.CERTIFICATES_WRITE)
def add_certificate(asked: Writing, given: CertificateIn) -> CertificateOut:
    """Add a certificate."""
    row = intake.add_certificate(asked.session, asked.scope, given, asked.by, waiting=asked.scope.organisation_id is not None)
    asked.did("certificate.add", row)
    return _certificates(asked, [row])[0]


@api.get("/certificates/{uid}", may=Permission.CERTIFICATES_READ)
def get_certificate(asked: Reading, uid: Uid) -> CertificateOut:
    """Show a certificate with its suspensions."""
    return _certificates(asked, [find(asked.session, asked.scope, Certificate, uid)])[0]


@api.patch("/certificates/{uid}", may=Permission.CERTIFICATES_WRITE)
def change_certificate(asked: Writing, uid: Uid, given: CertificateChange) -> CertificateOut:
    """Change a certificate's dates, number, issuer, area or proof, or state that its issuer took it back."""
    was = before(find(asked.session, asked.scope, Certificate, uid, lock=True))
    row = changes.change_certificate(asked.session, asked.scope, uid, given, asked.by, asked.version)
    asked.did("certificate.change", row, was)
    return _certificates(asked, [row])[0]


@api.post("/certificates/{uid}/suspensions", may=Permission.CERTIFICATES_SUSPEND)
def suspend_certificate(asked: Writing, uid: Uid, given: SuspensionIn) -> SuspensionOut:
    """Let a certificate not count from one day to another, or until further notice."""
    certificate = find(asked.session, asked.scope, Certificate, uid)
    row = changes.add_suspension(asked.session, asked.scope, certificate, given, asked.by)
    asked.did("certificate.suspend", row, None, given.reason)
    asked.headers["location"] = f"/api/v1/suspensions/{row.uid}"
    return shown(SuspensionOut, row)


@api.patch("/suspensions/{uid}", may=Permission.CERTIFICATES_SUSPEND)
def change_suspension(asked: Writing, uid: Uid, given: SuspensionChange) -> SuspensionOut:
    """State the last day of a suspension, which lifts it."""
    row = find(asked.session, asked.scope, Suspension, uid, lock=True)
    was = before(row)
    changes.change(asked.session, row, given, asked.by, asked.version)
    asked.did("certificate.lift", row, was)
    return shown(SuspensionOut, row)


@api.get("/evidence", may=Permission.CERTIFICATES_READ)
def list_evidence(asked: Reading, part: Annotated[Part, EVIDENCE.part()]) -> Page[EvidenceOut]:
    """List documents, the latest first."""
    query = visible(Evidence, asked.scope).options(defer(Evidence.content))
    return EVIDENCE.page_of(asked, query, part, lambda rows: _evidence(asked, rows))


@api.post("/evidence", may=Permission.CERTIFICATES_WRITE, body_limit=LARGEST_BODY, takes_long=True)
def add_evidence(asked: Writing, given: EvidenceIn) -> EvidenceOut:
    """Add a document of up to 10 MB; the same document is kept once."""
    try:
        content = base64.b64decode(given.content_base64, validate=True)
    except binascii.Error:
        content = b""
    if not 1 <= len(content) <= LARGEST_EVIDENCE:
        raise Invalid([fault("content_base64", "", f"1 to {LARGEST_EVIDENCE:,} bytes in base64")])
    owner = find(asked.session, asked.scope, Organisation, given.organisation) if given.organisation else None
    if owner is None and asked.scope.organisation_id is not None:
        raise Invalid([fault("organisation", "", "the uid of the owner")])
    digest = hashlib.sha256(content).hexdigest()
    same = select(Evidence.id).where(Evidence.association_id == asked.scope.association_id, Evidence.sha256 == digest)
    if asked.session.scalars(same).first() is not None:
        raise AlreadyThere("this document is there already")
    row = Evidence(
        association_id=asked.scope.association_id, organisation_id=owner and owner.id, title=given.title, media_type=given.media_type,
        sha256=digest, content=content, added_by=asked.by,
    )  # fmt: skip
    asked.session.add(row)
    asked.session.flush()
    asked.did("evidence.add", row)
    return _evidence(asked, [row])[0]


@api.get("/evidence/{uid}", may=Permission.CERTIFICATES_READ)
def get_evidence(asked: Reading, uid: Uid) -> EvidenceOut:
    """Show what is known of a document."""
    return _evidence(asked, [find(asked.session, asked.scope, Evidence, uid)])[0]


@api.get(
    "/evidence/{uid}/content",
    may=Permission.CERTIFICATES_READ,
    response_class=Response,
    responses={200: {"description": "The document itself.", "content": {
        kind: {"schema": {"type": "string", "contentMediaType": kind}, "example": "%PDF-1.7"}
        for kind in ("application/pdf", "image/png", "image/jpeg", "image/webp")
    }}},
)  # fmt: skip
def get_evidence_content(asked: Reading, uid: Uid) -> Response:
    """Hand out a document, to be saved and not shown within a page."""
    query = visible(Evidence, asked.scope).where(Evidence.uid == uid).options(undefer(Evidence.content))
    row = asked.session.scalars(query).one_or_none() or find(asked.session, asked.scope, Evidence, uid)
    headers = {**asked.headers, "content-disposition": f'attachment; filename="{row.uid}"'}
    return Response(row.content, 200, headers, row.media_type)


@api.get("/planting-areas", may=Permission.CERTIFICATES_READ)
def list_planting_areas(
    asked: Reading,
    part: Annotated[Part, AREAS.part()],
    market: Annotated[SearchText, Query(max_length=20, description="Only for this destination market.", examples=["CN"])] = "",
) -> Page[PlantingAreaOut]:
    """List planting-area codes."""
    query = visible(PlantingArea, asked.scope)
    if market:
        query = query.where(PlantingArea.market == market)
    return AREAS.page_of(asked, query, part, lambda rows: _areas(asked, rows))


@api.post("/planting-areas", may=Permission.CERTIFICATES_WRITE)
def add_planting_area(asked: Writing, given: PlantingAreaIn) -> PlantingAreaOut:
    """Add a planting-area code."""
    row = intake.add_planting_area(asked.session, asked.scope, given, asked.by, waiting=asked.scope.organisation_id is not None)
    asked.did("planting_area.add", row)
    return _areas(asked, [row])[0]


@api.get("/planting-areas/{uid}", may=Permission.CERTIFICATES_READ)
def get_planting_area(asked: Reading, uid: Uid) -> PlantingAreaOut:
    """Show a planting-area code."""
    return _areas(asked, [find(asked.session, asked.scope, PlantingArea, uid)])[0]


@api.patch("/planting-areas/{uid}", may=Permission.CERTIFICATES_WRITE)
def change_planting_area(asked: Writing, uid: Uid, given: PlantingAreaChange) -> PlantingAreaOut:
    """Change a planting-area code's dates, or state the days on which the market doesn't accept it."""
    was = before(find(asked.session, asked.scope, PlantingArea, uid, lock=True))
    row = changes.change_area(asked.session, asked.scope, uid, given, asked.by, asked.version)
    asked.did("planting_area.change", row, was)
    return _areas(asked, [row])[0]
