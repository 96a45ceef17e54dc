"""Logins: a random token in a cookie, its hash in the database, and an end that comes by itself or when somebody says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session as DbSession

from catalog.base import now_utc
from service.auth.tokens import new_token, token_hash
from service.models import Session, User

DELAY_FROM, DELAY = 20, timedelta(minutes=5)
"""After so many wrong passwords in a row an account takes no password for a while, from wherever they come."""


@dataclass(frozen=True)
class Opened:
    """A new login: its row, the cookie's token and the token against forged requests."""

    row: Session
    token: str
    csrf: str


def open_session(session: DbSession, user: User, lasts: timedelta, address: str, agent: str) -> Opened:
    """Log a user in under a new token, whatever he showed before."""
    token, csrf, now = new_token(), new_token(), now_utc()
    row = Session(
        user_id=user.id, token_hash=token_hash(token), csrf_hash=token_hash(csrf), created_at=now, seen_at=now, expires_at=now + lasts,
        address=address[:100], agent=agent[:500],
    )  # fmt: skip
    session.add(row)
    session.flush()
    return Opened(row, token, csrf)


def revoke(session: DbSession, session_id: int) -> None:
    """End one login."""
    statement = update(Session).where(Session.id == session_id, Session.revoked_at.is_(None)).values(revoked_at=now_utc())
    session.execute(statement.execution_options(synchronize_session=False))


def revoke_all(session: DbSession, user_id: int) -> None:
    """End every login of a user."""
    statement = update(Session).where(Session.user_id == user_id, Session.revoked_at.is_(None)).values(revoked_at=now_utc())
    session.execute(statement.execution_options(synchronize_session=False))


def is_delayed(user: User) -> bool:
    """Tell whether an account takes no password just now."""
    return user.locked_until is not None and user.locked_until > now_utc()


def note_failure(user: User) -> None:
    """Count a wrong password."""
    user.failed_logins += 1
    if user.failed_logins % DELAY_FROM == 0:
        user.locked_until = now_utc() + DELAY


def note_success(user: User) -> None:
    """Forget the wrong passwords."""
    user.failed_logins, user.locked_until = 0, None
