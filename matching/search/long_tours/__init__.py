"""Long tours to one receiver, improved by a vehicle routing library: what is sold to whom stays, who rides with whom changes."""

from matching.search.long_tours.reroute import reroute
from matching.search.long_tours.tours import tours_allowed, tours_share

__all__ = ["reroute", "tours_allowed", "tours_share"]
