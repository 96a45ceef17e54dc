"""Why a lot or a line is open, in figures: how many counterparts are left at each step, by how much the nearest ones miss, what would do.

The figures are those of `matching.explain` for the current plan. The association's people see them as they are. Those who grew or ordered
the goods are told what `service.disclosure` lets an organisation learn of others.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from threading import Lock

from sqlalchemy import select

from catalog.errors import Conflict
from matching.explain.answer import Promise
from matching.explain.changes import ChangeKind
from matching.explain.context import PlanContext, UnknownId
from matching.explain.diagnosis import Diagnosis, Step, diagnose
from matching.explain.near_misses import Miss
from matching.explain.pairs import AT, find_pairs
from matching.explain.rendering import change_text
from matching.model.plan import LINE, LOT, Status
from matching.model.reasons import Reason
from service import disclosure
from service.disclosure import Distance, Part, sees_all
from service.http.problems import Refused
from service.planning.models import Plan
from service.planning.states import PlanState
from service.runs import archives
from service.searching import find_change
from service.web.context import PageContext
from service.web.reasons import OF_LINE, OF_LOT
from service.web.texts import mark

SEARCH_S = 2.0
"""Seconds in which changes are looked for while the visitor waits."""
STEPS: dict[Reason, str] = {
    Reason.NO_DEMAND_FOR_PRODUCT: mark("ask for this product"),
    Reason.NO_SUPPLY_OF_PRODUCT: mark("offer such a product"),
    Reason.GRADE: mark("of these fit the grade"),
    Reason.CERTIFICATE: mark("of these fit the certificates"),
    Reason.MARKET_CODE: mark("of these fit the market code"),
    Reason.DATES: mark("of these fit the days"),
    Reason.REMAINING_LIFE: mark("of these would get it fresh enough"),
    Reason.COLD: mark("of these can be reached with the cold that it needs"),
    Reason.DOOR: mark("of these can be reached by a truck"),
    Reason.HOURS: mark("of these can be reached within a driver's hours"),
    Reason.FORBIDDEN: mark("of these aren't ruled out by a broker"),
    Reason.PRICE: mark("of these pay for goods and freight"),
    Reason.BETTER_OFFER: mark("of these still have room"),
    Reason.SUPPLIERS_LIMIT: mark("of these take a further supplier"),
    Reason.MINIMUM: mark("of these take so small an amount"),
    Reason.THROUGHPUT: mark("of these can still be handled on these days"),
    Reason.FLEET: mark("of these still find a truck that is free"),
    Reason.TRUCK: mark("of these have a truck that pays"),
}
MISSES: dict[str, str] = {
    "grades": mark("The nearest one wants a grade that is %(short)s better."),
    "days": mark("The nearest one misses by %(short)s days."),
    "vnd_per_kg": mark("The nearest one misses by %(short)s đồng per kg, freight included."),
    "kg": mark("The nearest one misses by %(short)s kg."),
    "minutes": mark("The nearest one misses by %(short)s minutes of a driver's or a site's hours."),
    "trucks": mark("All %(short)s trucks that would pay are used."),
    "suppliers": mark("The nearest one already has its %(short)s suppliers."),
}
ENOUGH: dict[str, str] = {
    LOT: mark("A floor price of %(vnd)s per kg or less would do for the nearest one, freight included."),
    LINE: mark("A price of %(vnd)s per kg or more would do for the nearest one, freight included."),
}
APART: dict[Distance, str] = {
    Distance.SLIGHT: mark("The price is less than a quarter away from what the nearest one needs."),
    Distance.CLEAR: mark("The price is a quarter to a half away from what the nearest one needs."),
    Distance.FAR: mark("The price is more than a half away from what the nearest one needs."),
}
PAPER_OF_OTHERS = mark("The nearest one fails only because this isn't as it must be: %(scheme)s.")
OWN_CHANGES: dict[ChangeKind, str] = {
    ChangeKind.ASK: mark("A lower floor price."),
    ChangeKind.BID: mark("A higher price."),
    ChangeKind.WANTED: mark("Ordering another amount."),
    ChangeKind.OFFERED: mark("Offering another amount."),
    ChangeKind.MIN_FILL: mark("A smaller least amount for the whole line."),
    ChangeKind.MIN_SUPPLIER: mark("A smaller least amount from each supplier."),
    ChangeKind.MIN_TAKE: mark("A smaller least amount that is taken of the lot."),
}
"""Changes of prices and quantities, whose new values would tell those of others."""
PARTS: dict[Part, str] = {
    Part.ALL: mark("Then all of it is matched."),
    Part.HALF: mark("Then at least half of it is matched."),
    Part.SOME: mark("Then a part of it is matched."),
}
LINE_GRADES = mark("The nearest one is %(short)s grades too low.")
FULL = mark("The nearest one's site handles no more than %(short)s kg a day, and is full.")
TAKEN = mark("The nearest one has given all of its %(short)s kg to others.")
PAPERS: dict[str, str] = {
    "missing": mark("The nearest one lacks only this on file: %(scheme)s."),
    "level": mark("The nearest one fails only by the level of: %(scheme)s."),
    "expires": mark("The nearest one fails only because this runs out too early: %(scheme)s (%(day)s)."),
    "begins": mark("The nearest one fails only because this begins too late: %(scheme)s (%(day)s)."),
}
OUTCOMES: dict[str, str] = {
    "none": mark("No single change of yours was found that would match it."),
    "matched": mark("It is matched wholly; nothing need change."),
    "time": mark("No change was found in the time there was; try again later."),
}
OTHERS_FIRST = mark("Another question is being answered just now. Ask again in a few seconds.")
_READING = Lock()
_CONTEXTS: dict[str, PlanContext] = {}


@dataclass(frozen=True)
class Figures:
    """Why something is open, in the visitor's language.

    Attributes
    ----------
    words, helps : the reason, and what would help.
    steps : how many counterparts are left at each step down to the one that none survives, None for fewer than five, and the step in words.
    nearest : by how much the nearest counterpart misses; empty where that is no amount.
    """

    open_kg: int
    words: str
    helps: str
    steps: tuple[tuple[int | None, str], ...]
    nearest: str


@dataclass(frozen=True)
class Remedy:
    """What one could change oneself: each change in words, with what it brings at least; or why there is none."""

    changes: tuple[tuple[str, str], ...]
    said: str


def of_lot(visit: PageContext, code: str) -> Figures | None:
    """Return why a lot is open in the current plan; None where that plan doesn't know it, or uses all of it."""
    return _figures(visit, LOT, code)


