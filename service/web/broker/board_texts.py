"""The words that the board's script says, in the visitor's language; the script has none of its own."""

from __future__ import annotations

import json

from service.web.context import PageContext
from service.web.error_texts import CODES, RULES
from service.web.labels import STAGES
from service.web.texts import mark

TEXTS: dict[str, str] = {
    "approved": mark("%(n)s approved."),
    "rejected": mark("%(n)s rejected."),
    "pinned": mark("%(n)s pinned."),
    "edited": mark("Changed."),
    "edited_many": mark("%(n)s changed."),
    "edit_many_title": mark("Change %(n)s proposals alike"),
    "undone": mark("%(n)s taken back."),
    "nothing": mark("Nothing is left to take back."),
    "refused": mark("%(n)s couldn't be done:"),
    "first": mark("%(who)s was faster."),
    "stale": mark("Somebody has changed this meanwhile; the row shows how it is now."),
    "offline": mark("No connection. Nothing was done; try again."),
    "failed": mark("That didn't work: %(why)s"),
    "rows": mark("%(n)s of %(all)s proposals, %(kg)s"),
    "chosen": mark("%(n)s chosen, %(kg)s"),
    "none": mark("No proposal fits this filter."),
    "gains": mark("gains"),
    "loses": mark("loses"),
    "unchanged": mark("No money changes hands otherwise by this."),
    "gets": mark("gets"),
    "pays": mark("pays"),
    "worth": mark("The plan's worth"),
    "freight": mark("Freight"),
    "loaded": mark("Loaded"),
    "accepted": mark("Accepted"),
    "turned": mark("Turned away"),
    "settled": mark("Settled"),
    "paid": mark("Paid"),
    "settled_vnd": mark("By the settlements"),
    "again": mark("Rejected before, changed since."),
    "whole": mark("Terms, answers and history"),
    "fee": mark("The association's fee"),
    "kg": mark("Kilograms matched"),
    "grade": mark("grade %(rank)s"),
    "trip": mark("Trip %(n)s"),
    "own": mark("Its own truck"),
    "pin": mark("pinned"),
    "reject_title": mark("Reject %(n)s"),
    "approve_title": mark("Approve %(n)s"),
    "pin_title": mark("Pin %(n)s"),
    "saving": mark("Saving %(n)s …"),
    "rule": mark("This would break a rule: %(rule)s (%(where)s)"),
    "save": mark("Save the change"),
    "edit_title": mark("Change %(lot)s → %(line)s"),
    "trucks": mark("%(n)s trips, at most %(most)s trucks at a time"),
    "day": mark("Day"),
    "undo": mark("Take back"),
    "carrier": mark("Carrier"),
    "loading": mark("Loading …"),
    "weekdays": mark("Sun Mon Tue Wed Thu Fri Sat"),
    "pin_note": mark("Every later plan brings at least these kilograms from this lot to this line."),
    "changed_by": mark("%(n)s changed by somebody else."),
}
REFUSALS = (
    "forbidden", "csrf", "not_found", "stale", "plan_stale", "already_decided", "already_confirmed", "hold_expired", "lot_overcommitted",
    "line_overcommitted", "too_many_requests", "busy", "database_away", "still_running",
)  # fmt: skip


def words(visit: PageContext) -> str:
    """Return the words as JSON, with those of the stages."""
    said = {name: visit.say(text).replace("%(", "{").replace(")s", "}") for name, text in TEXTS.items()}
    return json.dumps(
        {
            **said,
            "stages": {name: visit.say(text) for name, text in STAGES.items()},
            "rules": {name: visit.say(text) for name, text in RULES.items()},
            "codes": {name: visit.say(CODES[name]) for name in REFUSALS if name in CODES},
        },
        ensure_ascii=False,
    )
