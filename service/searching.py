"""Searches that answer a question about a plan while somebody waits: in a process of their own, so that they slow down nobody else.

A search computes for seconds. In the process that serves requests it would take the interpreter and a thread from all of them. So
it runs in a process beside, behind everything else on the machine, one at a time for each account, and who finds no place is told at once.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, ParamSpec, TypeVar

from matching.explain.answer import Answer, what_would_change
from matching.explain.context import PlanContext
from matching.explain.pools import Pool, find_pool
from matching.explain.rules import NoSuchRule, Rule, RulePrice
from matching.model.plan import Plan
from matching.model.problem import Problem
from matching.policy.price import price_under
from matching.solver import Limits
from service.http.places import Places
from service.http.problems import Refused
from service.stopwatch import Patience, start_stopwatch

NICENESS = 10
LONGEST_S = 120.0
"""After this a search is given up and its process ended; every search sets itself a shorter time."""
Given = ParamSpec("Given")
Found = TypeVar("Found")


class Searches:
    """The places for searches and the processes that they run in.

    Parameters
    ----------
    processes : searches at a time; 0 for one at a time in the thread that asks.
    """

    def __init__(self, processes: int) -> None:
        self._places, self._processes = Places(max(1, processes)), processes
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()

    def run(self, name: str, search: Callable[Given, Found], /, *given: Given.args, **more: Given.kwargs) -> Found:
        """Return what a search finds.

        Parameters
        ----------
        name : account or key that asks.
        search : a function of a module.

        Raises
        ------
        Refused
            With 429 if this account searches already, with 503 if there is no place, or if the search was given up.
        """
        with self._places.hold(name):
            if not self._processes:
                return search(*given, **more)
            pool = self._started()
            try:
                return pool.submit(search, *given, **more).result(LONGEST_S)
            except (BrokenProcessPool, TimeoutError) as error:
                self._drop(pool)
                raise Refused(503, "busy", "the search was given up: try again in a moment", headers={"Retry-After": "5"}) from error

    def start(self) -> None:
        """Start a process before anybody asks."""
        if self._processes:
            self._started().submit(os.getpid)

    def close(self) -> None:
        """End every process."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            _end(pool)

    def _started(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                spawn = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(self._processes, spawn, os.nice, (NICENESS,))
            return self._pool

    def _drop(self, pool: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is pool:
                self._pool = None
        _end(pool)


def _end(pool: ProcessPoolExecutor) -> None:
    processes: dict[int, Any] = dict(pool._processes or {})
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes.values():
        process.kill()


def find_change(context: PlanContext, subject: str, row: int, seconds: float) -> Answer:
    """Look for the cheapest single change that gets a lot or line matched."""
    patience = Patience(start_stopwatch(), seconds)
    return what_would_change(context, subject, row, expired=patience, late=patience.is_over)


def propose_pool(context: PlanContext, line: int, seconds: float) -> Pool:
    """Look for who together fills a line."""
    return find_pool(context, line, expired=Patience(start_stopwatch(), seconds))


def price_rule(problem: Problem, policy: Any, plan: Plan, rule: Rule, seconds: float, **more: Any) -> RulePrice | dict[str, Any]:
    """Say what a rule costs; where there is no such rule, what `NoSuchRule` is made from, which itself doesn't pass between processes."""
    limits = Limits(seconds, None, 1)
    try:
        return price_under(problem, policy, plan, rule, limits=limits, stopwatch=start_stopwatch(), **more)
    except NoSuchRule as error:
        return {"code": error.code, "kind": error.kind, **error.figures}
