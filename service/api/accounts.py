"""Accounts, logins, API keys and the audit trail."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import Query
from pydantic import AwareDatetime, Field
from sqlalchemy import select

from catalog.base import now_utc
from catalog.errors import Invalid, fault
from catalog.given import Day, Given
from catalog.models import Organisation
from catalog.tenancy import check_version, find, visible
from service.auth import accounts, keys, links
from service.auth.accounts import UserChange, UserIn
from service.auth.permissions import Permission
from service.http.context import Reading, RequestContext, Uid, Writing, before
from service.http.lists import Listing, Page, Part, SearchText
from service.http.routing import Api
from service.http.shapes import Out, References, shown
from service.models import ApiKey, AuditEvent, Role, RoleGrant, User

api = Api("accounts", "People's accounts, partners' API keys, and the audit trail.")
USERS = Listing("users", {"name": (User.sort_key, User.id)}, "name")
KEYS = Listing("keys", {"created_at": (ApiKey.created_at, ApiKey.id)}, "-created_at")
TRAIL = Listing("audit", {"seq": (AuditEvent.chain, AuditEvent.seq)}, "-seq")


class UserOut(Out):
    """A person's account."""

    uid: str
    login: str
    name: str
    roles: list[Role]
    organisation: str | None
    phone: str | None
    language: str
    active: bool
    has_password: bool = Field(description="Whether it logs in by a password.", examples=[True])
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


class LinkOut(Out):
    """A link to a new password, shown this once."""

    link: str = Field(description="Address of the page, without a host where `MCA_PUBLIC_URL` isn't set.", examples=["/welcome?link=Zk9x"])
    expires_at: datetime


class KeyIn(Given):
    """A new key of a partner, bound to an organisation (uid) or the association's own."""

    label: str = Field(min_length=1, max_length=200)
    organisation: str | None = Field(default=None, max_length=26)
    scopes: tuple[Permission, ...] = Field(min_length=1, max_length=100)
    expires_at: AwareDatetime | None = None


class KeyOut(Out):
    """An API key, without what proves it."""

    uid: str
    label: str
    prefix: str
    organisation: str | None
    role: Role
    scopes: list[str]
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    replaces: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


class NewKey(KeyOut):
    """A new key, shown this once."""

    key: str


class AuditOut(Out):
    """Who did what, what was before and after, and why."""

    seq: int
    at: datetime
    actor: str
    actor_name: str | None
    on_behalf_of: str
    address: str
    action: str
    object_kind: str
    object_uid: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    why: str
    request_id: str
    hash: str = Field(description="SHA-256 of this event and of the hash before it.", examples=["0" * 64])


def users_out(asked: RequestContext, rows: list[User]) -> list[UserOut]:
    """Return accounts as the API shows them."""
    homes = References(asked.session).uids(Organisation, [row.organisation_id for row in rows])
    roles = defaultdict(list)
    query = select(RoleGrant.user_id, RoleGrant.role).where(RoleGrant.user_id.in_([row.id for row in rows]))
    for user_id, role in asked.session.execute(query.order_by(RoleGrant.user_id, RoleGrant.role)):
        roles[user_id].append(role)
    return [
        shown(UserOut, row, organisation=homes[row.organisation_id], roles=roles[row.id], has_password=row.password_hash is not None)
        for row in rows
    ]


def _keys(asked: RequestContext, rows: list[ApiKey]) -> list[dict[str, Any]]:
    known = References(asked.session)
    homes = known.uids(Organisation, [row.organisation_id for row in rows])
    replaced = known.uids(ApiKey, [row.replaces_id for row in rows])
    return [dict(shown(KeyOut, row, organisation=homes[row.organisation_id], replaces=replaced[row.replaces_id])) for row in rows]


@api.get("/users", may=Permission.ACCOUNTS_READ)
def list_users(asked: Reading, part: Annotated[Part, USERS.part()]) -> Page[UserOut]:
    """List the association's accounts."""
    return USERS.page_of(asked, visible(User, asked.scope), part, lambda rows: users_out(asked, rows))


@api.post("/users", may=Permission.ACCOUNTS_WRITE)
def add_user(asked: Writing, given: UserIn) -> UserOut:
    """Make an account.

    It has no password yet: its owner chooses one by a link, or logs in through another organisation.
    """
    row = accounts.add_user(asked.session, asked.scope, given, None, asked.by, asked.principal.roles)
    asked.did("user.add", row)
    return users_out(asked, [row])[0]


@api.get("/users/{uid}", may=Permission.ACCOUNTS_READ)
def get_user(asked: Reading, uid: Uid) -> UserOut:
    """Show an account."""
    return users_out(asked, [find(asked.session, asked.scope, User, uid)])[0]


@api.patch("/users/{uid}", may=Permission.ACCOUNTS_WRITE)
def change_user(asked: Writing, uid: Uid, given: UserChange) -> UserOut:
    """Change an account; new roles or closing it ends its logins at once."""
    row = find(asked.session, asked.scope, User, uid, lock=True)
    was = {**before(row), "roles": users_out(asked, [row])[0].roles}
    row = accounts.change_user(asked.session, asked.scope, uid, given, asked.by, asked.principal.roles, asked.version)
    asked.note("user.change", "user_account", uid, was, {**before(row), "roles": users_out(asked, [row])[0].roles})
    return users_out(asked, [row])[0]


