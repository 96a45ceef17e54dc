"""Small leaks, each of which was open once."""

from __future__ import annotations

import pytest

from service.auth import csrf
from service.sheets import Table, as_csv
from service.webhooks.addresses import allowed


def test_a_semicolon_in_a_code_begins_no_new_cell() -> None:
    assert as_csv(Table(["code"], [["x;=cmd|' /C calc'!A0"]])).decode("utf-8-sig").splitlines()[1].startswith('"x;=cmd')


@pytest.mark.parametrize("address", ["fec0::1", "feff:ffff::1", "fc00::1", "fe80::1"])
def test_a_webhook_goes_to_no_private_address(address: str) -> None:
    assert not allowed(address)


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({"host": "mca.example.vn", "origin": "https://mca.example.vn"}, True),
        ({"host": "mca.example.vn", "sec-fetch-site": "same-origin"}, True),
        ({"host": "mca.example.vn"}, False),
        ({"host": "mca.example.vn", "origin": "null"}, False),
        ({"host": "mca.example.vn", "origin": "https://evil.example"}, False),
        ({"host": "mca.example.vn", "sec-fetch-site": "cross-site"}, False),
        ({"host": "mca.example.vn", "sec-fetch-site": "same-origin", "origin": "https://evil.example"}, False),
    ],
)
def test_a_form_is_kept_only_where_the_browser_says_that_our_page_sent_it(headers: dict[str, str], kept: bool) -> None:
    assert csrf.from_here(headers) is kept
