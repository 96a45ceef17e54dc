"""Names for the uids that conflicts, trails and rows name people by."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from service.http.admission import Service
from service.http.problems import Problem
from service.models import ApiKey, User


async def name_who(service: Service, problem: Problem) -> None:
    """Put the name of the one who was first where his uid stands."""
    if problem.who is not None and len(problem.who) == 26:
        named = await run_in_threadpool(name_of, service, problem.who)
        problem.detail = problem.detail.replace(problem.who, named)
        problem.who = named


def name_of(service: Service, uid: str) -> str:
    """Return what people call a user or key."""
    with service.database.read() as session:
        return called(session, uid)


def called(session: Session, uid: str) -> str:
    """Return what people call a user or key, within an open session."""
    found = session.scalar(select(User.name).where(User.uid == uid)) or session.scalar(select(ApiKey.label).where(ApiKey.uid == uid))
    return found or uid
