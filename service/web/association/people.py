"""Accounts: who may do what, made, given a link to a new password, closed and opened again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import Select, func, or_, select
from starlette.responses import Response

from catalog import names
from catalog.base import now_utc
from catalog.errors import Invalid, fault
from catalog.models import Organisation
from catalog.repository import organisations
from catalog.tenancy import find, visible
from service.api.accounts import users_out
from service.auth import accounts, links
from service.auth.accounts import GRANTABLE, UserChange, UserIn
from service.auth.permissions import BOUND_ROLES, Permission
from service.days import VIETNAM
from service.drawing.qr import qr_svg
from service.http.context import Uid, before
from service.models import LoginLink, Role, RoleGrant, User
from service.paper.invitations import Invitation, cards_pdf
from service.paper.words import Words
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader, fields
from service.web.house import house_of
from service.web.lists import part
from service.web.pages import Pages
from service.web.texts import LANGUAGES, mark

pages = Pages("people")


STATES: dict[str, str] = {
    "uninvited": mark("Not invited yet"), "invited": mark("Invited, no password yet"), "used": mark("Has a password"),
    "locked": mark("Locked"),
}  # fmt: skip
MOST_CARDS = 200
CARD_DAYS = (3, 7, 14, 30)
"""For how many days a card may be good; people who are handed one need longer than those who are sent a link."""


@pages.get("/people", may=Permission.ACCOUNTS_READ)
def list_people(visit: PageRequest) -> Response:
    """Show the association's accounts."""
    return _list(visit)


def _list(visit: PageContext) -> Response:
    asked = dict(parse_qsl(visit.query))
    query = _narrowed(visit, asked)
    rows, more = part(visit, query, (User.sort_key, User.id))
    homes = dict(
        visit.session.execute(
            select(Organisation.uid, Organisation.name).where(Organisation.id.in_([row.organisation_id for row in rows]))
        ).all()
    )
    waiting = visit.session.scalar(select(func.count()).select_from(_invitable(query).subquery())) or 0
    return visit.show(
        "association/people.html",
        rows=users_out(visit, rows),
        homes=homes,
        more=more,
        writes=visit.principal.may(Permission.ACCOUNTS_WRITE),
        asked=asked,
        states=[(key, visit.say(words)) for key, words in STATES.items()],
        organisations=_homes(visit),
        waiting=waiting,
        most_cards=MOST_CARDS,
        card_choices=[(str(days), visit.say_many("%(num)s day", "%(num)s days", days)) for days in CARD_DAYS],
    )


def _narrowed(visit: PageContext, asked: Mapping[str, str]) -> Select[Any]:
    """Return the accounts that are searched for: by name or login, organisation, and how far they have come."""
    query = visible(User, visit.scope)
    if asked.get("q", "").strip():
        pattern = names.like_pattern(asked["q"])
        query = query.where(or_(User.search_key.like(pattern, escape="\\"), User.login.like(pattern, escape="\\")))
    if asked.get("organisation"):
        query = query.where(User.organisation_id.in_(select(Organisation.id).where(Organisation.uid == asked["organisation"])))
    state, live = asked.get("state", ""), _has_link()
    if state == "locked":
        return query.where(User.active.is_(False))
    if state == "used":
        return query.where(User.password_hash.is_not(None))
    if state in ("uninvited", "invited"):
        return query.where(User.active.is_(True), User.password_hash.is_(None), live if state == "invited" else ~live)
    return query


def _has_link() -> Any:
    mine = (LoginLink.user_id == User.id, LoginLink.used_at.is_(None), LoginLink.expires_at > now_utc())
    return select(LoginLink.id).where(*mine).exists()


def _invitable(query: Select[Any]) -> Select[Any]:
    """Return those of some accounts that have no password, no link to one, and no login through another organisation."""
    return query.where(User.active.is_(True), User.password_hash.is_(None), User.oidc_subject.is_(None), ~_has_link())


def _homes(visit: PageContext) -> list[tuple[str, str]]:
    rows = visit.session.scalars(organisations(visit.scope).order_by(Organisation.sort_key).limit(1000))
    return [(row.uid, row.name) for row in rows]


