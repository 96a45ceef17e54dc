"""Places in a list, handed to the client and taken back unchanged: signed, so that nobody makes one up, and good for a day."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from datetime import date, datetime
from typing import Any

import orjson

from service.http.problems import Refused

GOOD_FOR_S = 24 * 3600
_SIGNATURE = 16


class Cursors:
    """Makes and reads cursors with a secret of the service."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def write(self, list_name: str, place: tuple[Any, ...]) -> str:
        """Return the cursor of a place in a list; `list_name` says which list, in which order, with which filters, for whom."""
        content = orjson.dumps([int(time.time()), [_plain(value) for value in place]])
        return base64.urlsafe_b64encode(self._sign(list_name, content) + content).decode().rstrip("=")

    def read(self, list_name: str, cursor: str) -> tuple[Any, ...]:
        """Return the place.

        Raises
        ------
        Refused
            With 400 if it isn't one of ours or belongs to another list, with 410 if it is older than a day.
        """
        try:
            raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error, ValueError):
            raise _bad() from None
        signature, content = raw[:_SIGNATURE], raw[_SIGNATURE:]
        if not hmac.compare_digest(signature, self._sign(list_name, content)):
            raise _bad()
        written, place = orjson.loads(content)
        if time.time() - written > GOOD_FOR_S:
            raise Refused(410, "cursor_expired", "this cursor is older than a day: start again from the first page")
        return tuple(_typed(value) for value in place)

    def _sign(self, list_name: str, content: bytes) -> bytes:
        return hmac.digest(self._secret, hashlib.sha256(list_name.encode()).digest() + content, "sha256")[:_SIGNATURE]


def _bad() -> Refused:
    return Refused(400, "bad_cursor", "this cursor isn't one of this list's, with these filters and this order")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    return {"d": value.isoformat()} if isinstance(value, date) else value


def _typed(value: Any) -> Any:
    if isinstance(value, dict):
        return datetime.fromisoformat(value["t"]) if "t" in value else date.fromisoformat(value["d"])
    return value
