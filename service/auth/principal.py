"""The one who asks: found from a key or a session, with what he may do and which rows he sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session as DbSession

from catalog.base import now_utc
from catalog.errors import NotFound
from catalog.models import Association
from catalog.tenancy import Scope, scope_of
from service.auth.demands import Demand, demand_of
from service.auth.permissions import Permission, granted
from service.auth.tokens import same, token_hash
from service.models import ApiKey, Role, RoleGrant, Session, User

KEY_MARK = "mca_"
NEVER = datetime.max.replace(tzinfo=UTC)
PREFIX_LENGTH = 12
"""Length of the part of a key that is stored in the clear, so that people recognise it."""
SEEN_EVERY = timedelta(minutes=1)


class NotKnown(Exception):
    """The key or session is not valid, for whatever reason; nobody is told for which."""


_KEY = select(
    ApiKey.id, ApiKey.uid, ApiKey.label, ApiKey.key_hash, ApiKey.role, ApiKey.scopes, ApiKey.association_id, ApiKey.organisation_id,
    ApiKey.expires_at, ApiKey.revoked_at, ApiKey.last_used_at,
).where(ApiKey.prefix == bindparam("prefix"))  # fmt: skip
"""Made once: most requests ask this first."""


@dataclass(frozen=True)
class Principal:
    """Who asks.

    Attributes
    ----------
    uid : of the user or key; what the audit trail and the ledger name.
    name : what people call him.
    roles, permissions : what he may do.
    scope : which rows he sees; None for an administrator who hasn't said of which association.
    association_id, organisation_id : whom he belongs to.
    row_id : number of the user's or the key's row.
    session_id, session_uid, csrf_hash : of a login by cookie; None for a key.
    stale : whether the moment at which he was last seen should be written down anew.
    expires_at : when what he showed ends by itself.
    demand : what he must do before anything else; until then he may only look after his own account.
    """

    uid: str
    name: str
    roles: tuple[Role, ...]
    permissions: frozenset[Permission]
    scope: Scope | None
    association_id: int | None
    organisation_id: int | None
    row_id: int
    session_id: int | None = None
    session_uid: str | None = None
    csrf_hash: str | None = None
    stale: bool = False
    expires_at: datetime = NEVER
    demand: Demand | None = None

    @property
    def is_key(self) -> bool:
        return self.session_id is None

    def may(self, permission: Permission) -> bool:
        """Tell whether something is allowed."""
        return permission in self.permissions


def of_key(session: DbSession, key: str) -> Principal:
    """Return whose key this is.

    Raises
    ------
    NotKnown
        If it is none, has expired or was revoked.
    """
    if not key.startswith(KEY_MARK) or len(key) > 200:
        raise NotKnown
    row = session.execute(_KEY, {"prefix": key[:PREFIX_LENGTH]}).one_or_none()
    now = now_utc()
    if row is None or not same(row.key_hash, token_hash(key)) or row.revoked_at is not None or row.expires_at <= now:
        raise NotKnown
    may = granted([row.role], row.organisation_id, row.scopes)
    scope = scope_of(session, row.association_id, row.organisation_id)
    stale = _is_stale(row.last_used_at, now)
    return Principal(
        row.uid, row.label, (row.role,), may, scope, row.association_id, row.organisation_id, row.id, stale=stale, expires_at=row.expires_at
    )


def of_session(session: DbSession, token: str, idle: timedelta = timedelta.max, *, staff_needs_second: bool = False) -> Principal:
    """Return whose login this is.

    Parameters
    ----------
    idle : how long a login lasts without a request.
    staff_needs_second : whether the association's people need a second factor.

    Raises
    ------
    NotKnown
        If there is none, it has ended, or the account was closed.
    """
    login = (Session.id, Session.uid, Session.csrf_hash, Session.expires_at, Session.revoked_at, Session.seen_at)
    who = (User.id, User.uid, User.name, User.association_id, User.organisation_id, User.active)
    joined = select(*login, *who).join(User, User.id == Session.user_id).where(Session.token_hash == token_hash(token))
    row = session.execute(joined).one_or_none()
    if row is None:
        raise NotKnown
    session_id, session_uid, csrf_hash, expires_at, revoked_at, seen_at, user_id, uid, name, association_id, organisation_id, active = row
    now = now_utc()
    if revoked_at is not None or expires_at <= now or not active or now - seen_at > idle:
        raise NotKnown
    roles = roles_of(session, user_id)
    scope = None if association_id is None else scope_of(session, association_id, organisation_id)
    demand = demand_of(session, user_id, roles, staff_needs_second=staff_needs_second)
    may = granted(roles, organisation_id) if demand is None else frozenset({Permission.OWN_ACCOUNT})
    return Principal(
        uid, name, roles, may, scope, association_id, organisation_id, user_id, session_id, session_uid, csrf_hash,
        _is_stale(seen_at, now), expires_at, demand,
    )  # fmt: skip


def roles_of(session: DbSession, user_id: int) -> tuple[Role, ...]:
    """Return a user's roles, sorted."""
    found: Sequence[Any] = session.scalars(select(RoleGrant.role).where(RoleGrant.user_id == user_id)).all()
    return tuple(sorted(found))


def within(session: DbSession, principal: Principal, association: str) -> Principal:
    """Return the same one, looking at an association; only an administrator of all of them may choose.

    Raises
    ------
    NotFound
        If there is no such association, or none that he may see.
    """
    found = session.execute(select(Association.id).where(Association.uid == association)).scalar_one_or_none()
    chooses = principal.association_id is None and Role.ADMINISTRATOR in principal.roles
    if found is None or not (chooses or found == principal.association_id):
        raise NotFound("association", association)
    return principal if principal.association_id is not None else replace(principal, scope=Scope(found))


def _is_stale(seen: datetime | None, now: datetime) -> bool:
    return seen is None or now - seen >= SEEN_EVERY
