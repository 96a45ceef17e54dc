"""How long the service takes beside the barest endpoint that does the same; ``python -m benchmarks.service_speed``.

On each database, in one run on one machine: listing fifty lots and posting one, each beside `benchmarks.service_bare` (at most twice as
long), listing after a million lots of history, and both while a planning run solves (at most twice as long as without). Both
servers run under granian with one worker, and the two are asked in turn over connections that stay open.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from benchmarks import service_bare
from catalog.models import Lot, Organisation
from service.app import create_app
from service.db import Database
from service.demo import COOPERATIVE, Demo, seed
from service.settings import Settings

MOST = 2.0
STOCK, BATCH = 500, 50_000
RUN_S = 60
GENERATED = {"id", "uid", "code", "created_at", "status"}


@dataclass(frozen=True)
class Times:
    """Milliseconds of a request: median and ninety-fifth percentile."""

    median_ms: float
    p95_ms: float

    @classmethod
    def of(cls, seconds: list[float]) -> Times:
        """Sum up measurements."""
        ordered = sorted(seconds)
        return cls(statistics.median(ordered) * 1000, ordered[int(len(ordered) * 0.95)] * 1000)


class Asker:
    """A client of one server, over one connection."""

    def __init__(self, port: int, prefix: str, key: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._prefix = prefix
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """Send a request and return the answer's status and body."""
        self._connection.request(method, self._prefix + path, body, self._headers | headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


def service_app() -> Any:
    """Return the service on the database that the environment names; granian calls this."""
    most: dict[str, Any] = {"rate_per_minute": 10_000_000, "guest_rate_per_minute": 10_000_000}
    return create_app(Settings(log_level="warning", **most))


@contextmanager
def _serving(target: str, environment: dict[str, str]) -> Iterator[int]:
    """Run an application under granian for as long as a block lasts, and yield its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--workers", "1", "--no-ws", "--port", str(port)]
    with subprocess.Popen([*command, "--log-level", "error", target], env=os.environ | environment) as process:
        try:
            _await(port, process)
            yield port
        finally:
            process.terminate()
            process.wait(20)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server didn't start")


def _timed(work: Callable[[], tuple[int, bytes]], wanted: int) -> float:
    began = time.perf_counter()
    status, body = work()
    took = time.perf_counter() - began
    if status != wanted:
        raise RuntimeError(f"expected {wanted}, got {status}: {body[:300]!r}")
    return took


def _in_turn(works: list[Callable[[], tuple[int, bytes]]], wanted: int, n: int) -> list[Times]:
    """Measure several requests in turn, so that whatever disturbs the machine disturbs all of them."""
    for work in works:
        for _ in range(min(20, n)):
            _timed(work, wanted)
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(n):
        for own, work in zip(taken, works, strict=True):
            own.append(_timed(work, wanted))
    return [Times.of(own) for own in taken]


def _stock(database: Database, n: int, first: int, *, history: bool) -> None:
    """Add lots of the cooperative like one that it has; history is shipped and a year old, the rest is new."""
    columns = [column.name for column in Lot.__table__.columns if column.name not in GENERATED]
    kept = ", ".join(columns)
    for start in range(first, first + n, BATCH):
        stop = min(start + BATCH, first + n)
        with database.write() as session:
            like = session.scalars(
                select(Lot.id).join(Organisation, Organisation.id == Lot.organisation_id).where(Organisation.code == COOPERATIVE)
            )
            sample = like.first()
            if database.dialect == "sqlite":
                series = f"WITH RECURSIVE s(n) AS (SELECT {start} UNION ALL SELECT n + 1 FROM s WHERE n < {stop - 1})"
                name, made = (
                    "printf('%026d', n)",
                    f"strftime('%Y-%m-%dT%H:%M:%f000Z', '2025-01-01', '+' || (n / 10) || ' seconds'{_later(history)})",
                )
            else:
                # The ledger's triggers would take a quarter of an hour over a million lots, and no list reads what they write.
                session.execute(text("SET LOCAL statement_timeout = 0; SET LOCAL session_replication_role = replica"))
                series = f"WITH s(n) AS (SELECT generate_series({start}, {stop - 1}))"
                name, made = (
                    "lpad(n::text, 26, '0')",
                    f"timestamptz '{'2025-01-01' if history else '2026-01-01'} 00:00:00Z' + n * interval '100 ms'",
                )
            status = "shipped" if history else "declared"
            session.execute(
                text(f"{series} INSERT INTO lot (uid, code, created_at, status, {kept}) SELECT {name}, {name}, {made}, '{status}', "
                     f"{', '.join('lot.' + column for column in columns)} FROM lot, s WHERE lot.id = {sample}")
            )  # fmt: skip
    database.tune()


def _later(history: bool) -> str:
    return "" if history else ", '+1 year'"


def _lot(demo: Demo) -> bytes:
    """Return the body of a new lot."""
    facts = demo.facts
    given = {"organisation": facts["COOP"], "site": facts["COOP_SITE"], "product": facts["PRODUCT"], "grade": 1, "quantity_kg": 1000,
             "available_from": "2027-06-07", "available_until": "2027-06-09", "shelf_life_days": 7, "ask_vnd_per_kg": 15_000}  # fmt: skip
    return json.dumps(given).encode()


def _facts(database: Database) -> tuple[Demo, dict[str, str]]:
    demo = seed(database)
    with database.read() as session:
        coop = session.scalars(select(Organisation).where(Organisation.uid == demo.facts["COOP"])).one()
        product = session.scalars(select(Lot).where(Lot.organisation_id == coop.id).order_by(Lot.id)).first()
        assert product is not None
        from catalog.models import Product

        demo.facts["PRODUCT"] = session.get_one(Product, product.product_id).code
        return demo, {service_bare.ASSOCIATION: str(coop.association_id), service_bare.ORGANISATION: str(coop.id)}


def measure(address: str, history: int, n: int) -> Iterator[tuple[str, Times, Times, float]]:
    """Yield what was measured on a database: a name, the service's times, what they are compared with, and the ratio of medians."""
    database = Database(address)
    database.upgrade()
    demo, bare_facts = _facts(database)
    _stock(database, STOCK, 0, history=False)
    environment = {"MCA_DATABASE_URL": address, service_bare.DATABASE: address, **bare_facts}
    lot = _lot(demo)
    with (
        _serving("benchmarks.service_speed:service_app", environment) as port,
        _serving("benchmarks.service_bare:create_app", environment) as other,
    ):
        service, bare = Asker(port, "/api/v1", demo.facts["COOP_KEY"]), Asker(other, "")
        listing, posting = lambda: service.ask("GET", "/lots?limit=50"), lambda: service.ask("POST", "/lots", lot)
        idle_list, bare_list = _in_turn([listing, lambda: bare.ask("GET", "/lots")], 200, n)
        yield "list 50 lots, beside the barest", idle_list, bare_list, idle_list.median_ms / bare_list.median_ms
        idle_post, bare_post = _in_turn([posting, lambda: bare.ask("POST", "/lots", lot)], 201, n)
        yield "post a lot, beside the barest", idle_post, bare_post, idle_post.median_ms / bare_post.median_ms
        with _solving(port, demo, environment):
            (busy_list,), (busy_post,) = _in_turn([listing], 200, n), _in_turn([posting], 201, n)
        yield "list 50 lots while a run solves", busy_list, idle_list, busy_list.median_ms / idle_list.median_ms
        yield "post a lot while a run solves", busy_post, idle_post, busy_post.median_ms / idle_post.median_ms
        if history:
            _stock(database, history, STOCK, history=True)
            # The server has closed the connection meanwhile.
            service = Asker(port, "/api/v1", demo.facts["COOP_KEY"])
            (late_list,) = _in_turn([lambda: service.ask("GET", "/lots?limit=50")], 200, n)
            yield f"list 50 lots after {history:,} of history", late_list, idle_list, late_list.median_ms / idle_list.median_ms
    database.close()


@contextmanager
def _solving(port: int, demo: Demo, environment: dict[str, str]) -> Iterator[None]:
    """Let a worker solve a run for as long as a block lasts."""
    broker = Asker(port, "/api/v1", demo.facts["BROKER_KEY"])
    status, body = broker.ask("POST", "/runs", json.dumps({"time_limit_s": RUN_S}).encode())
    if status != 202:
        raise RuntimeError(f"no run: {body[:500]!r}")
    place = f"/runs/{json.loads(body)['uid']}"
    with subprocess.Popen([sys.executable, "-m", "service.cli", "worker"], env=os.environ | environment) as worker:
        try:
            for _ in range(600):
                run = json.loads(broker.ask("GET", place)[1])
                if run["state"] == "running":
                    break
                time.sleep(0.1)
            else:
                raise RuntimeError(f"the run didn't start: {run}")
            yield
        finally:
            worker.terminate()
            worker.wait(30)


def main() -> int:
    """Measure, print a table, and return 1 if something takes more than twice as long."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--history", type=int, default=1_000_000, help="lots of history; 0 leaves them out")
    words.add_argument("--requests", type=int, default=200, help="requests of each kind")
    words.add_argument("--postgresql", default="", help="address of an empty database; a server of its own where none is given")
    words.add_argument("--only", choices=["sqlite", "postgresql"], default=None)
    chosen = words.parse_args()
    worst = 0.0
    for dialect in ("sqlite", "postgresql"):
        if chosen.only in (None, dialect):
            with _address(dialect, chosen.postgresql) as address:
                for name, own, other, ratio in measure(address, chosen.history, chosen.requests):
                    worst = max(worst, ratio)
                    print(
                        f"{dialect:10} {name:42} {own.median_ms:7.2f} ms (p95 {own.p95_ms:7.2f})"
                        f" : {other.median_ms:7.2f} ms = {ratio:4.2f}",
                        flush=True,
                    )
    return int(worst > MOST)


@contextmanager
def _address(dialect: str, given: str) -> Iterator[str]:
    if dialect == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'mca.db'}"
    elif given:
        yield given
    else:
        from tests.databases import empty_postgresql
        from tests.postgres import server

        with server() as url:
            yield empty_postgresql(url)


if __name__ == "__main__":
    sys.exit(main())
