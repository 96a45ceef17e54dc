"""A wire to a PostgreSQL server that a test can cut, stall and mend: a restart and a partition of the network as a client sees them."""

from __future__ import annotations

import contextlib
import selectors
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import URL, make_url

NAME = ".s.PGSQL.5432"


class Relay:
    """Listens on a socket in a folder of its own, and passes everything on while it is whole.

    Parameters
    ----------
    address : of the database behind it.
    """

    def __init__(self, address: str) -> None:
        self._url = make_url(address)
        self._folder = Path(tempfile.mkdtemp(prefix="mca-relay-"))
        self._listener: socket.socket | None = None
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._passing, self._ending, self._lock = threading.Event(), threading.Event(), threading.Lock()
        self._passing.set()

    @property
    def address(self) -> str:
        """Address of the database at this end of the wire."""
        query = {**self._url.query, "host": str(self._folder)}
        url = URL.create(self._url.drivername, self._url.username, self._url.password, None, None, self._url.database, query)
        return url.render_as_string(hide_password=False)

    def mend(self) -> None:
        """Let clients connect."""
        if self._listener is None:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(self._folder / NAME))
            self._listener.listen(50)
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        self._passing.set()

    def cut(self) -> None:
        """Break every connection and let nobody connect, as a server does that stops."""
        if self._listener is not None:
            self._listener.close()
            (self._folder / NAME).unlink()
            self._listener = None
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for ends in pairs:
            for end in ends:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def stall(self) -> None:
        """Pass nothing on and break nothing, as a network does that is parted."""
        self._passing.clear()

    def close(self) -> None:
        self._ending.set()
        self._passing.set()
        self.cut()
        shutil.rmtree(self._folder)

    def _server(self) -> socket.socket:
        host = str(self._url.query.get("host") or self._url.host or "localhost")
        if host.startswith("/"):
            end = socket.socket(socket.AF_UNIX)
            end.connect(f"{host}/.s.PGSQL.{self._url.port or 5432}")
            return end
        return socket.create_connection((host, self._url.port or 5432))

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                pair = client, self._server()
                with self._lock:
                    self._pairs.append(pair)
                threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        other = {client: server, server: client}
        with contextlib.suppress(OSError, ValueError, KeyError), selectors.DefaultSelector() as ready:
            for end in other:
                ready.register(end, selectors.EVENT_READ, end)
            while not self._ending.is_set():
                for key, _ in ready.select(timeout=0.2):
                    self._passing.wait()
                    data = key.data.recv(65536)
                    if not data:
                        raise OSError
                    other[key.data].sendall(data)
        for end in other:
            end.close()


@contextlib.contextmanager
def relay(address: str) -> Iterator[Relay]:
    """Keep a wire for as long as the block lasts; it is cut at first."""
    wire = Relay(address)
    try:
        yield wire
    finally:
        wire.close()
