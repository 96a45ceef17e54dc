"""What other clients feel while somebody floods the service: ``python -m benchmarks.floods``.

Each attack runs against `mca serve` on each database, from an address of its own on the loopback (127.0.0.0/8, so Linux alone), with an
ordinary account or none. Bystanders at other addresses ask for lots, for the page to log in by and for the service's health. Printed are
the median and the ninety-ninth percentile of what they wait without and during the attack, and how the attack's requests were answered.
The exit status is 1 where the ninety-ninth percentile is more than twice what it is without, and more than `FELT_MS`.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import io
import json
import math
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import xlsxwriter

from benchmarks.loading import address_of
from benchmarks.machine import describe_machine
from benchmarks.tables import markdown
from service.db import Database
from service.demo import Demo, seed
from service.models import Role

ATTACKER = "127.0.0.66"
BYSTANDERS = ("127.0.0.11", "127.0.0.12", "127.0.0.13")
BETWEEN_S = 0.025
AGAIN_S = 0.5
"""How often an attacker opens anew what was closed."""
MOST_TIMES, FELT_MS = 2.0, 50.0
WORKBOOK_ROWS = 40_000
JSON = {"Content-Type": "application/json"}


@dataclass
class Target:
    """A service to attack: its port, what gets one in, and the uids that attacks name."""

    port: int
    demo: Demo
    lot: str = ""
    run: str = ""
    cookie: str = ""

    def ask(self, method: str, path: str, body: bytes | None = None, source: str = BYSTANDERS[0], **headers: str) -> tuple[int, bytes, str]:
        """Send one request over a connection of its own; return status, body and the cookies that were set."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=120, source_address=(source, 0))) as line:
            line.request(method, path, body, headers)
            answer = line.getresponse()
            cookies = "; ".join(one.partition(";")[0] for one in answer.headers.get_all("set-cookie") or ())
            return answer.status, answer.read(), cookies

    def key(self, role: str) -> dict[str, str]:
        """Return the header by which a partner's program gets in."""
        return {"Authorization": f"Bearer {self.demo.facts[role]}"}


