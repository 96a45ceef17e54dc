"""The calendar of holidays, and the dates on which one site differs from its usual day."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import func, select
from starlette.responses import Response

from catalog import site_dates
from catalog.errors import NeedsConfirmation
from catalog.holiday_models import Holiday
from catalog.models import Site, SiteDate
from catalog.site_dates import HolidayIn, SiteDateIn
from catalog.tenancy import find, visible
from service.auth.permissions import Permission
from service.days import today
from service.db import now
from service.http.context import Uid
from service.planning.plans.site_calendar import SiteCalendar
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader, fields
from service.web.pages import Pages
from service.web.registers.fields import clock
from service.web.registers.public_holidays import public_holidays

pages = Pages("calendar")
FIRST_YEAR, LAST_YEAR, MOST_DATES = 2020, 2099, 200


def _list(visit: PageContext, year: int = 0) -> Response:
    this_year = today(now(visit.session)).year
    year = year if FIRST_YEAR <= year <= LAST_YEAR else this_year
    query = visible(Holiday, visit.scope).where(Holiday.day >= date(year, 1, 1), Holiday.day <= date(year, 12, 31))
    rows = list(visit.session.scalars(query.order_by(Holiday.day)))
    kept = {row.day for row in rows}
    keeping = visible(Site, visit.scope).where(Site.closed_on_holidays.is_(True), Site.closed_on.is_(None))
    return visit.show(
        "registers/holidays.html",
        rows=rows, year=year, years_shown=[(f"/holidays?year={one}", str(one), one == year) for one in range(this_year - 1, this_year + 4)],
        missing=[(day, name) for day, name in public_holidays(year, visit.language) if day not in kept],
        sites=visit.session.scalar(select(func.count()).select_from(keeping.subquery())) or 0,
        writes=_may_write(visit),
    )  # fmt: skip


def _may_write(visit: PageContext) -> bool:
    return visit.principal.may(Permission.CATALOG_WRITE) and visit.scope.organisation_id is None


@pages.get("/holidays", may=Permission.CATALOG_READ)
def list_holidays(visit: PageRequest, year: int = 0) -> Response:
    """Show the holidays of a year, and public holidays of it that aren't taken over yet."""
    return _list(visit, year)


@pages.post("/holidays/new", may=Permission.CATALOG_WRITE, form=_list)
def add_holiday(visit: PageRequest) -> Response:
    """Add a holiday of the association's own."""
    read = Reader(visit.form)
    day, name = read.day("day", needed=True), read.text("name", needed=True, most=200)
    read.done()
    assert day is not None
    site_dates.add_holidays(visit.session, visit.scope, [HolidayIn(day=day, name=name or "")])
    visit.note("holiday.add", "holiday", day.isoformat(), None, {"name": name})
    return visit.go(f"/holidays?year={day.year}", visit.say("The holiday is added."))


@pages.post("/holidays/take", may=Permission.CATALOG_WRITE)
def take_holidays(visit: PageRequest) -> Response:
    """Take over the public holidays of a year."""
    read = Reader(visit.form)
    year = read.whole("year", needed=True) or 0
    if not FIRST_YEAR <= year <= LAST_YEAR:
        read.wrong("year", year, f"a year from {FIRST_YEAR} to {LAST_YEAR}")
    read.done()
    # Names are data of the association: they are kept as they are called in Vietnam, whoever presses the button.
    count = site_dates.add_holidays(visit.session, visit.scope, (HolidayIn(day=day, name=name) for day, name in public_holidays(year)))
    visit.note("holiday.add", "holiday", str(year), None, {"count": count})
    return visit.go(f"/holidays?year={year}", visit.say("%(num)s holidays are added.", num=count))


@pages.post("/holidays/remove", may=Permission.CATALOG_WRITE)
def remove_holiday(visit: PageRequest) -> Response:
    """Make a date a working day again."""
    read = Reader(visit.form)
    day = read.day("day", needed=True)
    read.done()
    assert day is not None
    site_dates.remove_holiday(visit.session, visit.scope, day)
    visit.note("holiday.remove", "holiday", day.isoformat())
    return visit.go(f"/holidays?year={day.year}", visit.say("The holiday is removed."))


@pages.post("/sites/{uid}/dates", may=Permission.SITES_WRITE)
def set_date(visit: PageRequest, uid: Uid) -> Response:
    """State what holds at a site on one date, or on each date up to another."""
    site = find(visit.session, visit.scope, Site, uid, lock=True)
    read = Reader(visit.form)
    first, last, kg = read.day("day", needed=True), read.day("last_day"), read.whole("throughput_kg")
    times = {name: _minutes(read, visit.form.get(name), name) for name in ("open_from_min", "open_until_min")}
    if first is not None and last is not None and not first <= last <= first + timedelta(days=MOST_DATES):
        read.wrong("last_day", last, "a window that doesn't end before it starts")
    read.done()
    assert first is not None
    for n in range(((last or first) - first).days + 1):
        day = first + timedelta(days=n)
        given = SiteDateIn(**fields(day=day, closed=read.flag("closed"), throughput_kg=kg, **times))
        site_dates.set_site_date(visit.session, site, given)
        visit.note("site.date", "site", uid, None, given.model_dump(mode="json"))
    return visit.go(f"/sites/{uid}", visit.say("The date is saved."))


def _minutes(read: Reader, text: str, name: str) -> int | None:
    try:
        return clock(text) if text else None
    except ValueError as error:
        read.wrong(name, text, str(error))
        return None


@pages.post("/sites/{uid}/dates/remove", may=Permission.SITES_WRITE)
def remove_date(visit: PageRequest, uid: Uid) -> Response:
    """Let a date of a site be as usual again."""
    site = find(visit.session, visit.scope, Site, uid, lock=True)
    read = Reader(visit.form)
    day = read.day("day", needed=True)
    read.done()
    assert day is not None
    site_dates.remove_site_date(visit.session, site, day)
    visit.note("site.date", "site", uid, {"day": day.isoformat()}, None)
    return visit.go(f"/sites/{uid}", visit.say("The date is as usual again."))


def dates_of(visit: PageContext, site: Site) -> list[SiteDate]:
    """Return the stated dates of a site from today on, the soonest first."""
    query = select(SiteDate).where(SiteDate.site_id == site.id, SiteDate.day >= today(now(visit.session)))
    return list(visit.session.scalars(query.order_by(SiteDate.day).limit(MOST_DATES)))


def closed_days(visit: PageContext, site: Site, days: int = 60) -> list[date]:
    """Return the days on which a site is closed, from today on."""
    first, calendar = today(now(visit.session)), SiteCalendar(visit.session, site.association_id, [site.id])
    following = (first + timedelta(days=n) for n in range(days))
    return [day for day in following if (hours := calendar.on(site.id, day)) is not None and hours.closed]


def ask_about_closed_days(visit: PageContext, field: str, site_uid: str | None, first: date | None, last: date | None) -> None:
    """Ask about a window in which a site is closed on every day: nothing could be picked up or delivered in it.

    Raises
    ------
    NeedsConfirmation
        Unless the form says that it is meant.
    """
    if not site_uid or first is None or last is None or last < first or "confirmed" in visit.form:
        return
    site = visit.session.scalars(visible(Site, visit.scope).where(Site.uid == site_uid)).one_or_none()
    if site is None:
        return
    if SiteCalendar(visit.session, site.association_id, [site.id]).is_closed_throughout(site.id, first, last):
        raise NeedsConfirmation(field, f"{site.name or site.code} is closed on every one of these days")
