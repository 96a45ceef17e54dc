"""How much the best plan could be worth at most, with proof."""

from matching.bound.prove import prove

__all__ = ["prove"]
