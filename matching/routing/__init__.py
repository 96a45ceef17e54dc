"""Long tours to one receiver, improved by a vehicle routing library: what is sold to whom stays, who rides with whom changes."""

from matching.routing.reroute import reroute
from matching.routing.tours import tours_allowed, tours_share

__all__ = ["reroute", "tours_allowed", "tours_share"]
