"""Passkeys in a real browser with an authenticator that the browser pretends to have: added, used to log in, and taken away."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from playwright.sync_api import Page, Request, expect
from sqlalchemy import select

from service.auth import demands, passwords
from service.models import AuditEvent, Passkey, Role, Session, User
from tests.service.web.conftest import PHONE, Opened, arrive, check_usable, follow
from tests.service.web.staging import Stage

PASSWORD = "gió mát trên đồi chè xanh"


def by_name(stage: Stage) -> str:
    """Return the address of the service by a name: a passkey belongs to a name, never to a number."""
    return stage.address.replace("127.0.0.1", "localhost")


def pretend(page: Page) -> None:
    """Give a page an authenticator whose owner has just touched it."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def with_password(stage: Stage, role: Role) -> str:
    """Give the person of a role the password; return what he logs in by."""
    with stage.database.write() as session:
        session.get_one(User, stage.users[role]).password_hash = passwords.hashed(PASSWORD)
    return stage.login_name(role)


def log_in(page: Page, login: str) -> None:
    page.locator("#login").fill(login)
    page.locator("#password").fill(PASSWORD)
    follow(page, "form[action='/sign-in'] button")


def test_a_passkey_is_added_logs_in_alone_and_is_taken_away(opened: Opened, stage: Stage, axe: str) -> None:
    login, page = with_password(stage, Role.MANAGER), opened(None, width=PHONE)
    pretend(page)
    page.goto(by_name(stage) + "/sign-in?back=/account")
    check_usable(page, axe, "sign-in-passkey")
    log_in(page, login)
    arrive(page, re.compile("/account$"))
    form = page.locator("form[data-passkey]")
    form.locator("[name=name]").fill("Điện thoại của Quân")
    form.locator("[name=password]").fill(PASSWORD)
    follow(page, form.locator("button"))
    expect(page.locator(".said.good")).to_contain_text("khóa truy cập")
    expect(page.locator("section[aria-labelledby=passkeys] li")).to_contain_text("Điện thoại của Quân")
    check_usable(page, axe, "account-passkey")

    page.context.clear_cookies(name="mca_session")
    sent: list[dict[str, str]] = []

    def keep_sent(request: Request) -> None:
        if request.url.endswith("/sign-in/passkey"):
            sent.append(dict(request.post_data_json or {}))

    page.on("request", keep_sent)
    page.goto(by_name(stage) + "/sign-in?back=/account")
    follow(page, page.locator("form[data-passkey] button"))
    arrive(page, re.compile("/account$"))
    with stage.database.read() as session:
        assert len(session.scalars(select(Session).where(Session.user_id == stage.users[Role.MANAGER])).all()) == 2
        assert session.scalars(select(Passkey)).one().used_at is not None
    # What one saw on the wire is of no use a second time.
    headers = {"origin": by_name(stage), "content-type": "application/x-www-form-urlencoded", "accept": "text/html"}
    again = page.request.post(by_name(stage) + "/sign-in/passkey", data=urlencode(sent[0]), headers=headers, max_redirects=0)
    assert again.status == 401

    item = page.locator("section[aria-labelledby=passkeys] li")
    item.locator("summary").click()
    item.locator("[name=password]").fill(PASSWORD)
    follow(page, item.locator("button.danger"))
    expect(item).to_have_count(0)
    page.context.clear_cookies(name="mca_session")
    page.goto(by_name(stage) + "/sign-in")
    follow(page, page.locator("form[data-passkey] button"))
    expect(page.locator(".said.bad")).to_contain_text("khóa truy cập")
    with stage.database.read() as session:
        noted = session.scalars(select(AuditEvent.action).where(AuditEvent.action.startswith("passkey."))).all()
    assert sorted(noted) == ["passkey.add", "passkey.remove"]


def test_a_wrong_password_adds_no_passkey(opened: Opened, stage: Stage) -> None:
    with_password(stage, Role.BROKER)
    page = opened(None)
    pretend(page)
    page.goto(by_name(stage) + "/sign-in?back=/account")
    log_in(page, stage.login_name(Role.BROKER))
    form = page.locator("form[data-passkey]")
    form.locator("[name=password]").fill("another one entirely")
    follow(page, form.locator("button"))
    expect(page.locator(".fault").first).to_be_visible()
    with stage.database.read() as session:
        assert session.scalars(select(Passkey).where(Passkey.user_id == stage.users[Role.BROKER])).all() == []


def test_whoever_must_choose_another_password_does_that_first(opened: Opened, stage: Stage, axe: str) -> None:
    with_password(stage, Role.CLERK)
    with stage.database.write() as session:
        demands.demand_password(session, stage.users[Role.CLERK])
    page = opened(Role.CLERK, "/lots", width=PHONE)
    arrive(page, re.compile("/account$"))
    expect(page.locator(".said.warn")).to_contain_text("đổi mật khẩu")
    check_usable(page, axe, "account-demand")
    form = page.locator("form[action='/account/password']")
    form.locator("[name=password]").fill(PASSWORD)
    form.locator("[name=new_password]").fill("ba con trâu uống nước giếng làng")
    follow(page, form.locator("button"))
    page.goto(stage.address + "/lots")
    arrive(page, re.compile("/lots$"))


def test_pages_of_accounts_can_be_used_in_english(opened: Opened, stage: Stage, axe: str) -> None:
    for role, path in ((None, "/sign-in"), (Role.MANAGER, "/account"), (Role.MANAGER, "/people"), (Role.MANAGER, "/people/new")):
        check_usable(opened(role, path, language="en"), axe, f"en{path.replace('/', '-')}")
