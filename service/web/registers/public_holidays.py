"""Vietnam's public holidays, Tết among them, computed by a library that knows the lunar calendar."""

from __future__ import annotations

from datetime import date

import holidays


def public_holidays(year: int, language: str = "vi") -> list[tuple[date, str]]:
    """Return the public holidays of a year with their names, in the order of their dates.

    Parameters
    ----------
    language : of the names, vi or en.
    """
    found = holidays.country_holidays("VN", years=year, language="vi" if language == "vi" else "en_US")
    return sorted(found.items())
