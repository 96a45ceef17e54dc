"""Harvests that nobody knows for sure: what is likely of each lot, and what that means for a plan."""

from matching.harvest.chances import Chances, chances
from matching.harvest.outlook import Outlook, scenarios
from matching.harvest.standby import Standby, standby

__all__ = ["Chances", "Outlook", "Standby", "chances", "scenarios", "standby"]
