"""Logging in and out, one's own logins and password."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from catalog.base import now_utc
from catalog.errors import NotFound
from catalog.given import Given
from catalog.models import Association, Organisation
from catalog.tenancy import find
from service.audit import Deed, record
from service.auth import accounts, csrf, demands, failures, oidc, passkeys, passwords, second_factor, sessions
from service.auth.accounts import NewPassword, Password
from service.auth.permissions import Permission, granted
from service.auth.principal import roles_of
from service.auth.tokens import same
from service.http.admission import COOKIE, CSRF_COOKIE, DEVICE_COOKIE, Service
from service.http.context import Reading, RequestContext, Uid, Writing
from service.http.problems import Refused
from service.http.routing import PREFIX, Api, transact
from service.http.shapes import Out, References, shown
from service.models import Role, Session, User

api = Api("login", "Logging in and out, one's own account and logins.")
TO_PROVIDER: dict[int | str, dict[str, Any]] = {303: {"description": "On to the provider."}, 404: {}, 401: {}}
HOME: dict[int | str, dict[str, Any]] = {303: {"description": "Logged in; on to the first page."}, 404: {}, 401: {}}
TICKET, TICKET_GOOD_FOR = "second factor", timedelta(minutes=5)
"""What says that the password was right, while the code is waited for."""
WRONG = "the login or the password is wrong, or too many were tried"


class LoginIn(Given):
    """What one logs in with: login or telephone number, password, and the code of the second factor where there is one."""

    login: str = Field(min_length=1, max_length=254)
    password: Password = Field(repr=False)
    code: str | None = Field(
        default=None, min_length=6, max_length=12, repr=False, description="Code of the second factor.", examples=["492039"]
    )


class AccountOut(Out):
    """One's own account."""

    uid: str
    name: str
    login: str | None = Field(description="The name to log in by; null for a key.", examples=["lan@phidien.example.vn"])
    roles: list[Role]
    permissions: list[Permission]
    association: str | None
    organisation: str | None
    language: str


class LoggedIn(AccountOut):
    """One's own account and what writes by cookie need."""

    csrf_token: str
    expires_at: datetime


class PasswordIn(Given):
    """The old password and the new one."""

    password: Password = Field(repr=False)
    new_password: NewPassword = Field(repr=False)


class LoginOut(Out):
    """A login of one's own."""

    uid: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    agent: str
    current: bool = Field(description="Whether it is the one that asks.", examples=[True])


class Logins(Out):
    """One's own logins."""

    items: list[LoginOut] = Field(description="The logins that haven't ended, the latest first.")


@api.post("/login", public=True, status=200, audited=False, responses={401: {}, 403: {}})
async def log_in(request: Request, given: LoginIn) -> LoggedIn:
    """Log in by password: a cookie that scripts can't read, and a token that writes by cookie need as X-CSRF-Token.

    Five attempts a minute for an account from one address. What is wrong isn't said, and takes as long as what is right.
    """
    return with_cookies(request.app.state.service, *await prove(request, given))  # type: ignore[return-value]


async def prove(request: Request, given: LoginIn) -> tuple[LoggedIn, sessions.Opened]:
    """Open a login for whoever knows the password.

    Raises
    ------
    Refused
        If something is wrong, without saying what; or if another site's page asks.
    """
    check_own_page(request)
    service: Service = request.app.state.service
    asked: RequestContext = request.state.asked
    device = request.cookies.get(DEVICE_COOKIE, "")[:100]
    found = await run_in_threadpool(_found, service, given.login, asked.address, device)
    name = f"{given.login.lower()}|{found.place}"
    headers = service.limits.admit(service.limits.logins, name)
    fits = await passwords.aside(lambda: passwords.matches(found.digest, given.password))
    outdated = fits and found.digest is not None and passwords.outdated(found.digest)
    fresh = await passwords.aside(lambda: passwords.hashed(given.password)) if outdated else None
    common = fits and await passwords.aside(lambda: passwords.is_common(given.password, [given.login]))
    proof = Proof(found, fits, fresh, given.code, request.headers.get("user-agent", ""), device, common)
    opened = await run_in_threadpool(_logged_in, asked, proof)
    if opened is None:
        raise Refused(401, "wrong_login", WRONG, headers=headers)
    service.limits.logins.forget(name)
    return opened


