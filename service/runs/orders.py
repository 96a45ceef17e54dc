"""What a run asks of the planner, and what the planner's process answers; both travel between processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from matching.errors import InputIssue
from matching.plan import Plan, Progress, Result
from matching.problem import Problem

Trips = Literal["none", "direct", "full"]
TRIPS: tuple[Trips, ...] = ("none", "direct", "full")


@dataclass(frozen=True)
class Order:
    """What is to be planned, and within what.

    Attributes
    ----------
    seconds : time limit, counted from the start of the planner's process.
    iterations : limit of the search; None for the planner's own.
    cluster : address of a scheduler; empty for this machine alone.
    best : the plan that is to be finished, where an earlier process had to be ended by force.
    """

    problem: Problem
    trips: Trips
    seconds: float
    iterations: int | None
    seed: int
    cores: int
    cluster: str = ""
    best: Best | None = None


@dataclass(frozen=True)
class Handed:
    """The best plan so far, not verified; `seconds` since the run began."""

    plan: Plan
    seconds: float


@dataclass(frozen=True)
class Best:
    """The best plan that a planner had handed over, and the best bound that it had proven, VND."""

    plan: Plan
    bound_vnd: int | None


Tell = Callable[[Progress | Handed], None]
"""Tells the worker how far a run is."""


class Solver(Protocol):
    """What plans an order; a function of a module, so that another process finds it by its name."""

    def __call__(
        self,
        order: Order,
        stopwatch: Callable[[], float],
        tell: Tell,
        should_stop: Callable[[], bool],
    ) -> Result:
        """Return the best plan; raise `BadInput` for what can't be planned."""


@dataclass(frozen=True)
class Planned:
    """The planner has come to an end."""

    result: Result


@dataclass(frozen=True)
class Refused:
    """The planner refuses its input."""

    issues: tuple[InputIssue, ...]


@dataclass(frozen=True)
class Broken:
    """The planner has broken down; `code` is one of `service.runs.errors.Failure`."""

    code: str
    detail: str


Answer = Planned | Refused | Broken