@pages.post("/people/cards", may=Permission.ACCOUNTS_WRITE, secret=True, form=_list)
def print_cards(visit: PageRequest) -> Response:
    """Return invitations of the accounts that are searched for and have none yet, as cards to print."""
    asked = {name: visit.form.get(name) for name in ("q", "organisation", "state")}
    days = int(visit.form.get("days")) if visit.form.get("days") in map(str, CARD_DAYS) else CARD_DAYS[-2]
    query = _invitable(_narrowed(visit, asked)).order_by(User.organisation_id, User.sort_key, User.id)
    rows = [row for row in visit.session.scalars(query.limit(MOST_CARDS)) if _may_invite(visit, row)]
    if not rows:
        raise Invalid([fault("days", "", "accounts without a password or an invitation")])
    named = select(Organisation.id, Organisation.name).where(Organisation.id.in_({row.organisation_id for row in rows}))
    homes = dict(visit.session.execute(named).all())
    lasts = timedelta(days=days)
    invitations = []
    for row in rows:
        link = f"{visit.origin}{links.PATH}?link={links.issue(visit.session, row, lasts, visit.by)}"
        visit.note("user.link", "user_account", row.uid)
        invitations.append(Invitation(row.name, row.login, homes.get(row.organisation_id or 0, ""), link))
    house = house_of(visit.database, visit.scope.association_id)
    until = (now_utc() + lasts).astimezone(VIETNAM).date()
    content = cards_pdf(invitations, house.name, house.phone, until, Words(visit.language))
    headers = {"content-disposition": 'attachment; filename="cards.pdf"', "cache-control": "no-store"}
    return Response(content, media_type="application/pdf", headers=headers)


def _may_invite(visit: PageContext, row: User) -> bool:
    held = tuple(visit.session.scalars(select(RoleGrant.role).where(RoleGrant.user_id == row.id)))
    try:
        accounts.check_roles(held, visit.principal.roles)
    except Invalid:
        return False
    return True


def _form(visit: PageContext) -> Response:
    """Show the form of a new account."""
    roles = [(role.value, visit.word(role)) for role in _grantable(visit)]
    return visit.show("association/person_new.html", roles=roles, homes=_homes(visit), languages=LANGUAGES)


def _grantable(visit: PageContext) -> list[Role]:
    given = frozenset[Role]().union(*(GRANTABLE.get(role, frozenset()) for role in visit.principal.roles))
    return [role for role in Role if role in given and role is not Role.PARTNER]


@pages.get("/people/new", may=Permission.ACCOUNTS_WRITE)
def new_person(visit: PageRequest) -> Response:
    """Show the form of a new account."""
    return _form(visit)


@pages.post("/people/new", may=Permission.ACCOUNTS_WRITE, form=_form, secret=True)
def add_person(visit: PageRequest) -> Response:
    """Make an account, and show the link by which its owner chooses a password."""
    read = Reader(visit.form)
    role, home = read.text("role", needed=True), read.text("organisation")
    about = {name: read.text(name, needed=name == "name", most=254) for name in ("login", "name", "phone")}
    # Somebody without e-mail logs in by the telephone number.
    about["login"] = about["login"] or accounts.phone_key(about["phone"] or "")
    if not about["login"]:
        read.wrong("login", "", "a login or a telephone number")
    read.done()
    bound = role in {one.value for one in BOUND_ROLES}
    given: dict[str, Any] = fields(**about, organisation=home if bound else None, language=visit.form.get("language") or None)
    user = UserIn(**given, roles=(Role(role),) if role in {one.value for one in Role} else ())
    row = accounts.add_user(visit.session, visit.scope, user, None, visit.by, visit.principal.roles)
    visit.did("user.add", row)
    return _show_link(visit, row, fresh=True)


def _show_link(visit: PageContext, row: User, *, fresh: bool) -> Response:
    """Make a link to a password and show it this once."""
    lasts = timedelta(hours=visit.settings.link_hours)
    link = f"{visit.origin}{links.PATH}?link={links.issue(visit.session, row, lasts, visit.by)}"
    visit.note("user.link", "user_account", row.uid)
    code = qr_svg(link, visit.say("QR code of the link"))
    return visit.show("association/link.html", person=row, link=link, qr=code, until=now_utc() + lasts, fresh=fresh)


@pages.post("/people/{uid}/link", may=Permission.ACCOUNTS_WRITE, secret=True)
def renew_password(visit: PageRequest, uid: Uid) -> Response:
    """End an account's password and logins, and show the link by which its owner chooses another."""
    row = accounts.to_relink(visit.session, visit.scope, uid, visit.principal.roles)
    return _show_link(visit, row, fresh=False)


@pages.post("/people/{uid}/close", may=Permission.ACCOUNTS_WRITE)
def close_account(visit: PageRequest, uid: Uid) -> Response:
    """Close an account: its logins end at once."""
    row = _change(visit, uid, UserChange(active=False))
    return visit.go("/people", visit.say("The account of %(name)s is closed.", name=row.name))


@pages.post("/people/{uid}/open", may=Permission.ACCOUNTS_WRITE)
def open_account(visit: PageRequest, uid: Uid) -> Response:
    """Open a closed account again."""
    row = _change(visit, uid, UserChange(active=True))
    return visit.go("/people", visit.say("The account of %(name)s is open again.", name=row.name))


def _change(visit: PageContext, uid: str, given: UserChange) -> User:
    was = before(find(visit.session, visit.scope, User, uid, lock=True))
    version = Reader(visit.form).whole("version")
    row = accounts.change_user(visit.session, visit.scope, uid, given, visit.by, visit.principal.roles, version)
    visit.note("user.change", "user_account", uid, was, before(row))
    return row
