"""The very first visit: whoever started the service makes the association and its first administrator, by a link that is printed once."""

from __future__ import annotations

import hmac
import secrets
from typing import Any
from urllib.parse import parse_qsl

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from catalog import changes, facts, names
from catalog.base import now_utc
from catalog.changes import AssociationIn
from catalog.errors import DomainError, Invalid, fault
from catalog.given import Given, Name
from catalog.models import Association
from catalog.tenancy import Scope
from service import audit
from service.api import login
from service.api.login import LoginIn
from service.auth import accounts, passwords
from service.auth.accounts import UserIn
from service.db import Database
from service.http.problems import of_domain, of_validation
from service.models import Role, ServiceSecret, User
from service.web.context import PageContext
from service.web.pages import Pages
from service.web.registers.fields import phone

pages = Pages("start")
SECRET = "first-start"  # noqa: S105  It names the secret.
ROLES = (Role.MANAGER, Role.BROKER, Role.ADMINISTRATOR)


class StartIn(Given):
    """The association and its first administrator."""

    association: str = Name
    phone: str = Field(min_length=1, max_length=40)
    name: str = Name
    login: str = Field(min_length=3, max_length=254, pattern=accounts.LOGIN)


def key_of(database: Database) -> str:
    """Return the key of the first visit, empty once somebody has an account."""
    with database.write() as session:
        if session.scalars(select(User.id).limit(1)).first() is not None:
            return ""
        row = session.get(ServiceSecret, SECRET)
        if row is None:
            row = ServiceSecret(name=SECRET, value=secrets.token_urlsafe(18).encode())
            session.add(row)
        return row.value.decode()


def _is_first(session: Session, key: str) -> bool:
    """Return whether a key opens the first visit."""
    row = session.get(ServiceSecret, SECRET)
    fits = row is not None and hmac.compare_digest(row.value, key.encode())
    return fits and session.scalars(select(User.id).limit(1)).first() is None


def _opens(database: Database, key: str) -> bool:
    with database.read() as session:
        return _is_first(session, key)


@pages.get("/start", public=True)
async def show_start(request: Request) -> Response:
    """Show the form of the first visit to who has its key."""
    visit: PageContext = request.state.asked
    key = dict(parse_qsl(visit.query)).get("key", "")[:100]
    if not await run_in_threadpool(_opens, visit.database, key):
        return visit.go("/sign-in")
    return visit.show("registers/start.html", key=key)


@pages.post("/start", public=True, audited=False)
async def start(request: Request) -> Response:
    """Make the association and its first administrator, who is logged in then."""
    visit: PageContext = request.state.asked
    form, key = visit.form, visit.form.get("key")[:100]
    if not await run_in_threadpool(_opens, visit.database, key):
        return visit.go("/sign-in")
    password = form.get("password")
    try:
        given = StartIn(
            association=form.get("association"), phone=_phone(form.get("phone")), name=form.get("name"), login=form.get("login")
        )
        passwords.check_strength(password, given.name, given.login)
        digest = await passwords.aside(lambda: passwords.hashed(password))
        await run_in_threadpool(_make, visit, key, given, digest)
    except DomainError as error:
        visit.problem = of_domain(error)
        return visit.show("registers/start.html", key=key)
    except ValueError as error:
        visit.problem = of_validation(error)  # type: ignore[arg-type]
        return visit.show("registers/start.html", key=key)
    opened = await login.prove(request, LoginIn(login=given.login, password=password))
    answer: Any = RedirectResponse("/guide", 303)
    login.with_cookies(visit.service, *opened, answer=answer)
    return answer  # type: ignore[no-any-return]


def _phone(text: str) -> str:
    try:
        return phone(text)
    except ValueError as error:
        raise Invalid([fault("phone", text, str(error))]) from None


def _make(visit: PageContext, key: str, given: StartIn, digest: str) -> None:
    """Make both in one transaction; a second visit with the same key comes too late."""
    with visit.database.write() as session:
        if not _is_first(session, key):
            raise Invalid([fault("login", given.login, "a first visit")])
        code = "-".join(names.search_key(given.association).split())[:100]
        association: Association = changes.add_association(session, AssociationIn(code=code, name=given.association), given.login)
        association.phone = given.phone
        facts.state(session)
        user_in = UserIn(login=given.login, name=given.name, roles=ROLES, phone=given.phone)
        user = accounts.add_user(session, Scope(association.id), user_in, digest, "first-start", [Role.ADMINISTRATOR])
        done = audit.Deed(association.id, user.uid, "association.start", "association", association.uid, address=visit.address)
        audit.record(session, done, now_utc())
