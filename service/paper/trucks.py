"""The papers of a truck: the driver's sheet with the delivery note for each door, and the slips for the gates."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from service.paper.journeys import Goods, Journey, Stop
from service.paper.sheet import SMALL, Column, Sheet
from service.paper.words import Words

MOST_NAMED = 3
"""A note names so many places where its goods were loaded; of more it says how many they are."""


def delivery_notes(journey: Journey, words: Words, code: str) -> bytes:
    """Return the driver's sheet, and after it a note for each door, to be signed by those who give, drive and take.

    Parameters
    ----------
    code : what cameras read, an address or a name.
    """
    sheet = Sheet(words, words.say("Delivery note %(code)s", code=journey.code), journey.house, SMALL)
    _drive(sheet, journey, code)
    for number, door in enumerate(journey.doors, 1):
        sheet.next_page()
        _note(sheet, journey, door, f"{journey.code} / {number}", code)
    return sheet.pdf()


def gate_slips(journey: Journey, words: Words, code: str) -> bytes:
    """Return a slip for the gate of each door, with what its guard looks for in large print."""
    sheet = Sheet(words, words.say("Gate slip %(code)s", code=journey.code), journey.house, SMALL)
    for number, door in enumerate(journey.doors):
        if number:
            sheet.next_page()
        _slip(sheet, journey, door, code)
    return sheet.pdf()


def _drive(sheet: Sheet, journey: Journey, code: str) -> None:
    words = sheet.words
    sheet.title(words.say("Driver's sheet"), journey.code, words.say("Where this truck goes, and what it takes and leaves there"), code)
    sheet.facts([*_truck(journey, words), (words.say("Goods in all"), words.kg(journey.kg)), (words.say("Day"), _day(journey, words))])
    columns = [
        Column("#", 0.6, "right"), Column(words.say("Place"), 5), Column(words.say("Arrives"), 1.5, "right"),
        Column(words.say("Leaves"), 1.5, "right"), Column(words.say("Loads"), 1.9, "right"), Column(words.say("Unloads"), 1.9, "right"),
    ]  # fmt: skip
    rows = [_stop(n, stop, journey, words) for n, stop in enumerate(journey.stops, 1)]
    sheet.table(columns, rows, ["", words.say("Together"), "", "", words.kg(journey.kg), words.kg(journey.kg)])


def _stop(number: int, stop: Stop, journey: Journey, words: Words) -> list[str]:
    loads, leaves = journey.loaded_kg(stop), journey.unloaded_kg(stop)
    times = [words.clock(stop.arrive_min), words.clock(stop.depart_min)]
    return [str(number), journey.places[stop.site].text, *times, words.kg(loads) if loads else "", words.kg(leaves) if leaves else ""]


def _note(sheet: Sheet, journey: Journey, door: int, number: str, code: str) -> None:
    words, goods = sheet.words, [one for one in journey.goods if one.door == door]
    sheet.title(words.say("Delivery note"), number, words.say("Made out in two copies, one for each side"), code)
    sources = list(dict.fromkeys(journey.places[one.origin].text for one in goods))
    loaded = (
        " · ".join(sources) if len(sources) <= MOST_NAMED else words.say("%(count)s places, see the driver's sheet", count=len(sources))
    )
    sheet.facts([
        (words.say("Receiver"), " · ".join(dict.fromkeys(one.buyer for one in goods))),
        (words.say("Place of delivery"), journey.places[door].text),
        (words.say("Loaded at"), loaded),
        (words.say("Expected"), _expected(journey, door, words)),
        *_truck(journey, words),
    ])  # fmt: skip
    _goods(sheet, goods)
    sheet.gap(3)
    sheet.blanks([words.say("Seal, temperature:"), words.say("Received at:")])
    sheet.signatures([words.say("Given by"), words.say("Driver"), words.say("Received by")])


def _goods(sheet: Sheet, goods: Sequence[Goods]) -> None:
    words = sheet.words
    columns = [
        Column(words.say("Goods"), 3),
        Column(words.say("Supplier"), 3),
        Column(words.say("Lot"), 2),
        Column(words.say("Terms no."), 1, "right"),
        Column(words.say("Sent"), 2, "right"),
        Column(words.say("Accepted"), 2, "right"),
        Column(words.say("Rejected, why"), 2, "right"),
    ]  # fmt: skip
    rows = [
        [_kind(one, words), one.supplier, one.lot, "" if one.terms is None else words.number(one.terms), words.kg(one.kg),
         _said(one.accepted_kg, words), _said(one.rejected_kg, words)]
        for one in goods
    ]  # fmt: skip
    accepted = [one.accepted_kg for one in goods if one.accepted_kg is not None]
    rejected = [one.rejected_kg for one in goods if one.rejected_kg is not None]
    sums = [words.kg(sum(one.kg for one in goods)), *(words.kg(sum(found)) if found else "" for found in (accepted, rejected))]
    sheet.table(columns, rows, [words.say("Together"), "", "", "", *sums])


def _kind(one: Goods, words: Words) -> str:
    return f"{one.product}, {words.say('grade %(rank)s', rank=one.grade)}"


def _said(kg: int | None, words: Words) -> str:
    return "" if kg is None else words.kg(kg)


def _slip(sheet: Sheet, journey: Journey, door: int, code: str) -> None:
    words, goods = sheet.words, [one for one in journey.goods if one.door == door]
    sheet.title(words.say("Gate slip"), journey.code, journey.places[door].text, code)
    sheet.heading(journey.plate or words.say("Number plate: …………………"))
    sheet.facts([
        (words.say("Expected"), _expected(journey, door, words)),
        (words.say("To"), " · ".join(dict.fromkeys(one.buyer for one in goods))),
        *[pair for pair in _truck(journey, words) if pair[1] != journey.plate],
    ])  # fmt: skip
    columns = [Column(words.say("Goods"), 4), Column(words.say("Number of lots"), 1, "right"), Column(words.say("Mass"), 2, "right")]
    kinds = groupby(sorted(goods, key=lambda one: one.product), key=lambda one: one.product)
    rows = [[product, words.number(len(same)), words.kg(sum(one.kg for one in same))] for product, same in ((p, list(g)) for p, g in kinds)]
    sheet.table(columns, rows, [words.say("Together"), words.number(len(goods)), words.kg(sum(one.kg for one in goods))])
    sheet.gap(3)
    sheet.blanks([words.say("Came in at:"), words.say("Went out at:")])
    sheet.signatures([words.say("Guard"), words.say("Driver")])


def _truck(journey: Journey, words: Words) -> list[tuple[str, str]]:
    return [
        (words.say("Truck"), journey.vehicle_class),
        (words.say("Carrier"), journey.carrier),
        (words.say("Number plate"), journey.plate),
        (words.say("Driver"), " · ".join(part for part in (journey.driver_name, journey.driver_phone) if part)),
    ]


def _expected(journey: Journey, door: int, words: Words) -> str:
    stop = next((stop for stop in journey.stops if stop.site == door), None)
    return "" if stop is None or stop.arrive_min is None else f"{words.clock(stop.arrive_min)} {words.day(stop.day)}"


def _day(journey: Journey, words: Words) -> str:
    days = [stop.day for stop in journey.stops if stop.day is not None]
    return words.days(min(days), max(days)) if days else ""
