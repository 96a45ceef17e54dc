"""How long the service takes beside the barest endpoint that does the same; ``python -m benchmarks.service_speed``.

On each database, in one run on one machine: listing fifty lots and posting one, each beside `benchmarks.service_bare`; requests while a
planning run solves, beside the same while it is held; lists with a million lots of history, beside the same without. Each may take twice
as long at most. What is compared is asked in turn, so that whatever else the machine does slows both alike. Servers run under
granian with one worker, over connections that stay open.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
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
RUN_S, IN_A_ROW = 300, 10
SERVICE = "benchmarks.service_speed:service_app"
LISTS = (
    "", "&status=declared", "&status=declared&sort=available_from", "&sort=available_from", "&sort=-quantity_kg", "&sort=ask_vnd_per_kg",
    "&sort=code", "&available_from=2027-06-01", "&code=00000000000000000000000042",
)  # fmt: skip
"""Filters and orders that lots are listed by."""
GENERATED = {"id", "created_at"}


@dataclass(frozen=True)
class Dialect:
    """How a database makes many rows of one: a series of numbers n, a name and a moment of each, a day some years before another."""

    series: str
    name: str
    moment: str
    earlier: str
    first: tuple[str, ...] = ()


SQLITE = Dialect(
    "WITH RECURSIVE s(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {last})",
    "printf('%026d', n)",
    "strftime('%Y-%m-%dT%H:%M:%f000Z', '{start}', '+' || (n * 0.1) || ' seconds')",
    "date({day}, '-' || (365 + n % 731) || ' days')",
)
POSTGRESQL = Dialect(
    "WITH s(n) AS (SELECT generate_series({first}, {last}))",
    "lpad(CAST(n AS text), 26, '0')",
    "CAST('{start} 00:00:00Z' AS timestamptz) + n * interval '100 ms'",
    "{day} - (365 + n % 731)",
    # The ledger's triggers would take a quarter of an hour over a million lots, and no list reads what they write.
    ("SET LOCAL statement_timeout = 0", "SET LOCAL session_replication_role = replica"),
)


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


Measured = tuple[str, Times, Times]
"""What was measured: a name, the times, and those that they are compared with."""


class Asker:
    """A client of one server, over one connection."""

    def __init__(self, port: int, prefix: str, key: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._prefix = prefix
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """Send a request and return the answer's status and body."""
        try:
            return self._ask(method, path, body, headers)
        except http.client.RemoteDisconnected:
            # A server lets connections go that were idle while another one was asked.
            self._connection.close()
            return self._ask(method, path, body, headers)

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
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


def _in_turn(works: Sequence[Callable[[], tuple[int, bytes]]], wanted: int, n: int) -> list[Times]:
    """Measure several requests in turn, so that whatever disturbs the machine disturbs all of them."""
    for _ in range(min(20, n)):
        for work in works:
            _timed(work, wanted)
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(n):
        for own, work in zip(taken, works, strict=True):
            own.append(_timed(work, wanted))
    return [Times.of(own) for own in taken]


def _stock(database: Database, n: int, first: int, *, history: bool) -> None:
    """Add lots of the cooperative like one that it has, with various kilograms and prices; history is shipped, one to three years old."""
    own = {column.name: f"lot.{column.name}" for column in Lot.__table__.columns if column.name not in GENERATED}
    dialect = SQLITE if database.dialect == "sqlite" else POSTGRESQL
    own |= {
        "quantity_kg": "lot.quantity_kg + n % 4999",
        "ask_vnd_per_kg": "lot.ask_vnd_per_kg + n % 9973",
        "uid": dialect.name,
        "code": dialect.name,
    }
    own["status"] = "'shipped'" if history else "'declared'"
    own["created_at"] = dialect.moment.format(start="2025-01-01" if history else "2026-01-01")
    if history:
        own |= {name: dialect.earlier.format(day=f"lot.{name}") for name in ("available_from", "available_until")}
    for start in range(first, first + n, BATCH):
        series = dialect.series.format(first=start, last=min(start + BATCH, first + n) - 1)
        with database.write() as session:
            like = select(Lot.id).join(Organisation, Organisation.id == Lot.organisation_id).where(Organisation.code == COOPERATIVE)
            sample = session.scalars(like.order_by(Lot.id)).first()
            for statement in dialect.first:
                session.execute(text(statement))
            insert = f"{series} INSERT INTO lot ({', '.join(own)}) SELECT {', '.join(own.values())} FROM lot, s WHERE lot.id = {sample}"
            session.execute(text(insert))
    database.tune()


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


@dataclass(frozen=True)
class Season:
    """A database with the sample season, and what lets a client and the barest endpoint in."""

    address: str
    demo: Demo
    environment: dict[str, str]


def _furnished(address: str, history: int) -> Season:
    """Put the sample season into an empty database, with lots of history."""
    database = Database(address)
    database.upgrade()
    demo, bare = _facts(database)
    _stock(database, STOCK, 0, history=False)
    if history:
        _stock(database, history, STOCK, history=True)
    database.close()
    return Season(address, demo, {"MCA_DATABASE_URL": address, service_bare.DATABASE: address, **bare})


