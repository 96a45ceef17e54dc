"""Associations, the organisations in them, and the members of cooperatives."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import Query
from sqlalchemy import select

from catalog import changes, intake, repository
from catalog.changes import AssociationChange, AssociationIn, MemberChange, OrganisationChange
from catalog.errors import NotFound
from catalog.intake import MemberIn, OrganisationIn
from catalog.models import Association, Member, Organisation, OrganisationKind, Side
from catalog.tenancy import find, visible
from service.auth.permissions import Permission
from service.http.context import Reading, RequestContext, Uid, Writing, before
from service.http.lists import Listing, Page, Part, SearchText
from service.http.problems import Refused
from service.http.routing import Api
from service.http.shapes import Out, References, shown
from service.models import Role

api = Api("organisations", "Associations, their cooperatives, groups, buyers, hubs and carriers, and the members of cooperatives.")
BY_NAME = Listing("organisations", {"name": (Organisation.sort_key, Organisation.id)}, "name")
MEMBERS = Listing("members", {"name": (Member.sort_key, Member.id)}, "name")
ASSOCIATIONS = Listing("associations", {"name": (Association.sort_key, Association.id)}, "name")
Search = Annotated[
    SearchText, Query(max_length=100, description="A part of the name, accents or none, or the whole code.", examples=["phi dien"])
]


class AssociationOut(Out):
    """An association: the tenant whose brokers bring supply and demand together."""

    uid: str
    code: str
    name: str
    detour_factor: float
    fee_per_mille: int
    phone: str | None
    email: str | None
    address: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


class OrganisationOut(Out):
    """A cooperative, a group, a buyer, a hub or a carrier."""

    uid: str
    code: str
    name: str
    side: Side
    kind: OrganisationKind
    sponsor: str | None
    tax_code: str | None
    commune_code: str | None
    phone: str | None
    email: str | None
    closed_on: date | None
    legal_form: str | None
    representative: str | None
    other_phone: str | None
    bank_name: str | None
    bank_account: str | None
    address: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


class MemberOut(Out):
    """A member of a cooperative or group."""

    uid: str
    organisation: str
    code: str
    name: str
    phone: str | None
    joined_on: date
    left_on: date | None
    area_m2: int | None
    consent_on: date | None
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


def _all_associations(asked: RequestContext) -> bool:
    return asked.principal.association_id is None and Role.ADMINISTRATOR in asked.principal.roles


def _association(asked: RequestContext, uid: str) -> Association:
    wanted = select(Association).where(Association.uid == uid)
    if not _all_associations(asked):
        wanted = wanted.where(Association.id == asked.scope.association_id)
    row = asked.session.scalars(wanted).one_or_none()
    if row is None:
        raise NotFound("association", uid)
    return row


def _organisations(asked: RequestContext, rows: list[Organisation]) -> list[OrganisationOut]:
    sponsors = References(asked.session).uids(Organisation, [row.sponsor_id for row in rows])
    return [shown(OrganisationOut, row, sponsor=sponsors[row.sponsor_id]) for row in rows]


def _members(asked: RequestContext, rows: list[Member]) -> list[MemberOut]:
    owners = References(asked.session).uids(Organisation, [row.organisation_id for row in rows])
    return [shown(MemberOut, row, organisation=owners[row.organisation_id]) for row in rows]


@api.get("/associations", may=Permission.CATALOG_READ)
def list_associations(asked: Reading, part: Annotated[Part, ASSOCIATIONS.part()]) -> Page[AssociationOut]:
    """List associations: one's own, for an administrator of all of them each one."""
    query = select(Association)
    if not _all_associations(asked):
        query = query.where(Association.id == asked.scope.association_id)
    return ASSOCIATIONS.page(asked, query, part, lambda row: shown(AssociationOut, row))


@api.post("/associations", may=Permission.ASSOCIATIONS_WRITE)
def add_association(asked: Writing, given: AssociationIn) -> AssociationOut:
    """Add an association; only an administrator of all of them may."""
    if not _all_associations(asked):
        raise Refused(403, "forbidden", "only an administrator of all associations adds one")
    row = changes.add_association(asked.session, given, asked.by)
    asked.did("association.add", row)
    return shown(AssociationOut, row)


@api.get("/associations/{uid}", may=Permission.CATALOG_READ)
def get_association(asked: Reading, uid: Uid) -> AssociationOut:
    """Show an association."""
    return shown(AssociationOut, _association(asked, uid))


