"""Public holidays, Tết among them, on which sites are closed: computed from the lunar calendar, and edited where a site keeps others."""

from __future__ import annotations

from datetime import date

import holidays as calendars

LONGEST_YEARS = 5


def public(first: date, last: date, language: str = "vi") -> list[tuple[date, str]]:
    """Return Vietnam's public holidays between two days, both included, with their names.

    Parameters
    ----------
    language : of the names, vi or en.
    """
    years = range(first.year, min(last.year, first.year + LONGEST_YEARS) + 1)
    found = calendars.country_holidays("VN", years=years, language="vi" if language == "vi" else "en_US")
    return sorted((day, name) for day, name in found.items() if first <= day <= last)
