"""The process in which one run is solved: ``python -m service.runs.solver_process``.

It knows no database and no settings. An order comes in by standard input, which then stays open: when it closes, the worker is dead,
and this process ends itself and everything that it has started. Progress and the answer go out by a pipe. SIGTERM asks for
the best plan so far; Ctrl-C is for the worker alone. The limit on memory is set before anything large is loaded.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from service.stopwatch import process_age_s, start_stopwatch

if TYPE_CHECKING:
    from service.runs.messages import Answer, Order, Solver

LONGEST_TRACE = 3000


class _Stop:
    """Set by SIGTERM."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _ask(self, number: int, frame: Any) -> None:
        self.asked = True

    def __call__(self) -> bool:
        return self.asked


def main(memory_bytes: int, niceness: int, answers_fd: int) -> None:
    """Take an order, work it off, answer."""
    stop, stopwatch = _Stop(), start_stopwatch(already_s=process_age_s())
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(niceness)
    with suppress(AttributeError, OSError):
        # Counting for minutes, it must not push aside whoever only wants to answer a request.
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    answers = Connection(answers_fd, readable=False)
    try:
        orders = Connection(os.dup(0), writable=False)
        order, solver = orders.recv()
        threading.Thread(target=_die_with_worker, args=(orders,), daemon=True).start()
        answer = _work_off(order, solver, stopwatch, answers, stop)
    except MemoryError:
        answer = _out_of_memory()
    with suppress(BrokenPipeError):
        answers.send(answer)


def _work_off(order: Order, solver: Solver, stopwatch: Callable[[], float], answers: Connection, stop: _Stop) -> Answer:
    from matching.model.errors import BadInput
    from service.runs.messages import Broken, Planned, Refused, UnderPolicy

    try:
        made = solver(order, stopwatch, answers.send, stop)
        return Planned(made.result, made.report) if isinstance(made, UnderPolicy) else Planned(made)
    except BadInput as error:
        if any(issue.table == "--cluster" for issue in error.issues):
            return Broken("cluster_lost", error.issues[0].expected)
        return Refused(error.issues)
    except MemoryError:
        return _out_of_memory()
    except Exception as error:  # noqa: BLE001  Whatever it is, the worker must hear of it.
        return _broken(order, error)


def _broken(order: Order, error: Exception) -> Answer:
    from service.runs.messages import Broken

    trace = "".join(traceback.format_exception(error))[-LONGEST_TRACE:]
    if "std::bad_alloc" in trace or "Cannot allocate memory" in trace:
        return _out_of_memory()
    # A cluster's errors come from its own library; the engine's own never do.
    lost = order.cluster and type(error).__module__.partition(".")[0] in {"distributed", "dask", "tornado"}
    return Broken("cluster_lost" if lost else "solver_error", trace)


def _out_of_memory() -> Answer:
    from service.runs.messages import Broken

    return Broken("memory", "the planner ran out of the memory that a run may have")


def _die_with_worker(orders: Connection) -> None:
    """Wait until the worker is gone, then end this process and all that it has started."""
    with suppress(EOFError, OSError):
        orders.recv_bytes()
    os.killpg(0, signal.SIGKILL)


def leave() -> None:
    """End at once: a solver's thread that is still counting must not hold the process."""
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
    leave()
