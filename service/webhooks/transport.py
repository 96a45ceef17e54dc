"""One message over one connection: to the address that was judged, without following redirects, reading no more than a little.

The whole exchange has one deadline. A receiver that sends a byte now and then is cut off by it, because it closes the socket itself.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from service.webhooks.addresses import BadAddress, Target, resolve

MOST_READ_BYTES = 2048


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt.

    Attributes
    ----------
    status : HTTP status of the answer; None where there was none.
    response : the start of the answer, or why there was none, at most 2,048 characters.
    """

    status: int | None
    response: str

    @property
    def delivered(self) -> bool:
        """A receiver has an event once it answers 2xx; a redirect is a failure."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """The receiver wants no more events."""
        return self.status == HTTPStatus.GONE


def post(url: str, headers: Mapping[str, str], body: bytes, *, timeout_s: float, local: bool = False) -> Outcome:
    """Send one message and return what became of it; nothing is raised, whatever the receiver does."""
    try:
        target = resolve(url, local=local)
    except BadAddress as error:
        return Outcome(None, f"not sent: expected {error}")
    try:
        return _exchange(target, headers, body, timeout_s)
    except TimeoutError:
        return Outcome(None, f"no answer within {timeout_s:g} s")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Outcome(None, f"no answer: {type(error).__name__}: {error}"[:MOST_READ_BYTES].replace("\x00", ""))


def _exchange(target: Target, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Outcome:
    with closing(_Pinned(target, timeout_s)) as connection:
        connection.connect()
        with _deadline(connection.sock, timeout_s) as over:
            try:
                connection.shake_hands()
                connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
                for name, value in {"host": target.authority, **headers, "content-length": str(len(body)), "connection": "close"}.items():
                    connection.putheader(name, value)
                connection.endheaders(body)
                answer = connection.getresponse()
                text = answer.read(MOST_READ_BYTES).decode("utf-8", "replace").replace("\x00", "")
            except (OSError, http.client.HTTPException) as error:
                if over.is_set():
                    raise TimeoutError from error
                raise
            # A socket that is closed in the middle of the headers looks as if they had ended.
            if over.is_set():
                raise TimeoutError
            return Outcome(answer.status if 100 <= answer.status <= 599 else None, text)


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was judged before, under the name that the certificate must bear."""

    def __init__(self, target: Target, timeout_s: float) -> None:
        super().__init__(target.host, target.port, timeout=timeout_s)
        self._target = target

    def connect(self) -> None:
        """Connect without looking the name up again."""
        made = socket.create_connection((self._target.address, self._target.port), self.timeout)
        self.sock: Any = _in_tls(made, self._target.host) if self._target.tls else made

    def shake_hands(self) -> None:
        """Agree on the encryption, and check the certificate."""
        if self._target.tls:
            self.sock.do_handshake()


def _in_tls(made: socket.socket, host: str) -> ssl.SSLSocket:
    # The handshake comes later, under the deadline: each of its reads alone would be allowed the whole time.
    return ssl.create_default_context().wrap_socket(made, server_hostname=host, do_handshake_on_connect=False)


@contextmanager
def _deadline(connected: socket.socket, timeout_s: float) -> Iterator[threading.Event]:
    """Close a socket when its time is over, however busy it seems."""
    over = threading.Event()

    def cut() -> None:
        over.set()
        with suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(timeout_s, cut)
    timer.daemon = True
    timer.start()
    try:
        yield over
    finally:
        timer.cancel()
