"""What has changed between two plans, in typed words for each party: ``pick-up at Kép moves 05:00 → 04:30``.

Changes are seen by lot and line. Goods that one line loses of a lot and another gains have moved; what is left has fallen, risen, gone or
come. Where the kilograms stay, days and clock times at either end may differ. A supplier hears of its own lots, a buyer of its own lines;
a haulier's trips are not spoken of, for hired trucks have no name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any

import numpy as np

from matching import texts
from matching.model.plan import CARRIER, Plan
from matching.model.problem import Problem
from matching.texts import Language


class Kind(StrEnum):
    """What may have changed; codes are stable."""

    MOVED = "moved"
    MOVED_AWAY = "moved_away"
    MOVED_HERE = "moved_here"
    DROPPED = "dropped"
    ADDED = "added"
    LESS = "less"
    MORE = "more"
    PICKUP_DAY = "pickup_day"
    DELIVERY_DAY = "delivery_day"
    PICKUP_TIME = "pickup_time"
    DELIVERY_TIME = "delivery_time"


SUPPLY_SIDE = frozenset({Kind.PICKUP_DAY, Kind.PICKUP_TIME})
DEMAND_SIDE = frozenset({Kind.DELIVERY_DAY, Kind.DELIVERY_TIME})
SUPPLIER, BUYER = "supplier", "buyer"

texts.register(
    {
        "change.moved": (
            "{moved_kg} {product} của lô {lot} chuyển từ {line_before} sang {line_after}.",
            "{moved_kg} of {product} from lot {lot} move from {line_before} to {line_after}.",
        ),
        "change.moved_away": (
            "{moved_kg} {product} của lô {lot} không còn giao cho {line}.",
            "{moved_kg} of {product} from lot {lot} no longer come to {line}.",
        ),
        "change.moved_here": (
            "{moved_kg} {product} của lô {lot} nay giao cho {line}.",
            "{moved_kg} of {product} from lot {lot} now come to {line}.",
        ),
        "change.dropped": (
            "Lô {lot} không còn giao {before_kg} {product} cho {line}.",
            "Lot {lot} no longer sends {before_kg} of {product} to {line}.",
        ),
        "change.added": ("Lô {lot} giao thêm {after_kg} {product} cho {line}.", "Lot {lot} now sends {after_kg} of {product} to {line}."),
        "change.less": (
            "Lô {lot} giao cho {line} ít hơn: {before_kg} → {after_kg} {product}.",
            "Lot {lot} sends less to {line}: {before_kg} → {after_kg} of {product}.",
        ),
        "change.more": (
            "Lô {lot} giao cho {line} nhiều hơn: {before_kg} → {after_kg} {product}.",
            "Lot {lot} sends more to {line}: {before_kg} → {after_kg} of {product}.",
        ),
        "change.pickup_day": (
            "Lấy hàng tại {site} đổi ngày: {before_day} → {after_day} (lô {lot}).",
            "Pick-up at {site} moves {before_day} → {after_day} (lot {lot}).",
        ),
        "change.delivery_day": (
            "Giao hàng tại {site} đổi ngày: {before_day} → {after_day} (dòng {line}).",
            "Delivery at {site} moves {before_day} → {after_day} (line {line}).",
        ),
        "change.pickup_time": (
            "Lấy hàng tại {site} ngày {on_day} đổi giờ: {before} → {after} (lô {lot}).",
            "Pick-up at {site} on {on_day} moves {before} → {after} (lot {lot}).",
        ),
        "change.delivery_time": (
            "Giao hàng tại {site} ngày {on_day} đổi giờ: {before} → {after} (dòng {line}).",
            "Delivery at {site} on {on_day} moves {before} → {after} (line {line}).",
        ),
        "change.none": ("Không có gì thay đổi.", "Nothing has changed."),
        "change.no_party": (
            "Không có bên nào mang mã {party}; ghi supplier:MÃ hoặc buyer:MÃ.",
            "There is no party {party}; write supplier:ID or buyer:ID.",
        ),
    }
)


@dataclass(frozen=True)
class Change:
    """One thing that differs.

    Attributes
    ----------
    lot, line : rows of the problem.
    line_after : the line that goods have moved to, else -1.
    before, after : kilograms, dates (days since 1970-01-01) or instants (minutes), as the kind says.
    """

    kind: Kind
    lot: int
    line: int
    before: int
    after: int
    line_after: int = -1

    def lines(self) -> tuple[int, ...]:
        """Lines concerned."""
        return (self.line,) if self.line_after < 0 else (self.line, self.line_after)


def differences(problem: Problem, before: Plan, after: Plan) -> list[Change]:
    """Return what differs between two plans of one problem, by lot and line; equal plans differ in nothing, however they are numbered."""
    one, other = _Served(problem, before), _Served(problem, after)
    made = [
        change
        for lot in sorted({*one.by_lot, *other.by_lot})
        for change in _of_lot(lot, one.by_lot.get(lot, {}), other.by_lot.get(lot, {}))
    ]
    for pair in sorted({*one.when} & {*other.when}):
        made += _of_times(pair, one.when[pair], other.when[pair])
    return sorted(made, key=lambda change: (change.lot, change.line, change.kind.value, change.before))


@dataclass(frozen=True)
class _Meeting:
    """When a pair's goods are picked up and delivered: instants in minutes, or -1 - day where a carrier has no clock."""

    pickup: tuple[int, ...]
    delivery: tuple[int, ...]


