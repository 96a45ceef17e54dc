"""One's own account: the password, the second factor, and the browsers in which one is logged in; and the way in by a link."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from catalog.base import now_utc
from catalog.errors import DomainError, Invalid, fault
from catalog.models import Association
from service.api import login
from service.audit import Deed, record
from service.auth import demands, links, passkeys, passwords, second_factor, sessions
from service.auth.permissions import Permission
from service.drawing.qr import qr_svg
from service.http.admission import ASSOCIATION_COOKIE
from service.http.context import Uid
from service.http.problems import Refused, of_domain
from service.models import Session, User
from service.web.context import PageContext, PageRequest, own_address
from service.web.pages import Pages

pages = Pages("own account")
ISSUER = "MCA"


def account_page(visit: PageContext, **more: Any) -> Response:
    """Return the page of one's own account."""
    user = visit.session.get(User, visit.principal.row_id) if visit.signed_in else None
    open_logins = _open_logins(visit) if user else []
    has_second = bool(user) and second_factor.is_on(visit.session, user.id if user else 0)
    return visit.show(
        "shell/account.html",
        user=user,
        logins=open_logins,
        has_second=has_second,
        passkeys=passkeys.of_user(visit.session, user.id) if user else [],
        demand=visit.principal.demand,
        least=passwords.LEAST,
        **{"secret": "", "qr": "", **more},
    )


def _open_logins(visit: PageContext) -> list[Session]:
    mine = (Session.user_id == visit.principal.row_id, Session.revoked_at.is_(None), Session.expires_at > now_utc())
    return list(visit.session.scalars(select(Session).where(*mine).order_by(Session.seen_at.desc()).limit(50)))


@pages.get("/account", may=Permission.OWN_ACCOUNT)
def show_account(visit: PageRequest) -> Response:
    """Show one's own account."""
    return account_page(visit)


@pages.post("/account/password", may=Permission.OWN_ACCOUNT, form=account_page)
def change_own_password(visit: PageRequest) -> Response:
    """Change one's own password; every other login ends."""
    own = login.own_session(visit)
    user = visit.session.get_one(User, visit.principal.row_id, with_for_update=True)
    check_old_password(visit, user)
    passwords.check_strength(visit.form.get("new_password"), user.login.partition("@")[0], user.login, user.name)
    if visit.form.get("new_password") == visit.form.get("password"):
        raise Invalid([fault("new_password", "", "another password than the present one")])
    user.password_hash, user.updated_by = passwords.hashed(visit.form.get("new_password")), visit.by
    demands.password_chosen(visit.session, user.id)
    sessions.revoke_others(visit.session, user.id, own)
    visit.note("password.change", "user_account", user.uid)
    return visit.go("/account", visit.say("The password is changed, and every other login has ended."))


def check_old_password(visit: PageContext, user: User) -> None:
    """Refuse a change of the account without its password; a few attempts a minute.

    Raises
    ------
    Invalid
        If the password that came with the form is another one.
    """
    visit.service.limits.admit(visit.service.limits.logins, f"{visit.by}|own")
    if not passwords.matches(user.password_hash, visit.form.get("password")):
        raise Invalid([fault("password", "", "the present password")])


@pages.post("/account/second-factor", may=Permission.OWN_ACCOUNT, form=account_page, secret=True)
def begin_second_factor(visit: PageRequest) -> Response:
    """Show the secret for an authenticator program, once the password has been given."""
    login.own_session(visit)
    user = visit.session.get_one(User, visit.principal.row_id, with_for_update=True)
    check_old_password(visit, user)
    secret = second_factor.begin(visit.session, user, visit.service.key)
    visit.note("second_factor.begin", "user_account", user.uid)
    code = qr_svg(second_factor.address_of(secret, user.login, ISSUER), visit.say("QR code for the authenticator program"))
    return account_page(visit, secret=" ".join(secret[place : place + 4] for place in range(0, len(secret), 4)), qr=code)


@pages.post("/account/second-factor/confirm", may=Permission.OWN_ACCOUNT, form=account_page)
def confirm_second_factor(visit: PageRequest) -> Response:
    """Put the second factor into force by its first code."""
    login.own_session(visit)
    user = visit.session.get_one(User, visit.principal.row_id, with_for_update=True)
    if not second_factor.confirm(visit.session, user, visit.form.get("code"), visit.service.key):
        raise Invalid([fault("code", "", "the six digits that the program shows now")])
    visit.note("second_factor.confirm", "user_account", user.uid)
    return visit.go("/account", visit.say("From now on a code of your program is asked for when you log in."))


