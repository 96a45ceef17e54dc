"""The dates on which sites differ from their usual day, as rows of ``calendar``: weekday slots, holidays, and dates stated one by one.

A date that was stated for a site says everything itself; what it leaves open, and every other date, follows from the holidays of the
association, where the site keeps them, and from the weekday slots in force on that date. A site with slots in force is closed on weekdays
without one. Of several slots of a weekday those that touch are one window; the engine knows one window a date, so the longest one counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from buyers.models import ReceivingSlot
from catalog.holiday_models import Holiday
from catalog.models import Site, SiteDate
from service.planning.columns import Columns

DAY_MIN = 1440
MOST_DAYS = 400
"""Days that slots and holidays are written out for; a longer horizon is one without any end."""
COLUMNS = ("site_id", "day", "closed", "open_from_min", "open_until_min", "throughput_kg")


@dataclass(frozen=True)
class DatedHours:
    """What holds at a site on one date; None is as usual.

    Attributes
    ----------
    open_from_min, open_until_min : minutes since midnight; an end before the start is on the next day.
    throughput_kg : what may be moved there on the date, kg.
    """

    closed: bool = False
    open_from_min: int | None = None
    open_until_min: int | None = None
    throughput_kg: int | None = None


CLOSED = DatedHours(closed=True)


class SiteCalendar:
    """The stated dates, holidays and weekday slots of an association's sites, and the days from which some are closed for good.

    Parameters
    ----------
    sites : some sites, by number; None for every one.
    """

    def __init__(self, session: Session, association_id: int, sites: Sequence[int] | None = None) -> None:
        mine = select(Site.id).where(Site.association_id == association_id)
        wanted = mine if sites is None else mine.where(Site.id.in_(sites))
        closing = select(Site.id, Site.closed_on).where(Site.id.in_(wanted), Site.closed_on.is_not(None))
        self._closing = {site: day for site, day in session.execute(closing) if day is not None}
        self._dates = _stated_dates(session, wanted)
        self._slots = _slots(session, wanted)
        self._limits = dict(session.execute(select(Site.id, Site.throughput_kg_per_day).where(Site.id.in_(wanted))).all())
        keeping = select(Site.id).where(Site.id.in_(wanted), Site.closed_on_holidays.is_(True))
        self._keeping = set(session.scalars(keeping))
        days = select(Holiday.day).where(Holiday.association_id == association_id)
        self._holidays = set(session.scalars(days)) if self._keeping else set()

    def on(self, site: int, day: date) -> DatedHours | None:
        """Return what holds at a site on a date; None where its usual day does."""
        stated = self._dates.get((site, day))
        if (stated is not None and stated.closed) or day >= self._closing.get(site, date.max):
            return CLOSED
        usual = self._hours_of_weekday(site, day)
        if stated is None:
            return CLOSED if site in self._keeping and day in self._holidays else usual
        if usual is None or usual.closed:
            return stated
        given = {name: value for name, value in vars(stated).items() if value is not None}
        return replace(usual, **given)

    def rows(self, first: date, last: date) -> Columns:
        """Return the rows of ``calendar``: every stated date, and the others between two days, both included.

        The day before the first one belongs to them, for its hours may last over midnight.
        """
        keys = [(site, day) for site, day in self._dates if first < self._closing.get(site, date.max)]
        known = set(keys)
        if (last - first).days <= MOST_DAYS:
            keys += [
                (site, day) for site in self._dated_sites() for day in _days(first - timedelta(days=1), last) if (site, day) not in known
            ]
        found = [(site, day, hours) for site, day in keys if (hours := self.on(site, day)) is not None]
        return Columns.of_rows(COLUMNS, [(site, day, *vars(hours).values()) for site, day, hours in found])

    def is_closed_throughout(self, site: int, first: date, last: date) -> bool:
        """Return whether a site is closed on every date between two days, both included."""
        if (last - first).days > MOST_DAYS:
            return False
        return all((hours := self.on(site, day)) is not None and hours.closed for day in _days(first, last))

    def _dated_sites(self) -> list[int]:
        return sorted({*self._slots, *self._closing, *(self._keeping if self._holidays else ())})

    def _hours_of_weekday(self, site: int, day: date) -> DatedHours | None:
        """Return the hours by the slots in force; None where the site has none then."""
        began = [one for one in self._slots.get(site, ()) if one.valid_from <= day]
        latest = max((one.valid_from for one in began), default=None)
        in_force = [one for one in began if one.valid_from == latest and (one.valid_until is None or one.valid_until >= day)]
        if not in_force:
            return None
        return _hours([one for one in in_force if one.weekday == day.weekday()], self._limits.get(site))


def _stated_dates(session: Session, sites: Any) -> Mapping[tuple[int, date], DatedHours]:
    query = select(SiteDate).where(SiteDate.site_id.in_(sites)).order_by(SiteDate.id)
    return {
        (row.site_id, row.day): DatedHours(row.closed, row.open_from_min, row.open_until_min, row.throughput_kg)
        for row in session.scalars(query)
    }


def _slots(session: Session, sites: Any) -> Mapping[int, list[ReceivingSlot]]:
    found: dict[int, list[ReceivingSlot]] = defaultdict(list)
    query = select(ReceivingSlot).where(ReceivingSlot.site_id.in_(sites)).order_by(ReceivingSlot.open_from_min, ReceivingSlot.id)
    for row in session.scalars(query):
        found[row.site_id].append(row)
    return found


def _hours(slots: Sequence[ReceivingSlot], limit_kg: int | None) -> DatedHours:
    """Return the longest window that some slots of one weekday make, with what may be moved in it; closed without any."""
    if not slots:
        return CLOSED
    windows: list[tuple[int, int, list[int | None]]] = []
    for slot in slots:
        begin, end = slot.open_from_min, slot.open_until_min + (DAY_MIN if slot.open_until_min <= slot.open_from_min else 0)
        if windows and begin <= windows[-1][1]:
            begin, latest, capacities = windows.pop()
            windows.append((begin, max(latest, end), [*capacities, slot.capacity_kg]))
        else:
            windows.append((begin, end, [slot.capacity_kg]))
    begin, end, capacities = max(windows, key=lambda one: one[1] - one[0])
    end = min(end, begin + DAY_MIN)
    known = [kg for kg in capacities if kg is not None]
    limits = [sum(known)] * (len(known) == len(capacities)) + [limit_kg] * (limit_kg is not None)
    return DatedHours(False, begin, end if end <= DAY_MIN else end - DAY_MIN, min((kg for kg in limits if kg is not None), default=None))


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