async def prove_second(request: Request, ticket: str, code: str) -> tuple[LoggedIn, sessions.Opened]:
    """Open a login for whoever has shown the password a moment ago, by the code of the second factor.

    Raises
    ------
    Refused
        If the code is wrong or the password was shown too long ago.
    """
    check_own_page(request)
    service: Service = request.app.state.service
    asked: RequestContext = request.state.asked
    device = request.cookies.get(DEVICE_COOKIE, "")[:100]
    found = await run_in_threadpool(_found_by_ticket, service, asked, ticket, device)
    headers = service.limits.admit(service.limits.logins, f"{found.user_id}|{found.place}")
    proof = Proof(found, found.digest is not None, None, code or "-", request.headers.get("user-agent", ""), device)
    opened = await run_in_threadpool(_logged_in, asked, proof)
    if opened is None:
        facts: dict[str, int | str | None] = {"ticket": ticket if found.digest is not None else None}
        raise Refused(401, "wrong_login", WRONG, headers=headers, facts=facts)
    return opened


def _found_by_ticket(service: Service, asked: RequestContext, ticket: str, device: str) -> Found:
    try:
        uid, address, *rest = service.cursors.read(TICKET, ticket)
        written = datetime.fromtimestamp(int(rest[0]), UTC)
    except (Refused, ValueError):
        return Found(None, None, failures.place_of(asked.address, None))
    with service.database.read() as session:
        login = session.scalars(select(User.login).where(User.uid == uid)).one_or_none() or "-"
    found = _found(service, login, asked.address, device)
    is_fresh = address == asked.address and now_utc() - written < TICKET_GOOD_FOR
    return found if is_fresh else replace(found, digest=None)


@dataclass(frozen=True)
class Found:
    """The account that somebody wants to log in to: its number, its password's hash where it may log in, and where he comes from."""

    user_id: int | None
    digest: str | None
    place: str


@dataclass(frozen=True)
class Proof:
    """What somebody has shown: whether the password fits, a better hash of it, the code, and what his browser says of itself.

    A common password lets its owner in, to choose another one.
    """

    found: Found
    fits: bool
    fresh_hash: str | None
    code: str | None
    agent: str
    device: str
    is_common: bool = False


def check_own_page(request: Request) -> None:
    """Refuse a login that another site's page sends."""
    service: Service = request.app.state.service
    if csrf.from_elsewhere(request.headers, service.settings.public_url):
        raise Refused(403, "csrf", "log in from our own page")


def _found(service: Service, login: str, address: str, device: str) -> Found:
    _ = service.cursors  # Their secret is made by a write of its own, which can't happen within the login's.
    with service.database.read() as session:
        user = accounts.by_login(session, login)
        if user is None:
            return Found(None, None, failures.place_of(address, None))
        place = failures.place_of(address, failures.device_of(session, user.id, device))
        usable = user.active and not failures.is_blocked(session, user.id, place)
        return Found(user.id, user.password_hash if usable else None, place)


def _logged_in(asked: RequestContext, proof: Proof) -> tuple[LoggedIn, sessions.Opened] | None:
    """Open a login, or count a wrong password.

    Raises
    ------
    Refused
        If the password fits and the code of the second factor is still missing.
    """
    user_id, place = proof.found.user_id, proof.found.place
    if user_id is None:
        return None
    with asked.database.write() as session:
        user = session.get_one(User, user_id, with_for_update=True)
        if not proof.fits or not user.active or not _second_fits(session, asked, user, proof.code):
            failures.note_failure(session, user.id, place)
            return None
        failures.note_success(session, user.id, place)
        if proof.fresh_hash is not None:
            user.password_hash = proof.fresh_hash
        if proof.is_common:
            demands.demand_password(session, user.id)
        device = failures.know_device(session, user.id, proof.device)
        shape, opened = open_for(session, asked, user, proof.agent)
        return shape, replace(opened, device=device)


def _second_fits(session: DbSession, asked: RequestContext, user: User, code: str | None) -> bool:
    if not second_factor.is_on(session, user.id):
        needed = asked.settings.second_factor_for_staff and demands.is_staff(roles_of(session, user.id))
        if needed and passkeys.of_user(session, user.id):
            raise Refused(401, "passkey_required", "the password alone isn't enough for this account: log in with its passkey")
        return True
    if code is None:
        ticket = asked.service.cursors.write(TICKET, (user.uid, asked.address, int(now_utc().timestamp())))
        raise Refused(401, "second_factor_required", "send the code of your authenticator program as well", facts={"ticket": ticket})
    return second_factor.accepts(session, user, code, asked.service.key)


def open_for(session: DbSession, asked: RequestContext, user: User, agent: str) -> tuple[LoggedIn, sessions.Opened]:
    """Open a login of a user who has proven who he is."""
    opened = sessions.open_session(session, user, timedelta(hours=asked.settings.session_hours), asked.address, agent)
    deed = Deed(user.association_id, user.uid, "login", "login_session", opened.row.uid, address=asked.address, request_id=asked.request_id)
    record(session, deed, now_utc())
    shape = _account(session, user)
    return LoggedIn(**shape, csrf_token=opened.csrf, expires_at=opened.row.expires_at), opened


