"""Why a lot or a line is open, in figures: how many counterparts are left at each step, by how much the nearest ones miss, what would do.

The figures are those of `matching.explain` for the current plan. Those who grew or ordered the goods are told counts and amounts; whose
lot or line it is that came near stays with the brokers, and so does every change that somebody else would have to make.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from threading import Lock

from sqlalchemy import select

from catalog.errors import Conflict
from matching.explain.answer import what_would_change
from matching.explain.context import Scene, UnknownId
from matching.explain.diagnosis import Story, tell
from matching.explain.near_misses import Miss
from matching.explain.rendering import change_text
from matching.model.plan import LINE, LOT, Status
from matching.model.reasons import Reason
from service.planning.models import Plan
from service.planning.states import PlanState
from service.runs import archives
from service.stopwatch import Patience, start_stopwatch
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
    Reason.FORBIDDEN: mark("of these aren't ruled out by a broker"),
    Reason.PRICE: mark("of these pay for goods and freight"),
    Reason.BETTER_OFFER: mark("of these still have room"),
    Reason.SUPPLIERS_LIMIT: mark("of these take a further supplier"),
    Reason.MINIMUM: mark("of these take so small an amount"),
    Reason.TRUCK: mark("of these have a truck that pays"),
}
MISSES: dict[str, str] = {
    "grades": mark("The nearest one wants a grade that is %(short)s better."),
    "days": mark("The nearest one misses by %(short)s days."),
    "vnd_per_kg": mark("The nearest one misses by %(short)s đồng per kg, freight included."),
    "kg": mark("The nearest one misses by %(short)s kg."),
    "suppliers": mark("The nearest one already has its %(short)s suppliers."),
}
LINE_GRADES = mark("The nearest one is %(short)s grades too low.")
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
_ALONE, _READING = Lock(), Lock()
_SCENES: dict[str, Scene] = {}


@dataclass(frozen=True)
class Figures:
    """Why something is open, in the visitor's language.

    Attributes
    ----------
    words, helps : the reason, and what would help.
    steps : how many counterparts are left at each step down to the one that none survives, and the step in words.
    nearest : by how much the nearest counterpart misses; empty where that is no amount.
    """

    open_kg: int
    words: str
    helps: str
    steps: tuple[tuple[int, str], ...]
    nearest: str


@dataclass(frozen=True)
class Remedy:
    """What one could change oneself: each change in words, with the kilograms that it brings at least; or why there is none."""

    changes: tuple[tuple[str, int], ...]
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
    scene, row, _ = found
    with _ALONE:
        patience = Patience(start_stopwatch(), SEARCH_S)
        answer = what_would_change(scene, subject, row, expired=patience, late=patience.is_over)
    own = [one for one in answer.promises if one.change.subject in {code, whose}]
    changes = tuple((change_text(one.change, "vi" if visit.language == "vi" else "en"), one.promised_kg) for one in own)
    outcome = "none" if answer.outcome.value == "found" else answer.outcome.value
    return Remedy(changes, "" if changes else visit.say(OUTCOMES[outcome]))


def _figures(visit: PageContext, subject: str, code: str) -> Figures | None:
    found = _found(visit, subject, code)
    if found is None:
        return None
    story = tell(found[0], subject, found[1])
    if story.reason is None:
        return None
    words, helps = (OF_LOT if subject == LOT else OF_LINE)[story.reason.value]
    return Figures(story.open_kg, visit.say(words), visit.say(helps), _steps(visit, story), _nearest(visit, story))


def _steps(visit: PageContext, story: Story) -> tuple[tuple[int, str], ...]:
    """Return the steps that thin out the counterparts, down to the one that none survives."""
    told: list[tuple[int, str]] = []
    for step in story.funnel:
        if not told or step.left != told[-1][0]:
            told.append((step.left, visit.say(STEPS[step.reason])))
        if step.left == 0:
            break
    return tuple(told)


def _nearest(visit: PageContext, story: Story) -> str:
    """Say by how much the nearest counterpart misses, without saying whose it is."""
    return next((said for miss in story.misses if (said := _miss(visit, story.subject, miss))), "")


def _miss(visit: PageContext, subject: str, miss: Miss) -> str:
    if miss.paper is not None:
        day = "" if miss.day is None else visit.formats.day(date(1970, 1, 1) + timedelta(days=miss.day))
        paper = miss.paper.value if day or miss.paper.value in ("missing", "level") else "missing"
        return visit.say(PAPERS[paper], scheme=miss.scheme or "–", day=day)
    if not miss.short or miss.unit not in MISSES:
        return ""
    text = MISSES[miss.unit]
    if miss.reason is Reason.BETTER_OFFER:
        text = TAKEN
    elif subject == LINE and miss.unit == "grades":
        text = LINE_GRADES
    return visit.say(text, short=visit.formats.number(miss.short))


def _found(visit: PageContext, subject: str, code: str) -> tuple[Scene, int, bool] | None:
    """Return the scene of the current plan, a lot's or line's row in it, and whether the plan is of volumes alone."""
    query = select(Plan).where(Plan.association_id == visit.scope.association_id, Plan.state == PlanState.CURRENT)
    plan = visit.session.scalars(query.order_by(Plan.id.desc()).limit(1)).one_or_none()
    if plan is None:
        return None
    try:
        scene = _scene(visit, plan)
        return scene, scene.row(subject, code), plan.status == Status.RELAXED.value
    except (UnknownId, Conflict):
        return None


def _scene(visit: PageContext, plan: Plan) -> Scene:
    """Return the scene of a stored plan, which never changes; that of the plan asked for last is kept."""
    with _READING:
        if plan.uid not in _SCENES:
            kept = archives.archived(visit.session, plan)
            _SCENES.clear()
            _SCENES[plan.uid] = Scene(kept.problem, kept.result.plan)
        return _SCENES[plan.uid]
