"""`Policy`: what an association wants of its plans beside worth: floors and caps, goals by rank, and plans that don't jump."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Goal(StrEnum):
    """What a policy may rank; each is measured by `matching.policy.goals` in whole kilograms or đồng."""

    CONTRACTS = "contracts"
    SPOILAGE = "spoilage"
    WORTH = "worth"
    FAIRNESS = "fairness"
    CHANGES = "changes"


DEFAULT_TOLERANCE_PCT = 0.0
SPOILS_WITHIN_DAYS = 7
"""Shelf life up to which a lot counts as perishable, unless the policy says otherwise."""


@dataclass(frozen=True)
class Rank:
    """One goal in its place.

    Attributes
    ----------
    tolerance_pct : per cent of what the goal has reached that later goals may give up again.
    """

    goal: Goal
    tolerance_pct: float = DEFAULT_TOLERANCE_PCT


@dataclass(frozen=True)
class Floor:
    """Least opportunity share of some suppliers, each for itself.

    Attributes
    ----------
    name : shown to people.
    share_pct : accepted ÷ eligible kilograms of each of them are at least so many per cent.
    suppliers : ids of those meant.
    small_below_kg : meant are also all that offer less than so much in all; None for none.
    new_below_deliveries : meant are also all with fewer deliveries in the history; None for none.
    """

    name: str
    share_pct: float
    suppliers: tuple[str, ...] = ()
    small_below_kg: int | None = None
    new_below_deliveries: int | None = None


@dataclass(frozen=True)
class Policy:
    """What is wanted of a plan.

    Attributes
    ----------
    ranks : goals, the most important first; worth comes last where it isn't named.
    floors : of opportunity shares. They are rules that come before all goals, unless fairness is ranked among these.
    cap_pct : most that one supplier's part of all kilograms may be, per cent; None for no cap. A rule that comes before all goals.
    spoils_within_days : shelf life up to which a lot counts as perishable.
    frozen_days : trips that begin within so many days from the horizon's first stay as they were.
    change_vnd_per_kg : price of each promised kilogram that its pair of lot and line loses.
    """

    name: str = ""
    ranks: tuple[Rank, ...] = (Rank(Goal.WORTH),)
    floors: tuple[Floor, ...] = ()
    cap_pct: float | None = None
    spoils_within_days: int = SPOILS_WITHIN_DAYS
    frozen_days: int = 0
    change_vnd_per_kg: int = 0

    @property
    def is_plain(self) -> bool:
        """Whether worth alone counts, so that the policy changes nothing."""
        only_worth = [rank.goal for rank in self.ranks] == [Goal.WORTH]
        return only_worth and not self.floors and self.cap_pct is None and not self.needs_previous

    @property
    def needs_previous(self) -> bool:
        """Whether it speaks of an earlier plan."""
        return self.frozen_days > 0 or self.change_vnd_per_kg > 0 or any(rank.goal is Goal.CHANGES for rank in self.ranks)

    @property
    def needs_history(self) -> bool:
        """Whether it asks how often suppliers have delivered."""
        return any(floor.new_below_deliveries is not None for floor in self.floors)

    @property
    def has_rules(self) -> bool:
        """Whether floors or a cap come before all goals."""
        return self.cap_pct is not None or (bool(self.floors) and not any(rank.goal is Goal.FAIRNESS for rank in self.ranks))

    def as_json(self) -> dict[str, Any]:
        """Return it as ``policy.json`` holds it; what is left at its default is left out."""
        made = asdict(self)
        made["goals"] = [{"goal": rank.goal.value, "tolerance_pct": rank.tolerance_pct} for rank in self.ranks]
        del made["ranks"]
        floors = [{k: list(v) if isinstance(v, tuple) else v for k, v in floor.items()} for floor in made["floors"]]
        made["floors"] = [{k: v for k, v in floor.items() if v not in (None, [])} for floor in floors]
        plain = {"name": "", "cap_pct": None, "frozen_days": 0, "change_vnd_per_kg": 0, "spoils_within_days": SPOILS_WITHIN_DAYS}
        return {k: v for k, v in made.items() if v != plain.get(k, ()) and v != []}

    def digest(self) -> str:
        """Return the SHA-256 of the policy, as 64 hexadecimal digits; two that say the same have the same."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


PLAIN = Policy()
"""Worth alone."""