def measure(season: Season, n: int) -> Iterator[Measured]:
    """Yield what was measured on a database without history."""
    lot, facts = _lot(season.demo), season.demo.facts
    with _serving(SERVICE, season.environment) as port, _serving("benchmarks.service_bare:create_app", season.environment) as other:
        service, bare, broker = Asker(port, "/api/v1", facts["COOP_KEY"]), Asker(other, ""), Asker(port, "/api/v1", facts["BROKER_KEY"])
        listing, posting = lambda: service.ask("GET", "/lots?limit=50"), lambda: service.ask("POST", "/lots", lot)
        listed, bare_listed = _in_turn([listing, lambda: bare.ask("GET", "/lots")], 200, n)
        yield "list 50 lots, beside the barest", listed, bare_listed
        posted, bare_posted = _in_turn([posting, lambda: bare.ask("POST", "/lots", lot)], 201, n)
        yield "post a lot, beside the barest", posted, bare_posted
        asked: list[tuple[str, Callable[[], tuple[int, bytes]], int]] = [
            ("list 50 lots", listing, 200),
            ("post a lot", posting, 201),
            ("list 50 lines", lambda: broker.ask("GET", "/lines?limit=50"), 200),
            ("show an association", lambda: broker.ask("GET", "/organisations?limit=50"), 200),
        ]
        with _solving(broker, season.environment) as worker:
            for name, work, wanted in asked:
                yield f"{name} while a run solves", *_while(worker, work, wanted, n)


def measure_history(young: Season, old: Season, n: int) -> Iterator[Measured]:
    """Yield how long lists take with history, beside the same lists without."""
    with _serving(SERVICE, old.environment) as port, _serving(SERVICE, young.environment) as other:
        for key in ("COOP_KEY", "BROKER_KEY"):
            askers = [Asker(place, "/api/v1", season.demo.facts[key]) for place, season in ((port, old), (other, young))]
            for query in LISTS:
                works = [partial(asker.ask, "GET", f"/lots?limit=50{query}") for asker in askers]
                late, early = _in_turn(works, 200, n)
                yield f"{key.partition('_')[0].lower()}: lots{query or ' as they come'}", late, early


class Held:
    """A worker and all that it has started, which can be held and let go."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to all of them."""
        family = [self._pid]
        for one in family:
            for file in Path(f"/proc/{one}/task").glob("*/children"):
                family += [int(word) for word in file.read_text().split()]
        for one in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, number)


def _while(worker: Held, work: Callable[[], tuple[int, bytes]], wanted: int, n: int) -> tuple[Times, Times]:
    """Measure a request a few times while a worker works and a few times while it is held, and so on."""
    busy: list[float] = []
    idle: list[float] = []
    try:
        for _ in range(max(1, n // IN_A_ROW)):
            for taken, number in ((busy, signal.SIGCONT), (idle, signal.SIGSTOP)):
                worker.tell(number)
                taken += [_timed(work, wanted) for _ in range(IN_A_ROW)]
    finally:
        worker.tell(signal.SIGCONT)
    return Times.of(busy), Times.of(idle)


@contextmanager
def _solving(broker: Asker, environment: dict[str, str]) -> Iterator[Held]:
    """Let a worker solve a run for as long as a block lasts."""
    status, body = broker.ask("POST", "/runs", json.dumps({"time_limit_s": RUN_S}).encode())
    if status != 202:
        raise RuntimeError(f"no run: {body[:500]!r}")
    place = f"/runs/{json.loads(body)['uid']}"
    with subprocess.Popen([sys.executable, "-m", "service.cli.main", "worker"], env=os.environ | environment) as worker:
        try:
            for _ in range(600):
                run = json.loads(broker.ask("GET", f"{place}/progress")[1])
                if run["items"]:
                    break
                time.sleep(0.1)
            else:
                raise RuntimeError(f"the run didn't start: {run}")
            yield Held(worker.pid)
            if json.loads(broker.ask("GET", place)[1])["state"] != "running":
                raise RuntimeError("the run ended before all was measured")
        finally:
            worker.terminate()
            worker.wait(30)


def main() -> int:
    """Measure, print a table, and return 1 if something takes more than twice as long."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--history", type=int, default=1_000_000, help="lots of history; 0 leaves them out")
    words.add_argument("--requests", type=int, default=200, help="requests of each kind")
    words.add_argument("--only", choices=["sqlite", "postgresql"], default=None)
    chosen = words.parse_args()
    worst = 0.0
    for dialect in ("sqlite", "postgresql"):
        if chosen.only in (None, dialect):
            for name, own, other in _measured(dialect, chosen.history, chosen.requests):
                ratio = own.median_ms / other.median_ms
                worst = max(worst, ratio)
                print(
                    f"{dialect:10} {name:48} {own.median_ms:7.2f} ms (p95 {own.p95_ms:7.2f})"
                    f" : {other.median_ms:7.2f} ms (p95 {other.p95_ms:7.2f}) = {ratio:4.2f}",
                    flush=True,
                )
    print(f"the worst ratio is {worst:.2f}; at most {MOST} is wanted")
    return int(worst > MOST)


def _measured(dialect: str, history: int, n: int) -> Iterator[Measured]:
    with _addresses(dialect) as (first, second):
        young = _furnished(first, 0)
        if history:
            yield from measure_history(young, _furnished(second, history), n)
        yield from measure(young, n)


@contextmanager
def _addresses(dialect: str) -> Iterator[tuple[str, str]]:
    """Yield the addresses of two empty databases."""
    if dialect == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'young.db'}", f"sqlite:///{Path(folder) / 'old.db'}"
    else:
        from tests.databases import empty_postgresql
        from tests.postgres import server

        with server() as url:
            yield empty_postgresql(url), empty_postgresql(url)


if __name__ == "__main__":
    sys.exit(main())
