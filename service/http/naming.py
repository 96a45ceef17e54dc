"""Names for the uids that conflicts, trails and rows name people by."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from service.auth.principal import Principal
from service.http.admission import Service
from service.http.problems import Problem
from service.models import ApiKey, User

STRANGER = "somebody else"


async def name_who(service: Service, problem: Problem, asker: Principal | None) -> None:
    """Put the name of the one who was first where his uid stands; people of other organisations aren't named to an organisation."""
    if problem.who is not None and len(problem.who) == 26:
        uid, named = problem.who, await run_in_threadpool(name_for, service, problem.who, asker)
        if named is None:
            problem.detail = re.sub(rf" \({uid}, [^)]*\)", "", problem.detail)
        problem.detail = problem.detail.replace(uid, named or STRANGER)
        problem.who = named
        problem.when = problem.when if named else None


def name_for(service: Service, uid: str, asker: Principal | None) -> str | None:
    """Return what people call a user or key, None where the asker may not learn it."""
    with service.database.read() as session:
        found = session.execute(select(User.association_id, User.organisation_id).where(User.uid == uid)).one_or_none()
        found = found or session.execute(select(ApiKey.association_id, ApiKey.organisation_id).where(ApiKey.uid == uid)).one_or_none()
        return called(session, uid) if found is None or _may_learn(asker, *found) else None


def _may_learn(asker: Principal | None, association_id: int | None, organisation_id: int | None) -> bool:
    """Return whether the asker may learn a name: that of a colleague, or of the association that serves him."""
    if asker is None or asker.scope is None:
        return asker is not None
    if association_id is not None and association_id != asker.scope.association_id:
        return False
    return organisation_id is None or asker.scope.organisation_id in {None, organisation_id}


def called(session: Session, uid: str) -> str:
    """Return what people call a user or key, within an open session."""
    found = session.scalar(select(User.name).where(User.uid == uid)) or session.scalar(select(ApiKey.label).where(ApiKey.uid == uid))
    return found or uid
