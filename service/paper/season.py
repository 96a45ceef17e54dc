"""The season in figures on paper, for the association's meeting."""

from __future__ import annotations

from collections.abc import Sequence

from service.paper.sheet import Column, Sheet
from service.paper.words import Words
from service.planning.plans.overview import Group, Season


def season_pdf(season: Season, house: str, words: Words) -> bytes:
    """Return the season's report as PDF.

    Parameters
    ----------
    house : name of the association.
    """
    title = words.say("Season report")
    sheet = Sheet(words, title, house)
    sheet.title(title, words.days(season.first, season.last), words.say("Matched is what is promised, or proposed in the current plan."))
    _figures(sheet, season)
    _groups(sheet, words.say("By product"), words.say("Wanted"), season.by_product())
    _groups(sheet, words.say("By buyer"), words.say("Wanted"), season.by_buyer())
    _groups(sheet, words.say("By commune"), words.say("Offered"), season.by_commune())
    _groups(sheet, words.say("By supplier"), words.say("Offered"), season.by_supplier())
    return sheet.pdf()


def _figures(sheet: Sheet, season: Season) -> None:
    words, fair = sheet.words, season.fairness()
    sheet.facts(
        [
            (words.say("Wanted"), words.tonnes(season.wanted_kg)),
            (words.say("Offered"), words.tonnes(season.offered_kg)),
            (words.say("Matched"), words.tonnes(season.matched_kg)),
            (words.say("Delivered"), words.tonnes(season.delivered_kg)),
            (words.say("Fill rate"), words.percent(season.fill_rate)),
            (words.say("Price over floor"), f"{words.number(season.over_floor_vnd_per_kg)} đ/kg"),
            (words.say("Freight"), f"{words.number(season.freight_vnd_per_kg)} đ/kg"),
            (words.say("Number of suppliers"), words.number(fair.suppliers)),
            (words.say("Suppliers who sell nothing"), words.number(fair.unserved)),
            (words.say("Share sold: the lowest"), words.percent(fair.lowest)),
            (words.say("Share sold: the median"), words.percent(fair.median)),
        ],
        4,
    )


def _groups(sheet: Sheet, heading: str, whole: str, groups: Sequence[Group]) -> None:
    words = sheet.words
    columns = [
        Column("", 4),
        Column(whole, 2, "right"),
        Column(words.say("Matched"), 2, "right"),
        Column(words.say("Delivered"), 2, "right"),
        Column(words.say("Share"), 1.4, "right"),
    ]
    sheet.heading(heading)
    sheet.table(columns, [_row(group, words) for group in groups], _row(_sum(groups, words), words))


def _row(group: Group, words: Words) -> list[str]:
    kgs = (group.wanted_kg, group.matched_kg, group.delivered_kg)
    return [group.name or words.say("not stated"), *(words.kg(kg) for kg in kgs), words.percent(group.share)]


def _sum(groups: Sequence[Group], words: Words) -> Group:
    sums = (sum(getattr(group, name) for group in groups) for name in ("wanted_kg", "matched_kg", "delivered_kg"))
    return Group(words.say("Together"), *sums)
