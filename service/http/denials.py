"""The mark `denied` in the trail, where somebody names a row that is another organisation's: he is told that there is none.

All of it happens after the answer, which says and takes the same whether the row exists or not.

- The mark of a row of one's own association stands in that association's trail, which no organisation reads. One of another association
  stands in the chain that concerns none: in his own association's trail the one who asks might read that the row exists, in the
  other's he himself would be named to strangers.
- One account or key leaves one mark an hour for one row, however often it asks, by what stands in the trail: that holds across processes
  and restarts. And it leaves `service.http.limits.MOST_DENIED_PER_HOUR` marks an hour in one process, whatever it asks for, so that a list
  of uids floods no trail; what goes beyond that is in the log. Rows that don't exist leave no mark and use up none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.background import BackgroundTask
from starlette.requests import Request

from catalog.base import Base, now_utc
from catalog.errors import NotFound
from catalog.tenancy import Scope, conditions
from service import logs
from service.audit import Deed, is_marked, record_rarely
from service.http.context import RequestContext

PAUSE = timedelta(hours=1)
_UID = re.compile("[0-9a-hjkmnp-tv-z]{26}")
_TABLES = {"login": "login_session"}
"""Tables of things that errors call otherwise."""
log = logs.get(__name__)


def noting(request: Request, error: Exception) -> BackgroundTask | None:
    """Return what is to be done once the answer to a failed request is out; None where no row was asked for by its uid."""
    asked: RequestContext | None = getattr(request.state, "asked", None)
    if not isinstance(error, NotFound) or not _UID.fullmatch(error.name) or asked is None or asked.principal.scope is None:
        return None
    return BackgroundTask(_note, asked, request.method, error.kind, error.name)


def _note(asked: RequestContext, method: str, kind: str, uid: str) -> None:
    try:
        deed = _denied(asked, method, kind, uid)
        if deed is not None:
            _mark(asked, deed)
    except SQLAlchemyError as error:
        # The answer is out; that the mark is missing must stand somewhere.
        log.warning("denied_not_marked", who=asked.by, uid=uid, error=type(error).__name__)


def _denied(asked: RequestContext, method: str, kind: str, uid: str) -> Deed | None:
    """Return the mark to leave; None where there is no such row, where it is one's own, and where there is a mark of late."""
    model, scope = _models().get(_TABLES.get(kind, kind.replace(" ", "_"))), asked.principal.scope
    if model is None or scope is None:
        return None
    with asked.database.read() as session:
        if not _is_there(session, model, uid) or _is_there(session, model, uid, scope):
            return None
        ours = _is_there(session, model, uid, Scope(scope.association_id))
        deed = Deed(
            scope.association_id if ours else None, asked.by, "denied", model.__tablename__, uid, None,
            {"method": method, "path": asked.path[:500]}, address=asked.address, request_id=asked.request_id,
        )  # fmt: skip
        return None if is_marked(session, deed, now_utc() - PAUSE) else deed


def _mark(asked: RequestContext, deed: Deed) -> None:
    log.warning("denied", who=asked.by, kind=deed.object_kind, uid=deed.object_uid)
    if asked.service.limits.denied.take(asked.by).allowed:
        with asked.database.write() as session:
            record_rarely(session, deed, now_utc(), PAUSE)


@cache
def _models() -> Mapping[str, Any]:
    """Return the models of rows that have a uid, by their tables."""
    models: list[Any] = [mapper.class_ for mapper in Base.registry.mappers]
    return {model.__tablename__: model for model in models if hasattr(model, "uid")}


def _is_there(session: Session, model: Any, uid: str, scope: Scope | None = None) -> bool:
    """Tell whether there is a row of a uid, or one that a scope may see."""
    seen = () if scope is None else conditions(model, scope)
    return bool(session.scalar(select(exists().where(model.uid == uid, *seen))))
