"""Accounts: who may do what, made, given a new password, closed and opened again."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from catalog.models import Organisation
from catalog.repository import organisations
from catalog.tenancy import find, visible
from service.api.accounts import users_out
from service.auth import accounts, passwords
from service.auth.accounts import GRANTABLE, UserChange, UserIn
from service.auth.permissions import BOUND_ROLES, Permission
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
    return visit.show("association/person_new.html", roles=roles, homes=homes, languages=LANGUAGES, least=passwords.LEAST)


def _grantable(visit: PageContext) -> list[Role]:
    given = frozenset[Role]().union(*(GRANTABLE.get(role, frozenset()) for role in visit.principal.roles))
    return [role for role in Role if role in given and role is not Role.PARTNER]


@pages.get("/people/new", may=Permission.ACCOUNTS_WRITE)
def new_person(visit: PageRequest) -> Response:
    """Show the form of a new account."""
    return _form(visit)


@pages.post("/people/new", may=Permission.ACCOUNTS_WRITE, form=_form)
def add_person(visit: PageRequest) -> Response:
    """Make an account with a password of the service's own, which is shown this once."""
    read = Reader(visit.form)
    role, home = read.text("role", needed=True), read.text("organisation")
    about = {name: read.text(name, needed=name != "phone", most=254) for name in ("login", "name", "phone")}
    read.done()
    bound = role in {one.value for one in BOUND_ROLES}
    password = secrets.token_urlsafe(12)
    given: dict[str, Any] = fields(**about, organisation=home if bound else None, language=visit.form.get("language") or None)
    user = UserIn(**given, roles=(Role(role),) if role in {one.value for one in Role} else (), password=password)
    row = accounts.add_user(visit.session, visit.scope, user, passwords.hashed(password), visit.by, visit.principal.roles)
    visit.did("user.add", row)
    return visit.show("association/password.html", person=row, password=password, fresh=True)


@pages.post("/people/{uid}/password", may=Permission.ACCOUNTS_WRITE)
def renew_password(visit: PageRequest, uid: Uid) -> Response:
    """Give an account a new password, which ends its logins and is shown this once."""
    password = secrets.token_urlsafe(12)
    row = _change(visit, uid, UserChange(password=password), passwords.hashed(password))
    return visit.show("association/password.html", person=row, password=password, fresh=False)


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


def _change(visit: PageContext, uid: str, given: UserChange, digest: str | None = None) -> User:
    was = before(find(visit.session, visit.scope, User, uid, lock=True))
    version = Reader(visit.form).whole("version")
    row = accounts.change_user(visit.session, visit.scope, uid, given, digest, visit.by, visit.principal.roles, version)
    visit.note("user.change", "user_account", uid, was, before(row))
    return row