class _Served:
    """Kilograms and times of every pair that a plan serves."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        a = plan.allocations
        self.by_lot: dict[int, dict[int, int]] = {}
        self.when: dict[tuple[int, int], _Meeting] = {}
        for lot, line, kg in zip(a.lot.tolist(), a.line.tolist(), a.kg.tolist()):
            mine = self.by_lot.setdefault(lot, {})
            mine[line] = mine.get(line, 0) + kg
        self._times(problem, plan)

    def _times(self, problem: Problem, plan: Plan) -> None:
        legs, a = plan.legs, plan.allocations
        arrive = {(t, s): m for t, s, m in zip(plan.stops.trip.tolist(), plan.stops.site.tolist(), plan.stops.arrive_min.tolist())}
        last = np.zeros(len(a.lot), dtype=np.int64)
        np.maximum.at(last, legs.allocation, legs.leg)
        ends: dict[tuple[int, int], tuple[list[int], list[int]]] = {}
        for row, leg, trip, start, end in zip(*(c.tolist() for c in (legs.allocation, legs.leg, legs.trip, legs.from_site, legs.to_site))):
            picked, delivered = ends.setdefault((int(a.lot[row]), int(a.line[row])), ([], []))
            carried = plan.trips.vehicle[trip] == CARRIER
            if leg == 1:
                picked.append(-1 - int(a.pickup_day[row]) if carried else arrive.get((trip, start), -1 - int(a.pickup_day[row])))
            if leg == last[row]:
                delivered.append(-1 - int(a.delivery_day[row]) if carried else arrive.get((trip, end), -1 - int(a.delivery_day[row])))
        self.when = {pair: _Meeting(tuple(sorted(set(p))), tuple(sorted(set(d)))) for pair, (p, d) in ends.items()}


def _of_lot(lot: int, before: Mapping[int, int], after: Mapping[int, int]) -> list[Change]:
    """What differs in kilograms of one lot: first what has moved from line to line, then the rest."""
    lost = {line: kg - after.get(line, 0) for line, kg in before.items() if kg > after.get(line, 0)}
    won = {line: kg - before.get(line, 0) for line, kg in after.items() if kg > before.get(line, 0)}
    made = []
    for line in sorted(lost, key=lambda one: (-lost[one], one)):
        for other in sorted(won, key=lambda one: (-won[one], one)):
            kg = min(lost[line], won[other])
            if kg > 0:
                made.append(Change(Kind.MOVED, lot, line, kg, kg, other))
                lost[line] -= kg
                won[other] -= kg
    made += [_changed(lot, line, before[line], before[line] - kg) for line, kg in lost.items() if kg > 0]
    return made + [_changed(lot, line, after[line] - kg, after[line]) for line, kg in won.items() if kg > 0]


def _changed(lot: int, line: int, before: int, after: int) -> Change:
    """Goods that have come, gone, fallen or risen."""
    if before == 0 or after == 0:
        return Change(Kind.ADDED if before == 0 else Kind.DROPPED, lot, line, before, after)
    return Change(Kind.LESS if after < before else Kind.MORE, lot, line, before, after)


def _of_times(pair: tuple[int, int], before: _Meeting, after: _Meeting) -> list[Change]:
    """What differs in days and clock times at both ends of a pair that both plans serve."""
    made = []
    for was, now, by_day, by_time in (
        (before.pickup, after.pickup, Kind.PICKUP_DAY, Kind.PICKUP_TIME),
        (before.delivery, after.delivery, Kind.DELIVERY_DAY, Kind.DELIVERY_TIME),
    ):
        for old, new in zip(sorted(set(was) - set(now)), sorted(set(now) - set(was))):
            if _day(old) != _day(new):
                made.append(Change(by_day, *pair, _day(old), _day(new)))
            elif old >= 0 and new >= 0:
                made.append(Change(by_time, *pair, old, new))
    return made


def _day(moment: int) -> int:
    return moment // 1440 if moment >= 0 else -1 - moment


# who is told --------------------------------------------------------------------------------------------------------
Party = tuple[str, str]
"""`SUPPLIER` or `BUYER`, and its id."""


def notices(problem: Problem, changes: Iterable[Change]) -> dict[Party, list[Change]]:
    """Return each party's own changes, a supplier's of its lots, a buyer's of its lines: one notice for each, however much changes."""
    heard: list[tuple[Party, Change]] = []
    for change in changes:
        if change.kind not in DEMAND_SIDE:
            heard.append(((SUPPLIER, problem.supplier_ids[problem.lots.supplier[change.lot]]), change))
        if change.kind not in SUPPLY_SIDE:
            buyers = {problem.buyer_ids[problem.lines.buyer[line]] for line in change.lines()}
            heard += [((BUYER, buyer), change) for buyer in sorted(buyers)]
    heard.sort(key=lambda entry: entry[0])
    return {party: [told(problem, change, party) for _, change in entries] for party, entries in groupby(heard, key=lambda entry: entry[0])}