def _account(session: DbSession, user: User) -> dict[str, Any]:
    known = References(session)
    roles = roles_of(session, user.id)
    return {
        "uid": user.uid, "name": user.name, "login": user.login, "roles": list(roles),
        "permissions": sorted(granted(roles, user.organisation_id)), "language": user.language,
        "association": known.uids(Association, [user.association_id])[user.association_id],
        "organisation": known.uids(Organisation, [user.organisation_id])[user.organisation_id],
    }  # fmt: skip


def with_cookies(service: Service, shape: LoggedIn, opened: sessions.Opened, answer: Response | None = None) -> Response:
    """Return an answer that makes the browser hold a login; one that shows the account where none is given."""
    answer = answer or Response(shape.model_dump_json(), 200, media_type="application/json")
    secure = service.settings.public_url.startswith("https://")
    lasts = int(service.settings.session_hours * 3600)
    for name, value, hidden in ((COOKIE, opened.token, True), (CSRF_COOKIE, opened.csrf, False)):
        answer.set_cookie(name, value, max_age=lasts, path="/", secure=secure, httponly=hidden, samesite="lax")
    if opened.device:
        lasts = failures.DEVICE_DAYS * 24 * 3600
        answer.set_cookie(DEVICE_COOKIE, opened.device, max_age=lasts, path="/", secure=secure, httponly=True, samesite="lax")
    return answer


@api.post("/logout", may=Permission.OWN_ACCOUNT)
def log_out(asked: Writing) -> None:
    """End this login."""
    end_this_login(asked)
    asked.headers["set-cookie"] = f"{COOKIE}=; Max-Age=0; Path=/; HttpOnly; SameSite=lax"


def end_this_login(asked: RequestContext) -> None:
    """End the login that asks, and note it."""
    sessions.revoke(asked.session, own_session(asked))
    asked.note("logout", "login_session", str(asked.principal.session_uid))


def own_session(asked: RequestContext) -> int:
    """Return the number of the login that asks; a key has none."""
    if asked.principal.session_id is None:
        raise Refused(403, "forbidden", "a key has no logins")
    return asked.principal.session_id


@api.get("/account", may=Permission.OWN_ACCOUNT)
def get_account(asked: Reading) -> AccountOut:
    """Show one's own account and what it may do."""
    who = asked.principal
    if who.is_key:
        known = References(asked.session)
        return AccountOut(
            uid=who.uid, name=who.name, login=None, roles=list(who.roles), permissions=sorted(who.permissions), language="vi",
            association=known.uids(Association, [who.association_id])[who.association_id],
            organisation=known.uids(Organisation, [who.organisation_id])[who.organisation_id],
        )  # fmt: skip
    return AccountOut(**_account(asked.session, asked.session.get_one(User, who.row_id)))


@api.get("/logins", may=Permission.OWN_ACCOUNT)
def list_logins(asked: Reading) -> Logins:
    """List one's own logins."""
    own = own_session(asked)
    query = select(Session).where(Session.user_id == asked.principal.row_id, Session.revoked_at.is_(None), Session.expires_at > now_utc())
    rows = asked.session.scalars(query.order_by(Session.id.desc()).limit(200))
    return Logins(items=[shown(LoginOut, row, current=row.id == own) for row in rows])


@api.delete("/logins", may=Permission.OWN_ACCOUNT, if_match=False)
def end_all_logins(asked: Writing) -> None:
    """End every login of one's own, this one too."""
    own_session(asked)
    sessions.revoke_all(asked.session, asked.principal.row_id)
    asked.note("logout.all", "user_account", asked.by)


@api.delete("/logins/{uid}", may=Permission.OWN_ACCOUNT, if_match=False)
def end_login(asked: Writing, uid: Uid) -> None:
    """End one login of one's own."""
    own_session(asked)
    row = asked.session.scalars(select(Session).where(Session.uid == uid, Session.user_id == asked.principal.row_id)).one_or_none()
    if row is None:
        raise NotFound("login", uid)
    sessions.revoke(asked.session, row.id)
    asked.note("logout", "login_session", uid)


@api.post("/users/{uid}/end-logins", may=Permission.ACCOUNTS_WRITE)
def end_logins_of(asked: Writing, uid: Uid) -> None:
    """End every login of an account; only of one whose roles the caller could give."""
    user = find(asked.session, asked.scope, User, uid)
    accounts.check_roles(roles_of(asked.session, user.id), asked.principal.roles)
    sessions.revoke_all(asked.session, user.id)
    asked.note("logout.all", "user_account", uid)


