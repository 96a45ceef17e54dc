"""What use-cases and descriptions refuse, in the visitor's own language.

Rooms say what they expect in English, once for every way in. Here each such sentence has a pattern and a text of the catalogue with
the same figures; what has none is shown as it is, after words that say which field it is about.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from service.http.problems import ErrorItem, Problem
from service.web.texts import mark

if TYPE_CHECKING:
    from service.web.context import PageContext

WORDS: tuple[tuple[str, str], ...] = (
    (r"a value|Field required|a text|a name", mark("Please fill this in.")),
    (r".*expected a day such as.*|.*expected a text such as 2027.*|Input should be a valid date.*",
     mark("Write a day such as 07/06/2027.")),
    (r".*expected a whole number such as.*", mark("Write a whole number such as 15.000.")),
    (r".*expected a number such as.*|.*expected a number$", mark("Write a number such as 1234 or 12,5.")),
    (r"'(?P<text>[^']*)' can be read in two ways: write (?P<one>\S+) or (?P<other>\S+)",
     mark("“%(text)s” can be read in two ways: write %(one)s or %(other)s.")),
    (r"expected whole kilograms, (?P<what>.+) are (?P<kg>\S+) kg", mark("%(what)s are %(kg)s kg: write an amount of whole kilograms.")),
    (r"expected a number from (?P<least>\S+) to (?P<most>\S+)", mark("Write a number from %(least)s to %(most)s.")),
    (r"(?P<least>[\d,]+) to (?P<most>[\d,]+) kg", mark("Write a mass from %(least)s to %(most)s kg.")),
    (r"this product has no weight per (?P<unit>.+)",
     mark("Nobody has said yet what one %(unit)s of this product weighs: state the mass in kg.")),
    (r"a window that doesn't end before it starts.*|days within the contract's",
     mark("The last day must not lie before the first, nor outside what is allowed.")),
    (r"why the forecast changes", mark("Say briefly why the quantity or the days change.")),
    (r"a lot that is on offer", mark("This lot is closed and can't be changed any more.")),
    (r"a line that is open", mark("This line is closed and can't be changed any more.")),
    (r"in ascending order", mark("These numbers must ascend.")),
    (r"a code that isn't taken", mark("This code is taken.")),
    (r"a (site|product|organisation) of yours|a product of the association|the uid of a site where this buyer receives",
     mark("Choose one from the list.")),
    (r"a (grade|variety) of .+",
     mark("Choose one from the list.")),
    (r"the days that .+ keeps", mark("Say how many days it keeps.")),
    (r"the present password", mark("That isn't your present password.")),
    (r"an answer of the device to this page", mark("The device's answer didn't fit this page, or came too late. Try again.")),
    (r"fewer passkeys: take one away first", mark("That many passkeys are enough. Take one away first.")),
    (r"another password than the present one", mark("Choose another password than the present one.")),
    (r"the six digits that the program shows now", mark("That code isn't right. Write the six digits that the program shows now.")),
    (r"a password that others don't use.*",
     mark("Too many people use this password, or one like it. Take several words that don't belong together.")),
    (r"(?P<least>\d+) to \d+ characters, not all the same, without the account's name",
     mark("At least %(least)s characters, not all the same, and without your name.")),
    (r"either quantity_kg, or amount and unit", mark("Write an amount and choose its unit.")),
    (r"at most (?P<kg>\d+) kg", mark("At most %(kg)s kg.")),
    (r"at most (?P<most>\d+) characters|String should have at most (?P<most2>\d+) characters?", mark("This text is too long.")),
    (r"Input should be greater than or equal to (?P<least>\S+)", mark("At least %(least)s.")),
    (r"Input should be less than or equal to (?P<most>\S+)", mark("At most %(most)s.")),
    (r"Value error, .*", mark("These values contradict each other.")),
    (r"what the reason is, where it is other", mark("Say in a few words what the reason is.")),
    (r"(?P<price>\d+) VND per kg, where (?P<usual>\d+) are usual: is the price right\?",
     mark("You wrote %(price)s đ/kg; %(usual)s is usual. Is the price right?")),
    (r"(?P<price>\d+) VND per kg is less than (?P<least>\d+): is the price right\?",
     mark("You wrote %(price)s đ/kg, less than %(least)s. Is the price right?")),
    (r"(?P<day>\S+) has passed: is the day right\?", mark("%(day)s has passed. Is the day right?")),
    (r"something of this is proposed: its product and grade stay", mark("Something of this is proposed: its product and grade stay.")),
    (r"a line of this sheet that can still be copied", mark("A line of this sheet is gone. Copy the week once more.")),
    (r"a day within a year from tomorrow on", mark("Choose a day from tomorrow on, within a year.")),
    (r".* kg, where .* kg are usual: is the unit right\?", mark("This is far more or far less than usual. Is the unit right?")),
    (r"this plan is empty, and (?P<n>\d+) undecided proposals of the plan in force would end",
     mark("This draft is empty, and %(n)s undecided proposals of the plan in force would end.")),
    (r"this plan is for (?P<first>\S+) to (?P<last>\S+), and (?P<n>\d+) undecided proposals for (?P<old>\S+) to (?P<end>\S+) would end",
     mark("This draft is for %(first)s to %(last)s. %(n)s undecided proposals for %(old)s to %(end)s would end.")),
    (r"accepted_kg \+ rejected_kg .*|masses? that add up.*|.*add up to.*", mark("Accepted and rejected together must be what was loaded.")),
    (r".*control character.*|.*can't be stored.*|.*characters that no name holds.*",
     mark("This text holds characters that can't be stored.")),
    # Registers and spreadsheets.
    (r"one commune: write its province too", mark("Several communes are called so: write the province, too.")),
    (r"a commune of today, or one that went into it", mark("There is no commune of this name. Choose one from the list.")),
    (r"a commune, or a position", mark("Say the commune or the position.")),
    (r"expected a telephone number such as 0912 345 678", mark("Write a telephone number such as 0912 345 678.")),
    (r"a name of the list|one of the list, by its name", mark("Choose one from the list.")),
    (r"the same as (?P<name>.+), perhaps in another spelling\?",
     mark("This may be %(name)s in another spelling. Confirm it if it is another one.")),
    (r"the telephone number of (?P<name>.+), a member of (?P<home>.+)",
     mark("%(name)s of %(home)s has this telephone number. Confirm it if this is another member, or one of two cooperatives.")),
    (r"another person of this name is a member already: somebody else\?",
     mark("A member of this name is on file. Confirm it if this is somebody else.")),
    (r"the login (?P<login>\S+) belongs to (?P<name>.+), (?P<home>.+)", mark("%(name)s (%(home)s) logs in as %(login)s already.")),
    (r"accounts without a password or an invitation",
     mark("Every account of this list has a password or an invitation already.")),
    (r"the (?:code|login) '.*' is taken", mark("This code is taken.")),
    (r"(?P<count>\d+) groups lose the cooperative that signs for them: (?P<groups>.+)",
     mark("%(count)s groups lose the cooperative that signs for them: %(groups)s. Confirm it if it is meant.")),
    (r"(?P<site>.+) is closed on every one of these days",
     mark("%(site)s is closed on every one of these days: nothing can be taken there. Confirm it if it is meant.")),
    (r"either closed, or other hours or kilograms", mark("Tick closed, or write other hours or kilograms.")),
    (r"another time than the opening", mark("Write another time than the opening.")),
    (r"a year from (?P<first>\d+) to (?P<last>\d+)", mark("Write a year from %(first)s to %(last)s.")),
    (r"only a group has a sponsor", mark("Only a cooperative group has a sponsoring cooperative.")),
    (r"the whole name of a cooperative or group", mark("No cooperative or group has this name. Write it whole, or its code.")),
    (r"the code, for several have this name", mark("Several have this name: write the code instead.")),
    (r"a cooperative", mark("Choose a cooperative that is in business.")),
    (r"days on which the group has no other sponsor", mark("Another cooperative signs on these days: end that first.")),
    (r"as many grades as before: .*", mark("Grades are renamed or added, never taken away: lots may stand on them.")),
    (r"a PDF or a photograph of at most 10 MB", mark("Send a PDF or a photograph of at most 10 MB.")),
    (r"an amount above zero", mark("Write an amount above zero.")),
    (r"expected an amount such as 12 tạ|a unit such as .*", mark("Write an amount with its unit, such as 12 tạ.")),
    (r"a grade of the product: (?P<grades>.+)", mark("Write one of its grades: %(grades)s.")),
    (r"hours such as 7h-7h30 or .*", mark("Write hours such as 7h-7h30 or before 8h30.")),
    (r"a value", mark("Fill this cell.")),
    (r"a login or a telephone number", mark("Write a login or a telephone number.")),
    # What cells of an upload are expected to hold.
    (r"a value: this cell must be filled", mark("Fill this cell.")),
    (r"a whole number(?: of \S+)? from (?P<least>\S+) to [^;]*;?.*",
     mark("Write a whole number, %(least)s or more, without marks or letters.")),
    (r"a number(?: of \S+)? (?:from|over) (?P<least>\S+) to .*", mark("Write a number, %(least)s or more.")),
    (r"a number above (?P<least>\S+) and at most (?P<most>\S+)", mark("Write a number above %(least)s and at most %(most)s.")),
    (r"a number, not .*", mark("Write a number.")),
    (r"a number that can be read in one way only: (?P<one>\S+), or (?P<other>[^?]+)\?.*",
     mark("This can be read in two ways, %(one)s or %(other)s: write it without thousands marks.")),
    (r"a (?:calendar )?date.*", mark("Write a real day, such as 07/06/2027, day first.")),
    (r"a clock time.*", mark("Write a time such as 05:30.")),
    (r"yes or no", mark("Write yes or no.")),
    (r"the code of a .+|codes of products .+|a site of this supplier|a grade of this product|at least one product code",
     mark("Write a code that is known and yours, as in the template.")),
    (r"one code, not a list.*", mark("Write one code; take a row of its own for each.")),
    (r"a list .*", mark("Write a list such as VietGAP;OCOP>=3.")),
    (r"at most the quantity_kg of (?P<kg>\d+)", mark("At most %(kg)s kg.")),
    (r"what this lot was declared with; declare another lot", mark("This can't be changed later: list another lot.")),
    (r"what this line asked for when .*", mark("This can't be changed any more, for kilograms are promised to the line.")),
    (r"at least the (?P<kg>\d+) kg that were called off", mark("%(kg)s kg are called off already: write no less.")),
    (r"at least (?P<kg>\d+) kg: so much is promised.*", mark("%(kg)s kg are promised already: write no less.")),
    (r"at most (?P<kg>\d+) kg: the contract (?P<code>.+) has (?P<left>\d+) kg left",
     mark("The contract %(code)s has %(left)s kg left: write at most %(kg)s.")),
    (r"days that hold what is confirmed for (?P<first>\S+) to (?P<last>\S+)",
     mark("Goods are confirmed for %(first)s to %(last)s: the days must hold these.")),
    (r"(?P<value>\d+), as the contract (?P<code>.+) says", mark("The contract %(code)s says %(value)s: change the contract first.")),
    (r"1 kg or more; withdraw a lot that is gone", mark("Write 1 kg or more. If nothing is left, withdraw the lot.")),
    (r"1 kg or more; take the line back.*", mark("Write 1 kg or more. If nothing is wanted, cancel the line.")),
    (r"(?P<day>\S+) or later, for so long something is called off",
     mark("Something is called off until %(day)s: write that day or a later one.")),
    (r"the rule (?P<rule>\w+) to be kept at (?P<where>[^:]+)(?:: .*)?", mark("This would break a rule: %(rule)s (%(where)s)")),
    (r"something that changes", mark("Nothing would change: write another mass, day or price.")),
    (r"1 kg or more, and a price that is not negative", mark("Write 1 kg or more, and a price.")),
    (r"1 kg or more, picked up before it is delivered", mark("Write 1 kg or more, and a delivery that isn't before the pick-up.")),
    (r"days with hours in which this truck can load and unload", mark("No truck can load and unload in the hours of these days.")),
    (r"the code of a class of trucks that can be had: .*",
     mark("On other days these goods need a truck of their own, and none is known for them.")),
    (r"why this is to change", mark("Say briefly why this is to change.")),
    (r"telephone, zalo or in_person: .*", mark("Say how the side that you speak for has agreed.")),
    (r"a hub", mark("Choose a hub.")),
    (r"a rate that is not negative", mark("Write a rate of 0 or more.")),
    (r"today or later", mark("Choose today or a later day.")),
    (r"a whole number from 0 to 1000", mark("Write a whole number from 0 to 1000.")),
    (r"supply or demand: for whom you speak", mark("Choose for whom you speak.")),
    (r"a lot that is on offer; this one is .*", mark("This lot is closed and can't be changed any more.")),
    (r"a line that is open; this one is .*", mark("This line is closed and can't be changed any more.")),
    (r"this column must be there", mark("This column is missing.")),
    (r"no column of this name.*", mark("There is no column of this name: take those of the template.")),
    (r"each column once", mark("Each column may stand there once.")),
    (r"a name above every column.*", mark("Write the name of the column above it.")),
    (r"cells that are not merged.*", mark("Unmerge these cells and fill each.")),
    (r"a text.*|an id on one line.*", mark("Write a text on one line.")),
    (r"a photograph: .*", mark("Choose a photograph: JPEG, PNG or WebP of at most 8 MB.")),
)  # fmt: skip
RULES: dict[str, str] = {
    "lot_quantity": mark("the lot has no more than that"),
    "line_quantity": mark("the line wants no more than that"),
    "min_take": mark("the lot goes in larger parts only"),
    "indivisible": mark("the lot goes whole or not at all"),
    "min_fill": mark("the line wants more or nothing"),
    "min_supplier": mark("the line takes larger parts of each supplier only"),
    "max_suppliers": mark("the line takes from no more suppliers"),
    "pickup_dates": mark("the lot can't be picked up on that day"),
    "delivery_dates": mark("the line doesn't receive on that day"),
    "remaining_life": mark("it wouldn't keep long enough"),
    "certificate": mark("the certificate doesn't hold on that day"),
    "payload": mark("the truck can't carry that much"),
    "volume": mark("the truck hasn't room for that much"),
    "access_hours": mark("the truck isn't admitted at that hour"),
    "opening_hours": mark("the place is closed at that hour"),
    "max_hours": mark("the trip would take too long"),
    "count_per_day": mark("there are no more trucks of this class on that day"),
    "cold": mark("it needs a refrigerated truck"),
    "doors": mark("the truck is too large for a door"),
    "horizon": mark("that day lies outside what is planned"),
}
"""What it means to break each rule of the exchange format."""
CODES: dict[str, str] = {
    "wrong_login": mark("The login or the password is wrong, or it was tried too often. Try again in a minute."),
    "csrf": mark("This form was opened before you logged in last. Load the page again and send it once more."),
    "forbidden": mark("Your account may not do this. Ask the association if you need to."),
    "not_found": mark("There is no such page or row, or it isn't yours."),
    "method_not_allowed": mark("This address can't be used like that."),
    "stale": mark("Somebody else has changed this in the meantime. Load the page again, look at what changed, and decide anew."),
    "plan_stale": mark("The plan behind this is out of date. A broker will plan again."),
    "plan_not_draft": mark("This plan has been published already."),
    "plan_not_publishable": mark("This plan has volumes alone and no trips. Plan with trucks, then publish that plan."),
    "confirmed_for_other_days": mark("Both sides have confirmed goods for days that this would rule out. Agree on other days first."),
    "already_signed": mark("This side has signed already; the other side answers."),
    "nothing_to_sign": mark("This contract waits for no signature."),
    "already_decided": mark("Somebody has decided this already."),
    "already_confirmed": mark("Both sides have confirmed this already."),
    "already_there": mark("This is there already."),
    "already_imported": mark("This very file has been taken in before."),
    "terms_changed": mark("The terms have changed since you saw them. Load the page again and look at them before you answer."),
    "terms_below_zero": mark("Freight, handling and fee cost more than these goods bring. Plan again, or turn it down."),
    "below_floor": mark("This is less than the floor price. Say that you agree to it, or refuse."),
    "offer_stands": mark("An offer or a promise rests on this. Refuse it first, or propose to change what was agreed."),
    "freight_at_risk": mark("This truck costs more than its goods pay for it. Accept the difference, or plan again."),
    "hold_expired": mark("The time to confirm has run out. A broker can propose it again."),
    "not_approved": mark("No broker has approved this yet."),
    "lot_overcommitted": mark("More of the lot is promised than this would leave. What is promised stays promised."),
    "line_overcommitted": mark("More is promised to the line than this would leave. What is promised stays promised."),
    "contract_exceeded": mark("The contract has less left than that."),
    "needs_confirmation": mark("Please look once more: this is unusual. Confirm it if it is meant."),
    "idempotency_key_reuse": mark("This form has been sent already. If you want to send another one, check it and send it now."),
    "still_running": mark("This is being saved right now. Wait a moment."),
    "invalid": mark("Something in the form is wrong. Look at what is marked."),
    "invalid_request": mark("Something in the form is wrong. Look at what is marked."),
    "invalid_upload": mark("The file has faults; nothing was taken in. Mend the cells listed here and send it again."),
    "unreadable_upload": mark("This file can't be read as a table."),
    "upload_too_large": mark("The file holds more than is read at one time."),
    "too_large": mark("This is larger than what is taken at one time."),
    "bad_form": mark("The form didn't arrive whole. Please send it again."),
    "unsupported_media_type": mark("This kind of file isn't understood. Send an Excel workbook (.xlsx) or CSV."),
    "conflict": mark("Somebody was faster, or other rows rest on this one. Load the page again."),
    "too_many_requests": mark("That was a little fast. Wait a moment and try again."),
    "rate_limited": mark("That was a little fast. Wait a moment and try again."),
    "too_many_at_once": mark("Too much is asked from your address at once. Wait a moment and try again."),
    "one_at_a_time": mark("Something of yours that takes long is still at work. Try again when it is done."),
    "passkey_required": mark("For this account the password alone isn't enough. Log in with its passkey."),
    "passkey_unknown": mark("This passkey isn't known here, or it took too long. Try again, or log in with the password."),
    "busy": mark("The service is busy. Try again in a moment."),
    "database_away": mark("The database can't be reached just now. Nothing was lost; try again in a moment."),
    "disk_full": mark("The disk of the service is full: nothing was written. Tell the association."),
    "internal": mark("Something went wrong on our side. Nothing was written; the number below helps us to find out why."),
}
TITLES: dict[int, str] = {
    401: mark("Please log in"), 403: mark("Not allowed"), 404: mark("Not found"), 405: mark("Not done here"),
    409: mark("Somebody was first"), 412: mark("Changed meanwhile"), 413: mark("Too large"), 422: mark("Something is wrong"),
    429: mark("A little slower, please"),
    500: mark("Our fault"), 503: mark("Busy"), 507: mark("Out of space"),
}  # fmt: skip
UNKNOWN = mark("That can't be done")
_COMPILED = tuple((re.compile(pattern), text) for pattern, text in WORDS)


def words(expected: str, visit: PageContext) -> str:
    """Return what is expected of a value, in the visitor's language."""
    for pattern, text in _COMPILED:
        found = pattern.fullmatch(expected)
        if found is not None:
            return visit.say(text, **{name: _figure(name, value or "", visit) for name, value in found.groupdict().items()})
    return expected


