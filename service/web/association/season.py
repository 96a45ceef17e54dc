"""The season in figures; every one of them opens the rows that it adds up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from urllib.parse import urlencode

from starlette.responses import Response

from catalog.errors import NotFound
from service.auth.permissions import Permission
from service.days import checked_days, today
from service.db import now
from service.planning.plans import overview
from service.planning.plans.overview import LineFact, LotFact, PairFact, Season, TripFact
from service.web.context import PageContext, PageRequest
from service.web.formats import day_of_text
from service.web.pages import Pages
from service.web.texts import mark


def _whole_kg(row: LineFact | LotFact) -> int:
    return row.wanted_kg if isinstance(row, LineFact) else row.offered_kg


@dataclass(frozen=True)
class Trips:
    """A part of the current plan's trips, and the sums of all of them."""

    plan: str
    rows: Sequence[TripFact]
    count: int
    carried_kg: int
    cost_vnd: int


pages = Pages("season")
ROWS = 30
"""How many rows stand on a page; on a telephone each is a card."""
LONGEST_GROUPS = 12
GROUPS: dict[str, str] = {
    "product": mark("By product"), "buyer": mark("By buyer"), "commune": mark("By commune"), "supplier": mark("By supplier"),
}  # fmt: skip
KEPT: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "wanted": (mark("Wanted"), lambda row: isinstance(row, LineFact) and row.wanted_kg > 0),
    "offered": (mark("Offered"), lambda row: isinstance(row, LotFact) and row.offered_kg > 0),
    "matched": (mark("Matched"), lambda row: row.matched_kg > 0),
    "delivered": (mark("Delivered"), lambda row: row.delivered_kg > 0),
    "open": (mark("Still open"), lambda row: not isinstance(row, PairFact) and row.matched_kg < _whole_kg(row)),
    "unsold": (mark("Suppliers who sell nothing"), lambda row: row.matched_kg == 0),
}
"""What a figure counts, and which rows that are."""


@pages.get("/season", may=Permission.PLANS_READ)
def show_season(visit: PageRequest, first: str = "", last: str = "") -> Response:
    """Show the season's dashboard."""
    season = _season(visit, first, last)
    groups = [(key, visit.say(words), _groups(season, key)) for key, words in GROUPS.items()]
    return visit.show(
        "association/season.html", season=season, groups=groups, fair=season.fairness(), most=LONGEST_GROUPS, rows_of=_address(season)
    )


@pages.get("/season/rows", may=Permission.PLANS_READ)
def show_rows(visit: PageRequest, first: str = "", last: str = "", what: str = "wanted", of: str = "lines", by: str = "", name: str = "",
              page: int = 1) -> Response:  # fmt: skip
    """Show the rows behind a figure."""
    if what not in KEPT or of not in {"lines", "lots", "pairs"} or (by and by not in GROUPS):
        raise NotFound("figure", what[:40])
    season = _season(visit, first, last)
    rows = _rows(season, what, of, by, name)
    pages_, shown = max(1, -(-len(rows) // ROWS)), min(max(1, page), 10_000)
    told: dict[str, Any] = {"what": visit.say(KEPT[what][0]), "by": visit.say(GROUPS[by]) if by else "", "name": name, "of": of}
    sums = {key: sum(getattr(row, key, 0) for row in rows) for key in ("wanted_kg", "offered_kg", "matched_kg", "delivered_kg")}
    address = _address(season)
    kept = {"what": what, "of": of, "by": by, "name": name}
    steps = [address(**kept, page=shown + step) if 1 <= shown + step <= pages_ else "" for step in (-1, 1)]
    part = rows[(shown - 1) * ROWS : shown * ROWS]
    return visit.show(
        "association/rows.html", season=season, rows=part, count=len(rows), sums=sums, steps=steps, page=shown, pages=pages_, **told
    )


@pages.get("/season/suppliers", may=Permission.PLANS_READ)
def show_shares(visit: PageRequest, first: str = "", last: str = "", page: int = 1) -> Response:
    """Show what each supplier sells of what it offers, the least share first: the rows behind the figures of fairness."""
    season = _season(visit, first, last)
    groups = sorted((one for one in season.by_supplier() if one.share is not None), key=lambda one: (one.share or 0, one.name))
    part, shown, pages_ = _part(groups, page)
    steps = _steps("/season/suppliers", season, shown, pages_)
    return visit.show(
        "association/shares.html", season=season, rows=part, count=len(groups), fair=season.fairness(), steps=steps, page=shown,
        pages=pages_, rows_of=_address(season),
    )  # fmt: skip


@pages.get("/season/freight", may=Permission.PLANS_READ)
def show_freight(visit: PageRequest, first: str = "", last: str = "", page: int = 1) -> Response:
    """Show the trips of the current plan, the dearest first: the rows behind the freight of a kilogram."""
    season = _season(visit, first, last)
    plan, found = overview.trips(visit.session, visit.scope)
    part, shown, pages_ = _part(found, page)
    trips = Trips(plan, part, len(found), sum(one.carried_kg for one in found), sum(one.cost_vnd for one in found))
    steps = _steps("/season/freight", season, shown, pages_)
    return visit.show("association/freight.html", season=season, trips=trips, steps=steps, page=shown, pages=pages_)


Row = TypeVar("Row")


def _part(rows: Sequence[Row], page: int) -> tuple[Sequence[Row], int, int]:
    """Return a part of a list, its number, and how many parts there are."""
    pages_ = max(1, -(-len(rows) // ROWS))
    shown = min(max(1, page), pages_)
    return rows[(shown - 1) * ROWS : shown * ROWS], shown, pages_


def _steps(place: str, season: Season, page: int, pages_: int) -> list[str]:
    """Return the addresses of the part before and of the one after, empty where there is none."""
    days = {"first": season.first.isoformat(), "last": season.last.isoformat()}
    return [f"{place}?{urlencode({**days, 'page': page + step})}" if 1 <= page + step <= pages_ else "" for step in (-1, 1)]


def _season(visit: PageContext, first: str, last: str) -> Season:
    """Return the season of the days asked for, or of every day on which anything is offered or wanted."""
    whole = overview.span(visit.session, visit.scope) or (today(now(visit.session)),) * 2
    start, end = _day(first) or whole[0], _day(last) or whole[1]
    days = checked_days(start, max(start, end) if not last else end)
    return overview.season(visit.session, visit.scope, *days)


def _day(text: str) -> date | None:
    try:
        return day_of_text(text) if text else None
    except ValueError:
        return None


def _groups(season: Season, key: str) -> list[overview.Group]:
    found: list[overview.Group] = getattr(season, f"by_{key}")()
    return found


def _rows(season: Season, what: str, of: str, by: str, name: str) -> list[LineFact | LotFact | PairFact]:
    facts: Sequence[Any] = {"lines": season.lines, "lots": season.lots, "pairs": season.pairs}[of]
    kept = KEPT[what][1]
    if what == "unsold":
        sellers = {group.name for group in season.by_supplier() if group.matched_kg == 0 and group.wanted_kg > 0}
        return [fact for fact in facts if getattr(fact, "supplier", "") in sellers]
    return [fact for fact in facts if (not by or getattr(fact, by, None) == name) and kept(fact)]


def _address(season: Season) -> Callable[..., str]:
    """Return what makes the address of the rows behind a figure."""

    def rows_of(**asked: object) -> str:
        days = {"first": season.first.isoformat(), "last": season.last.isoformat()}
        return "/season/rows?" + urlencode({**days, **{key: value for key, value in asked.items() if value != ""}})

    return rows_of
