"""The worker's hold on the process that solves a run: start it, hear it, stop it, end it, and tell what it died of."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self

from matching.model.plan import Progress
from service.runs.errors import Failure
from service.runs.messages import Answer, Broken, Handed, Order, Solver

NEAR_LIMIT = 0.9
"""Share of the memory limit above which a violent death is put down to it."""
LAST_WORDS = 2000
MEMORY_SIGNS = ("bad_alloc", "MemoryError", "allocate memory", "Memory allocation", "failed to map segment", "can't start new thread")
MIB = 1 << 20


class Child:
    """One process that solves one order; a context, at whose end the process and all that it started are gone.

    Parameters
    ----------
    memory_mb : address space that the process may use, MiB.
    niceness : how far it stands back behind other processes.
    """

    def __init__(self, order: Order, solver: Solver, memory_mb: int, niceness: int = 0) -> None:
        self._memory_mb, self._peak_kb, self._killed = memory_mb, 0, False
        self._words = tempfile.TemporaryFile()  # noqa: SIM115  It is closed with the child.
        inward, outward = os.pipe()
        command = [sys.executable, "-m", "service.runs.solver_process", str(memory_mb * MIB), str(niceness), str(outward)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._words,
            pass_fds=[outward],
            start_new_session=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("MCA_")},
        )
        os.close(outward)
        self._answers = Connection(inward, writable=False)
        self._hand_over(order, solver)

    def _hand_over(self, order: Order, solver: Solver) -> None:
        """Send the order; the pipe stays open for as long as this process lives."""
        assert self._process.stdin is not None
        self._lifeline = Connection(os.dup(self._process.stdin.fileno()), readable=False)
        self._process.stdin.close()
        with suppress(BrokenPipeError, ConnectionResetError):
            self._lifeline.send((order, solver))

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_near_limit(self) -> bool:
        """Tell whether the process has come close to the memory that it may use."""
        return self._peak_kb >= NEAR_LIMIT * self._memory_mb * 1024

    def hear(self, seconds: float) -> Progress | Handed | Answer | None:
        """Return what the child says within so many seconds, None if nothing; its death is an answer."""
        self._peak_kb = max(self._peak_kb, _peak_kb(self._process.pid))
        try:
            if not self._answers.poll(seconds):
                return None
            said: Progress | Handed | Answer = self._answers.recv()
        except (EOFError, OSError):
            return self._epitaph()
        return said

    def ask_to_stop(self) -> None:
        """Ask for the best plan so far."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process and all that it has started, at once."""
        self._killed = True
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _epitaph(self) -> Broken:
        """Say what the child died of."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        status, words = self._process.poll(), self._last_words()
        violent = status is None or status < 0
        by_kernel = status == -signal.SIGKILL and not self._killed
        if any(sign in words for sign in MEMORY_SIGNS) or (violent and self.is_near_limit) or by_kernel:
            return self.out_of_memory()
        end = f"signal {-status}" if status is not None and status < 0 else f"status {status}"
        return Broken(Failure.SOLVER_ERROR.value, f"the planner's process ended with {end}. {words}".strip())

    def out_of_memory(self) -> Broken:
        """Return the answer that says so."""
        return Broken(Failure.MEMORY.value, f"the planner ran out of memory; a run may have {self._memory_mb} MiB")

    def _last_words(self) -> str:
        size = self._words.seek(0, os.SEEK_END)
        self._words.seek(max(0, size - LAST_WORDS))
        return self._words.read().decode(errors="replace").strip().replace("\x00", "")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()
        self._lifeline.close()
        self._answers.close()
        self._words.close()


class Patience:
    """Whether something that was to happen within so many seconds is overdue; never by the clock on the wall."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def __call__(self) -> bool:
        return time.monotonic() >= self._until


def _peak_kb(pid: int) -> int:
    """Return the largest address space that a process has had, kB; 0 where the system doesn't tell."""
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmPeak:"):
                return int(line.split()[1])
    return 0
