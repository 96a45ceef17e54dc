"""Two-leg movements: goods that change trucks at a hub, where that pays."""

from matching.hubs.movements import choose_movements
from matching.hubs.planner import HubPlanner
from matching.hubs.search import ATTEMPTS, with_hubs

__all__ = ["ATTEMPTS", "HubPlanner", "choose_movements", "with_hubs"]
