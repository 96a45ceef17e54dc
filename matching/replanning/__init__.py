"""Planning again without jumping about: trips that stay, promises that cost something to change, and what has changed, in words."""

from matching.replanning.carry_over import carry_over
from matching.replanning.difference import Change, Kind, differences, notices, sentence
from matching.replanning.kept_trips import find_kept_trips
from matching.replanning.search import Replanned, Stability, replan

__all__ = ["Change", "Kind", "Replanned", "Stability", "carry_over", "differences", "find_kept_trips", "notices", "replan", "sentence"]
