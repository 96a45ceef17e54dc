"""The service as a process: HTTP, the sender of webhooks and the chores in this one, planning runs in a worker process beside it.

SIGTERM and Ctrl-C drain it: no new connection is taken, requests under way are answered, open streams are ended (their readers connect
again and go on where they were), the worker gives its run back, and the process ends within ten seconds or so.
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from starlette.types import ASGIApp, Receive, Scope, Send

from service import logs
from service.app import create_app
from service.db import Database
from service.http.admission import Service
from service.http.connections import ConnectionGuard
from service.maintenance.periodic import Chores
from service.settings import Settings
from service.webhooks.sender import Sender

DRAIN_S = 10.0
"""How long requests under way have to end."""
HEADER_MS = 15_000
"""How long a client has to send the headers of a request; then its connection is closed."""
SPARE_FILES = 512
SWITCH_S = 0.0005
"""How long a thread that computes keeps the others waiting: a request changes threads several times."""
LONGEST_PAUSE_S = 60.0
log = logs.get(__name__)


class CantListen(OSError):
    """Nobody can listen at this address; the message says why."""


class Streams:
    """The layer that knows which streams are open, and can end them all."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._open: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        accepts = next((value for name, value in scope.get("headers", []) if name == b"accept"), b"")
        task = asyncio.current_task()
        if task is None or b"text/event-stream" not in accepts:
            await self.app(scope, receive, send)
            return
        self._open.add(task)
        try:
            await self.app(scope, receive, send)
        finally:
            self._open.discard(task)

    def end(self) -> None:
        """End every open stream."""
        for task in list(self._open):
            task.cancel()


class WorkerBeside:
    """A worker process that is started again when it dies, and ends with this process, whatever happens to that."""

    def __init__(self) -> None:
        self._ending = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._watch, name="worker-beside", daemon=True)

    def start(self) -> None:
        """Start it."""
        self._thread.start()

    def end(self) -> None:
        """Ask it to end."""
        self._ending.set()
        process = self._process
        if process is not None:
            with suppress(ProcessLookupError):
                process.terminate()

    def join(self, seconds: float) -> None:
        """Wait until it has ended, then end it by force."""
        self._thread.join(seconds)
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _watch(self) -> None:
        pause_s = 1.0
        while not self._ending.is_set():
            began = time.monotonic()
            command = [sys.executable, "-m", "service.cli.main", "worker", "--lifeline"]
            # Its standard input is the lifeline: when this process is gone, however it went, the input closes.
            with subprocess.Popen(command, stdin=subprocess.PIPE) as self._process:
                if self._ending.is_set():
                    self._process.terminate()
                status = self._process.wait()
            pause_s = 1.0 if time.monotonic() - began > LONGEST_PAUSE_S else min(2 * pause_s, LONGEST_PAUSE_S)
            if not self._ending.is_set():
                log.error("worker_died", status=status, again_in_s=pause_s)
                self._ending.wait(pause_s)


def check_address(settings: Settings) -> None:
    """Refuse an address that nobody can listen at, before anything is started.

    Raises
    ------
    CantListen
        With the reason.
    """
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        with socket.socket(found[0][0], socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(found[0][4])
    except OSError as error:
        raise CantListen(f"can't listen at {settings.host} port {settings.port}: {error.strerror or error}") from error


def serve(settings: Settings, *, worker: bool = True, on_ready: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Parameters
    ----------
    worker : also start a worker process beside this one.
    on_ready : called once requests are answered.

    Raises
    ------
    SchemaMismatch
        If the database's schema isn't this code's.
    CantListen
        If nobody can listen at the address of the settings.
    """
    check_address(settings)
    database = Database(settings.database_url, settings.database_pool)
    try:
        database.require_schema()
        asyncio.run(_serve(settings, database, WorkerBeside() if worker else None, on_ready))
    finally:
        database.close()


def allow_open_files(wanted: int) -> None:
    """Raise this process's limit on open files as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and most > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def set_aside() -> None:
    """Keep what has been imported out of the collector's sight: a look at all of it halts every request for a quarter of a second."""
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(SWITCH_S)


async def _serve(settings: Settings, database: Database, worker: WorkerBeside | None, on_ready: Callable[[], None]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    allow_open_files(settings.most_connections + SPARE_FILES)
    app = create_app(settings, database)
    service: Service = app.state.service
    streams = Streams(app)
    set_aside()
    server = Server(
        streams,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        log_enabled=False,
        websockets=False,
        http=HTTPModes.http1,
        backlog=min(settings.most_connections, 4096),
        backpressure=settings.most_connections,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MS),
    )
    ending, threads = threading.Event(), _beside(settings, database, service)
    for thread in threads:
        thread.start(ending)
    if worker is not None:
        worker.start()
    serving = asyncio.create_task(server.serve())
    ready = asyncio.create_task(_announce(settings, on_ready))
    await asyncio.wait({serving, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    log.info("draining")
    ready.cancel()
    ending.set()
    if worker is not None:
        worker.end()
    streams.end()
    service.searches.close()
    server.stop()  # type: ignore[no-untyped-call]
    done, _ = await asyncio.wait({serving}, timeout=DRAIN_S)
    for thread in threads:
        thread.join()
    if worker is not None:
        worker.join(DRAIN_S)
    log.info("ended", drained=bool(done))
    if not done:
        # Somebody holds a connection open; nothing that was promised is lost with it.
        os._exit(0)
    serving.result()


class Beside:
    """Something that works in a thread until it is told to end."""

    def __init__(self, name: str, work: Callable[[threading.Event], None]) -> None:
        self._name, self._work = name, work
        self._thread: threading.Thread | None = None

    def start(self, ending: threading.Event) -> None:
        """Start it; it ends when the event is set."""
        self._thread = threading.Thread(target=self._work, args=(ending,), name=self._name, daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for its end, as long as requests under way are waited for."""
        if self._thread is not None:
            self._thread.join(DRAIN_S)


def _beside(settings: Settings, database: Database, service: Service) -> list[Beside]:
    sender = Sender(database, timeout_s=settings.webhook_seconds, local=settings.webhook_local, keep_days=settings.webhook_keep_days)
    guard = ConnectionGuard(settings, service.connections)
    return [Beside("webhooks", sender.run), Beside("chores", Chores(database, settings).run), Beside("connections", guard.run)]


async def _announce(settings: Settings, on_ready: Callable[[], None]) -> None:
    """Call back once the port answers."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104  Only to know it when it is set.
    while True:
        try:
            _, writer = await asyncio.open_connection(host, settings.port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        on_ready()
        return
