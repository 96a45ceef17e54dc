"""Single-use links by which people choose their own password: an invitation to a new account, or a reset of a forgotten password.

Nobody but the owner learns the password. Only the hash of a link's token is stored; a new link ends the earlier ones of its account.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from catalog.base import now_utc
from catalog.errors import Invalid, fault
from service.auth import demands, failures, passkeys, second_factor, sessions
from service.auth.tokens import new_token, token_hash
from service.models import LoginLink, User

PATH = "/welcome"


def issue(session: Session, user: User, lasts: timedelta, by: str) -> str:
    """Make a link and return its token, which is stored nowhere.

    The old password, every login, the second factor and the passkeys of the account end with it.
    """
    now = now_utc()
    session.execute(update(LoginLink).where(LoginLink.user_id == user.id, LoginLink.used_at.is_(None)).values(used_at=now))
    token = new_token()
    session.add(LoginLink(user_id=user.id, token_hash=token_hash(token), expires_at=now + lasts, made_by=by))
    user.password_hash = None
    sessions.revoke_all(session, user.id)
    second_factor.take_away(session, user.id)
    passkeys.forget(session, user.id)
    failures.forget_devices(session, user.id)
    session.flush()
    return token


def owner(session: Session, token: str) -> User | None:
    """Return whose link a token is; None where it is none, was used, has run out, or the account is closed."""
    found = _find(session, token)
    return None if found is None else session.get(User, found.user_id)


def use(session: Session, token: str, password_hash: str) -> User:
    """Give the owner of a link the password of his choice; the link ends with it.

    Raises
    ------
    Invalid
        If it is no link, or no longer one.
    """
    link = _find(session, token, lock=True)
    user = None if link is None else session.get(User, link.user_id, with_for_update=True)
    if link is None or user is None:
        raise Invalid([fault("link", "", "a link that hasn't been used and hasn't run out")])
    link.used_at = now_utc()
    user.password_hash, user.updated_by = password_hash, user.uid
    demands.password_chosen(session, user.id)
    sessions.revoke_all(session, user.id)
    session.flush()
    return user


def _find(session: Session, token: str, *, lock: bool = False) -> LoginLink | None:
    query = select(LoginLink).join(User, User.id == LoginLink.user_id)
    query = query.where(LoginLink.token_hash == token_hash(token), LoginLink.used_at.is_(None), LoginLink.expires_at > now_utc())
    query = query.where(User.active.is_(True))
    return session.scalars(query.with_for_update(of=LoginLink) if lock else query).one_or_none()
