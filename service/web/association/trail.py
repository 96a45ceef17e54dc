"""The audit trail: who did what to what, when, why, and what was before and after."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

from starlette.responses import Response

from catalog.tenancy import visible
from service.auth.permissions import Permission
from service.days import VIETNAM
from service.models import AuditEvent, User
from service.web.actors import actor_names
from service.web.context import PageContext, PageRequest
from service.web.formats import day_of_text
from service.web.lists import part
from service.web.pages import Pages
from service.web.texts import mark
from service.web.usual_reasons import reason_in_words

pages = Pages("trail")
ROWS = 50
KINDS: dict[str, str] = {
    "amendment": mark("a change by agreement"),
    "access_rule": mark("access hours"), "association": mark("the association"), "certificate": mark("a certificate"),
    "contract": mark("a contract"), "decision": mark("a decision"), "demand_line": mark("a demand line"), "evidence": mark("a document"),
    "import_batch": mark("an import"), "key": mark("a key"), "api_key": mark("a key"), "line": mark("a demand line"),
    "lot": mark("a lot"), "member": mark("a member"), "order": mark("an order"), "organisation": mark("an organisation"),
    "plan": mark("a plan"), "planting_area": mark("a planting area"), "product": mark("a product"), "promise": mark("a promise"),
    "proposal_item": mark("a proposal"), "receipt": mark("a receipt"), "road": mark("a road"), "run": mark("a planning run"),
    "season": mark("a season"), "settlement": mark("a settlement"), "shipment": mark("a shipment"), "site": mark("a place"),
    "tariff": mark("a tariff"), "user": mark("an account"), "user_account": mark("an account"), "vehicle": mark("a truck class"),
    "vehicle_class": mark("a truck class"), "webhook": mark("a webhook"), "password": mark("a password"), "upload": mark("a file"),
    "login_session": mark("a login"),
    "holiday": mark("a holiday"), "policy": mark("a policy"), "allocation_policy": mark("a policy"),
    "grade": mark("a grade"), "unit": mark("a unit"), "variety": mark("a variety"),
}  # fmt: skip
"""What things of the trail are called; others go by their codes."""
VERBS: dict[str, str] = {
    "agree": mark("agreed to"), "amend": mark("changed by agreement"), "decline": mark("declined"), "propose": mark("proposed"),
    "object_demand": mark("objected as the buyer to"), "object_supply": mark("objected as the supplier to"),
    "reprice": mark("gave new terms to"), "rule": mark("stated the fee and freight risk of"), "add": mark("added"),
    "approve": mark("approved"), "call_off": mark("called off from"), "cancel": mark("cancelled"),
    "change": mark("changed"), "confirm_demand": mark("confirmed for the buyer"), "confirm_supply": mark("confirmed for the supplier"),
    "declare": mark("listed"), "draft": mark("reckoned"), "edit": mark("edited"), "erase": mark("erased"), "forbid": mark("forbade"),
    "import": mark("imported"), "imported": mark("imported"), "issue": mark("sent"), "lapse": mark("let lapse"),
    "lift": mark("lifted the suspension of"),
    "link": mark("made a link to a password for"), "load": mark("loaded"), "pay": mark("noted as paid"), "pin": mark("pinned"),
    "place": mark("placed"), "plan": mark("scheduled"), "record": mark("recorded"), "reject": mark("rejected"), "remove": mark("removed"),
    "replace": mark("replaced"), "retry": mark("tried again"), "revise": mark("amended"), "revoke": mark("revoked"),
    "rotate": mark("renewed the secret of"), "seed": mark("set up"), "sign": mark("signed"), "slots": mark("set the hours of"),
    "hours": mark("set the hours of"), "date": mark("changed a date of"),
    "stop": mark("stopped"), "submit": mark("started"), "suspend": mark("suspended"), "undo": mark("took back"),
    "withdraw": mark("withdrew"), "photo": mark("photographed"), "resolve_around": mark("planned anew around"),
}  # fmt: skip
"""What was done; other deeds go by their codes."""
WHOLE: dict[str, str] = {
    "login": mark("logged in"), "logout": mark("logged out"), "logout.all": mark("logged out everywhere"),
    "logout.others": mark("ended every other login"), "password.change": mark("changed the password"),
    "password.choose": mark("chose a password by a link"), "second_factor.begin": mark("began to set up a second factor"),
    "second_factor.confirm": mark("set up a second factor"), "second_factor.remove": mark("took the second factor away"),
    "passkey.add": mark("added a passkey"), "passkey.remove": mark("took a passkey away"), "denied": mark("tried what isn't allowed"),
}  # fmt: skip
"""Deeds that aren't done to anything."""


@pages.get("/trail", may=Permission.AUDIT_READ)
def show_trail(visit: PageRequest, action: str = "", kind: str = "", uid: str = "", who: str = "", day: str = "") -> Response:
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
    shown, names = [_shown(visit, row) for row in rows], actor_names(visit, {row.actor for row in rows})
    why = partial(reason_in_words, visit)
    return visit.show("association/trail.html", rows=shown, names=names, more=more, asked=asked, why=why)


def _deed(visit: PageContext, action: str) -> str:
    """Return a deed in words, such as ``lot.revise``; empty where it has none."""
    if action in WHOLE:
        return visit.say(WHOLE[action])
    kind, _, verb = action.partition(".")
    return f"{visit.say(VERBS[verb])} {visit.say(KINDS[kind])}" if kind in KINDS and verb in VERBS else ""


def _shown(visit: PageContext, event: AuditEvent) -> dict[str, Any]:
    """Return an event in words, with its fields side by side: name, before, after."""
    was, now = event.before or {}, event.after or {}
    fields = [(name, was.get(name), now.get(name)) for name in sorted({*was, *now}) if was.get(name) != now.get(name)]
    kind = KINDS.get(event.object_kind)
    return {"event": event, "fields": fields, "deed": _deed(visit, event.action), "kind": visit.say(kind) if kind else event.object_kind}


def _actors(visit: PageContext, who: str) -> list[str]:
    """Return the uids of those whose name or login begins like this, or who are named by their uid."""
    like = User.name.icontains(who[:200], autoescape=True) | User.login.startswith(who[:200].lower(), autoescape=True)
    return [who, *visit.session.scalars(visible(User, visit.scope).where(like).with_only_columns(User.uid).limit(200))]


def _day(text: str) -> datetime | None:
    try:
        return datetime.combine(day_of_text(text), time(), VIETNAM) if text else None
    except ValueError:
        return None
