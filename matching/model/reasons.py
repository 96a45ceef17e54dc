"""The closed list of reasons why a lot or a demand line stays open, in the order in which they are looked for."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why some of a lot or of a line is not used. The codes are stable: other programs store and translate them."""

    NO_DEMAND_FOR_PRODUCT = "no_demand_for_product"
    NO_SUPPLY_OF_PRODUCT = "no_supply_of_product"
    GRADE = "grade"
    CERTIFICATE = "certificate"
    MARKET_CODE = "market_code"
    DATES = "dates"
    REMAINING_LIFE = "remaining_life"
    COLD = "cold"
    DOOR = "door"
    HOURS = "hours"
    FORBIDDEN = "forbidden"
    PRICE = "price"
    BETTER_OFFER = "better_offer"
    SUPPLIERS_LIMIT = "suppliers_limit"
    MINIMUM = "minimum"
    THROUGHPUT = "throughput"
    FLEET = "fleet"
    TRUCK = "truck"


MEANING: dict[Reason, str] = {
    Reason.NO_DEMAND_FOR_PRODUCT: "No demand line accepts the lot's product.",
    Reason.NO_SUPPLY_OF_PRODUCT: "No lot is of a product that the line accepts.",
    Reason.GRADE: "Every counterpart of the same product asks for, or offers, another grade.",
    Reason.CERTIFICATE: "A required certificate is missing, of too low a level, or not valid on the lot's and the line's days.",
    Reason.MARKET_CODE: "A required planting-area or pack-house code is missing or not valid on the lot's and the line's days.",
    Reason.DATES: "No pick-up day and delivery day fit together inside the horizon and the certificates' validity.",
    Reason.REMAINING_LIFE: "On every day on which it could be delivered, less shelf life remains than the line asks for.",
    Reason.COLD: "The goods need cold, and no refrigerated truck is admitted at both sites.",
    Reason.DOOR: "No class of truck is admitted at both sites.",
    Reason.HOURS: "No truck can drive the way within its driver's hours and the opening hours of both sites.",
    Reason.FORBIDDEN: "A broker has forbidden every pair that is left.",
    Reason.PRICE: "Bid and saved shortage penalty do not exceed the floor price and the cheapest freight.",
    Reason.BETTER_OFFER: "Every counterpart that would pay is wholly used.",
    Reason.SUPPLIERS_LIMIT: "Every line with room already has as many suppliers as it allows.",
    Reason.MINIMUM: "What is left is less than a minimum amount, or an indivisible lot is larger than any truck.",
    Reason.THROUGHPUT: "A counterpart has room, but a site on the way handles no more on these days.",
    Reason.FLEET: "A truck would pay, but every truck of the classes that would is used on these days.",
    Reason.TRUCK: "A counterpart has room and trips are possible, but none was found that pays for what is left.",
}
"""What each reason says, one sentence each."""

FUNNEL = (
    Reason.NO_DEMAND_FOR_PRODUCT,
    Reason.GRADE,
    Reason.CERTIFICATE,
    Reason.MARKET_CODE,
    Reason.DATES,
    Reason.REMAINING_LIFE,
    Reason.COLD,
    Reason.DOOR,
    Reason.HOURS,
    Reason.FORBIDDEN,
    Reason.PRICE,
)
"""Steps that a pair passes before it is a lane that pays, in order; the first is named after the lot's side."""

AFTER_PLAN = (
    Reason.BETTER_OFFER,
    Reason.SUPPLIERS_LIMIT,
    Reason.MINIMUM,
    Reason.THROUGHPUT,
    Reason.FLEET,
    Reason.TRUCK,
)
"""Steps that a paying lane passes, given a plan, in order; the last stops whatever is left."""


class RuleKind(StrEnum):
    """Kinds of rules that can be let go. The codes are stable."""

    MAX_SUPPLIERS = "max_suppliers"
    MIN_SUPPLIER = "min_supplier"
    MIN_FILL = "min_fill"
    MIN_TAKE = "min_take"
    INDIVISIBLE = "indivisible"
    MIN_LIFE = "min_life"
    CERTIFICATES = "certificates"
    ACCESS = "access"
    THROUGHPUT = "throughput"
    VEHICLE_COUNT = "vehicle_count"
    PIN = "pin"
    FORBID = "forbid"
    POLICY = "policy"
    FLOOR = "floor"
    CAP = "cap"
