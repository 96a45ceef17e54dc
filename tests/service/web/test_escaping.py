"""Names that attack and names without end: shown as they are, on every page, and nothing breaks."""

from __future__ import annotations

from functools import partial

import pytest
from playwright.sync_api import Dialog

from service.models import Role
from service.web.navigation import ENTRIES
from tests.service.web.conftest import PHONE, Opened, keep, overflow
from tests.service.web.staging import Stage

ATTACK = '<script>alert(1)</script>"><img src=x onerror=alert(2)>{{7*7}}'
ENDLESS = "Hợptácxã" * 25
MORE = {
    Role.CLERK: ("/lots/new", "/offers?show=all", "/uploads/lots", "/account"),
    Role.PROCUREMENT: ("/orders/new", "/orders/last-week", "/orders", "/offers?show=all", "/account"),
}


def _dismiss(asked: list[str], dialog: Dialog) -> None:
    """Note that a page has run what somebody called something."""
    asked.append(dialog.message)
    dialog.dismiss()


@pytest.mark.parametrize("name", [ATTACK, ENDLESS], ids=["attack", "endless"])
def test_whatever_something_is_called_it_is_only_shown(opened: Opened, stage: Stage, name: str) -> None:
    stage.rename(name)
    for role, more in MORE.items():
        page = opened(role, width=PHONE)
        asked: list[str] = []
        page.on("dialog", partial(_dismiss, asked))
        places = [entry.path for entry in ENTRIES if role in entry.roles]
        for place in (*places, *more):
            page.goto(stage.address + place)
            assert page.title().endswith("MCA"), place
            assert page.locator("script:not([src]), img[src=x]").count() == 0, place
            assert overflow(page) == 0, place
            detail = page.locator("main h2 a, main tbody th a").first
            if detail.count() and place in places:
                page.goto(stage.address + str(detail.get_attribute("href")))
                assert page.locator("script:not([src]), img[src=x]").count() == 0, page.url
                assert overflow(page) == 0, page.url
                keep(page, f"named-{len(name)}{place.replace('/', '-')}")
        page.goto(stage.address + next(place for place in places if place != "/today"))
        assert name.split("{{")[0][:20] in page.inner_text("main") or role is Role.PROCUREMENT
        assert asked == []