def of_line(visit: PageContext, code: str) -> Figures | None:
    """Return why a line is short in the current plan."""
    return _figures(visit, LINE, code)


def remedy(visit: PageContext, subject: str, code: str, whose: str = "") -> Remedy | None:
    """Look for the cheapest single change of one's own that would get a lot or line matched, verified by planning again.

    Parameters
    ----------
    whose : code of the one who holds the certificates, which are his to renew, too.
    """
    found = _found(visit, subject, code)
    if found is None or found[2]:
        return None
    context, row, _ = found
    try:
        answer = visit.service.searches.run(visit.by, find_change, context, subject, row, SEARCH_S)
    except Refused:
        return Remedy((), visit.say(OTHERS_FIRST))
    own = [one for one in answer.promises if one.change.subject in {code, whose}]
    kg = int(context.kg(subject)[row])
    changes = tuple((_change(visit, one), _effect(visit, one, kg)) for one in own)
    outcome = "none" if answer.outcome.value == "found" else answer.outcome.value
    return Remedy(changes, "" if changes else visit.say(OUTCOMES[outcome]))


def _change(visit: PageContext, promise: Promise) -> str:
    """Return a change of one's own in words, without values that follow from others' prices and quantities."""
    words = OWN_CHANGES.get(promise.change.kind)
    if words is None or sees_all(visit.scope):
        return change_text(promise.change, "vi" if visit.language == "vi" else "en")
    return visit.say(words)


