"""The same write twice has one effect: its answer is kept in the transaction of the effect, under the client's ``Idempotency-Key``.

Only a hash of the key is stored. An answer that holds a secret, such as a new API key, is stored enciphered under the key itself, which
only the client has. Refusals aren't kept, for they had no effect: the same request may succeed later.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from catalog.base import now_utc
from service.db import Database
from service.http.problems import Refused
from service.models import IdempotencyKey

HEADER = "idempotency-key"
LONGEST = 255
REPLAYED = "Idempotency-Replayed"
KEPT_HEADERS = ("etag", "location", "content-type")
_SALT = 16
_KEY = re.compile(f"[!-~]{{1,{LONGEST}}}")
_running: set[tuple[str, str, str, str]] = set()
_lock = threading.Lock()


@dataclass(frozen=True)
class Claim:
    """A write that bears a key.

    Attributes
    ----------
    principal, method, path : whose key it is, and for what; the same key elsewhere is another one.
    key : as the client sent it.
    body_sha256 : of the body and the query.
    secret : whether the answer holds a secret.
    """

    principal: str
    method: str
    path: str
    key: str
    body_sha256: str
    secret: bool = False

    @property
    def hashed(self) -> str:
        return hashlib.sha256(b"key" + self.key.encode()).hexdigest()

    @property
    def name(self) -> tuple[str, str, str, str]:
        return self.principal, self.method, self.path, self.hashed


def claimed(principal: str, method: str, path: str, headers: Mapping[str, str], body: bytes, query: str, secret: bool) -> Claim | None:
    """Return the claim of a request, None if it bears no key.

    Raises
    ------
    Refused
        If the key is empty, too long or not printable.
    """
    key = headers.get(HEADER)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise Refused(422, "bad_idempotency_key", f"Idempotency-Key: 1 to {LONGEST} printable characters without blanks")
    digest = hashlib.sha256(query.encode("utf-8", "surrogatepass") + b"\n" + body).hexdigest()
    return Claim(principal, method, path[:1000], key, digest, secret)


@contextmanager
def alone(claim: Claim | None) -> Iterator[None]:
    """Hold a claim while its request runs in this process.

    Raises
    ------
    Refused
        With 409 if the same request is running already.
    """
    if claim is None:
        yield
        return
    with _lock:
        if claim.name in _running:
            raise _still_running()
        _running.add(claim.name)
    try:
        yield
    finally:
        with _lock:
            _running.discard(claim.name)


def is_running(claim: Claim | None) -> bool:
    """Tell whether the request of a claim is running in this process."""
    return claim is not None and claim.name in _running


def _still_running() -> Refused:
    return Refused(409, "still_running", "the same request is running: ask again in a moment", headers={"Retry-After": "1"})


def find_reply(session: Session, claim: Claim, keep: timedelta) -> Response | None:
    """Return the kept answer to a write, None if it hasn't been done.

    Raises
    ------
    Refused
        With 422 if the key was used for something else, with 409 if another process is at it.
    """
    if session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256("|".join(claim.name).encode()).digest()[:8], "big", signed=True)
        if not session.scalar(select(func.pg_try_advisory_xact_lock(number))):
            raise _still_running()
    columns = (IdempotencyKey.id, IdempotencyKey.body_sha256, IdempotencyKey.status, IdempotencyKey.headers, IdempotencyKey.body)
    row = session.execute(select(*columns, IdempotencyKey.created_at).where(*_where(claim))).one_or_none()
    if row is None:
        return None
    if row.created_at < now_utc() - keep:
        session.execute(delete(IdempotencyKey).where(IdempotencyKey.id == row.id))
        return None
    if row.body_sha256 != claim.body_sha256:
        raise Refused(422, "idempotency_key_reuse", "this Idempotency-Key was used for another request")
    headers = {**(row.headers or {}), REPLAYED: "true"}
    return Response(_uncover(claim, row.body or b""), row.status or 200, headers)


def keep_reply(session: Session, claim: Claim, response: Response) -> None:
    """Keep an answer."""
    headers = {name: value for name, value in response.headers.items() if name in KEPT_HEADERS}
    principal, method, path, key = claim.name
    session.execute(
        insert(IdempotencyKey).values(
            principal=principal, method=method, path=path, key=key, body_sha256=claim.body_sha256, status=response.status_code,
            headers=headers, body=_cover(claim, bytes(response.body)),
        )
    )  # fmt: skip


def forget_old(database: Database, keep: timedelta) -> int:
    """Delete the answers that are older than they need be kept, and return how many."""
    with database.write() as session:
        done = session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now_utc() - keep))
        return int(done.rowcount)  # type: ignore[attr-defined]


def _where(claim: Claim) -> list[ColumnElement[bool]]:
    principal, method, path, key = claim.name
    wanted = [IdempotencyKey.principal == principal, IdempotencyKey.method == method]
    return [*wanted, IdempotencyKey.path == path, IdempotencyKey.key == key]


def _cover(claim: Claim, body: bytes) -> bytes:
    """Encipher an answer that holds a secret, with a stream that follows from the client's key and a salt."""
    if not claim.secret:
        return body
    import secrets

    salt = secrets.token_bytes(_SALT)
    return salt + _masked(claim, salt, body)


def _uncover(claim: Claim, body: bytes) -> bytes:
    return _masked(claim, body[:_SALT], body[_SALT:]) if claim.secret else body


def _masked(claim: Claim, salt: bytes, body: bytes) -> bytes:
    stream = hashlib.shake_256(b"reply" + salt + claim.key.encode()).digest(len(body))
    return bytes(one ^ other for one, other in zip(body, stream))
