"""Workers as processes of their own, made quickly: forked from one process that has imported everything and opened nothing.

A worker whose clock is to be wrong is started afresh, because that is done when a program is loaded.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from service.settings import Settings
from tests.service import run_solvers

ROOT = Path(__file__).resolve().parents[2]
ASSOCIATION = "RUN_TEST_ASSOCIATION"
"""Environment variable: number of the association that a submitter asks for runs of."""
SHIFT = "RUN_TEST_HOURS"
"""Environment variable: by how many hours this process's clock is wrong."""
FAKETIME = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)


def variables(settings: Settings, folder: Path) -> dict[str, str]:
    """Return what a worker's environment has besides the usual."""
    given = {f"MCA_{name.upper()}": str(getattr(settings, name)) for name in settings.model_fields_set}
    return {**given, run_solvers.FOLDER: str(folder)}


def wrong_clock(hours: float) -> dict[str, str]:
    """Return variables that make a new process's clock wrong; for C libraries too, where libfaketime is installed."""
    if FAKETIME is None:
        return {SHIFT: str(hours)}
    return {"LD_PRELOAD": str(FAKETIME), "FAKETIME": f"{hours:+g}h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


class Nursery:
    """The process that workers are forked from."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.service.run_process"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._ended: dict[int, int] = {}
        self._born: list[int] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, pid, status = line.split()
            with self._news:
                if word == "born":
                    self._born.append(int(pid))
                else:
                    self._ended[int(pid)] = int(status)
                self._news.notify_all()

    def start(self, planner: str, given: dict[str, str], log: Path) -> int:
        """Start a worker; return its number."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([planner, given, str(log)]) + "\n")
        self._process.stdin.flush()
        with self._news:
            assert self._news.wait_for(lambda: self._born, timeout=60)
            return self._born.pop()

    def wait(self, pid: int) -> int:
        """Wait until a worker has ended; return its status, negative for a signal."""
        with self._news:
            assert self._news.wait_for(lambda: pid in self._ended, timeout=60)
            return self._ended[pid]

    def ended(self, pid: int) -> bool:
        with self._news:
            return pid in self._ended

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._reader.join(timeout=60)
        self._process.stdout.close()


class WorkerProcess:
    """One worker process, and what it has logged."""

    def __init__(self, nursery: Nursery, planner: str, settings: Settings, folder: Path) -> None:
        self.log = folder / f"worker-{len(list(folder.glob('worker-*')))}.log"
        self.log.touch()
        self._nursery = nursery
        self.pid = nursery.start(planner, variables(settings, folder), self.log)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def logged(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def wait(self) -> int:
        return self._nursery.wait(self.pid)

    @property
    def is_running(self) -> bool:
        return not self._nursery.ended(self.pid)

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self.is_running:
                self.signal(signal.SIGCONT)
                self.signal(signal.SIGKILL)
        self.wait()


@contextlib.contextmanager
def worker_process(nursery: Nursery, planner: str, settings: Settings, folder: Path) -> Iterator[WorkerProcess]:
    """Keep a worker process for as long as the block lasts."""
    worker = WorkerProcess(nursery, planner, settings, folder)
    try:
        yield worker
    finally:
        worker.close()


@contextlib.contextmanager
def worker_with_wrong_clock(planner: str, settings: Settings, folder: Path, hours: float) -> Iterator[Path]:
    """Keep a worker whose clock is wrong for as long as the block lasts; yields its log."""
    log, env = folder / "wrong-clock.log", {**os.environ, **variables(settings, folder), **wrong_clock(hours)}
    with log.open("wb") as file:
        worker = subprocess.Popen([sys.executable, "-m", "tests.service.run_process", planner], env=env, cwd=ROOT, stderr=file)
        try:
            yield log
        finally:
            worker.kill()
            worker.wait()


def work(planner: str) -> None:
    """Be a worker whose planner is one of `run_solvers`, or one who asks for runs."""
    if planner == "submitter":
        return submit_without_end()
    from service import logs
    from service.db import Database
    from service.runs.worker import Worker
    from service.settings import read_settings

    logs.configure("info", sys.stderr)
    settings = read_settings()
    worker = Worker(Database(settings.database_url), settings, getattr(run_solvers, planner))
    worker.end_on_signals()
    return worker.run()


def submit_without_end() -> None:
    """Ask for runs, one transaction after another, and write each uid to standard error once its transaction is acknowledged."""
    from catalog.tenancy import Scope
    from service.audit import record
    from service.db import Database, now
    from service.runs.run_events import deed_of
    from service.runs.submission import Wanted, submit
    from service.settings import read_settings
    from service.webhooks.events import emit

    settings = read_settings()
    database, scope = Database(settings.database_url), Scope(int(os.environ[ASSOCIATION]))
    while True:
        with database.write() as session:
            run, _ = submit(session, scope, Wanted(), "Lan", settings)
            emit(session, scope.association_id, "webhook.test", {"run": run.uid})
            record(session, deed_of(run, "Lan", "run.submit"), now(session))
        os.write(2, f"{run.uid}\n".encode())


def work_at_another_time(planner: str, hours: float) -> None:
    """Be one whose clock is wrong."""
    from datetime import UTC, datetime, timedelta

    import time_machine

    with time_machine.travel(datetime.now(UTC) + timedelta(hours=hours), tick=True):
        work(planner)


def breed() -> None:
    """Fork workers as they are asked for, until standard input closes."""
    importlib.import_module("service.runs.worker")
    children: set[int] = set()
    listening = threading.Thread(target=_bury, args=(children,), daemon=True)
    listening.start()
    for line in sys.stdin:
        planner, given, log = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _be_born(planner, given, log)
        children.add(pid)
        _tell("born", pid, 0)
    for pid in list(children):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _be_born(planner: str, given: dict[str, str], log: str) -> None:
    status = 1
    try:
        os.environ.update(given)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND), 2)
        work(planner)
        status = 0
    finally:
        sys.stderr.flush()
        os._exit(status)


def _bury(children: set[int]) -> None:
    """Say of each worker that ends how it did."""
    import time

    while True:
        with contextlib.suppress(ChildProcessError):
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid:
                children.discard(pid)
                _tell("ended", pid, os.waitstatus_to_exitcode(status))
                continue
        time.sleep(0.02)


def _tell(word: str, pid: int, status: int) -> None:
    os.write(1, f"{word} {pid} {status}\n".encode())


def main(arguments: list[str]) -> Any:
    if not arguments:
        return breed()
    hours = os.environ.get(SHIFT)
    return work_at_another_time(arguments[0], float(hours)) if hours else work(arguments[0])


if __name__ == "__main__":
    main(sys.argv[1:])
