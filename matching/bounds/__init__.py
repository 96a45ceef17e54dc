"""How much the best plan could be worth at most, with proof."""

from matching.bounds.prove import prove

__all__ = ["prove"]
