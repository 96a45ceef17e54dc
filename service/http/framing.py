"""What a request's head says before any route sees it: where it comes from, and whether two readers could take it apart differently."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from starlette.types import Message, Scope, Send

from service.http.problems import Problem, plain

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class HeadAnswered(Exception):
    """The head of an answer is out, and nobody wants its body."""


def ambiguity(scope: Scope) -> Problem | None:
    """Return why a request must be refused because a proxy and this service could read it differently; None if there is no reason."""
    names = [name for name, _ in scope["headers"]]
    if names.count(b"host") > 1:
        return plain(400, "two_hosts", "a request names one host")
    if b"transfer-encoding" in names and b"content-length" in names:
        return plain(400, "two_lengths", "a request has either Content-Length or Transfer-Encoding")
    if names.count(b"content-length") > 1 or names.count(b"transfer-encoding") > 1:
        return plain(400, "two_lengths", "a request states its length once")
    return None


def client_of(scope: Scope, proxies: Sequence[Network]) -> tuple[str, int] | None:
    """Return the address that a request comes from: behind trusted proxies the last one that isn't a proxy's.

    Parameters
    ----------
    proxies : networks whose ``X-Forwarded-For`` is believed.
    """
    client: tuple[str, int] | None = scope.get("client")
    if client is None or not proxies or not is_in(client[0], proxies):
        return client
    header = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").decode("latin-1")
    for hop in reversed([part.strip().strip("[]") for part in header.split(",") if part.strip()]):
        if not _is_address(hop):
            break
        client = hop, client[1]
        if not is_in(hop, proxies):
            break
    return client


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_in(address: str, proxies: Sequence[Network]) -> bool:
    """Return whether an address lies in one of some networks."""
    return _is_address(address) and any(ipaddress.ip_address(address) in network for network in proxies)


def as_get(scope: Scope, send: Send) -> tuple[Scope, Send]:
    """Return a HEAD request as the GET that it stands for, and a `send` that leaves the body out."""

    async def headless(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        raise HeadAnswered

    return {**scope, "method": "GET"}, headless
