"""Planners for tests: quick ones, stubborn ones and ones that break; found by the planner's process under their names."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from matching.model.errors import BadInput, InputIssue
from matching.model.plan import LINE, LOT, Allocations, Legs, Plan, Prices, Progress, Reasons, Result, Status, Stops, Termination, Trips
from service.runs.messages import Handed, Order
from service.runs.solvers import plan_by_rule

FOLDER = "RUN_TEST_FOLDER"
"""Environment variable: the folder in which planners say that they have begun, and look for leave to end."""


def _say(name: str) -> None:
    Path(os.environ[FOLDER], f"{name}-{os.getpid()}").touch()


def idle(order: Order, stopwatch: Any, tell: Any, should_stop: Any) -> Result:
    """Hand over an empty plan at once, without loading the engine."""
    tell(Progress(stopwatch(), "trips", 1, 9))
    p, no = order.problem, np.zeros(0, dtype=np.int64)
    empty = Plan(Allocations(no, no, no, no, no), Legs(no, no, no, no, no), Trips(no, np.zeros(0), no), Stops(no, no, no, no, no))
    subject = np.array([LOT] * p.n_lots + [LINE] * p.n_lines, dtype=object)
    index = np.concatenate([np.arange(p.n_lots), np.arange(p.n_lines)])
    texts = np.array(["not_tried"] * len(subject), dtype=object)
    reasons = Reasons(subject, index, np.concatenate([p.lots.kg, p.lines.kg]), texts, texts.copy())
    worth = -int((p.lines.kg * p.lines.short_vnd_per_kg).sum())
    prices = Prices(subject[:0].copy(), no, np.zeros(0))
    return Result(empty, worth, None, Status.FEASIBLE, Termination.TIME, stopwatch(), order.seed, reasons, prices)


def quick(order: Order, stopwatch: Any, tell: Any, should_stop: Any) -> Result:
    tell(Progress(stopwatch(), "trips", 1, 9))
    return plan_by_rule(order, stopwatch, tell, should_stop)


def patient_idle(order: Order, stopwatch: Any, tell: Any, should_stop: Any) -> Result:
    """Work until it is stopped, or until there is a file ``go``, without loading the engine."""
    _say("begun")
    tell(Progress(stopwatch(), "improve", 5, 10))
    while not should_stop() and not Path(os.environ[FOLDER], "go").exists():
        time.sleep(0.02)
    return idle(order, stopwatch, tell, should_stop)


def patient(order: Order, stopwatch: Any, tell: Any, should_stop: Any) -> Result:
    """Work until it is stopped, or until there is a file ``go``."""
    _say("begun")
    tell(Progress(stopwatch(), "improve", 5, 10))
    while not should_stop() and not Path(os.environ[FOLDER], "go").exists():
        time.sleep(0.02)
    return plan_by_rule(order, stopwatch, tell, should_stop)


def deaf(order: Order, stopwatch: Any, tell: Any, should_stop: Any) -> Result:
    """Never look whether it shall stop, and hold every other thread up, as a library does that is far down in C++."""
    _say("begun")
    tell(Progress(stopwatch(), "improve", 5, 10))
    return _hang()  # type: ignore[no-any-return]


def _hang() -> Any:
    while True:
        # A signal wakes it up, and it goes on sleeping.
        ctypes.PyDLL(None).sleep(3600)


def _hand_over(order: Order, stopwatch: Any, tell: Any, more_kg: int = 0) -> None:
    """Hand a plan over and tell of a bound; with some kilograms too many it is none."""
    plan = plan_by_rule(order, stopwatch, tell, lambda: False).plan
    a = plan.allocations
    tell(Progress(stopwatch(), "improve", 5, 10**12))
    tell(Handed(type(plan)(a.replace(kg=a.kg + more_kg), plan.legs, plan.trips, plan.stops), 12.0))


def generous(order: Order, stopwatch: Any, tell: Any, should_stop: Any) -> Result:
    """Hand a plan over, then hear nothing any more."""
    _hand_over(order, stopwatch, tell)
    return _hang()  # type: ignore[no-any-return]


def deceitful(order: Order, stopwatch: Any, tell: Any, should_stop: Any) -> Result:
    """Hand over a plan that takes more of a lot than there is, then hear nothing any more."""
    _hand_over(order, stopwatch, tell, more_kg=10**6)
    return _hang()  # type: ignore[no-any-return]


def generous_and_greedy(order: Order, stopwatch: Any, tell: Any, should_stop: Any) -> Result:
    """Hand a plan over, then ask for more memory than there may be."""
    _hand_over(order, stopwatch, tell)
    return greedy(order, stopwatch, tell, should_stop)


def greedy(order: Order, stopwatch: Any, tell: Any, should_stop: Any) -> Result:
    """Ask for more memory than there may be."""
    return Result(np.zeros(2**40), 0, 0, None, None, 0, 0, None, None)  # type: ignore[arg-type]


def greedy_below(order: Order, stopwatch: Any, tell: Any, should_stop: Any) -> Result:
    """Run out of memory far below Python, where there is no exception but an abort."""
    os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
    os.abort()


def crashing(order: Order, stopwatch: Any, tell: Any, should_stop: Any) -> Result:
    os.kill(os.getpid(), signal.SIGSEGV)
    threading.Event().wait()
    raise AssertionError


def failing(order: Order, stopwatch: Any, tell: Any, should_stop: Any) -> Result:
    raise RuntimeError("a defect in the planner")


def refusing(order: Order, stopwatch: Any, tell: Any, should_stop: Any) -> Result:
    raise BadInput([InputIssue("lots", 2, "grade", "9", "1 to 5"), InputIssue("sites", 3, "lat", "x", "a number")])


def lying(order: Order, stopwatch: Any, tell: Any, should_stop: Any) -> Result:
    """Hand over a plan that takes more of a lot than there is."""
    result = plan_by_rule(order, stopwatch, tell, should_stop)
    a = result.plan.allocations
    more = a.replace(kg=a.kg + 10**6)
    return Result(**{**vars(result), "plan": type(result.plan)(more, result.plan.legs, result.plan.trips, result.plan.stops)})


def clusterless(order: Order, stopwatch: Any, tell: Any, should_stop: Any) -> Result:
    raise BadInput([InputIssue("--cluster", 0, "", "tcp://gone:1", "the address of a running scheduler")])


def poison(order: Order, stopwatch: Any, tell: Any, should_stop: Any) -> Result:
    """Kill the worker, if the run's seed is 666."""
    if order.seed == 666:
        os.kill(os.getppid(), signal.SIGKILL)
        threading.Event().wait()
    return idle(order, stopwatch, tell, should_stop)


def wait_there(folder: str) -> None:
    """Be work on a cluster: wait until there is a file ``go``."""
    while not Path(folder, "go").exists():
        time.sleep(0.02)


def clustered(order: Order, stopwatch: Any, tell: Any, should_stop: Any) -> Result:
    """Have a cluster do something, as the engine does with the parts of a large plan."""
    from distributed import Client

    with Client(order.cluster, timeout=10) as client:  # type: ignore[no-untyped-call]
        future = client.submit(wait_there, os.environ[FOLDER], pure=False)
        _say("begun")
        future.result()
    return idle(order, stopwatch, tell, should_stop)