@api.patch("/associations/{uid}", may=Permission.SETTINGS_WRITE)
def change_association(asked: Writing, uid: Uid, given: AssociationChange) -> AssociationOut:
    """Change an association's name, fee or detour factor."""
    row = _association(asked, uid)
    was = before(row)
    changes.change(asked.session, row, given, asked.by, asked.version)
    asked.did("association.change", row, was)
    return shown(AssociationOut, row)


@api.get("/organisations", may=Permission.ORGANISATIONS_READ)
def list_organisations(
    asked: Reading,
    part: Annotated[Part, BY_NAME.part()],
    side: Annotated[Side | None, Query(description="Only this side of the market.", examples=["supply"])] = None,
    kind: Annotated[OrganisationKind | None, Query(description="Only of this kind.", examples=["cooperative"])] = None,
    q: Search = "",
) -> Page[OrganisationOut]:
    """List organisations in the order of a Vietnamese dictionary.

    An organisation's own people see it alone, with the groups that it signs for.
    """
    query = repository.organisations(asked.scope, side, q)
    if kind is not None:
        query = query.where(Organisation.kind == kind)
    return BY_NAME.page_of(asked, query, part, lambda rows: _organisations(asked, rows))


@api.post("/organisations", may=Permission.ORGANISATIONS_WRITE)
def add_organisation(asked: Writing, given: OrganisationIn) -> OrganisationOut:
    """Add an organisation.

    A name with letters of another alphabet, which may be there to pass for somebody else, is answered with `needs_confirmation`; send it
    again with `confirmed`, if it is meant.
    """
    row = intake.add_organisation(asked.session, asked.scope, given, asked.by)
    asked.did("organisation.add", row)
    return _organisations(asked, [row])[0]


@api.get("/organisations/{uid}", may=Permission.ORGANISATIONS_READ)
def get_organisation(asked: Reading, uid: Uid) -> OrganisationOut:
    """Show an organisation."""
    return _organisations(asked, [find(asked.session, asked.scope, Organisation, uid)])[0]


@api.patch("/organisations/{uid}", may=Permission.ORGANISATIONS_WRITE)
def change_organisation(asked: Writing, uid: Uid, given: OrganisationChange) -> OrganisationOut:
    """Change an organisation; its kind and code stay."""
    was = before(find(asked.session, asked.scope, Organisation, uid, lock=True))
    row = changes.change_organisation(asked.session, asked.scope, uid, given, asked.by, asked.version)
    asked.did("organisation.change", row, was)
    return _organisations(asked, [row])[0]


@api.get("/organisations/{uid}/members", may=Permission.MEMBERS_READ)
def list_members(asked: Reading, uid: Uid, part: Annotated[Part, MEMBERS.part()], q: Search = "") -> Page[MemberOut]:
    """List the members of a cooperative or group."""
    owner = find(asked.session, asked.scope, Organisation, uid)
    query = repository.searched(visible(Member, asked.scope).where(Member.organisation_id == owner.id), Member, q)
    return MEMBERS.page_of(asked, query, part, lambda rows: _members(asked, rows))


@api.post("/organisations/{uid}/members", may=Permission.MEMBERS_WRITE)
def add_member(asked: Writing, uid: Uid, given: MemberIn) -> MemberOut:
    """Add a member to a cooperative or group."""
    row = intake.add_member(asked.session, asked.scope, uid, given, asked.by)
    asked.did("member.add", row)
    asked.headers["location"] = f"/api/v1/members/{row.uid}"
    return _members(asked, [row])[0]


@api.get("/members/{uid}", may=Permission.MEMBERS_READ)
def get_member(asked: Reading, uid: Uid) -> MemberOut:
    """Show a member."""
    return _members(asked, [find(asked.session, asked.scope, Member, uid)])[0]


@api.patch("/members/{uid}", may=Permission.MEMBERS_WRITE)
def change_member(asked: Writing, uid: Uid, given: MemberChange) -> MemberOut:
    """Change a member; a day of leaving ends the membership."""
    row = find(asked.session, asked.scope, Member, uid, lock=True)
    was = before(row)
    changes.change(asked.session, row, given, asked.by, asked.version)
    asked.did("member.change", row, was)
    return _members(asked, [row])[0]
