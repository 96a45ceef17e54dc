"""`Recipe`: all that it takes to make a plan again, kept with the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from matching.model.plan import Termination
from matching.policy import PLAIN, Policy, policy_of

Mode = Literal["none", "direct", "full"]


@dataclass(frozen=True)
class Recipe:
    """How a plan was made, beside its input, engine and seed.

    Attributes
    ----------
    iterations : limit of the search; None where the clock was to end it.
    seconds : time limit; None for none.
    termination : why the run ended.
    previous_sha256 : digest of the earlier plan that it was to be stable against; empty without one.
    deliveries : how often each supplier had delivered, by id, where the policy speaks of new ones; else None.
    """

    trips: Mode
    iterations: int | None
    seconds: float | None
    cores: int
    termination: str
    policy: Policy = PLAIN
    previous_sha256: str = ""
    deliveries: Mapping[str, int] | None = None

    @property
    def is_exact(self) -> bool:
        """Whether the same plan comes of it again on any machine: the search came to its own end, or to a proof, before any clock."""
        ended = self.termination in (Termination.PROOF, Termination.ITERATIONS)
        return ended and (self.iterations is not None or self.policy.is_plain or self.seconds is None)

    def as_json(self) -> dict[str, Any]:
        """Return it as ``plan.json`` holds it."""
        history = {} if self.deliveries is None else {"deliveries": dict(self.deliveries)}
        return history | {
            "trips": self.trips,
            "iterations": self.iterations,
            "time_limit_s": self.seconds,
            "cores": self.cores,
            "termination": str(self.termination),
            "policy": self.policy.as_json(),
            "policy_sha256": self.policy.digest(),
            "previous_sha256": self.previous_sha256,
        }


def recipe_of(given: Mapping[str, Any]) -> Recipe | None:
    """Return the recipe that ``plan.json`` holds, or None for a plan that was written without one.

    Raises
    ------
    BadInput
        The policy in it can't be read.
    """
    if "policy_sha256" not in given:
        return None
    return Recipe(
        trips=given.get("trips", "full"),
        iterations=given.get("iterations"),
        seconds=given.get("time_limit_s"),
        cores=int(given.get("cores", 2)),
        termination=str(given.get("termination", "")),
        policy=policy_of(given.get("policy", {})),
        previous_sha256=str(given.get("previous_sha256", "")),
        deliveries=given.get("deliveries"),
    )
