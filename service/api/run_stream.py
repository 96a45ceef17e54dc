"""Server-sent events of a run: read from the database again and again, so that any process can serve them and a restart breaks nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import orjson
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session as DbSession
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from catalog.base import now_utc
from catalog.errors import NotFound
from catalog.tenancy import find
from service.http.context import RequestContext
from service.models import ApiKey, Session, User
from service.planning.models import Run
from service.planning.states import RunState
from service.runs.queue import UNFINISHED
from service.views.runs import moment_out, moments, run_out

POLL_S = 0.5
KEEP_ALIVE_S = 15.0
LONGEST_S = 900.0
"""After this the client connects again and resumes; it is then admitted anew."""
AGAIN_MS = 2000
Seen = tuple[int, RunState | None]
"""Number of the last moment that was sent, and the last state."""


async def follow(asked: RequestContext, uid: str, last_event_id: str) -> Response:
    """Return the stream of a run's events after the one that was seen last.

    Raises
    ------
    Refused
        If the account follows as many as it may.
    NotFound
        If there is no such run.
    """
    await run_in_threadpool(_require, asked, uid)
    if last_event_id.startswith("end:"):
        return Response(status_code=204)
    after = int(last_event_id or 0)
    place = asked.service.streams.take(asked.by)
    headers = {**asked.headers, "x-accel-buffering": "no", "cache-control": "private, no-store"}
    return StreamingResponse(_placed(asked, uid, after, place), media_type="text/event-stream", headers=headers)


async def _placed(asked: RequestContext, uid: str, after: int, place: str) -> AsyncIterator[bytes]:
    """Yield events, and give the stream's place back when nobody reads any more."""
    try:
        async for part in _events(asked, uid, after):
            yield part
    finally:
        asked.service.streams.free(place)


def _require(asked: RequestContext, uid: str) -> None:
    with asked.database.read() as session:
        find(session, asked.scope, Run, uid)


async def _events(asked: RequestContext, uid: str, after: int) -> AsyncIterator[bytes]:
    """Yield events until the run ends, the caller may no longer see it, or it is time to connect again."""
    yield f"retry: {AGAIN_MS}\n\n".encode()
    began = spoke = time.monotonic()
    seen: Seen = (after, None)
    while time.monotonic() - began < LONGEST_S:
        try:
            parts, seen, ended = await run_in_threadpool(_look, asked, uid, seen)
        except NotFound:
            return
        except SQLAlchemyError:
            # The database is away for a moment; the next look finds what was missed.
            parts, ended = [], False
        for part in parts:
            yield part
        if ended:
            return
        if parts:
            spoke = time.monotonic()
        elif time.monotonic() - spoke >= KEEP_ALIVE_S:
            spoke = time.monotonic()
            yield b": still here\n\n"
        await asyncio.sleep(POLL_S)


def _look(asked: RequestContext, uid: str, seen: Seen) -> tuple[list[bytes], Seen, bool]:
    """Return what is new, what has been seen with it, and whether that is the end."""
    last, state = seen
    with asked.database.read() as session:
        _require_known(session, asked)
        run = find(session, asked.scope, Run, uid)
        parts = [] if run.state is state else [_event("state", orjson.dumps({"state": run.state.value}))]
        for row in moments(session, run.id, last):
            last = row.seq
            parts.append(_event("progress", moment_out(row).model_dump_json().encode(), str(row.seq)))
        if run.state in UNFINISHED:
            return parts, (last, run.state), False
        parts.append(_event("end", run_out(session, run).model_dump_json().encode(), f"end:{last}"))
        return parts, (last, run.state), True


def _event(kind: str, data: bytes, number: str = "") -> bytes:
    named = f"id: {number}\n".encode() if number else b""
    return b"event: %b\n%bdata: %b\n\n" % (kind.encode(), named, data)


def _require_known(session: DbSession, asked: RequestContext) -> None:
    """Refuse to go on for a key or a login that was revoked while the stream was open."""
    who, now = asked.principal, now_utc()
    if who.is_key:
        query = select(ApiKey.id).where(ApiKey.id == who.row_id, ApiKey.revoked_at.is_(None), ApiKey.expires_at > now)
    else:
        query = select(Session.id).join(User, User.id == Session.user_id)
        query = query.where(Session.id == who.session_id, Session.revoked_at.is_(None), Session.expires_at > now, User.active.is_(True))
    if session.scalar(query) is None:
        raise NotFound("login", who.uid)
