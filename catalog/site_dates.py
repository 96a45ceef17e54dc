"""Use-cases: dates on which a site differs from its usual day, and the holidays of an association."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pydantic import Field
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from catalog.base import FIRST_DAY, LAST_DAY
from catalog.errors import Invalid, NotFound, fault
from catalog.given import Given
from catalog.holiday_models import Holiday
from catalog.models import Site, SiteDate
from catalog.tenancy import Scope


class SiteDateIn(Given):
    """What holds at a site on one date; what is left out is as usual."""

    day: date = Field(ge=FIRST_DAY, le=LAST_DAY)
    closed: bool = False
    open_from_min: int | None = Field(default=None, ge=0, le=1440, strict=True)
    open_until_min: int | None = Field(default=None, ge=0, le=1440, strict=True)
    throughput_kg: int | None = Field(default=None, ge=0, le=10**9, strict=True)


class HolidayIn(Given):
    """A date on which sites that keep holidays are closed."""

    day: date = Field(ge=FIRST_DAY, le=LAST_DAY)
    name: str = Field(min_length=1, max_length=200)


def set_site_date(session: Session, site: Site, given: SiteDateIn) -> SiteDate:
    """State what holds at a site on one date, in place of what was stated for it before.

    Raises
    ------
    Invalid
        If it says nothing that differs from the usual day, or hours on a closed date.
    """
    parts = (given.open_from_min, given.open_until_min, given.throughput_kg)
    if given.closed == any(part is not None for part in parts):
        raise Invalid([fault("closed", given.closed, "either closed, or other hours or kilograms")])
    if given.open_from_min is not None and given.open_from_min == given.open_until_min:
        raise Invalid([fault("open_until_min", given.open_until_min, "another time than the opening")])
    row = session.scalars(select(SiteDate).where(SiteDate.site_id == site.id, SiteDate.day == given.day)).one_or_none()
    if row is None:
        row = SiteDate(association_id=site.association_id, site_id=site.id, day=given.day)
        session.add(row)
    for name, value in given.model_dump(exclude={"day"}).items():
        setattr(row, name, value)
    session.flush()
    return row


def remove_site_date(session: Session, site: Site, day: date) -> None:
    """Let a date be as usual again.

    Raises
    ------
    NotFound
        If nothing was stated for it.
    """
    row = session.scalars(select(SiteDate).where(SiteDate.site_id == site.id, SiteDate.day == day)).one_or_none()
    if row is None:
        raise NotFound("date of the site", day.isoformat())
    session.delete(row)
    session.flush()


def add_holidays(session: Session, scope: Scope, given: Iterable[HolidayIn]) -> int:
    """Add holidays; a date that is one already keeps its name. Return how many are new."""
    known = set(session.scalars(select(Holiday.day).where(Holiday.association_id == scope.association_id)))
    fresh = {one.day: one.name for one in given if one.day not in known}
    session.add_all(Holiday(association_id=scope.association_id, day=day, name=name) for day, name in fresh.items())
    session.flush()
    return len(fresh)


def remove_holiday(session: Session, scope: Scope, day: date) -> None:
    """Make a date a working day again.

    Raises
    ------
    NotFound
        If it is no holiday.
    """
    row = session.scalars(select(Holiday).where(Holiday.association_id == scope.association_id, Holiday.day == day)).one_or_none()
    if row is None:
        raise NotFound("holiday", day.isoformat())
    session.execute(delete(Holiday).where(Holiday.id == row.id))
    session.flush()
