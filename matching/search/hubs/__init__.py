"""Two-leg movements: goods that change trucks at a hub, where that pays."""

from matching.search.hubs.search import ATTEMPTS, with_hubs

__all__ = ["ATTEMPTS", "with_hubs"]
