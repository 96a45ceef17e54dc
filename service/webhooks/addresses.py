"""Where a webhook may be sent: to the public internet, never into the service's own network.

A name is resolved once, every address that it has is judged, and the connection goes to the address that was judged, so that a name
which answers differently the second time gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
NOT_OURS = tuple(map(ipaddress.ip_network, ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24")))
"""Where a cloud's host answers its own machines under a public address, and what protocols keep for themselves."""
LONGEST_URL = 2000
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Lookup = Callable[..., Sequence[tuple[Any, ...]]]


class BadAddress(ValueError):
    """A webhook can't be sent there; the message says what is expected."""


@dataclass(frozen=True)
class Target:
    """Where one webhook goes.

    Attributes
    ----------
    host, port, path : of the address as the partner gave it; the path with its query.
    address : the IP address that the name has and that the connection is made to.
    tls : whether it is an https address.
    """

    host: str
    port: int
    path: str
    address: str
    tls: bool

    @property
    def authority(self) -> str:
        """Return the value of the Host header."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == (443 if self.tls else 80) else f"{shown}:{self.port}"


def resolve(url: str, *, local: bool = False, lookup: Lookup | None = None) -> Target:
    """Return where a webhook goes.

    Parameters
    ----------
    url : https address of the receiver.
    local : let it be this machine itself, and plain http: for development and tests.
    lookup : resolves a name as `socket.getaddrinfo` does, which is the one where none is given.

    Raises
    ------
    BadAddress
        If the address isn't one, its name isn't known, or any address of that name is not public.
    """
    host, port, path, tls = _parts(url, local=local)
    try:
        found = (lookup or socket.getaddrinfo)(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise BadAddress(f"a host name that is known; {host} isn't") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses:
        raise BadAddress(f"a host name that is known; {host} isn't")
    for address in addresses:
        if not allowed(address, local=local):
            raise BadAddress(f"a public address; {host} is {address}")
    return Target(host, port, path, addresses[0], tls)


def _parts(url: str, *, local: bool) -> tuple[str, int, str, bool]:
    schemes = ("https", "http") if local else ("https",)
    wanted = f"an address such as https://example.vn/hook, with {' or '.join(schemes)}"
    if len(url) > LONGEST_URL or not url.isprintable() or any(c.isspace() or c == "\\" for c in url):
        raise BadAddress(wanted)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise BadAddress(wanted) from error
    if parts.scheme not in schemes or not host or parts.username is not None or parts.password is not None or parts.fragment or port == 0:
        raise BadAddress(f"{wanted}, without a user name, a password or a fragment")
    try:
        ascii_host = host if ":" in host else host.encode("idna").decode("ascii")
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        path.encode("ascii")
    except UnicodeError as error:
        raise BadAddress(f"{wanted}, whose other characters are percent-encoded") from error
    return ascii_host, port or (443 if parts.scheme == "https" else 80), path, parts.scheme == "https"


def allowed(address: str, *, local: bool = False) -> bool:
    """Tell whether an IP address is one of the public internet, or, where that is allowed, this machine's own."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if local and ip.is_loopback:
        return True
    return all(map(_public, _meant(ip)))


def _public(ip: Address) -> bool:
    if isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local:
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not any(ip in network for network in NOT_OURS)


def _meant(ip: Address) -> Iterator[Address]:
    """Yield an address, and the one that it carries inside."""
    # An address of version 4 in the clothes of version 6 counts as what it carries alone.
    carried = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    if carried is not None:
        yield carried
        return
    yield ip
    if isinstance(ip, ipaddress.IPv6Address):
        inner = [ip.sixtofour, *(ip.teredo or ())]
        if ip in NAT64:
            inner.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
        yield from (one for one in inner if one is not None)