def _effect(visit: PageContext, promise: Promise, kg: int) -> str:
    """Return what a change brings at least."""
    if sees_all(visit.scope):
        return visit.say("Then at least %(kg)s are matched.", kg=visit.formats.kg(promise.promised_kg))
    return visit.say(PARTS[disclosure.part_of(promise.promised_kg, kg)])


def _figures(visit: PageContext, subject: str, code: str) -> Figures | None:
    found = _found(visit, subject, code)
    if found is None:
        return None
    story = diagnose(found[0], subject, found[1])
    if story.reason is None:
        return None
    market = None if sees_all(visit.scope) else market_price(found[0], subject, found[1])
    reason = story.reason if market is None else published_reason(story.reason, subject, market)
    words, helps = (OF_LOT if subject == LOT else OF_LINE)[reason.value]
    steps = _steps(visit, story.funnel) if market is None else _published_steps(visit, story.funnel)
    nearest = _nearest(visit, story) if market is None else _published_nearest(visit, story, reason, market)
    return Figures(story.open_kg, visit.say(words), visit.say(helps), steps, nearest)


# what an organisation is told ----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class MarketPrice:
    """The published price at which the nearest counterpart would do.

    Attributes
    ----------
    own_vnd : the price that the lot or line states, đồng per kg.
    enough_vnd : the published step; None where no counterpart gets as far as the price.
    parties : counterparts that stand behind it.
    """

    own_vnd: int
    enough_vnd: int | None
    parties: int

    def is_missed_by(self, subject: str) -> bool:
        """Return whether one's own price isn't good enough by the published step."""
        if self.enough_vnd is None:
            return False
        return self.own_vnd > self.enough_vnd if subject == LOT else self.own_vnd < self.enough_vnd


def market_price(context: PlanContext, subject: str, row: int) -> MarketPrice:
    """Return the published price for a lot or line, from every counterpart that only the price or what follows it can stop."""
    pairs = find_pairs(context, subject, row)
    priced = pairs.take(pairs.step >= AT[Reason.PRICE])
    lots, lines = context.problem.lots, context.problem.lines
    worth = (lines.bid_vnd_per_kg + lines.short_vnd_per_kg)[priced.line]
    floors, rates = lots.ask_vnd_per_kg[priced.lot], priced.rate_vnd_per_kg
    if subject == LOT:
        own = int(lots.ask_vnd_per_kg[row])
        steps = [disclosure.price_to_ask(bid, rate) for bid, rate in zip(worth.tolist(), rates.tolist()) if rate < float("inf")]
        parties = len(set(lines.buyer[priced.line].tolist()))
        return MarketPrice(own, max(steps, default=None), parties)
    own, saved = int(lines.bid_vnd_per_kg[row]), float(lines.short_vnd_per_kg[row])
    steps = [disclosure.price_to_offer(floor, rate - saved) for floor, rate in zip(floors.tolist(), rates.tolist()) if rate < float("inf")]
    return MarketPrice(own, min(steps, default=None), len(set(lots.supplier[priced.lot].tolist())))


def published_reason(reason: Reason, subject: str, market: MarketPrice) -> Reason:
    """Return the reason that an organisation is told: the price, as long as the published step isn't reached."""
    is_missed = reason.value in disclosure.MARKET_REASONS and market.is_missed_by(subject)
    return Reason.PRICE if is_missed else reason


def _published_steps(visit: PageContext, funnel: Iterable[Step]) -> tuple[tuple[int | None, str], ...]:
    """Return the steps before the price; counts after it would tell how many ask for less or pay more."""
    before = itertools.takewhile(lambda step: step.reason.value not in disclosure.MARKET_REASONS, funnel)
    return tuple((disclosure.published_count(left or 0), words) for left, words in _steps(visit, before))