@dataclass
class Attack:
    """One attack while it runs: whether it shall end, and how its requests were answered."""

    target: Target
    ending: threading.Event = field(default_factory=threading.Event)
    answers: Counter[str] = field(default_factory=Counter)
    sockets: list[socket.socket] = field(default_factory=list)

    def open(self, head: str) -> socket.socket | None:
        """Open a connection and send the beginning of a request."""
        try:
            made = socket.create_connection(("127.0.0.1", self.target.port), 5, source_address=(ATTACKER, 0))
            made.sendall(head.replace("\n", "\r\n").encode())
        except OSError as error:
            self.answers[type(error).__name__] += 1
            return None
        self.sockets.append(made)
        return made

    def hold(self, number: int, head: str, *, trickle: str = "") -> None:
        """Keep so many connections open that have sent a head, and open others for those that are closed."""
        while not self.ending.wait(AGAIN_S):
            for one in list(self.sockets):
                self._look_at(one, trickle)
            for _ in range(number - len(self.sockets)):
                self.open(head)
        for one in self.sockets:
            one.close()

    def _look_at(self, one: socket.socket, trickle: str) -> None:
        one.setblocking(False)
        try:
            got = one.recv(65_536)
            if got.startswith(b"HTTP/1.1 "):
                self.answers[got[9:12].decode()] += 1
            if not got:
                raise ConnectionResetError
        except BlockingIOError:
            with contextlib.suppress(OSError):
                one.sendall(trickle.encode())
        except OSError:
            self.answers["closed"] += 1
            self.sockets.remove(one)
            one.close()

    def repeat(self, workers: int, ask: Callable[[], int]) -> None:
        """Ask again and again from so many threads."""

        def work() -> None:
            while not self.ending.is_set():
                try:
                    self.answers[str(ask())] += 1
                except OSError as error:
                    self.answers[type(error).__name__] += 1

        threads = [threading.Thread(target=work, daemon=True) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def unfinished_logins(attack: Attack) -> None:
    """130 logins whose bodies never end."""
    attack.hold(130, "POST /api/v1/login HTTP/1.1\nHost: mca\nContent-Type: application/json\nContent-Length: 900\n\n{", trickle=" ")


def half_open_requests(attack: Attack) -> None:
    """200 requests whose headers never end."""
    attack.hold(200, "GET /healthz HTTP/1.1\nHost: mca\nX-A: ", trickle="a")


def event_streams(attack: Attack) -> None:
    """135 event streams of one account."""
    bearer = attack.target.key("BROKER_KEY")["Authorization"]
    head = f"GET /api/v1/runs/{attack.target.run}/events HTTP/1.1\nHost: mca\nAccept: text/event-stream\nAuthorization: {bearer}\n\n"
    attack.hold(135, head)


def idle_connections(attack: Attack) -> None:
    """400 connections that stay open after one request."""
    attack.hold(400, "GET /healthz HTTP/1.1\nHost: mca\n\n")


def searches(attack: Attack) -> None:
    """30 clients of one clerk who look for what would match a lot."""
    cookie, path = attack.target.cookie, f"/lots/{attack.target.lot}?look=true"
    attack.repeat(30, lambda: attack.target.ask("GET", path, source=ATTACKER, Cookie=cookie, Accept="text/html")[0])


def workbooks(attack: Attack) -> None:
    """Ten workbooks of many megabytes at once, of one clerk."""
    content, kind = large_workbook(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    headers = {**attack.target.key("COOP_KEY"), "Content-Type": kind}
    place = "/api/v1/uploads/lots?dry_run=true"
    attack.repeat(10, lambda: attack.target.ask("POST", place, content, source=ATTACKER, **headers)[0])


ATTACKS = (unfinished_logins, half_open_requests, event_streams, idle_connections, searches, workbooks)


def large_workbook() -> bytes:
    """Return a workbook of lots, most of whose cells are noise."""
    file, noise = io.BytesIO(), random.Random(1)
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("lots")
        sheet.write_row(0, 0, ["code", "product", "site", "quantity_kg", "ask_vnd_per_kg", "available_from", "available_until", "note"])
        for row in range(1, WORKBOOK_ROWS):
            sheet.write_row(row, 0, [noise.randbytes(30).hex() for _ in range(8)])
    return file.getvalue()


@contextmanager
def bystanding(target: Target) -> Iterator[list[float]]:
    """Let bystanders ask for as long as a block lasts; yield the seconds that each of their requests took."""
    taken: list[float] = []
    ending = threading.Event()
    asks = [("/api/v1/lots?limit=50", target.key("COOP_KEY")), ("/sign-in", {"Accept": "text/html"}), ("/healthz", {})]

    def stand(source: str) -> None:
        line = http.client.HTTPConnection("127.0.0.1", target.port, timeout=60, source_address=(source, 0))
        for path, headers in cycle(asks):
            if ending.is_set():
                return line.close()
            began = time.perf_counter()
            try:
                line.request("GET", path, headers=headers)
                answer = line.getresponse()
                answer.read()
                refused = answer.status != 200
            except OSError:
                line.close()
                refused = True
            taken.append(60.0 if refused else time.perf_counter() - began)
            time.sleep(BETWEEN_S)
        return None

    threads = [threading.Thread(target=stand, args=(source,), daemon=True) for source in BYSTANDERS]
    for thread in threads:
        thread.start()
    yield taken
    ending.set()
    for thread in threads:
        thread.join()


def quantile_ms(taken: Sequence[float], share: float) -> float:
    """Return a quantile of some seconds, in milliseconds."""
    return sorted(taken)[min(len(taken) - 1, int(share * len(taken)))] * 1000 if taken else math.inf


def measure(target: Target, work: Callable[[Attack], None], seconds: float) -> dict[str, str]:
    """Return what bystanders waited before and during an attack, and how it was answered."""
    quiet, busy = [], []
    with bystanding(target) as taken:
        time.sleep(seconds)
        quiet = list(taken)
    attack = Attack(target)
    thread = threading.Thread(target=work, args=(attack,), daemon=True)
    thread.start()
    time.sleep(1.0)
    with bystanding(target) as taken:
        time.sleep(2 * seconds)
        busy = list(taken)
    attack.ending.set()
    thread.join(60)
    time.sleep(1.0)
    with bystanding(target) as taken:
        time.sleep(seconds)
        quiet += taken
    before, during = (quantile_ms(one, 0.99) for one in (quiet, busy))
    return {
        "attack": (work.__doc__ or "").strip().rstrip("."),
        "p50 idle, ms": f"{quantile_ms(quiet, 0.5):.1f}", "p50 attacked, ms": f"{quantile_ms(busy, 0.5):.1f}",
        "p99 idle, ms": f"{before:.1f}", "p99 attacked, ms": f"{during:.1f}", "times": f"{during / before:.2f}",
        "answers": ", ".join(f"{count} × {name}" for name, count in attack.answers.most_common()),
    }  # fmt: skip


@contextmanager
def serving(address: str, folder: Path) -> Iterator[Target]:
    """Serve the sample season with a plan in force and a run that waits, for as long as a block lasts."""
    database = Database(address)
    database.upgrade()
    demo = seed(database)
    database.close()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    rates = {"MCA_RATE_PER_MINUTE": "1000000", "MCA_GUEST_RATE_PER_MINUTE": "1000000", "MCA_LOG_LEVEL": "warning"}
    environment = {**os.environ, "MCA_DATABASE_URL": address, **rates}
    mca = [sys.executable, "-m", "service.cli.main"]
    with subprocess.Popen(
        [*mca, "serve", "--no-worker", "--port", str(port)], cwd=folder, env=environment, stdout=subprocess.DEVNULL
    ) as one:
        try:
            target = Target(port, demo)
            _await(target)
            with subprocess.Popen([*mca, "worker"], cwd=folder, env=environment, stdout=subprocess.DEVNULL) as worker:
                _plan(target)
                worker.terminate()
            _prepare(target)
            yield target
        finally:
            one.terminate()


def _await(target: Target) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError):
            if target.ask("GET", "/healthz")[0] == 200:
                return
        time.sleep(0.1)
    raise RuntimeError("the service didn't start")


def _plan(target: Target) -> None:
    """Plan and put the plan into force."""
    broker = target.key("BROKER_KEY")
    run = _made(target.ask("POST", "/api/v1/runs", b'{"time_limit_s": 5}', **broker, **JSON))
    while (found := _made(target.ask("GET", f"/api/v1/runs/{run['uid']}", None, **broker)))["state"] not in {"done", "failed"}:
        time.sleep(0.2)
    plan = _made(target.ask("GET", f"/api/v1/plans/{found['plan']}", None, **broker))
    version = {"If-Match": f'W/"{plan["version"]}"'}
    _made(target.ask("POST", f"/api/v1/plans/{plan['uid']}/publish", b"{}", **broker, **JSON, **version))


def _prepare(target: Target) -> None:
    """Log the clerk in, and find the lot and the run that attacks name."""
    clerk = next(one for one in target.demo.logins if one.role is Role.CLERK)
    given = json.dumps({"login": clerk.login, "password": clerk.password}).encode()
    target.cookie = target.ask("POST", "/api/v1/login", given, **JSON)[2]
    lots = _made(target.ask("GET", "/api/v1/lots?status=declared", None, **target.key("COOP_KEY")))
    target.lot = lots["items"][0]["uid"]
    target.run = _made(target.ask("POST", "/api/v1/runs", b"{}", **target.key("BROKER_KEY"), **JSON))["uid"]


def _made(answer: tuple[int, bytes, str]) -> dict[str, Any]:
    status, body, _ = answer
    if status >= 300:
        raise RuntimeError(f"{status}: {body[:500]!r}")
    made: dict[str, Any] = json.loads(body)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the attacks and print what others felt."""
    words = argparse.ArgumentParser("python -m benchmarks.floods", description=(__doc__ or "").splitlines()[0])
    words.add_argument("--seconds", type=float, default=8.0, help="of each look at bystanders")
    words.add_argument("--databases", nargs="+", choices=["sqlite", "postgresql"], default=["sqlite", "postgresql"])
    words.add_argument("--only", nargs="+", choices=[one.__name__ for one in ATTACKS], default=[one.__name__ for one in ATTACKS])
    given = words.parse_args(arguments)
    print(markdown([{"machine": key, "": value} for key, value in describe_machine().items()]), flush=True)
    felt = False
    for dialect in given.databases:
        print(f"\n## {dialect}", flush=True)
        with address_of(dialect) as address, tempfile.TemporaryDirectory() as folder, serving(address, Path(folder)) as target:
            for one in ATTACKS:
                if one.__name__ in given.only:
                    row = measure(target, one, given.seconds)
                    felt |= float(row["times"]) > MOST_TIMES and float(row["p99 attacked, ms"]) > FELT_MS
                    print("\n" + markdown([row]), flush=True)
    return int(felt)


if __name__ == "__main__":
    sys.exit(main())
