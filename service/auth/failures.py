"""Wrong passwords, counted for each account by where they come from, so that nobody keeps the owner out from elsewhere.

A browser that has logged in before bears a token and is a place of its own, whatever address it has: it stays open while others guess
from the same address. An address that has guessed wrong takes part in a wider count, which slows down guesses from many addresses.
"""

from __future__ import annotations

import ipaddress
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from catalog.base import now_utc
from service.auth.tokens import new_token, token_hash
from service.models import KnownDevice, LoginFailure

MOST_IN_A_ROW, PAUSE = 10, timedelta(minutes=5)
"""After so many wrong passwords in a row from one place an account takes none from there for a while."""
MOST_OF_ALL, WINDOW = 200, timedelta(hours=1)
"""After so many from all places within the window, places that have guessed wrong are refused."""
DEVICE_DAYS = 400


def place_of(address: str, device_id: int | None) -> str:
    """Return where a login comes from: a known device, an address, or the network of an IPv6 address."""
    if device_id is not None:
        return f"device:{device_id}"
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:100]
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)


def device_of(session: Session, user_id: int, token: str) -> int | None:
    """Return the number of the device that a token names, None if this account hasn't logged in from it."""
    if not token:
        return None
    query = select(KnownDevice.id).where(KnownDevice.user_id == user_id, KnownDevice.token_hash == token_hash(token))
    return session.scalar(query)


def know_device(session: Session, user_id: int, token: str) -> str:
    """Remember the device of a login that succeeded; return the token that it bears from now on."""
    known = device_of(session, user_id, token)
    if known is not None:
        session.get_one(KnownDevice, known).seen_at = now_utc()
        return token
    fresh = new_token()
    session.add(KnownDevice(user_id=user_id, token_hash=token_hash(fresh)))
    return fresh


def forget_devices(session: Session, user_id: int) -> None:
    """Know no device of an account any more."""
    session.execute(delete(KnownDevice).where(KnownDevice.user_id == user_id))


def forget(session: Session, user_id: int) -> None:
    """Forget devices and addresses of an account."""
    forget_devices(session, user_id)
    session.execute(delete(LoginFailure).where(LoginFailure.user_id == user_id))


def is_blocked(session: Session, user_id: int, place: str) -> bool:
    """Return whether an account takes no password from a place just now."""
    row = session.get(LoginFailure, (user_id, place))
    if row is None:
        return False
    now = now_utc()
    if row.blocked_until is not None and row.blocked_until > now:
        return True
    since = (LoginFailure.user_id == user_id, LoginFailure.last_at > now - WINDOW)
    return not place.startswith("device:") and (session.scalar(select(func.sum(LoginFailure.failures)).where(*since)) or 0) >= MOST_OF_ALL


def note_failure(session: Session, user_id: int, place: str) -> None:
    """Count a wrong password or code."""
    row = session.get(LoginFailure, (user_id, place), with_for_update=True)
    if row is None:
        row = LoginFailure(user_id=user_id, place=place, failures=0)
        session.add(row)
    now = now_utc()
    row.failures, row.last_at = row.failures + 1, now
    if row.failures % MOST_IN_A_ROW == 0:
        row.blocked_until = now + PAUSE
    session.flush()


def note_success(session: Session, user_id: int, place: str) -> None:
    """Forget the wrong passwords from a place."""
    session.execute(delete(LoginFailure).where(LoginFailure.user_id == user_id, LoginFailure.place == place))


def forget_old(session: Session) -> int:
    """Delete counts that no longer matter, and devices that haven't been seen for long."""
    now = now_utc()
    gone = session.execute(delete(LoginFailure).where(LoginFailure.last_at < now - 24 * WINDOW))
    session.execute(delete(KnownDevice).where(KnownDevice.seen_at < now - timedelta(days=DEVICE_DAYS)))
    return int(gone.rowcount)  # type: ignore[attr-defined]
