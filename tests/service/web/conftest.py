"""A browser and a stage for all tests of a module, a window for each test; what goes wrong in the browser's console fails the test."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from service.models import Role
from service.web import build, static
from tests import chromium
from tests.service.web.staging import Stage, furnish
from tests.shared_fixtures import shared_file

HERE = Path(__file__).resolve().parent
ARTEFACTS = HERE.parents[2] / "test-artefacts"
PHONE, DESK = 360, 1440
Opened = Callable[..., Page]
PATIENCE_MS = 60_000
"""How long a test waits for what must come; a machine may be slow, and only a test that fails waits so long."""
expect.set_options(timeout=PATIENCE_MS)
OF_COLOUR = ("color-contrast", "link-in-text-block")
"""Rules of axe that a theme can break."""
THEMES: tuple[tuple[str, tuple[str, ...]], ...] = (("light", ()), ("dark", OF_COLOUR))
"""Which rules are asked in which theme, all in the first."""
OF_LENGTH = ("scrollable-region-focusable",)
"""Rules of axe that are broken by how much there is."""
ASK_AXE = """async (rules) => {
  const options = { resultTypes: ["violations"], ...(rules.length ? { runOnly: rules } : {}) };
  return (await axe.run(document, options)).violations;
}"""
TOO_WIDE = """async () => {
  const over = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
  for (let frame = 0; frame < 20 && over() > 0; frame += 1) await new Promise(requestAnimationFrame);
  return over();
}"""
THIN_OUT = """() => {
  const states = /^(aria-(selected|pressed|sort|invalid|disabled|current)|type|scope|role)$/;
  const told = (part, name) => states.test(name) || !part.getAttribute(name) ? `${name}=${part.getAttribute(name)}` : name;
  const named = (part) => part.getAttributeNames().map((name) => told(part, name));
  const look = (part) => [part.tagName, part.getAttribute("class"), part.textContent.trim() === "", ...named(part)].join(" ");
  for (const list of document.querySelectorAll("tbody, ul, ol")) {
    const seen = new Map();
    for (const one of [...list.children]) {
      const built = [one, ...one.querySelectorAll("*")].map(look).join();
      seen.set(built, (seen.get(built) ?? 0) + 1);
      if (seen.get(built) > 2) one.remove();
    }
  }
}"""
"""Of the things in a list that are built alike leave two: same elements, classes, attributes and states, and text in the same places."""
REFUSED = re.compile(
    r"Failed to load resource: the server responded with a status of 4\d\d|net::ERR_(INTERNET_DISCONNECTED|FAILED)"
    r"|Service Worker registration blocked"
)
"""What a console says of a page that refuses something on purpose, or of a line that a test has cut."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of one module together, for they share a stage."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.xdist_group(f"web-{item.path.stem}"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole run; without what the pages are made of, every test would wait a minute for what can't come."""
    static.manifest()
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=chromium.executable(), args=["--disable-gpu", "--disable-background-networking"]
        )
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    return (build.fetch() / "axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def furnished(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample season in a file, furnished once for the whole run."""
    return shared_file(tmp_path_factory, "stage.db", partial(furnish, sqlite_template))


@pytest.fixture(scope="module")
def stage(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The sample season, served, for the tests of one module."""
    made = Stage(furnished, tmp_path_factory.mktemp("stage"))
    yield made
    made.close()


@pytest.fixture
def opened(browser: Browser, stage: Stage) -> Iterator[Opened]:
    """Open a window: ``opened(Role.CLERK, "/lots", width=PHONE, language="en", theme="dark", script=False)``.

    With ``line=False`` the line isn't slowed down where the machine is: a browser can't both slow a line down and cut it.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_window(
        role: Role | None,
        path: str = "",
        *,
        width: int = DESK,
        language: str = "vi",
        theme: str = "light",
        script: bool = True,
        line: bool = True,
    ) -> Page:
        context = browser.new_context(viewport=size_of(width), java_script_enabled=script, locale="vi-VN", service_workers="block")
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        cookies = {"mca_language": language, "mca_theme": theme}
        if role is not None:
            cookies["mca_session"], cookies["mca_csrf"] = stage.log_in(role)
        context.add_cookies([{"name": name, "value": value, "url": stage.address} for name, value in cookies.items()])
        page = context.new_page()
        _slow_down(page, line)
        page.on("console", lambda said: _note(complaints, said.type, said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if path:
            page.goto(stage.address + path)
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert complaints == []


def follow(page: Page, where: str | Locator) -> None:
    """Click on what leads to another page, and wait until that page is there whole: only then may it be read at once."""
    with page.expect_navigation():
        (page.locator(where).first if isinstance(where, str) else where).click()


def arrive(page: Page, address: re.Pattern[str]) -> None:
    """Wait until a page has an address and is there whole, whatever led to it."""
    expect(page).to_have_url(address)
    page.wait_for_load_state()


def _slow_down(page: Page, line: bool) -> None:
    """Let a page have a slow machine and a slow line where ``MCA_TEST_SLOWER`` says how many times: tests that read too early fail."""
    times = float(os.environ.get("MCA_TEST_SLOWER", "0"))
    if not times:
        return
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": times})
    if line:
        pace = {"offline": False, "latency": 10 * times, "downloadThroughput": 2_000_000 / times, "uploadThroughput": -1}
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", pace)


def check_usable(page: Page, axe: str, name: str) -> None:
    """Check that everybody can use a page that has been loaded: at both widths and in both themes, each a property of the same document.

    A page with a list of many things is thinned out first, see `THIN_OUT`. What isn't about colours is asked in one theme.
    """
    for width in (PHONE, DESK):
        page.set_viewport_size(size_of(width))
        assert overflow(page) == 0, (name, width)
        assert violations(page, axe, OF_LENGTH) == [], (name, width)
        keep(page, f"{name}-{width}")
    page.evaluate(THIN_OUT)
    for theme, rules in THEMES:
        page.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", theme)
        for width in (PHONE, DESK):
            page.set_viewport_size(size_of(width))
            assert violations(page, axe, rules) == [], (name, theme, width)
    keep(page, f"{name}-dark")


def size_of(width: int) -> Any:
    """The size of a window of a width."""
    return {"width": width, "height": 780 if width == PHONE else 900}


def _note(complaints: list[str], kind: str, text: str) -> None:
    if kind in {"error", "warning"} and not REFUSED.search(text):
        complaints.append(text)


def keep(page: Page, name: str) -> None:
    """Keep a picture of the whole page for people to look at; one takes as long as to load a page, so that they can be switched off."""
    if os.environ.get("MCA_TEST_PICTURES") != "0":
        ARTEFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)


def violations(page: Page, axe: str, rules: tuple[str, ...] = ()) -> list[str]:
    """Return what keeps people from using a page: the rule, by default any, and the first element that breaks it."""
    page.wait_for_load_state()
    if page.evaluate("() => typeof axe === 'undefined'"):
        page.evaluate(axe)
    found: list[dict[str, Any]] = page.evaluate(ASK_AXE, list(rules))
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]} {one['nodes'][0].get('failureSummary', '')[:300]}" for one in found]


def overflow(page: Page) -> int:
    """Return by how many pixels a page is wider than its window, once it has had time to fit itself in."""
    page.wait_for_load_state()
    return int(page.evaluate(TOO_WIDE))