@pages.post("/account/second-factor/remove", may=Permission.OWN_ACCOUNT, form=account_page)
def remove_second_factor(visit: PageRequest) -> Response:
    """Log in without a second factor again."""
    login.own_session(visit)
    user = visit.session.get_one(User, visit.principal.row_id, with_for_update=True)
    check_old_password(visit, user)
    second_factor.take_away(visit.session, user.id)
    visit.note("second_factor.remove", "user_account", user.uid)
    return visit.go("/account", visit.say("The second factor is taken away."))


@pages.post("/account/logins/end", may=Permission.OWN_ACCOUNT)
def end_other_logins(visit: PageRequest) -> Response:
    """End every other login of one's own."""
    sessions.revoke_others(visit.session, visit.principal.row_id, login.own_session(visit))
    visit.note("logout.others", "user_account", visit.by)
    return visit.go("/account", visit.say("Every other login has ended."))


# the way in by a link ------------------------------------------------------------------------------------------------
def _welcome(visit: PageContext, link: str, user: User | None, status: int = 200) -> Response:
    return visit.show("shell/welcome.html", status, link=link, person=user, least=passwords.LEAST)


def _owner_of(visit: PageContext, link: str) -> User | None:
    with visit.database.read() as session:
        user = links.owner(session, link)
        if user is not None:
            session.expunge(user)
        return user


@pages.get("/welcome", public=True)
async def show_welcome(request: Request) -> Response:
    """Show the form in which the owner of a link chooses a password."""
    visit: PageContext = request.state.asked
    link = request.query_params.get("link", "")[:100]
    user = await run_in_threadpool(_owner_of, visit, link)
    return _welcome(visit, link, user, 200 if user else 404)


@pages.post("/welcome", public=True, audited=False)
async def choose_password(request: Request) -> Response:
    """Take the password that the owner of a link has chosen; the link ends with it."""
    login.check_own_page(request)
    visit: PageContext = request.state.asked
    link = visit.form.get("link")[:100]
    user = await run_in_threadpool(_owner_of, visit, link)
    if user is None:
        return _welcome(visit, link, None, 404)
    password = visit.form.get("new_password")[: passwords.MOST + 1]
    try:
        await passwords.aside(lambda: passwords.check_strength(password, user.login.partition("@")[0], user.login, user.name))
        digest = await passwords.aside(lambda: passwords.hashed(password))
        await run_in_threadpool(_take, visit, link, digest)
    except DomainError as error:
        visit.problem = of_domain(error)
        return _welcome(visit, link, user, visit.problem.status)
    return visit.go("/sign-in", visit.say("Your password is set. Log in with it now."))


def _take(visit: PageContext, link: str, digest: str) -> None:
    with visit.database.write() as session:
        user = links.use(session, link, digest)
        about: dict[str, Any] = {"address": visit.address, "request_id": visit.request_id}
        record(session, Deed(user.association_id, user.uid, "password.choose", "user_account", user.uid, **about), now_utc())
    visit.service.memory.forget()


# an administrator of all associations --------------------------------------------------------------------------------
@pages.get("/associations", may=Permission.OWN_ACCOUNT)
def list_associations(visit: PageRequest) -> Response:
    """Let an administrator of all associations choose the one that he works in."""
    if visit.principal.association_id is not None:
        return visit.go("/")
    rows = visit.session.scalars(select(Association).order_by(Association.name).limit(200)).all()
    return visit.show("shell/associations.html", rows=rows, back=own_address(visit.back))


@pages.post("/associations/{uid}/choose", may=Permission.OWN_ACCOUNT, audited=False)
def choose_association(visit: PageRequest, uid: Uid) -> Response:
    """Work in an association from now on."""
    found = visit.session.scalars(select(Association).where(Association.uid == uid)).one_or_none()
    if found is None or visit.principal.association_id is not None:
        raise Refused(404, "not_found", "there is no such association")
    answer = RedirectResponse(own_address(visit.form.get("back", "/")), 303)
    answer.set_cookie(ASSOCIATION_COOKIE, uid, path="/", httponly=True, samesite="lax", secure=visit.secure)
    return answer
