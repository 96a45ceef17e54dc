"""Planning again without jumping about: trips that stay, promises that cost something to change, and what has changed, in words."""

from matching.stable.carry import carry_over
from matching.stable.search import Stability, replan
from matching.stable.staying import staying

__all__ = ["Stability", "carry_over", "replan", "staying"]
