"""Secrets, and the signed message that a receiver checks with any Standard Webhooks library."""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime
from typing import Any

import orjson
from standardwebhooks import Webhook

SECRET_BYTES = 32
SECRET_MARK = "whsec_"  # noqa: S105  The mark that every secret starts with, not one of them.


def new_secret() -> str:
    """Return a new secret, in the form that the receivers' libraries take."""
    return SECRET_MARK + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def body_of(uid: str, kind: str, at: datetime, data: dict[str, Any]) -> bytes:
    """Return the message of an event: the same bytes at every attempt."""
    message = {"id": uid, "type": kind, "timestamp": at.astimezone(UTC).isoformat(timespec="milliseconds"), "data": data}
    return orjson.dumps(message, option=orjson.OPT_SORT_KEYS)


def headers_of(uid: str, body: bytes, sent_at: datetime, keys: list[str]) -> dict[str, str]:
    """Return the headers that go with a message.

    Parameters
    ----------
    keys : secrets to sign with; two while one is being replaced by the other.
    """
    moment = sent_at.astimezone(UTC)
    return {
        "content-type": "application/json",
        "user-agent": "mca-webhooks/1",
        "webhook-id": uid,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(Webhook(key).sign(uid, moment, body.decode()) for key in keys),
    }