def _published_nearest(visit: PageContext, story: Diagnosis, reason: Reason, market: MarketPrice) -> str:
    if reason is Reason.PRICE:
        return _published_price(visit, story.subject, market)
    if reason.value in disclosure.MARKET_REASONS:
        return ""
    return next((said for miss in story.misses if (said := _published_miss(visit, story.subject, miss))), "")


def _published_price(visit: PageContext, subject: str, market: MarketPrice) -> str:
    if market.enough_vnd is None or not market.is_missed_by(subject):
        return ""
    if market.parties >= disclosure.LEAST_PARTIES:
        return visit.say(ENOUGH[subject], vnd=visit.formats.vnd(market.enough_vnd))
    return visit.say(APART[disclosure.distance(market.own_vnd, market.enough_vnd)])


def _published_miss(visit: PageContext, subject: str, miss: Miss) -> str:
    """Say by how many days or grades the nearest counterpart misses, or which paper stops it; nothing of prices and quantities."""
    if miss.reason.value in disclosure.MARKET_REASONS:
        return ""
    if miss.paper is not None and subject == LINE:
        return visit.say(PAPER_OF_OTHERS, scheme=visit.scheme(miss.scheme or "–"))
    return _miss(visit, subject, miss) if miss.paper is not None or miss.unit in {"days", "grades"} else ""


# what the association's people are told ------------------------------------------------------------------------------
def _steps(visit: PageContext, funnel: Iterable[Step]) -> tuple[tuple[int | None, str], ...]:
    """Return the steps that thin out the counterparts, down to the one that none survives."""
    told: list[tuple[int | None, str]] = []
    for step in funnel:
        if not told or step.left != told[-1][0]:
            told.append((step.left, visit.say(STEPS[step.reason])))
        if step.left == 0:
            break
    return tuple(told)


def _nearest(visit: PageContext, story: Diagnosis) -> str:
    """Say by how much the nearest counterpart misses, without saying whose it is."""
    return next((said for miss in story.misses if (said := _miss(visit, story.subject, miss))), "")


def _miss(visit: PageContext, subject: str, miss: Miss) -> str:
    if miss.paper is not None:
        day = "" if miss.day is None else visit.formats.day(date(1970, 1, 1) + timedelta(days=miss.day))
        paper = miss.paper.value if day or miss.paper.value in ("missing", "level") else "missing"
        return visit.say(PAPERS[paper], scheme=visit.scheme(miss.scheme or "–"), day=day)
    if not miss.short or miss.unit not in MISSES:
        return ""
    text = MISSES[miss.unit]
    if miss.reason is Reason.BETTER_OFFER:
        text = TAKEN
    elif miss.reason is Reason.THROUGHPUT:
        text = FULL
    elif subject == LINE and miss.unit == "grades":
        text = LINE_GRADES
    return visit.say(text, short=visit.formats.number(miss.short))


def _found(visit: PageContext, subject: str, code: str) -> tuple[PlanContext, int, bool] | None:
    """Return the context of the current plan, a lot's or line's row in it, and whether the plan is of volumes alone."""
    query = select(Plan).where(Plan.association_id == visit.scope.association_id, Plan.state == PlanState.CURRENT)
    plan = visit.session.scalars(query.order_by(Plan.id.desc()).limit(1)).one_or_none()
    if plan is None:
        return None
    try:
        context = _context(visit, plan)
        return context, context.row(subject, code), plan.status == Status.RELAXED.value
    except (UnknownId, Conflict):
        return None


def _context(visit: PageContext, plan: Plan) -> PlanContext:
    """Return the context of a stored plan, which never changes; that of the plan asked for last is kept."""
    with _READING:
        if plan.uid not in _CONTEXTS:
            kept = archives.archived(visit.session, plan)
            _CONTEXTS.clear()
            _CONTEXTS[plan.uid] = kept.context()
        return _CONTEXTS[plan.uid]
