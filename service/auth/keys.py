"""API keys: only their hash is stored, each has an end, and while one is replaced both work for a while."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.base import now_utc
from catalog.errors import Conflict, Invalid, fault
from catalog.tenancy import Scope, check_version, find
from service.auth.permissions import ORGANISATION_LEVEL, PARTNER_SCOPES, Permission
from service.auth.principal import KEY_MARK, PREFIX_LENGTH
from service.auth.tokens import new_token, token_hash
from service.models import ApiKey, Role

LONGEST = timedelta(days=400)
USUAL = timedelta(days=90)
OVERLAP = timedelta(days=7)
_LETTERS = string.ascii_letters + string.digits


def _new_key() -> str:
    """Return a key: the mark, eight letters to recognise it by, and what proves it."""
    return KEY_MARK + "".join(secrets.choice(_LETTERS) for _ in range(PREFIX_LENGTH - len(KEY_MARK))) + "_" + new_token()


def issue(
    session: Session,
    association_id: int,
    organisation_id: int | None,
    label: str,
    role: Role = Role.PARTNER,
    scopes: Iterable[str] | None = None,
    expires_at: datetime | None = None,
    *,
    by: str,
    replaces: ApiKey | None = None,
) -> tuple[ApiKey, str]:
    """Make a key and return its row and its text, which is stored nowhere.

    Parameters
    ----------
    association_id, organisation_id : whose key it is; None for the association's own.
    role, scopes : what it may do; without scopes all that the role may.
    expires_at : its end, ninety days ahead where none is given.
    by : uid of the one who makes it.
    replaces : the key that it takes the place of.
    """
    text = _new_key()
    wanted = sorted(Permission) if scopes is None else sorted(set(scopes))
    row = ApiKey(
        association_id=association_id,
        organisation_id=organisation_id,
        label=label,
        prefix=text[:PREFIX_LENGTH],
        key_hash=token_hash(text),
        role=role,
        scopes=[str(scope) for scope in wanted],
        expires_at=expires_at or now_utc() + USUAL,
        replaces_id=replaces and replaces.id,
        updated_by=by,
    )
    session.add(row)
    session.flush()
    return row, text


def check_terms(scopes: Iterable[Permission], allowed: frozenset[Permission], bound: bool, expires_at: datetime | None) -> None:
    """Refuse a key that could do more than the one who makes it, or that never ends.

    Raises
    ------
    Invalid
        Naming each scope that can't be given.
    """
    most = PARTNER_SCOPES & allowed & (ORGANISATION_LEVEL if bound else PARTNER_SCOPES)
    faults = [
        fault("scopes", scope, "a scope that you have yourself and that such a key may have") for scope in scopes if scope not in most
    ]
    now = now_utc()
    if expires_at is not None and not now < expires_at <= now + LONGEST:
        faults.append(fault("expires_at", expires_at.isoformat(), f"a moment within {LONGEST.days} days from now"))
    if faults:
        raise Invalid(faults)


def rotate(session: Session, scope: Scope, uid: str, by: str, version: int | None = None) -> tuple[ApiKey, str]:
    """Make a key that takes another's place; the old one works for a week more, and no third one works at all.

    Raises
    ------
    Conflict
        If the key doesn't work any more, or is being replaced already.
    """
    old = find(session, scope, ApiKey, uid, lock=True)
    check_version(old, version)
    now = now_utc()
    if old.revoked_at is not None or old.expires_at <= now:
        raise Conflict("this key doesn't work any more: make a new one")
    follower = session.scalars(select(ApiKey).where(ApiKey.replaces_id == old.id, ApiKey.revoked_at.is_(None))).first()
    if follower is not None:
        raise Conflict(f"the key {follower.prefix} takes this one's place already")
    for before in session.scalars(select(ApiKey).where(ApiKey.id == old.replaces_id, ApiKey.revoked_at.is_(None))):
        before.revoked_at, before.updated_by = now, by
    lasts = old.expires_at - old.created_at
    made = issue(session, old.association_id, old.organisation_id, old.label, old.role, old.scopes, now + lasts, by=by, replaces=old)
    old.expires_at, old.updated_by = min(old.expires_at, now + OVERLAP), by
    session.flush()
    return made


def revoke(session: Session, scope: Scope, uid: str, by: str, version: int | None = None) -> ApiKey:
    """End a key at once; ending it again changes nothing."""
    key = find(session, scope, ApiKey, uid, lock=True)
    check_version(key, version)
    if key.revoked_at is None:
        key.revoked_at, key.updated_by = now_utc(), by
        session.flush()
    return key
