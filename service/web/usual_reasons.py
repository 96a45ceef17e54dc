"""Reasons that the program gives where a person gave none, in words; what people wrote is shown as it is."""

from __future__ import annotations

from service.web.context import PageContext
from service.web.texts import mark

USUAL: dict[str, str] = {
    "decided": mark("by decision"), "confirmed": mark("on confirmation"), "answered": mark("on the answer"), "stated": mark("by decision"),
    "published": mark("on publishing"), "taken back": mark("taken back"),
    "promised before terms were kept": mark("promised before terms were kept"),
    "the truck goes emptier than agreed": mark("the truck goes emptier than agreed"),
    "the lot was changed": mark("the lot was changed"), "the line was changed": mark("the demand line was changed"),
    "shipment planned": mark("on scheduling the truck"), "loaded": mark("on loading"), "cancelled": mark("on cancelling"),
    "the hold has run out": mark("the time to answer has run out"), "agreed by telephone": mark("agreed by telephone"),
}  # fmt: skip


def reason_in_words(visit: PageContext, why: str) -> str:
    """Return a reason in the visitor's language."""
    return visit.say(USUAL[why]) if why in USUAL else why