@api.post("/users/{uid}/link", may=Permission.ACCOUNTS_WRITE, secret=True)
def add_link(asked: Writing, uid: Uid) -> LinkOut:
    """Make a link by which the owner of an account chooses a password, once.

    The old password, every login, the second factor and the passkeys of the account end. The link is shown this once. For staff of the
    association who have a password already, an administrator alone may make one.
    """
    row = accounts.to_relink(asked.session, asked.scope, uid, asked.principal.roles)
    lasts = timedelta(hours=asked.settings.link_hours)
    token = links.issue(asked.session, row, lasts, asked.by)
    asked.note("user.link", "user_account", uid)
    return LinkOut(link=f"{asked.settings.public_url}{links.PATH}?link={token}", expires_at=now_utc() + lasts)


@api.delete("/users/{uid}", may=Permission.ACCOUNTS_WRITE)
def erase_user(asked: Writing, uid: Uid) -> None:
    """Erase what is personal of an account and close it; the trail keeps its uid alone."""
    held = users_out(asked, [find(asked.session, asked.scope, User, uid)])[0].roles
    accounts.check_roles(held, asked.principal.roles)
    accounts.erase_user(asked.session, asked.scope, uid, asked.by, asked.version)
    asked.note("user.erase", "user_account", uid)


@api.get("/keys", may=Permission.KEYS_READ)
def list_keys(asked: Reading, part: Annotated[Part, KEYS.part()]) -> Page[KeyOut]:
    """List API keys: their first characters, scopes, ends and when they were last used."""
    return KEYS.page_of(asked, visible(ApiKey, asked.scope), part, lambda rows: [KeyOut(**one) for one in _keys(asked, rows)])


@api.post("/keys", may=Permission.KEYS_WRITE, secret=True)
def add_key(asked: Writing, given: KeyIn) -> NewKey:
    """Make an API key for a partner, with no more scopes than one's own; it is shown this once.

    Without `expires_at` it lasts ninety days, and four hundred at most.
    """
    home = find(asked.session, asked.scope, Organisation, given.organisation) if given.organisation else None
    keys.check_terms(given.scopes, asked.principal.permissions, home is not None, given.expires_at)
    association = asked.scope.association_id
    row, text = keys.issue(
        asked.session, association, home.id if home else None, given.label, Role.PARTNER, given.scopes, given.expires_at, by=asked.by
    )
    asked.did("key.add", row)
    return NewKey(**_keys(asked, [row])[0], key=text)


@api.get("/keys/{uid}", may=Permission.KEYS_READ)
def get_key(asked: Reading, uid: Uid) -> KeyOut:
    """Show an API key, without what proves it."""
    return KeyOut(**_keys(asked, [find(asked.session, asked.scope, ApiKey, uid)])[0])


@api.post("/keys/{uid}/rotate", may=Permission.KEYS_WRITE, secret=True)
def rotate_key(asked: Writing, uid: Uid) -> NewKey:
    """Make a key that takes another's place; both work for a week, so that nothing stands still meanwhile."""
    old = find(asked.session, asked.scope, ApiKey, uid, lock=True)
    _check_giver(asked, old)
    was = before(old)
    row, text = keys.rotate(asked.session, asked.scope, uid, asked.by)
    asked.did("key.replace", old, was)
    asked.did("key.add", row)
    asked.headers["location"] = f"/api/v1/keys/{row.uid}"
    return NewKey(**_keys(asked, [row])[0], key=text)


def _check_giver(asked: RequestContext, key: ApiKey) -> None:
    """Refuse to hand out a key that can do more than the one who asks for it."""
    beyond = sorted(set(key.scopes) - {permission.value for permission in asked.principal.permissions})
    if beyond:
        raise Invalid([fault("scopes", scope, "a scope that you have yourself") for scope in beyond])


@api.delete("/keys/{uid}", may=Permission.KEYS_WRITE, if_match=False)
def revoke_key(asked: Writing, uid: Uid) -> None:
    """End a key at once."""
    row = find(asked.session, asked.scope, ApiKey, uid, lock=True)
    was = before(row)
    if asked.if_match is not None:
        check_version(row, asked.version)
    row = keys.revoke(asked.session, asked.scope, uid, asked.by)
    asked.did("key.revoke", row, was)


@api.get("/audit", may=Permission.AUDIT_READ)
def list_audit(
    asked: Reading,
    part: Annotated[Part, TRAIL.part()],
    object_kind: Annotated[
        SearchText, Query(max_length=100, description="Only what was done to this kind of thing.", examples=["lot"])
    ] = "",
    object_uid: Annotated[SearchText, Query(max_length=200, description="Only what was done to this one.")] = "",
    actor: Annotated[SearchText, Query(max_length=200, description="Only what this user or key did.")] = "",
    action: Annotated[SearchText, Query(max_length=100, description="Only this kind of deed.", examples=["lot.revise"])] = "",
    since: Annotated[Day | None, Query(description="Only from this day on, UTC.", examples=["2027-06-07"])] = None,
) -> Page[AuditOut]:
    """List the trail, the latest first: who did what, what was before and after, and why."""
    query = visible(AuditEvent, asked.scope)
    for column, value in ((AuditEvent.object_kind, object_kind), (AuditEvent.object_uid, object_uid), (AuditEvent.actor, actor),
                          (AuditEvent.action, action)):  # fmt: skip
        if value:
            query = query.where(column == value)
    if since is not None:
        query = query.where(AuditEvent.at >= datetime(since.year, since.month, since.day, tzinfo=UTC))
    return TRAIL.page_of(asked, query, part, lambda rows: _events(asked, rows))


def _events(asked: RequestContext, rows: list[AuditEvent]) -> list[AuditOut]:
    actors = sorted({row.actor for row in rows})
    named: dict[str, str] = dict(asked.session.execute(select(User.uid, User.name).where(User.uid.in_(actors))).all())
    named |= dict(asked.session.execute(select(ApiKey.uid, ApiKey.label).where(ApiKey.uid.in_(actors))).all())
    return [shown(AuditOut, row, actor_name=named.get(row.actor)) for row in rows]
