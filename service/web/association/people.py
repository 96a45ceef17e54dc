"""Accounts: who may do what, made, given a link to a new password, closed and opened again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from catalog.base import now_utc
from catalog.models import Organisation
from catalog.repository import organisations
from catalog.tenancy import find, visible
from service.api.accounts import users_out
from service.auth import accounts, links
from service.auth.accounts import GRANTABLE, UserChange, UserIn
from service.auth.permissions import BOUND_ROLES, Permission
from service.drawing.qr import qr_svg
from service.http.context import Uid, before
from service.models import Role, User
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader, fields
from service.web.lists import part
from service.web.pages import Pages
from service.web.texts import LANGUAGES

pages = Pages("people")


@pages.get("/people", may=Permission.ACCOUNTS_READ)
def list_people(visit: PageRequest) -> Response:
    """Show the association's accounts."""
    rows, more = part(visit, visible(User, visit.scope), (User.sort_key, User.id))
    homes = dict(
        visit.session.execute(
            select(Organisation.uid, Organisation.name).where(Organisation.id.in_([row.organisation_id for row in rows]))
        ).all()
    )
    return visit.show(
        "association/people.html",
        rows=users_out(visit, rows),
        homes=homes,
        more=more,
        writes=visit.principal.may(Permission.ACCOUNTS_WRITE),
    )


def _form(visit: PageContext) -> Response:
    """Show the form of a new account."""
    roles = [(role.value, visit.word(role)) for role in _grantable(visit)]
    homes = [(row.uid, row.name) for row in visit.session.scalars(organisations(visit.scope).order_by(Organisation.sort_key).limit(1000))]
    return visit.show("association/person_new.html", roles=roles, homes=homes, languages=LANGUAGES)


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
    about = {name: read.text(name, needed=name != "phone", most=254) for name in ("login", "name", "phone")}
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
