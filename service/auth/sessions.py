"""Logins: a random token in a cookie, its hash in the database, and an end that comes by itself or when somebody says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session as DbSession

from catalog.base import now_utc
from service.auth.tokens import new_token, token_hash
from service.models import Session, User


@dataclass(frozen=True)
class Opened:
    """A new login: its row, the cookie's token, the token against forged requests, and the token that the browser is known by."""

    row: Session
    token: str
    csrf: str
    device: str = ""


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


def revoke_others(session: DbSession, user_id: int, kept_id: int) -> None:
    """End every login of a user but one."""
    others = (Session.user_id == user_id, Session.id != kept_id, Session.revoked_at.is_(None))
    session.execute(update(Session).where(*others).values(revoked_at=now_utc()).execution_options(synchronize_session=False))


def revoke_all(session: DbSession, user_id: int) -> None:
    """End every login of a user."""
    statement = update(Session).where(Session.user_id == user_id, Session.revoked_at.is_(None)).values(revoked_at=now_utc())
    session.execute(statement.execution_options(synchronize_session=False))
