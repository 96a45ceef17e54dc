"""Which floor or cap of a policy decides about a lot or line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from matching.model.problem import IntArray


class PolicyRule(StrEnum):
    """A rule of a policy that can decide. The codes are stable."""

    CAP = "cap"
    FLOOR = "floor"


@dataclass(frozen=True, eq=False)
class PolicyLimits:
    """What a policy allows and owes suppliers; made by `matching.policy.limits.policy_limits`.

    Attributes
    ----------
    cap_pct : most that one supplier's part of all kilograms may be, per cent; None for no cap.
    floor_kg : least kilograms to be accepted of each supplier, 0 for none, shape (n_suppliers,).
    floor_names : name of the floor that means each supplier, empty for none, shape (n_suppliers,).
    """

    cap_pct: float | None
    floor_kg: IntArray
    floor_names: tuple[str, ...]

    def cap_room_kg(self, supplier_kg: IntArray) -> IntArray:
        """Kilograms that each supplier could sell more before it exceeds the cap, with all others as they are, shape (n_suppliers,)."""
        if self.cap_pct is None:
            return np.full(len(supplier_kg), np.iinfo(np.int64).max)
        share, total = self.cap_pct / 100, int(supplier_kg.sum())
        if share >= 1:
            return np.full(len(supplier_kg), np.iinfo(np.int64).max)
        room = np.maximum(0, np.floor((share * total - supplier_kg) / (1 - share) + 1e-9))
        return np.asarray(room.astype(np.int64))


@dataclass(frozen=True)
class PolicyHold:
    """A floor or cap that holds a lot or line back.

    Attributes
    ----------
    supplier : index of the supplier at its cap, or whose floor keeps goods for it.
    name : of the floor; empty for the cap.
    pct : of the cap; None for a floor.
    kg : what the supplier could still sell under the cap, or what its floor owes it.
    """

    rule: PolicyRule
    supplier: int
    name: str
    pct: float | None
    kg: int
