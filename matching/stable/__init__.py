"""Planning again without jumping about: trips that stay, promises that cost something to change, and what has changed, in words."""

from matching.stable.carry import carry_over
from matching.stable.difference import Change, Kind, differences, notices, sentence
from matching.stable.search import Again, Stability, replan
from matching.stable.staying import staying

__all__ = ["Again", "Change", "Kind", "Stability", "carry_over", "differences", "notices", "replan", "sentence", "staying"]
