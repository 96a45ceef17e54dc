"""What one address, one account or one connection can take, and requests that two readers would read differently."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from fastapi import FastAPI

from service.http import framing
from service.http.places import Places
from service.http.problems import Refused
from service.models import Role
from service.settings import networks
from tests.service.api.conftest import PAGES, Caller, ClientAs


def test_an_account_holds_one_place_and_whoever_finds_none_is_told_when_to_come_again() -> None:
    clock = [0.0]
    places = Places(2, 1, 10.0, lambda: clock[0])
    with places.hold("lan"):
        with pytest.raises(Refused, match="at work") as twice:
            places.take("lan")
        assert (twice.value.status_code, twice.value.headers) == (429, {"Retry-After": "5"})
        places.take("hoa")
        with pytest.raises(Refused, match="others are being served") as full:
            places.take("nam")
        assert full.value.status_code == 503
    clock[0] = 10.0
    assert places.take("hoa")


def scope_of(*headers: tuple[bytes, bytes], client: str = "10.0.0.1") -> dict[str, Any]:
    return {"headers": list(headers), "client": (client, 1)}


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([(b"host", b"a"), (b"host", b"b")], "two_hosts"),
        ([(b"host", b"a"), (b"content-length", b"3"), (b"transfer-encoding", b"chunked")], "two_lengths"),
        ([(b"host", b"a"), (b"content-length", b"3"), (b"content-length", b"3")], "two_lengths"),
        ([(b"host", b"a"), (b"content-length", b"3")], None),
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_refused(headers: list[tuple[bytes, bytes]], code: str | None) -> None:
    problem = framing.ambiguity(scope_of(*headers))
    assert (problem and problem.code) == code


@pytest.mark.parametrize(
    ("proxies", "client", "said", "address"),
    [
        ("", "10.0.0.1", b"203.0.113.9", "10.0.0.1"),
        ("10.0.0.0/8", "192.0.2.1", b"203.0.113.9", "192.0.2.1"),
        ("10.0.0.0/8", "10.0.0.1", b"203.0.113.9", "203.0.113.9"),
        ("10.0.0.0/8", "10.0.0.1", b"127.0.0.1, 203.0.113.9, 10.0.0.7", "203.0.113.9"),
        ("10.0.0.0/8", "10.0.0.1", b"made up", "10.0.0.1"),
    ],
)
def test_only_a_trusted_proxy_says_where_a_request_comes_from(proxies: str, client: str, said: bytes, address: str) -> None:
    found = framing.client_of(scope_of((b"x-forwarded-for", said), client=client), networks(proxies))
    assert found is not None
    assert found[0] == address


def test_head_and_options_are_answered_everywhere(client_as: ClientAs) -> None:
    broker = client_as(Role.BROKER)
    for place in ("/lots", "/healthz", f"{PAGES}/sign-in", f"{PAGES}/plans"):
        got, head = broker.get(place), broker.request("HEAD", place)
        assert (head.status_code, head.content, head.headers["content-type"]) == (got.status_code, b"", got.headers["content-type"])
        options = broker.request("OPTIONS", place)
        assert options.status_code == 204
        assert {"GET", "HEAD", "OPTIONS"} <= set(options.headers["allow"].split(", "))
    assert broker.request("OPTIONS", "/nowhere").status_code == 404


def test_a_parameter_that_stands_twice_is_refused(client_as: ClientAs) -> None:
    refused = client_as(Role.BROKER).get("/lots?limit=5&limit=6")
    assert (refused.status_code, refused.json()["code"]) == (422, "repeated_parameter")


def test_a_packed_body_is_read_within_its_limit(client_as: ClientAs, app: FastAPI) -> None:
    broker: Caller = client_as(Role.BROKER)
    packed = {"content-encoding": "gzip", "content-type": "application/json"}
    fine = broker.post("/products", content=gzip.compress(b'{"code": "x"}'), headers=packed)
    assert fine.json()["errors"][0]["pointer"] == "/name"
    bomb = gzip.compress(b" " * 20_000_000)
    assert broker.post("/products", content=bomb, headers=packed).status_code == 413
    assert broker.post("/products", content=b"nonsense", headers=packed).status_code == 422
    assert broker.post("/products", content=b"x", headers=packed | {"content-encoding": "br"}).status_code == 415