def told(problem: Problem, change: Change, party: Party) -> Change:
    """Return a change as one party may see it: a buyer hears of its own lines alone, whoever else gains or loses."""
    if change.kind is not Kind.MOVED or party[0] != BUYER:
        return change
    mine = [problem.buyer_ids[problem.lines.buyer[line]] == party[1] for line in (change.line, change.line_after)]
    if all(mine):
        return change
    kind, line = (Kind.MOVED_AWAY, change.line) if mine[0] else (Kind.MOVED_HERE, change.line_after)
    return Change(kind, change.lot, line, change.before, change.after)


def sentence(problem: Problem, change: Change, language: Language) -> str:
    """Say a change in words."""
    return texts.say(f"change.{change.kind.value}", language, **_figures(problem, change))


def _figures(problem: Problem, change: Change) -> dict[str, Any]:
    """Places of a change's text."""
    lots, lines, sites = problem.lots, problem.lines, problem.sites
    site = lots.site[change.lot] if change.kind in SUPPLY_SIDE else lines.site[change.line]
    names = {
        "lot": str(lots.id[change.lot]),
        "line": _line(problem, change.line),
        "product": problem.product_ids[lots.product[change.lot]],
        "site": str(sites.name[site] or sites.id[site]),
    }
    if change.kind in (Kind.MOVED_AWAY, Kind.MOVED_HERE):
        return names | {"moved_kg": change.before}
    if change.kind is Kind.MOVED:
        return names | {"moved_kg": change.before, "line_before": names["line"], "line_after": _line(problem, change.line_after)}
    if change.kind in (Kind.PICKUP_DAY, Kind.DELIVERY_DAY):
        return names | {"before_day": change.before, "after_day": change.after}
    if change.kind in (Kind.PICKUP_TIME, Kind.DELIVERY_TIME):
        clocks = {"before": texts.clock(change.before), "after": texts.clock(change.after)}
        return names | clocks | {"on_day": change.before // 1440}
    return names | {"before_kg": change.before, "after_kg": change.after}


def _line(problem: Problem, line: int) -> str:
    """Name of a line as people know it: its buyer's place, and its code."""
    site = problem.lines.site[line]
    return f"{problem.sites.name[site] or problem.sites.id[site]} ({problem.lines.id[line]})"


def as_json(problem: Problem, change: Change, offset: str = "") -> dict[str, Any]:
    """Return a change as plain values, with its words in both languages.

    Parameters
    ----------
    offset : appended to instants, as in ``+07:00``.
    """
    lines = problem.lines.id
    return {
        "kind": change.kind.value,
        "lot": str(problem.lots.id[change.lot]),
        "line": str(lines[change.line]),
        "line_after": None if change.line_after < 0 else str(lines[change.line_after]),
        **_values(change, offset),
        "vi": sentence(problem, change, "vi"),
        "en": sentence(problem, change, "en"),
    }


def _values(change: Change, offset: str) -> dict[str, Any]:
    """Return what the change was and is as kilograms, dates or instants; the two pairs that don't apply hold None."""
    values = change.before, change.after
    made: dict[str, Any] = {f"{moment}_{name}": None for name in ("kg", "on", "at") for moment in ("before", "after")}
    if change.kind in (Kind.PICKUP_DAY, Kind.DELIVERY_DAY):
        before_on, after_on = (str(np.datetime64(day, "D")) for day in values)
        return made | {"before_on": before_on, "after_on": after_on}
    if change.kind in (Kind.PICKUP_TIME, Kind.DELIVERY_TIME):
        before_at, after_at = (f"{np.datetime64(minute, 'm')}{offset}" for minute in values)
        return made | {"before_at": before_at, "after_at": after_at}
    return made | {"before_kg": change.before, "after_kg": change.after}
