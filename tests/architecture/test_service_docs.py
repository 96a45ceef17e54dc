"""The pages about the service say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from service.settings import describe
from service.webhooks.deliveries import DELAYS_S
from service.webhooks.events import KINDS

DOCS = Path(__file__).resolve().parents[2] / "docs"
OPERATING = (DOCS / "operating.md").read_text(encoding="utf-8")
API = (DOCS / "api.md").read_text(encoding="utf-8")


def test_every_setting_stands_in_the_page_with_its_default_and_meaning() -> None:
    rows = [tuple(row) for row in re.findall(r"^\| `(MCA_\w+)` \| (.*?) \| (.*) \|$", OPERATING, re.MULTILINE)]
    assert rows == [(name, f"`{default}`" if default else "", meaning) for name, default, meaning in describe()]


def test_every_kind_of_event_stands_in_the_page_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \| (.*) \|$", API, re.MULTILINE))
    assert rows == dict(KINDS)


def test_the_pauses_between_attempts_stand_in_the_page() -> None:
    found = re.search(r"after ([\d\w ,\n]+? and \d+ h)", OPERATING)
    assert found is not None
    seconds = {"s": 1, "min": 60, "h": 3600}
    pauses = [int(number) * seconds[unit] for number, unit in re.findall(r"(\d+)\s(s|min|h)\b", found[1])]
    assert pauses == list(DELAYS_S)
