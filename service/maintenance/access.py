"""What a restore must not bring back: logins, links, and access that was taken away after the backup."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update

from catalog.base import now_utc
from service.audit import Deed, record
from service.db import Database, SchemaMismatch
from service.models import ApiKey, LoginLink, Session, User


@dataclass(frozen=True)
class TakenAway:
    """Access that has ended: uids of revoked keys and closed accounts, and each account's present password hash."""

    keys: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()
    passwords: tuple[tuple[str, str | None], ...] = ()


def taken_away(database: Database) -> TakenAway:
    """Return what access has ended in a database; nothing where it has another schema."""
    try:
        database.require_schema()
    except SchemaMismatch:
        return TakenAway()
    with database.read() as session:
        keys = session.scalars(select(ApiKey.uid).where(ApiKey.revoked_at.is_not(None)))
        closed = session.scalars(select(User.uid).where(User.active.is_(False)))
        passwords = session.execute(select(User.uid, User.password_hash)).all()
        return TakenAway(frozenset(keys), frozenset(closed), tuple((uid, digest) for uid, digest in passwords))


def take_away_again(database: Database, gone: TakenAway) -> None:
    """End every login and link of a restored database, and again what had ended before; the trail says so."""
    with database.write() as session:
        now, unsynchronized = now_utc(), {"synchronize_session": False}
        session.execute(update(Session).where(Session.revoked_at.is_(None)).values(revoked_at=now), execution_options=unsynchronized)
        session.execute(update(LoginLink).where(LoginLink.used_at.is_(None)).values(used_at=now), execution_options=unsynchronized)
        keys = session.scalars(select(ApiKey).where(ApiKey.uid.in_(gone.keys), ApiKey.revoked_at.is_(None))).all()
        for key in keys:
            key.revoked_at, key.updated_by = now, "restore"
        users = {user.uid: user for user in session.scalars(select(User))}
        closed = [users[uid] for uid in gone.closed if uid in users and users[uid].active]
        for user in closed:
            user.active, user.updated_by = False, "restore"
        for uid, digest in gone.passwords:
            if uid in users:
                users[uid].password_hash = digest
        after = {"keys_revoked_again": len(keys), "accounts_closed_again": len(closed)}
        record(session, Deed(None, "system", "restore", "database", "", after=after), now)
