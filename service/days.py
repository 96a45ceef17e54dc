"""Calendar days in Vietnam: the time zone, today, and ranges of days that a report may cover."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from catalog.errors import Invalid, fault

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
OFFSET = "+07:00"
"""Offset of Vietnamese time, as instants are written."""
LONGEST_DAYS = 3700


def today(now: datetime) -> date:
    """Return the day in Vietnam at an instant."""
    return now.astimezone(VIETNAM).date()


def checked_days(first: date, last: date) -> tuple[date, date]:
    """Return the days if they are in order and at most `LONGEST_DAYS` apart.

    Raises
    ------
    Invalid
        If the last day is before the first, or more than `LONGEST_DAYS` after it.
    """
    if not 0 <= (last - first).days <= LONGEST_DAYS:
        raise Invalid([fault("first,last", f"{first}, {last}", f"days in their order, at most {LONGEST_DAYS} of them")])
    return first, last
