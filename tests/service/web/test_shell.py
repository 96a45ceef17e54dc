"""What every visitor meets: the door, the languages and themes, the components, and what is shown when something is wrong."""

from __future__ import annotations

import re
from functools import partial

import httpx
import pytest
from playwright.sync_api import expect

from service.models import Role
from service.web import rendering
from tests.service.web.conftest import PHONE, Opened, check_usable, follow, keep, violations
from tests.service.web.staging import PASSWORD, Stage

HTML = {"accept": "text/html"}
get, post = partial(httpx.get, timeout=60), partial(httpx.post, timeout=60)
HARM = {
    "a colour of one theme": (":root[data-theme=dark] { --ink: #1a211c }", 0, "color-contrast"),
    "a width of one window": ("@media (max-width: 400px) { body { width: 700px } }", 0, r"'harmed', 360"),
    "one row of forty": ("td.odd { color: #eee; background: #fff }", 31, "color-contrast"),
    "one button without a word": ("", 17, "button-name"),
}
"""What can be wrong with a page: a style, the row of a list that is built otherwise than the others, and what is said of it."""
ADD_HARM = """([style, odd]) => {
  const sheet = new CSSStyleSheet(), table = document.createElement("table");
  sheet.replaceSync(style);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  for (let row = 1; row <= 40; row += 1) {
    const button = document.createElement("button");
    button.append(style || row !== odd ? `dòng ${row}` : "");
    table.insertRow().insertCell().append(`dòng ${row}`, button);
  }
  if (odd && style) table.rows[odd].cells[0].className = "odd";
  document.querySelector("main").append(table);
}"""


def test_every_component_can_be_used_by_everybody(opened: Opened, axe: str) -> None:
    check_usable(opened(None, "/design"), axe, "design")


@pytest.mark.parametrize("harm", HARM)
def test_what_keeps_somebody_from_using_a_page_is_found(opened: Opened, axe: str, harm: str) -> None:
    style, odd, said = HARM[harm]
    page = opened(None, "/offline")
    page.evaluate(ADD_HARM, [style, odd])
    with pytest.raises(AssertionError, match=said):
        check_usable(page, axe, "harmed")


def test_somebody_logs_in_where_he_wanted_to_go_and_out_again(opened: Opened, stage: Stage, axe: str) -> None:
    page = opened(None, "/account", width=PHONE)
    assert violations(page, axe) == []
    keep(page, "sign-in")
    page.fill("#login", stage.login_name(Role.CLERK))
    page.fill("#password", "sai mật khẩu rồi")
    follow(page, "main button")
    expect(page.get_by_role("alert")).to_contain_text("Sai tên đăng nhập hoặc mật khẩu")
    page.fill("#password", PASSWORD)
    follow(page, "main button")
    expect(page).to_have_url(stage.address + "/account")
    expect(page.locator("main")).to_contain_text("Nguyễn Thị Hoa")
    page.click("details.menu summary")
    follow(page, "text=Đăng xuất")
    expect(page.locator("main")).to_contain_text("Bạn đã đăng xuất")
    page.goto(stage.address + "/account")
    assert page.title() == "Đăng nhập · MCA"


def test_language_and_theme_are_chosen_without_a_script_too(opened: Opened) -> None:
    page = opened(Role.CLERK, "/account", script=False)
    assert page.inner_text("h1") == "Tài khoản của tôi"
    page.click("details.menu summary")
    follow(page, "text=English")
    expect(page.locator("h1")).to_have_text("My account")
    page.click("details.menu summary")
    follow(page, "text=Dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_what_is_not_there_is_said_in_words(opened: Opened, axe: str) -> None:
    for language, title in (("vi", "Không tìm thấy"), ("en", "Not found")):
        page = opened(Role.CLERK, "/nowhere", width=PHONE, language=language)
        assert page.inner_text("h1") == title
        assert violations(page, axe) == []
    keep(page, "not-found")


def test_a_page_without_a_connection_is_ours(opened: Opened, axe: str) -> None:
    page = opened(None, "/offline", width=PHONE)
    assert page.inner_text("h1") == "Không có mạng"
    assert violations(page, axe) == []
    keep(page, "offline")


def test_an_answer_to_a_browser_lets_nothing_of_others_in(stage: Stage) -> None:
    answer = get(stage.address + "/sign-in", headers=HTML)
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "private, no-store"


def test_no_page_holds_a_script_or_a_style_of_its_own() -> None:
    for template in rendering.TEMPLATES.rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), template
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|\|\s*safe\b", text), template


def test_every_form_that_writes_bears_the_token_and_its_own_name() -> None:
    free = {"/sign-in", "/sign-in/passkey", "/preferences", "/start", "/welcome"}
    for template in rendering.TEMPLATES.rglob("*.html"):
        for form in re.findall(r'<form[^>]*method="post".*?</form>', template.read_text(encoding="utf-8"), re.DOTALL):
            place = re.search(r'action="([^"]*)"', form)
            keyed = any(held in form for held in ("keys()", "speaking(", "spoken(", "hidden[0]"))
            assert keyed or (place is not None and place[1] in free), (template, form[:200])


def test_programs_are_answered_as_before(stage: Stage) -> None:
    answer = get(stage.address + "/lots-that-are-not")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert get(stage.address + "/account").json()["code"] == "not_authenticated"
    assert get(stage.address + "/api/v1/lots", headers=HTML).json()["code"] == "not_authenticated"


@pytest.mark.parametrize(("accepted", "coding"), [("gzip, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("identity", None)])
def test_pages_and_files_are_compressed_as_the_browser_likes(stage: Stage, accepted: str, coding: str | None) -> None:
    page = get(stage.address + "/sign-in", headers={**HTML, "accept-encoding": accepted})
    assert page.headers.get("content-encoding") == coding
    style = re.search(r'href="(/static/app[^"]+)"', page.text)
    assert style is not None
    file = get(stage.address + style[1], headers={"accept-encoding": accepted})
    assert (file.headers.get("content-encoding"), file.headers["cache-control"]) == (coding, "public, max-age=31536000, immutable")
    assert ":root" in file.text


def test_a_file_that_is_not_there_is_not_found(stage: Stage) -> None:
    for name in ("nothing.css", "..%2fmanifest.json", "manifest.json"):
        assert get(f"{stage.address}/static/{name}").status_code == 404


def test_nobody_is_sent_elsewhere_after_logging_in(stage: Stage) -> None:
    for back in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"):
        given = {"login": stage.login_name(Role.BROKER), "password": PASSWORD, "back": back}
        answer = post(stage.address + "/sign-in", data=given, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_form_of_another_site_or_without_the_token_is_refused(stage: Stage) -> None:
    token, csrf = stage.log_in(Role.CLERK)
    cookies = {"cookie": f"mca_session={token}", **HTML}
    for form, headers in (({"x": "y"}, {}), ({"_csrf": "x"}, {}), ({"_csrf": csrf}, {"origin": "https://evil.example"})):
        answer = post(stage.address + "/sign-out", data=form, headers={**cookies, **headers})
        assert answer.status_code == 403
    assert post(stage.address + "/sign-out", data={"_csrf": csrf}, headers=cookies).status_code == 303
