"""Pages and headers that nobody's browser sends: each is answered, none with a failure of ours, none with something of others."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from service.models import Role
from service.web.pages import PageRoute
from tests.service.api.conftest import PAGES, Caller, ClientAs, World

HTML = {"accept": "text/html"}
HOSTILE = (
    "-1", "99999999999999999999", "1e400", "%00", "%ff%fe", "%ed%a0%80", "' OR 1=1 --", "<script>alert(1)</script>", "{{7*7}}", "a" * 3000,
)  # fmt: skip
"""Values of parameters, as they stand in an address."""
HEADERS: tuple[dict[str, str], ...] = (
    {"cookie": "mca_session=\x7f; mca_csrf=%00; mca_language=../../etc; mca_theme='; mca_said=e30; mca_association=%ff"},
    {"authorization": "Bearer " + "a" * 5000}, {"authorization": "Basic YTpi"}, {"authorization": "Bearer mca_"},
    {"accept": "text/html;q=nan, */*;q=-1"}, {"accept-encoding": "br;q=x, gzip;q=-1, *"}, {"range": "bytes=0-0,-1"},
    {"if-none-match": 'W/"' + "9" * 500 + '"'}, {"if-match": "x" * 600}, {"x-forwarded-for": "127.0.0.1, ::1, x"},
    {"x-request-id": "a\tb"}, {"x-http-method-override": "DELETE"}, {"content-type": "text/html; charset=" + "x" * 500},
    {"hx-request": "true"},
    {"idempotency-key": "a" * 300}, {"mca-association": "' OR 1=1"}, {"last-event-id": "end:" + "9" * 400}, {"origin": "https://evil.example"},
)  # fmt: skip


def pages_of(app: FastAPI) -> list[PageRoute]:
    return [route for route in app.router.routes if isinstance(route, PageRoute) and "GET" in (route.methods or ()) and not route.is_static]


@pytest.mark.parametrize("role", [Role.CLERK, Role.MANAGER])
def test_no_page_fails_whatever_its_address_says(client_as: ClientAs, app: FastAPI, world: World, role: Role) -> None:
    caller, failed, tried = client_as(role), [], 0
    for number, route in enumerate(pages_of(app)):
        value = HOSTILE[number % len(HOSTILE)]
        place = route.path
        for name in route.param_convertors:
            place = place.replace("{" + name + "}", world.lots[world.ours].uid if name == "uid" else "x")
        names = [field.alias for field in route.dependant.query_params] or ["back", "after"]
        query = "&".join(f"{name}={value}" for name in names)
        for address in (place, f"{place}?{query}"):
            answer = caller.get(f"{PAGES}{address}", headers=HTML, follow_redirects=False)
            tried += 1
            if answer.status_code >= 500 or "<script>alert(1)" in answer.text or ">49<" in answer.text:
                failed.append((address[:200], answer.status_code))
    assert failed == []
    assert tried > 100


def test_no_header_makes_the_service_fail_or_tells_another_site_anything(client_as: ClientAs, guest: Caller) -> None:
    clerk = client_as(Role.CLERK)
    for caller in (guest, clerk):
        for headers in HEADERS:
            for place in ("/lots", f"{PAGES}/sign-in", f"{PAGES}/lots", "/healthz"):
                answer = caller.get(place, headers=headers, follow_redirects=False)
                assert answer.status_code < 500, (place, headers)
                assert "access-control-allow-origin" not in answer.headers
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "PUT", "DELETE"])
def test_a_method_that_an_address_does_not_take_is_refused(client_as: ClientAs, method: str) -> None:
    assert client_as(Role.MANAGER).request(method, f"{PAGES}/sign-in").status_code == 405
