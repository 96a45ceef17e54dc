"""Numbers, dates, masses and money as Vietnamese readers write them, and as English ones do.

``1.234,5 kg`` and ``07/06/2027`` in Vietnamese; ``1,234.5 kg`` and ``7 Jun 2027`` in English.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from catalog.models import Unit
from catalog.quantities import KG_PER
from service.days import VIETNAM

NOTHING = "–"
"""What stands where there is no figure."""
ENGLISH_UNITS = {Unit.KG: "kg", Unit.YEN: "yến", Unit.TA: "tạ", Unit.TAN: "t", Unit.QUA: "pieces", Unit.THUNG: "crates", Unit.BO: "bundles"}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NARROW = "\u00a0"


class Formats:
    """How values are written in one language; a missing value is a dash.

    Parameters
    ----------
    language : vi or en.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._thousands, self._decimal = (".", ",") if language == "vi" else (",", ".")

    def number(self, value: float | Decimal | None, decimals: int = 0) -> str:
        """Return a number, rounded half up to at most so many decimals; zeros at the end are left out."""
        if value is None:
            return NOTHING
        rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        whole, _, rest = f"{abs(rounded):f}".partition(".")
        rest = rest.rstrip("0")
        sign = "-" if rounded < 0 else ""
        return f"{sign}{int(whole):,}".replace(",", self._thousands) + (self._decimal + rest if rest else "")

    def kg(self, value: float | None) -> str:
        """Return a mass in kilograms, to a tenth of one: ``1.234,5 kg``."""
        return NOTHING if value is None else f"{self.number(value, 1)}{_NARROW}kg"

    def tonnes(self, kg: float | None) -> str:
        """Return a mass in tonnes, to a tenth: ``12,5 tấn``."""
        return NOTHING if kg is None else self.amount(Decimal(str(kg)) / 1000, Unit.TAN, 1)

    def amount(self, value: float | Decimal | None, unit: Unit | str, decimals: int = 3) -> str:
        """Return an amount in a unit: ``12 tạ``, ``3,5 yến``."""
        if value is None:
            return NOTHING
        return f"{self.number(value, decimals)}{_NARROW}{self.unit(unit)}"

    def unit(self, unit: Unit | str) -> str:
        """Return the name of a unit."""
        return Unit(unit).value if self.language == "vi" else ENGLISH_UNITS[Unit(unit)]

    def mass(self, kg: int | None) -> str:
        """Return a mass as people say it, where that is a short number: ``745 kg``, ``12 tạ``, ``12,5 tấn``."""
        if kg is None:
            return NOTHING
        if kg >= 10_000 and kg % 100 == 0:
            return self.amount(Decimal(kg) / KG_PER[Unit.TAN], Unit.TAN, 1)
        if self.language == "vi" and kg >= 100 and kg % 10 == 0:
            return self.amount(Decimal(kg) / KG_PER[Unit.TA], Unit.TA, 1)
        return self.kg(kg)

    def vnd(self, value: int | None) -> str:
        """Return money: ``27.000 đ``."""
        return NOTHING if value is None else f"{self.number(value)}{_NARROW}đ"

    def millions(self, value: float | None) -> str:
        """Return money in millions, to a tenth: ``812,5 triệu đồng``, ``812.5 million đ``."""
        if value is None:
            return NOTHING
        return f"{self.number(Decimal(str(value)) / 1_000_000, 1)}{_NARROW}{'triệu đồng' if self.language == 'vi' else 'million đ'}"

    def percent(self, share: float | None, decimals: int = 1) -> str:
        """Return a share of one as a percentage: ``97,8%``."""
        return NOTHING if share is None else f"{self.number(Decimal(str(share)) * 100, decimals)}%"

    def day(self, value: date | datetime | None) -> str:
        """Return a day: ``07/06/2027``, ``7 Jun 2027``."""
        if value is None:
            return NOTHING
        day = _local(value).date() if isinstance(value, datetime) else value
        return f"{day:%d/%m/%Y}" if self.language == "vi" else f"{self.short_day(day)} {day.year}"

    def short_day(self, value: date | None) -> str:
        """Return a day without its year: ``07/06``, ``7 Jun``."""
        if value is None:
            return NOTHING
        return f"{value:%d/%m}" if self.language == "vi" else f"{value.day} {MONTHS[value.month - 1]}"

    def days(self, first: date | None, last: date | None) -> str:
        """Return a window of days: ``07/06 – 10/06/2027``."""
        if first is None or last is None or first == last:
            return self.day(first or last)
        start = self.short_day(first) if first.year == last.year else self.day(first)
        return f"{start}{_NARROW}– {self.day(last)}"

    def weekday(self, value: date | None) -> str:
        """Return a day with the name of its weekday: ``Thứ Hai 07/06``."""
        if value is None:
            return NOTHING
        vietnamese = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật")
        english = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
        return f"{(vietnamese if self.language == 'vi' else english)[value.weekday()]} {self.short_day(value)}"

    def moment(self, value: datetime | None) -> str:
        """Return a moment in Vietnamese time: ``14:30 07/06/2027``."""
        return NOTHING if value is None else f"{_local(value):%H:%M} {self.day(value)}"

    def clock(self, minutes: int | datetime | None) -> str:
        """Return a time of the day, from a moment or from minutes since any midnight: ``05:30``."""
        if minutes is None:
            return NOTHING
        if isinstance(minutes, datetime):
            return f"{_local(minutes):%H:%M}"
        return f"{minutes % 1440 // 60:02d}:{minutes % 60:02d}"

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return all of it by name, for templates."""
        names = (
            "number", "kg", "tonnes", "amount", "unit", "mass", "vnd", "millions", "percent", "day", "short_day", "days", "weekday",
            "moment", "clock",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


def _local(value: datetime) -> datetime:
    return value.astimezone(VIETNAM)


def day_of_text(text: str) -> date:
    """Return the day that a person wrote, as ``07/06/2027``, ``7-6-2027`` or, as a browser's calendar sends it, ``2027-06-07``.

    Raises
    ------
    ValueError
        If it is none.
    """
    parts = text.strip().replace("-", "/").replace(".", "/").split("/")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise ValueError("expected a day such as 07/06/2027")
    first, month, last = (int(part) for part in parts)
    year, day = (first, last) if len(parts[0]) == 4 else (last, first)
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError("expected a day such as 07/06/2027") from None
