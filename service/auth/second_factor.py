"""The second factor: codes of an authenticator program (TOTP, RFC 6238), whose secret is stored enciphered."""

from __future__ import annotations

import secrets
import time

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete
from sqlalchemy.orm import Session

from catalog.base import now_utc
from service.auth.keyring import derived
from service.models import SecondFactor, User

PURPOSE = "second factor"
STEP_S = 30
NONCE = 12


def begin(session: Session, user: User, key: bytes) -> str:
    """Store a new secret that isn't in force yet, and return it."""
    import pyotp

    secret = pyotp.random_base32()
    session.execute(delete(SecondFactor).where(SecondFactor.user_id == user.id))
    session.add(SecondFactor(user_id=user.id, secret=_sealed(key, user.uid, secret), last_step=0))
    session.flush()
    return secret


def address_of(secret: str, login: str, issuer: str) -> str:
    """Return what the QR code says that an authenticator program reads."""
    import pyotp

    return str(pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer))


def secret_of(row: SecondFactor, user: User, key: bytes) -> str | None:
    """Return a stored secret; None where it was enciphered under another key."""
    try:
        return AESGCM(derived(key, PURPOSE)).decrypt(row.secret[:NONCE], row.secret[NONCE:], user.uid.encode()).decode()
    except InvalidTag:
        return None


def accepts(session: Session, user: User, code: str, key: bytes, now_s: float | None = None) -> bool:
    """Return whether a code is right, one step early or late included; each is taken once."""
    import pyotp

    row = session.get(SecondFactor, user.id, with_for_update=True)
    secret = None if row is None else secret_of(row, user, key)
    if row is None or secret is None:
        return False
    moment = time.time() if now_s is None else now_s
    code, totp, here = "".join(code.split()), pyotp.TOTP(secret), int(moment // STEP_S)
    for step in (here - 1, here, here + 1):
        if step > row.last_step and secrets.compare_digest(totp.at(step * STEP_S).encode(), code.encode("utf-8", "surrogatepass")):
            row.last_step = step
            return True
    return False


def confirm(session: Session, user: User, code: str, key: bytes) -> bool:
    """Put a secret into force once a code proves that the program holds it."""
    if not accepts(session, user, code, key):
        return False
    session.get_one(SecondFactor, user.id).confirmed_at = now_utc()
    session.flush()
    return True


def is_on(session: Session, user_id: int) -> bool:
    """Return whether an account asks for a second factor."""
    row = session.get(SecondFactor, user_id)
    return row is not None and row.confirmed_at is not None


def take_away(session: Session, user_id: int) -> None:
    """Let an account log in without a second factor again."""
    session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))


def _sealed(key: bytes, uid: str, secret: str) -> bytes:
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(derived(key, PURPOSE)).encrypt(nonce, secret.encode(), uid.encode())
