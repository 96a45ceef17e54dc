"""What a run asks of the planner, and what the planner's process answers; both travel between processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from matching.model.errors import InputIssue
from matching.model.plan import Plan, Progress, Result
from matching.model.problem import Problem

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
    policy : what is wanted beside worth, as ``policy.json`` holds it; empty for nothing.
    previous : the plan in force, numbered as the problem is, for a policy that holds on to it.
    previous_sha256 : digest of that plan's own tables, as its recipe states it.
    deliveries : how often each supplier has delivered so far, by id.
    best : the plan that is to be finished, where an earlier process had to be ended by force.
    """

    problem: Problem
    trips: Trips
    seconds: float
    iterations: int | None
    seed: int
    cores: int
    cluster: str = ""
    policy: dict[str, Any] = field(default_factory=dict)
    previous: Plan | None = None
    previous_sha256: str = ""
    deliveries: dict[str, int] = field(default_factory=dict)
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


@dataclass(frozen=True)
class UnderPolicy:
    """A plan with what came of its policy, as `matching.policy.report.PolicyResult.as_json` says it."""

    result: Result
    report: dict[str, Any]


class Solver(Protocol):
    """What plans an order; a function of a module, so that another process finds it by its name."""

    def __call__(
        self,
        order: Order,
        stopwatch: Callable[[], float],
        tell: Tell,
        should_stop: Callable[[], bool],
    ) -> Result | UnderPolicy:
        """Return the best plan; raise `BadInput` for what can't be planned."""


@dataclass(frozen=True)
class Planned:
    """The planner has come to an end; ``report`` says what came of a policy, where there was one."""

    result: Result
    report: dict[str, Any] | None = None


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
