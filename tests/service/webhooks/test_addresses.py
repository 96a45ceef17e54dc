"""A webhook never reaches the service's own network, however its address is dressed up."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from service.webhooks.addresses import BadAddress, Target, allowed, resolve


def known_as(*addresses: str) -> Any:
    return lambda host, port, **_: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]


PUBLIC = known_as("203.0.114.7")
INSIDE = (
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200",
    "192.0.0.192", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "168.63.129.16", "::1", "::", "fe80::1", "fe80::1%eth0",
    "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::",
    "2002:a9fe:a9fe::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2001:0:7f00:1::", "2001:db8::1", "no address",
)  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not allowed(address)
    with pytest.raises(BadAddress, match="a public address"):
        resolve("https://example.vn/hook", lookup=known_as(address))


@pytest.mark.parametrize("address", ["203.0.114.7", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert allowed(address)


def test_one_address_inside_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(BadAddress, match=r"example\.vn is 10\.0\.0\.1"):
        resolve("https://example.vn/", lookup=known_as("8.8.8.8", "10.0.0.1"))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.vn/", "ftp://example.vn/", "file:///etc/passwd", "https://", "https:///path", "example.vn", "",
        "https://user:password@example.vn/", "https://example.vn/#part", "https://example.vn:0/", "https://example.vn:99999/",
        "https://exa mple.vn/", "https://example.vn\\@127.0.0.1/", "https://example.vn/\r\nhost: other", "https://example.vn/đường",
        "https://[::1", "https://" + "a" * 70 + ".vn/", "https://example.vn/" + "a" * 2000,
    ],
)  # fmt: skip
def test_what_is_no_plain_https_address_is_refused(url: str) -> None:
    with pytest.raises(BadAddress, match=r"an address such as|a host name that is known"):
        resolve(url, lookup=PUBLIC)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "https://[::1]:8443/", "https://2130706433/", "https://0x7f.1/", "https://localhost/"]
)
def test_this_machine_by_any_name_is_refused(url: str) -> None:
    with pytest.raises(BadAddress, match=r"a public address|a host name that is known"):
        resolve(url)


def test_a_name_that_nobody_knows_is_refused() -> None:
    def unknown(*_: object, **__: object) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(BadAddress, match="a host name that is known"):
        resolve("https://nowhere.invalid/", lookup=unknown)


def test_an_address_is_taken_apart_as_it_was_written() -> None:
    assert resolve("https://example.vn/a?b=c", lookup=PUBLIC) == Target("example.vn", 443, "/a?b=c", "203.0.114.7", tls=True)
    assert resolve("https://chợ.vn:8443", lookup=PUBLIC).authority == "xn--ch-3bt.vn:8443"
    assert resolve("https://[2606:4700::1111]/", lookup=known_as("2606:4700::1111")).authority == "[2606:4700::1111]"


def test_development_may_send_to_this_machine_but_to_no_other_inside() -> None:
    assert resolve("http://127.0.0.1:8080/hook", local=True) == Target("127.0.0.1", 8080, "/hook", "127.0.0.1", tls=False)
    with pytest.raises(BadAddress, match="a public address"):
        resolve("http://metadata/", local=True, lookup=known_as("169.254.169.254"))
