"""A worker as a process of its own: ``python -m tests.service.run_process PLANNER`` with the settings in the environment."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from service.settings import Settings
from tests.service import run_solvers

ROOT = Path(__file__).resolve().parents[2]
SHIFT = "RUN_TEST_HOURS"
"""Environment variable: by how many hours this process's clock is wrong."""
FAKETIME = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)


def environment(settings: Settings, folder: Path, hours: float = 0.0) -> dict[str, str]:
    """Return the environment of a worker process; its clock is wrong by some hours, for C libraries too where libfaketime is installed."""
    given = {f"MCA_{name.upper()}": str(getattr(settings, name)) for name in settings.model_fields_set}
    env = {**os.environ, **given, run_solvers.FOLDER: str(folder), "OPENBLAS_NUM_THREADS": "1"}
    if hours and FAKETIME is not None:
        env |= {"LD_PRELOAD": str(FAKETIME), "FAKETIME": f"{hours:+g}h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    elif hours:
        env[SHIFT] = str(hours)
    return env


def command(planner: str) -> list[str]:
    return [sys.executable, "-m", "tests.service.run_process", planner]


class WorkerProcess:
    """One worker process, and what it has logged."""

    def __init__(self, planner: str, settings: Settings, folder: Path, hours: float = 0.0) -> None:
        self.log = folder / f"worker-{len(list(folder.glob('worker-*')))}.log"
        self._file: IO[bytes] = self.log.open("wb")
        env = environment(settings, folder, hours)
        self.process = subprocess.Popen(command(planner), env=env, cwd=ROOT, stderr=self._file, stdin=subprocess.DEVNULL)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def logged(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()
        self._file.close()


@contextlib.contextmanager
def worker_process(planner: str, settings: Settings, folder: Path, hours: float = 0.0) -> Iterator[WorkerProcess]:
    """Keep a worker process for as long as the block lasts."""
    worker = WorkerProcess(planner, settings, folder, hours)
    try:
        yield worker
    finally:
        worker.close()


def main(planner: str) -> None:
    """Be a worker whose planner is one of `run_solvers`."""
    from service import logs
    from service.db import Database
    from service.runs.worker import Worker
    from service.settings import read_settings

    logs.configure("info")
    settings = read_settings()
    database = Database(settings.database_url)
    worker = Worker(database, settings, getattr(run_solvers, planner))
    worker.end_on_signals()
    worker.run()
    database.close()


def shifted(planner: str, hours: float) -> None:
    """Be one whose clock is wrong."""
    from datetime import UTC, datetime, timedelta

    import time_machine

    with time_machine.travel(datetime.now(UTC) + timedelta(hours=hours), tick=True):
        main(planner)


if __name__ == "__main__":
    if os.environ.get(SHIFT):
        shifted(sys.argv[1], float(os.environ[SHIFT]))
    else:
        main(sys.argv[1])
