"""A worker beside the service: started as a process of its own, started again when it dies, ended with the service.

It hangs on the service by its standard input. When the service is killed, that closes, and the worker gives its run back and ends.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from service import logs

COMMAND = (sys.executable, "-m", "service.cli.main", "worker", "--lifeline")
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
STEADY_S = 60.0
"""A worker that has lived as long isn't in trouble; after its death the pauses begin anew."""
ENDING_S = 9.0
log = logs.get(__name__)


@contextmanager
def worker_beside(command: Sequence[str] = COMMAND, environment: Mapping[str, str] | None = None) -> Iterator[None]:
    """Keep a worker alive for as long as the block lasts.

    Parameters
    ----------
    environment : of the worker; this process's own where it is None.
    """
    keeper = Keeper(command, environment)
    keeper.start()
    try:
        yield
    finally:
        keeper.end()


class Keeper(threading.Thread):
    """Starts a process again whenever it ends, with growing pauses, until it is told to end."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        super().__init__(name="worker-keeper", daemon=True)
        self._command, self._environment = list(command), None if environment is None else dict(environment)
        self._ending, self._lock = threading.Event(), threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """Number of the process that was started last."""
        return None if self._process is None else self._process.pid

    def run(self) -> None:
        """Start it again and again."""
        pause_s = 0.0
        while not self._ending.wait(pause_s):
            began = time.monotonic()
            status = self._live_once()
            steady = time.monotonic() - began >= STEADY_S
            pause_s = FIRST_PAUSE_S if steady or not pause_s else min(LONGEST_PAUSE_S, 2 * pause_s)
            if not self._ending.is_set():
                log.warning("worker_died", status=status, pause_s=pause_s)

    def _live_once(self) -> int | None:
        with self._lock:
            if self._ending.is_set():
                return None
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, env=self._environment, start_new_session=True)
            self.starts += 1
            process = self._process
        status = process.wait()
        if process.stdin is not None:
            process.stdin.close()
        return status

    def end(self) -> None:
        """Ask the process to end, and see that it does."""
        self._ending.set()
        with self._lock:
            process = self._process
        if process is not None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=ENDING_S)
            if process.poll() is None:
                process.kill()
        if self.is_alive():
            self.join(timeout=ENDING_S)
