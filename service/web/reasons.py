"""Why a lot or a line is still open, in plain words, and what would help: for those who grew the goods or asked for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.disclosure import MARKET_REASONS, sees_all
from service.planning.models import Plan, PlanReason
from service.planning.states import PlanState
from service.web.context import PageContext
from service.web.texts import mark

OF_LOT: dict[str, tuple[str, str]] = {
    "no_demand_for_product": (mark("No buyer asks for this product just now."), mark("A broker can look for a buyer.")),
    "grade": (mark("Buyers of this product ask for a better grade."), mark("Sort out what is of a better grade as a lot of its own.")),
    "certificate": (
        mark("Buyers ask for a certificate that isn't on file or not valid on these days."),
        mark("Look at your certificates and renew what runs out."),
    ),
    "market_code": (mark("Buyers ask for a planting-area code that isn't on file."), mark("Tell the association your code.")),
    "dates": (mark("No buyer's days fit the days of this lot."), mark("More days for picking up would help.")),
    "remaining_life": (mark("It would be too old on the day of delivery."), mark("Pick later, or offer it on earlier days.")),
    "cold": (mark("No refrigerated truck gets to both doors."), mark("Ask the association about refrigerated trucks.")),
    "door": (mark("No truck is admitted at your door and the buyer's."), mark("Ask whether a larger truck can come to you.")),
    "hours": (
        mark("No truck reaches a buyer that is left within its driver's hours and the opening hours."),
        mark("Longer opening hours, or a hub on the way, would help."),
    ),
    "forbidden": (mark("A broker has ruled out every buyer that is left."), mark("Ask your broker why.")),
    "price": (mark("Buyers pay less than your floor price and the freight."), mark("A lower floor price, or a larger lot, would help.")),
    "better_offer": (mark("The buyers have filled their orders with other lots."), mark("It stays on offer for the next plan.")),
    "suppliers_limit": (mark("The buyers with room take from no more suppliers."), mark("It stays on offer for the next plan.")),
    "minimum": (mark("What is left is less than the least amount that is taken."), mark("A smaller least amount would help.")),
    "throughput": (
        mark("The buyers with room can handle no more on these days."),
        mark("More days for picking up would help."),
    ),
    "fleet": (mark("Every truck that would pay is used on these days."), mark("More days for picking up would help.")),
    "truck": (mark("No truck was found that pays for what is left."), mark("More kilograms, or more days, would fill a truck.")),
}
OF_LINE: dict[str, tuple[str, str]] = {
    "no_supply_of_product": (mark("Nobody offers this product just now."), mark("Accept another product as well, or other days.")),
    "grade": (mark("What is offered is of a lower grade."), mark("Accepting a lower grade would help.")),
    "certificate": (mark("No offer has the certificate that you ask for."), mark("Ask whether the certificate is really needed.")),
    "market_code": (mark("No offer has the market code that you ask for."), mark("Ask whether the code is really needed.")),
    "dates": (mark("Nothing can be picked up and delivered on your days."), mark("More days for the delivery would help.")),
    "remaining_life": (mark("What is offered would be too old for you."), mark("A shorter minimum life would help.")),
    "cold": (mark("No refrigerated truck gets to both doors."), mark("Ask the association about refrigerated trucks.")),
    "door": (mark("No truck is admitted at both doors."), mark("Admitting a larger truck would help.")),
    "hours": (
        mark("No truck brings what is left to you within its driver's hours and the opening hours."),
        mark("Longer opening hours would help."),
    ),
    "forbidden": (mark("A broker has ruled out every lot that is left."), mark("Ask your broker why.")),
    "price": (mark("Your price doesn't cover the floor price and the freight."), mark("A higher price, or a larger order, would help.")),
    "better_offer": (mark("The lots that fit have gone to others who pay more."), mark("A higher price would help.")),
    "suppliers_limit": (mark("You take from no more suppliers than these."), mark("Accepting more suppliers would help.")),
    "minimum": (mark("What is left is less than your least amount."), mark("A smaller least amount would help.")),
    "throughput": (
        mark("Your site, or the one that has the goods, can handle no more on these days."),
        mark("A higher daily throughput, or more days for the delivery, would help."),
    ),
    "fleet": (mark("Every truck that would pay is used on these days."), mark("More days for the delivery would help.")),
    "truck": (mark("No truck was found that pays for what is left."), mark("More kilograms, or more days, would fill a truck.")),
}
AT_THE_PRICE = (mark("At its price no counterpart and no truck were left for it."), mark("Open it to see what would help."))
"""What an organisation is told in lists in place of each reason that depends on others' exact prices and quantities."""


@dataclass(frozen=True)
class Why:
    """Why something is open: how much of it, the reason and what would help, in the visitor's language."""

    open_kg: int
    reason: str
    words: str
    help: str


def of_lots(visit: PageContext, numbers: Iterable[int]) -> dict[int, Why]:
    """Return why lots are open, by their numbers; those that the current plan wholly uses have no reason."""
    return _of(visit, visit.session, PlanReason.lot_id, numbers, OF_LOT)


def of_lines(visit: PageContext, numbers: Iterable[int]) -> dict[int, Why]:
    """Return why lines are open, by their numbers."""
    return _of(visit, visit.session, PlanReason.line_id, numbers, OF_LINE)


def _of(visit: PageContext, session: Session, column: Any, numbers: Iterable[int], known: dict[str, tuple[str, str]]) -> dict[int, Why]:
    current = select(Plan.id).where(Plan.association_id == visit.scope.association_id, Plan.state == PlanState.CURRENT)
    query = select(column, PlanReason.open_kg, PlanReason.reason).where(column.in_(list(numbers)), PlanReason.plan_id.in_(current))
    found = {}
    for number, open_kg, reason in session.execute(query.order_by(PlanReason.id)):
        words, helps = words_of(visit, known, reason)
        found[number] = Why(open_kg, reason, visit.say(words), visit.say(helps) if helps else "")
    return found


def words_of(visit: PageContext, known: dict[str, tuple[str, str]], reason: str) -> tuple[str, str]:
    """Return a reason and what would help, as texts of the catalogue, as far as the visitor may learn them."""
    if reason in MARKET_REASONS and not sees_all(visit.scope):
        return AT_THE_PRICE
    return known.get(reason, (reason, ""))