def _figure(name: str, value: str, visit: PageContext) -> str:
    """Return a figure or a day of a sentence as the visitor's language writes it."""
    if name == "rule":
        return visit.say(RULES[value]) if value in RULES else value
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return visit.formats.day(date.fromisoformat(value))
    if name in ("price", "usual", "least", "left", "value", "n") and value.isdecimal():
        return visit.formats.number(int(value))
    return value.replace(".", ",") if name == "kg" and visit.language == "vi" else value


def title(problem: Problem, visit: PageContext) -> str:
    """Return the kind of a problem in a few words."""
    return visit.say(TITLES.get(problem.status, UNKNOWN))


def detail(problem: Problem, visit: PageContext) -> str:
    """Return what happened, and what one can do now."""
    known = CODES.get(problem.code)
    return visit.say(known) if known else problem.detail


def by_field(problem: Problem, visit: PageContext) -> dict[str, list[str]]:
    """Return what is wrong with each field of a form; what concerns none of them stands under an empty name."""
    found: dict[str, list[str]] = {}
    for item in problem.errors:
        said = words(item.message, visit)
        if said not in found.setdefault(_field(item), []):
            found[_field(item)].append(said)
    return found


def _field(item: ErrorItem) -> str:
    """Return the name of the field that an item is about; the second part of a list's place, for lists of one."""
    return (item.pointer or "").rpartition("/")[2]
