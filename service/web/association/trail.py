"""The audit trail: who did what to what, when, why, and what was before and after."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from catalog.tenancy import visible
from service.auth.permissions import Permission
from service.models import ApiKey, AuditEvent, User
from service.planning.ledger import VIETNAM
from service.web.formats import day_of_text
from service.web.lists import part
from service.web.pages import Pages
from service.web.visit import Visit, Visited

pages = Pages("trail")
ROWS = 50


@pages.get("/trail", may=Permission.AUDIT_READ)
def show_trail(visit: Visited, action: str = "", kind: str = "", uid: str = "", who: str = "", day: str = "") -> Response:
    """Show the trail, the latest first, or the part of it that is asked for."""
    query = visible(AuditEvent, visit.scope)
    if action:
        query = query.where(AuditEvent.action.startswith(action[:100], autoescape=True))
    for column, value in ((AuditEvent.object_kind, kind), (AuditEvent.object_uid, uid)):
        query = query.where(column == value[:200]) if value else query
    if who:
        query = query.where(AuditEvent.actor.in_(_actors(visit, who)))
    on = _day(day)
    if on is not None:
        query = query.where(AuditEvent.at >= on, AuditEvent.at < on + timedelta(days=1))
    rows, more = part(visit, query, (AuditEvent.chain, AuditEvent.seq), rows=ROWS, descending=True)
    asked = {"action": action, "kind": kind, "uid": uid, "who": who, "day": day}
    return visit.show("association/trail.html", rows=[_shown(row) for row in rows], names=_names(visit, rows), more=more, asked=asked)


def _shown(event: AuditEvent) -> dict[str, Any]:
    """Return an event with its fields side by side: name, before, after."""
    was, now = event.before or {}, event.after or {}
    fields = [(name, was.get(name), now.get(name)) for name in sorted({*was, *now}) if was.get(name) != now.get(name)]
    return {"event": event, "fields": fields}


def _names(visit: Visit, rows: list[AuditEvent]) -> dict[str, str]:
    actors = {row.actor for row in rows}
    named: dict[str, str] = {}
    for uid, name in (User.uid, User.name), (ApiKey.uid, ApiKey.label):
        named |= dict(visit.session.execute(select(uid, name).where(uid.in_(actors))).all())
    return named


def _actors(visit: Visit, who: str) -> list[str]:
    """Return the uids of those whose name or login begins like this, or who are named by their uid."""
    like = User.name.icontains(who[:200], autoescape=True) | User.login.startswith(who[:200].lower(), autoescape=True)
    return [who, *visit.session.scalars(visible(User, visit.scope).where(like).with_only_columns(User.uid).limit(200))]


def _day(text: str) -> datetime | None:
    try:
        return datetime.combine(day_of_text(text), time(), VIETNAM) if text else None
    except ValueError:
        return None
