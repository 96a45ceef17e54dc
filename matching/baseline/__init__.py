"""What a coordinator with a telephone does today: the yardstick of every plan, and a first plan that is always there."""

from matching.baseline.coordinator import plan_by_telephone

__all__ = ["plan_by_telephone"]
