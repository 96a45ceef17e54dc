"""Passkeys (WebAuthn): a device proves that it holds a key, for this site alone, after its owner has unlocked it.

A passkey stands for password and second factor together. Only the public key is stored. The challenge that a device signs goes
to the browser with a signed ticket and is taken once; see `Challenges`.
"""

from __future__ import annotations

import json
import secrets
import struct
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson
import webauthn
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from webauthn.helpers import bytes_to_base64url, parse_authentication_credential_json, parse_registration_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from catalog.base import now_utc
from catalog.errors import Invalid, fault
from service.models import Passkey, User

NAME = "MCA"
GOOD_FOR_S = 300
MOST = 20
"""Passkeys of one account."""
LONGEST = 20_000
"""Characters of what a device answers."""
UNREADABLE = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, struct.error)
"""What reading or checking an answer raises where somebody has made it up."""


@dataclass(frozen=True)
class Site:
    """The site that passkeys belong to: its host without a port, and its origin."""

    host: str
    origin: str

    @classmethod
    def at(cls, address: str) -> Site:
        """Return the site of an address such as https://mca.example.vn."""
        return cls(urlsplit(address).hostname or "", address)


class Challenges:
    """The challenges of one process that have been taken, so that no answer is taken twice."""

    def __init__(self) -> None:
        self._taken: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, challenge: str) -> bool:
        """Take a challenge; return False if it has been taken before."""
        now = time.monotonic()
        with self._lock:
            self._taken = {one: until for one, until in self._taken.items() if until > now}
            if challenge in self._taken:
                return False
            self._taken[challenge] = now + GOOD_FOR_S
            return True


def new_challenge() -> bytes:
    """Return what a device is to sign."""
    return secrets.token_bytes(32)


def of_user(session: Session, user_id: int) -> list[Passkey]:
    """Return an account's passkeys, the oldest first."""
    return list(session.scalars(select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)))


def options_to_add(session: Session, user: User, site: Site, challenge: bytes) -> str:
    """Return what the browser asks a device for, so that it makes a passkey, as JSON."""
    known = [PublicKeyCredentialDescriptor(id=one.credential_id) for one in of_user(session, user.id)]
    wanted = AuthenticatorSelectionCriteria(
        resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
    )
    options = webauthn.generate_registration_options(
        rp_id=site.host, rp_name=NAME, user_name=user.login, user_id=user.uid.encode(), user_display_name=user.name,
        challenge=challenge, authenticator_selection=wanted, exclude_credentials=known,
    )  # fmt: skip
    return webauthn.options_to_json(options)


def options_to_log_in(site: Site, challenge: bytes) -> str:
    """Return what the browser asks a device for, so that its owner logs in, as JSON."""
    required = UserVerificationRequirement.REQUIRED
    options = webauthn.generate_authentication_options(rp_id=site.host, challenge=challenge, user_verification=required)
    return webauthn.options_to_json(options)


def add(session: Session, user: User, site: Site, challenge: bytes, answer: str, name: str) -> Passkey:
    """Store the passkey that a device has made.

    Raises
    ------
    Invalid
        If the answer isn't one to this challenge for this site, or the account has too many passkeys.
    """
    if len(of_user(session, user.id)) >= MOST:
        raise _bad("fewer passkeys: take one away first")
    try:
        given = parse_registration_credential_json(orjson.loads(answer[:LONGEST]))
        made = webauthn.verify_registration_response(
            credential=given, expected_challenge=challenge, expected_rp_id=site.host, expected_origin=site.origin,
            require_user_verification=True,
        )  # fmt: skip
    except UNREADABLE as error:
        raise _bad("an answer of the device to this page") from error
    row = Passkey(
        user_id=user.id, credential_id=made.credential_id, public_key=made.credential_public_key, sign_count=made.sign_count,
        name=name[:100] or NAME,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def owner_of(session: Session, site: Site, challenge: bytes, answer: str) -> User | None:
    """Return whose passkey has signed a challenge; None if none has, or its owner may not log in."""
    try:
        given = parse_authentication_credential_json(orjson.loads(answer[:LONGEST]))
        row = session.scalars(select(Passkey).where(Passkey.credential_id == given.raw_id).with_for_update()).one_or_none()
        if row is None:
            return None
        proven = webauthn.verify_authentication_response(
            credential=given, expected_challenge=challenge, expected_rp_id=site.host, expected_origin=site.origin,
            credential_public_key=row.public_key, credential_current_sign_count=row.sign_count, require_user_verification=True,
        )  # fmt: skip
    except UNREADABLE:
        return None
    row.sign_count, row.used_at = proven.new_sign_count, now_utc()
    user = session.get_one(User, row.user_id, with_for_update=True)
    return user if user.active else None


def take_away(session: Session, user_id: int, uid: str) -> bool:
    """Take a passkey of an account away; return whether there was one."""
    row = session.scalars(select(Passkey).where(Passkey.user_id == user_id, Passkey.uid == uid)).one_or_none()
    if row is None:
        return False
    session.delete(row)
    session.flush()
    return True


def forget(session: Session, user_id: int) -> None:
    """Take every passkey of an account away."""
    session.execute(delete(Passkey).where(Passkey.user_id == user_id))


def text_of(challenge: bytes) -> str:
    """Return a challenge as text."""
    return bytes_to_base64url(challenge)


def as_object(options: str) -> dict[str, object]:
    """Return options as an object of JSON."""
    made: dict[str, object] = json.loads(options)
    return made


def _bad(expected: str) -> Invalid:
    return Invalid([fault("passkey", "", expected)])
