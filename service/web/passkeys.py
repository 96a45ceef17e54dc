"""Passkeys on pages: logging in by one, and adding and removing one's own. The script `assets/passkeys.js` speaks with the device."""

from __future__ import annotations

from dataclasses import replace

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from webauthn.helpers import base64url_to_bytes

from catalog.base import now_utc
from catalog.errors import Invalid, NotFound, fault
from service.api import login
from service.auth import failures, passkeys, sessions
from service.auth.passkeys import GOOD_FOR_S, Site
from service.auth.permissions import Permission
from service.http.admission import DEVICE_COOKIE
from service.http.context import Uid
from service.http.problems import Refused, of_refusal
from service.models import User
from service.web.context import PageContext, PageRequest
from service.web.own_account import account_page, check_old_password
from service.web.pages import Pages
from service.web.public_pages import go_on
from service.web.sign_in import sign_in_page

pages = Pages("passkeys")
TICKET, LOG_IN = "passkey", "log in"


def _asked(visit: PageContext, options: str, challenge: bytes, purpose: str) -> Response:
    """Return what the device is asked for, with a ticket that brings the challenge back."""
    ticket = visit.service.cursors.write(TICKET, (purpose, passkeys.text_of(challenge), int(now_utc().timestamp())))
    return Response(orjson.dumps({"options": passkeys.as_object(options), "ticket": ticket}), media_type="application/json")


def _challenge(visit: PageContext, purpose: str) -> bytes:
    """Return the challenge of the ticket that came with the form; each is taken once.

    Raises
    ------
    Invalid
        If the ticket is another one's, older than five minutes, or was taken before.
    """
    try:
        said, challenge, written = visit.service.cursors.read(TICKET, visit.form.get("ticket")[:1000])
    except (Refused, ValueError):
        said, challenge, written = "", "", 0
    is_fresh = said == purpose and now_utc().timestamp() - written < GOOD_FOR_S
    if not is_fresh or not visit.service.challenges.take(challenge):
        raise Invalid([fault("passkey", "", "an answer of the device to this page")])
    return base64url_to_bytes(challenge)


@pages.get("/passkeys/challenge", public=True)
async def ask_to_log_in(request: Request) -> Response:
    """Return what a device signs to log its owner in."""
    visit: PageContext = request.state.asked
    challenge = passkeys.new_challenge()
    options = passkeys.options_to_log_in(Site.at(visit.origin), challenge)
    return await run_in_threadpool(_asked, visit, options, challenge, LOG_IN)


@pages.post("/sign-in/passkey", public=True, audited=False)
async def sign_in_by_passkey(request: Request) -> Response:
    """Log in by a passkey, and go on where one was."""
    visit: PageContext = request.state.asked
    try:
        login.check_own_page(request)
        device, agent = request.cookies.get(DEVICE_COOKIE, "")[:100], request.headers.get("user-agent", "")
        opened = await run_in_threadpool(_logged_in, visit, device, agent)
    except Refused as refused:
        visit.problem = of_refusal(refused)
        kept, had_files = visit.form.get("kept"), visit.form.get("had_files") == "1"
        return sign_in_page(visit, back=visit.form.get("back", "/"), status=refused.status_code, kept=kept, had_files=had_files)
    return go_on(request, visit, opened)


def _logged_in(visit: PageContext, device: str, agent: str) -> tuple[login.LoggedIn, sessions.Opened]:
    wrong = Refused(401, "passkey_unknown", "this passkey isn't known here")
    try:
        challenge = _challenge(visit, LOG_IN)
    except Invalid:
        raise wrong from None
    with visit.database.write() as session:
        user = passkeys.owner_of(session, Site.at(visit.origin), challenge, visit.form.get("credential"))
        if user is None:
            raise wrong
        known = failures.know_device(session, user.id, device)
        shape, opened = login.open_for(session, visit, user, agent)
        return shape, replace(opened, device=known)


@pages.get("/account/passkeys/challenge", may=Permission.OWN_ACCOUNT)
def ask_to_add(visit: PageRequest) -> Response:
    """Return what a device makes a passkey for."""
    login.own_session(visit)
    user, challenge = visit.session.get_one(User, visit.principal.row_id), passkeys.new_challenge()
    return _asked(visit, passkeys.options_to_add(visit.session, user, Site.at(visit.origin), challenge), challenge, user.uid)


@pages.post("/account/passkeys", may=Permission.OWN_ACCOUNT, form=account_page)
def add_passkey(visit: PageRequest) -> Response:
    """Keep a passkey that a device has made, once the password has been given."""
    login.own_session(visit)
    user = visit.session.get_one(User, visit.principal.row_id, with_for_update=True)
    check_old_password(visit, user)
    name = visit.form.get("name") or visit.say("Passkey")
    row = passkeys.add(visit.session, user, Site.at(visit.origin), _challenge(visit, user.uid), visit.form.get("credential"), name)
    visit.note("passkey.add", "user_account", user.uid, after={"passkey": row.uid})
    return visit.go("/account", visit.say("The passkey is kept. From now on you can log in with it."))


@pages.post("/account/passkeys/{uid}/remove", may=Permission.OWN_ACCOUNT, form=account_page)
def remove_passkey(visit: PageRequest, uid: Uid) -> Response:
    """Take a passkey of one's own away, once the password has been given."""
    login.own_session(visit)
    user = visit.session.get_one(User, visit.principal.row_id, with_for_update=True)
    check_old_password(visit, user)
    if not passkeys.take_away(visit.session, user.id, uid):
        raise NotFound("passkey", uid)
    visit.note("passkey.remove", "user_account", user.uid, before={"passkey": uid})
    return visit.go("/account", visit.say("The passkey is taken away."))