@api.put("/account/password", may=Permission.OWN_ACCOUNT, status=204)
async def change_password(request: Request, asked: Writing, given: PasswordIn) -> None:
    """Change one's own password, which ends all of one's logins; log in again with the new one."""
    own_session(asked)
    service: Service = request.app.state.service
    headers = service.limits.admit(service.limits.logins, f"{asked.by}|{asked.address}")
    login, digest = await run_in_threadpool(_own_hash, asked)
    await passwords.aside(lambda: passwords.check_strength(given.new_password, login, asked.principal.name))
    if not await passwords.aside(lambda: passwords.matches(digest, given.password)):
        raise Refused(403, "wrong_password", "the password is wrong", headers=headers)
    fresh = await passwords.aside(lambda: passwords.hashed(given.new_password))
    return await transact(asked, lambda: _keep_password(asked, fresh))  # type: ignore[no-any-return]


def _own_hash(asked: RequestContext) -> tuple[str, str | None]:
    with asked.database.read() as session:
        user = session.get_one(User, asked.principal.row_id)
        return user.login, user.password_hash


def _keep_password(asked: RequestContext, digest: str) -> None:
    user = asked.session.get_one(User, asked.principal.row_id, with_for_update=True)
    user.password_hash, user.updated_by = digest, asked.by
    demands.password_chosen(asked.session, user.id)
    asked.session.flush()
    sessions.revoke_all(asked.session, user.id)
    asked.note("password.change", "user_account", user.uid)


OIDC_COOKIE = "mca_oidc"


@api.get("/login/oidc", public=True, response_class=Response, responses=TO_PROVIDER)
async def begin_oidc(request: Request) -> Response:
    """Log in with another organisation's account: sends the browser to the provider that the settings name."""
    service: Service = request.app.state.service
    begun = await run_in_threadpool(_provider(service).begin, _callback(request))
    kept = service.cursors.write(OIDC_COOKIE, (begun.state, begun.nonce, begun.verifier))
    answer = RedirectResponse(begun.address, 303)
    secure = service.settings.public_url.startswith("https://")
    answer.set_cookie(OIDC_COOKIE, kept, max_age=oidc.GOOD_FOR_S, path=f"{PREFIX}/login/oidc", secure=secure, httponly=True, samesite="lax")
    return answer


@api.get("/login/oidc/callback", public=True, response_class=Response, responses=HOME, open_query=True)
async def finish_oidc(
    request: Request,
    state: Annotated[str, Query(min_length=1, max_length=500, description="What the login began with.", examples=["x7Yb2"])],
    code: Annotated[str, Query(max_length=2000, description="What the provider vouches by.", examples=["SplxlOBeZQQYbYS6WxSbIA"])] = "",
) -> Response:
    """Come back from the provider: logs in the account that names the subject which the provider vouches for.

    Providers add parameters of their own; of these only `iss` is looked at, which must be the provider's own name.
    """
    service: Service = request.app.state.service
    provider = _provider(service)
    kept = _kept(service, request.cookies.get(OIDC_COOKIE, ""))
    from_another = request.query_params.get("iss", service.settings.oidc_issuer) != service.settings.oidc_issuer
    if len(kept) != 3 or not same(str(kept[0]), state) or not code or from_another:
        raise Refused(401, "wrong_login", "begin the login anew")
    subject = await run_in_threadpool(provider.subject, code, str(kept[1]), str(kept[2]), _callback(request))
    opened = await run_in_threadpool(_logged_in_as, request.state.asked, subject, request.headers.get("user-agent", ""))
    answer = with_cookies(service, *opened, answer=RedirectResponse("/", 303))
    answer.delete_cookie(OIDC_COOKIE, path=f"{PREFIX}/login/oidc")
    return answer


def _kept(service: Service, cookie: str) -> tuple[Any, ...]:
    """Return what the browser was given when the login began, nothing if that isn't what it brings back."""
    try:
        return service.cursors.read(OIDC_COOKIE, cookie)
    except Refused:
        return ()


def _provider(service: Service) -> oidc.Provider:
    if not service.settings.oidc_issuer:
        raise Refused(404, "no_oidc", "no other organisation's accounts are set up here")
    return service.provider


def _callback(request: Request) -> str:
    service: Service = request.app.state.service
    base = service.settings.public_url or str(request.base_url).rstrip("/")
    return f"{base}{PREFIX}/login/oidc/callback"


def _logged_in_as(asked: RequestContext, subject: str, agent: str) -> tuple[LoggedIn, sessions.Opened]:
    with asked.database.write() as session:
        user = session.scalars(select(User).where(User.oidc_subject == subject).with_for_update()).one_or_none()
        if user is None or not user.active:
            raise Refused(401, "wrong_login", "there is no account for this subject")
        return open_for(session, asked, user, agent)
