"""TCP connections of this process: counted by address, and closed where an address holds too many or nothing happens on them.

The HTTP server takes every connection before any code of ours runs: unfinished headers, and connections that stay open between two
requests, are no requests yet. A thread therefore looks at the process's own sockets twice a second. It closes the longest idle ones of an
address beyond `MCA_ADDRESS_CONNECTIONS`, those that have been idle for `MCA_IDLE_CONNECTION_SECONDS`, and, where nearly
`MCA_MOST_CONNECTIONS` are open, the longest idle of all. It never closes one whose request is being answered: requests have limits
and deadlines of their own. Connections of trusted proxies are theirs to look after.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from service import logs
from service.auth.failures import place_of
from service.http.framing import is_in
from service.settings import Settings, networks

Peer = tuple[str, int]
PAUSE_S = 0.5
DUTY = 20
"""A look takes at most one part in so many of the time."""
FULL_SHARE = 0.9
_FILES = "/proc/self/fd"
_ESTABLISHED = 1
_IDLE_MS = struct.Struct("=B43xI4xI")
"""State, and milliseconds since data were last sent and received, in Linux' `struct tcp_info`."""
log = logs.get(__name__)


class Connections:
    """The connections on which a request is being answered."""

    def __init__(self) -> None:
        self._busy: set[Peer] = set()

    def begin(self, peer: Peer | None) -> None:
        """Note that a request of a connection is being answered."""
        if peer is not None:
            self._busy.add(_plain(peer))

    def end(self, peer: Peer | None) -> None:
        """Note that it has been answered."""
        if peer is not None:
            self._busy.discard(_plain(peer))

    def is_busy(self, peer: Peer) -> bool:
        """Return whether a request of a connection is being answered."""
        return peer in self._busy


@dataclass(frozen=True)
class OpenConnection:
    """A connection that somebody has opened to this process.

    Attributes
    ----------
    file : its descriptor.
    peer : address and port of the other end.
    idle_s : since something was last sent or received on it.
    """

    file: int
    peer: Peer
    idle_s: float


def surplus(found: Sequence[OpenConnection], most_by_address: int, most: int, idle_s: float) -> list[OpenConnection]:
    """Return which connections without a request to close.

    Parameters
    ----------
    most_by_address, most : that stay open, of one address and in all.
    idle_s : after this one is closed anyway.
    """
    by_place: defaultdict[str, list[OpenConnection]] = defaultdict(list)
    closed: list[OpenConnection] = []
    for one in sorted(found, key=lambda one: one.idle_s):
        own = by_place[place_of(one.peer[0], None)]
        if one.idle_s >= idle_s or len(own) >= most_by_address:
            closed.append(one)
        else:
            own.append(one)
    kept = sorted((one for own in by_place.values() for one in own), key=lambda one: one.idle_s)
    return closed + kept[most:]


class ConnectionGuard:
    """The thread that looks at the connections to a port; where the system isn't Linux it does nothing."""

    def __init__(self, settings: Settings, connections: Connections) -> None:
        self._settings, self._connections = settings, connections
        self._proxies = networks(settings.trusted_proxies)

    def run(self, ending: threading.Event) -> None:
        """Look until told to end."""
        if not sys.platform.startswith("linux"):
            log.warning("connections_not_counted", system=sys.platform)
            return
        pause_s = PAUSE_S
        while not ending.wait(pause_s):
            began = time.monotonic()
            self.look()
            pause_s = max(PAUSE_S, DUTY * (time.monotonic() - began))

    def look(self) -> int:
        """Close what must be closed, and return how many that were."""
        settings = self._settings
        free = [one for one in open_connections(settings.port) if not self._connections.is_busy(one.peer) and not self._is_proxy(one)]
        full = int(settings.most_connections * FULL_SHARE)
        closed = surplus(free, settings.address_connections, full, settings.idle_connection_seconds)
        done = sum(_close(one) for one in closed if not self._connections.is_busy(one.peer))
        if done:
            log.info("connections_closed", closed=done, open=len(free))
        return done

    def _is_proxy(self, one: OpenConnection) -> bool:
        return is_in(one.peer[0], self._proxies)


def open_connections(port: int) -> Iterator[OpenConnection]:
    """Yield the connections to a port of this process."""
    for file in Path(_FILES).iterdir():
        with suppress(OSError):
            number = int(file.name)
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                found = _looked_at(number, port)
                if found is not None:
                    yield found


def _looked_at(number: int, port: int) -> OpenConnection | None:
    # A copy of the descriptor stays the same connection, whatever becomes of the number meanwhile.
    with socket.socket(fileno=os.dup(number)) as copy:
        if copy.family not in {socket.AF_INET, socket.AF_INET6} or copy.type != socket.SOCK_STREAM or copy.getsockname()[1] != port:
            return None
        state, sent_ms, received_ms = _IDLE_MS.unpack_from(copy.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256))
        if state != _ESTABLISHED:
            return None
        address, its_port = copy.getpeername()[:2]
        return OpenConnection(number, _plain((address, its_port)), min(sent_ms, received_ms) / 1000)


def _close(one: OpenConnection) -> bool:
    """Close a connection if its descriptor is still that connection."""
    with suppress(OSError), socket.socket(fileno=os.dup(one.file)) as copy:
        if _plain(copy.getpeername()[:2]) == one.peer:
            copy.shutdown(socket.SHUT_RDWR)
            return True
    return False


def _plain(peer: Peer) -> Peer:
    """Return a peer with an IPv4 address as such, where a socket of IPv6 took it."""
    return peer[0].removeprefix("::ffff:"), peer[1]
