"""Seals of the audit trail: each chain's head, signed with the service's own key, and anchors, which are seals kept elsewhere.

The chain of hashes shows a careless change. Whoever can write the database can compute it anew, though. He can't sign the heads, for the
key isn't in the database, and he can't take back an anchor that lies somewhere else: what an anchor names must still stand in the chain.
"""

from __future__ import annotations

import hmac
import json
import os
import urllib.request
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audit import Break
from service.auth.keyring import derived
from service.models import AuditEvent, AuditHead, AuditSeal

PURPOSE = "audit trail"
TIMEOUT_S = 10.0


class AnchorError(RuntimeError):
    """An anchor can't be read or written; the message says why."""


def seal(session: Session, key: bytes, at: datetime) -> list[AuditSeal]:
    """Seal the present head of every chain and return the seals."""
    made = []
    for head in session.scalars(select(AuditHead).where(AuditHead.seq > 0).order_by(AuditHead.chain)):
        row = session.get(AuditSeal, head.chain)
        if row is None or row.seq < head.seq:
            moment = at.astimezone(UTC)
            signature = _signature(key, head.chain, head.seq, head.hash, _written(moment))
            row = session.merge(AuditSeal(chain=head.chain, seq=head.seq, hash=head.hash, at=moment, signature=signature))
        made.append(row)
    session.flush()
    return made


def breaks(session: Session, key: bytes, anchors: Iterable[dict[str, Any]] = ()) -> Iterator[Break]:
    """Yield each seal and anchor that the chains don't bear out; a chain without a seal counts as broken.

    Parameters
    ----------
    anchors : as `read_anchors` returns them.
    """
    sealed = {row.chain: row for row in session.scalars(select(AuditSeal))}
    for head in session.scalars(select(AuditHead).where(AuditHead.seq > 0).order_by(AuditHead.chain)):
        if head.chain not in sealed:
            yield Break(head.chain, head.seq, "the chain has no seal: seal it with 'mca audit anchor' if it is new")
    for row in sealed.values():
        yield from _check(session, key, as_anchor(row), "seal")
    for anchor in anchors:
        yield from _check(session, key, anchor, "anchor")


def _check(session: Session, key: bytes, one: dict[str, Any], what: str) -> Iterator[Break]:
    chain, seq = int(one["chain"]), int(one["seq"])
    expected = _signature(key, chain, seq, str(one["hash"]), str(one["at"]))
    if not hmac.compare_digest(expected, str(one["signature"])):
        yield Break(chain, seq, f"the {what} isn't signed with this service's key")
        return
    found = session.scalar(select(AuditEvent.hash).where(AuditEvent.chain == chain, AuditEvent.seq == seq))
    if found is None:
        yield Break(chain, seq, f"missing, and the {what} of {one['at']} names it")
    elif found != one["hash"]:
        yield Break(chain, seq, f"rewritten since the {what} of {one['at']}")


def as_anchor(row: AuditSeal) -> dict[str, Any]:
    """Return a seal as it is kept elsewhere."""
    return {"chain": row.chain, "seq": row.seq, "hash": row.hash, "at": _written(row.at), "signature": row.signature}


def read_anchors(file: Path) -> list[dict[str, Any]]:
    """Return the anchors of a file.

    Raises
    ------
    AnchorError
        If it can't be read, or holds something else.
    """
    try:
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise AnchorError(f"{file} can't be read as anchors: {error}") from error
    if not all(isinstance(row, dict) and {"chain", "seq", "hash", "at", "signature"} <= set(row) for row in rows):
        raise AnchorError(f"{file} holds something else than anchors")
    return rows


def write_anchors(rows: Iterable[AuditSeal], file: Path) -> None:
    """Add seals to a file of anchors, readable by its owner alone."""
    lines = "".join(json.dumps(as_anchor(row), sort_keys=True) + "\n" for row in rows)
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as opened:
            opened.write(lines)
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as error:
        raise AnchorError(f"{file} can't be written: {error.strerror or error}") from error


def post_anchors(rows: Iterable[AuditSeal], url: str) -> None:
    """Post seals as JSON to an address outside."""
    body = json.dumps({"anchors": [as_anchor(row) for row in rows]}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="POST")  # noqa: S310  An operator's setting.
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
            pass
    except OSError as error:
        raise AnchorError(f"{url} doesn't take the anchors: {error}") from error


def _signature(key: bytes, chain: int, seq: int, digest: str, at: str) -> str:
    return hmac.new(derived(key, PURPOSE), f"{chain}|{seq}|{digest}|{at}".encode(), sha256).hexdigest()


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
