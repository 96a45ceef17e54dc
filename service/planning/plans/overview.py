"""A season in figures, and the rows behind each of them: what is wanted, matched and delivered, at what price, by whom.

Everything is reckoned from three lists of plain facts, one for each line, each lot and each pair of them, so that a figure can't disagree
with the rows that it opens. Matched is what is promised or, in the current plan, proposed; what a door turned away counts no longer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from buyers.models import DemandLine, LineProduct, LineStatus
from catalog.models import Commune, Lot, LotStatus, Organisation, Product, Site, VehicleClass
from catalog.tenancy import Scope, visible
from service.planning import models as m
from service.planning.parties import called
from service.planning.states import PlanState, ProposalState


@dataclass(frozen=True)
class LineFact:
    """A demand line: who wants how much of what; `product` is the one that it names first."""

    uid: str
    code: str
    buyer: str
    product: str
    deliver_from: date
    deliver_until: date
    wanted_kg: int
    matched_kg: int
    delivered_kg: int


@dataclass(frozen=True)
class LotFact:
    """A lot: who offers how much of what, and where it grows."""

    uid: str
    code: str
    supplier: str
    product: str
    commune: str
    available_from: date
    available_until: date
    offered_kg: int
    matched_kg: int
    delivered_kg: int


@dataclass(frozen=True)
class PairFact:
    """Kilograms of one lot for one line, and the prices of both sides, VND per kg."""

    lot: str
    line: str
    supplier: str
    buyer: str
    product: str
    commune: str
    matched_kg: int
    delivered_kg: int
    ask_vnd_per_kg: int
    price_vnd_per_kg: int

    @property
    def over_floor_vnd(self) -> int:
        """Return what the price is over the cooperative's floor, for all that is matched, đồng."""
        return self.matched_kg * (self.price_vnd_per_kg - self.ask_vnd_per_kg)


@dataclass(frozen=True)
class Group:
    """Some of the season under one name; `wanted_kg` is what is offered where it groups lots."""

    name: str
    wanted_kg: int
    matched_kg: int
    delivered_kg: int

    @property
    def share(self) -> float | None:
        """Return the part that is matched."""
        return self.matched_kg / self.wanted_kg if self.wanted_kg else None


@dataclass(frozen=True)
class TripFact:
    """A trip of the current plan: what carries how much how far, and what that costs."""

    number: int
    truck: str
    km: float
    carried_kg: int
    cost_vnd: int


@dataclass(frozen=True)
class Fairness:
    """How evenly suppliers sell: shares of what each offers that is matched.

    Attributes
    ----------
    lowest, median : share of the supplier who sells least, and of the one in the middle.
    unserved : suppliers who sell nothing.
    suppliers : how many offer something.
    """

    lowest: float | None
    median: float | None
    unserved: int
    suppliers: int


@dataclass(frozen=True)
class Season:
    """The facts of some days."""

    first: date
    last: date
    lines: tuple[LineFact, ...]
    lots: tuple[LotFact, ...]
    pairs: tuple[PairFact, ...]
    freight_vnd: int | None
    freight_kg: int | None

    @property
    def wanted_kg(self) -> int:
        return sum(line.wanted_kg for line in self.lines)

    @property
    def offered_kg(self) -> int:
        return sum(lot.offered_kg for lot in self.lots)

    @property
    def matched_kg(self) -> int:
        return sum(line.matched_kg for line in self.lines)

    @property
    def delivered_kg(self) -> int:
        return sum(line.delivered_kg for line in self.lines)

    @property
    def fill_rate(self) -> float | None:
        """Return the part of what is wanted that is matched."""
        return self.matched_kg / self.wanted_kg if self.wanted_kg else None

    @property
    def over_floor_vnd_per_kg(self) -> float | None:
        """Return how far prices lie over the cooperatives' floors, on average, VND per kg."""
        kg = sum(pair.matched_kg for pair in self.pairs)
        return sum(pair.over_floor_vnd for pair in self.pairs) / kg if kg else None

    @property
    def freight_vnd_per_kg(self) -> float | None:
        """Return what the current plan's trucks cost, VND per kg."""
        return self.freight_vnd / self.freight_kg if self.freight_vnd is not None and self.freight_kg else None

    def by_product(self) -> list[Group]:
        """Return demand by the product that lines name first, the largest first."""
        return _grouped(self.lines, lambda line: line.product, lambda line: line.wanted_kg)

    def by_buyer(self) -> list[Group]:
        """Return demand by buyer, the channel that goods are sold through."""
        return _grouped(self.lines, lambda line: line.buyer, lambda line: line.wanted_kg)

    def by_commune(self) -> list[Group]:
        """Return supply by the commune where it grows; empty for sites without one."""
        return _grouped(self.lots, lambda lot: lot.commune, lambda lot: lot.offered_kg)

    def by_supplier(self) -> list[Group]:
        """Return supply by supplier."""
        return _grouped(self.lots, lambda lot: lot.supplier, lambda lot: lot.offered_kg)

    def fairness(self) -> Fairness:
        """Return how evenly suppliers sell."""
        shares = sorted(group.share for group in self.by_supplier() if group.share is not None)
        middle = (shares[(len(shares) - 1) // 2] + shares[len(shares) // 2]) / 2 if shares else None
        return Fairness(shares[0] if shares else None, middle, sum(share == 0 for share in shares), len(shares))


def trips(session: Session, scope: Scope) -> tuple[str, list[TripFact]]:
    """Return the uid of the current plan and its trips, the dearest first; none where there is no plan."""
    plan = _current(session, scope)
    if plan is None:
        return "", []
    t, leg, a = m.PlanTrip, m.PlanLeg, m.PlanAllocation
    aboard = select(func.sum(a.kg)).join(leg, leg.allocation_id == a.id).where(leg.trip_id == t.id).correlate(t).scalar_subquery()
    query = select(t.number, VehicleClass.code, t.km, aboard, t.cost_vnd).outerjoin(VehicleClass, VehicleClass.id == t.vehicle_class_id)
    rows = session.execute(query.where(t.plan_id == plan.id).order_by(t.cost_vnd.desc(), t.number))
    return plan.uid, [TripFact(number, truck or "", float(km or 0), int(kg or 0), int(vnd)) for number, truck, km, kg, vnd in rows]


def span(session: Session, scope: Scope) -> tuple[date, date] | None:
    """Return the first and the last day on which anything is offered or wanted, None where nothing ever was."""
    lots: Any = session.execute(visible(Lot, scope).with_only_columns(func.min(Lot.available_from), func.max(Lot.available_until))).one()
    lines: Any = session.execute(
        visible(DemandLine, scope).with_only_columns(func.min(DemandLine.deliver_from), func.max(DemandLine.deliver_until))
    ).one()
    days: list[date] = [day for day in (*lots, *lines) if day is not None]
    return (min(days), max(days)) if days else None


def season(session: Session, scope: Scope, first: date, last: date) -> Season:
    """Return the facts of some days: lines that deliver and lots that can be had within them.

    Parameters
    ----------
    first, last : both included.
    """
    pairs = _pairs(session, scope)
    lines, lots = (
        _lines(session, scope, first, last, _summed(pairs, "line_id")),
        _lots(session, scope, first, last, _summed(pairs, "lot_id")),
    )
    lot_of, line_of = dict(lots), dict(lines)
    told = [_pair(row, lot_of[row.lot_id], line_of[row.line_id]) for row in pairs if row.lot_id in lot_of and row.line_id in line_of]
    return Season(first, last, tuple(line for _, line in lines), tuple(lot for _, lot in lots), tuple(told), *_freight(session, scope))


@dataclass
class _Pair:
    """Kilograms of a pair while they are gathered from promises, receipts and proposals."""

    lot_id: int
    line_id: int
    ask_vnd_per_kg: int
    price_vnd_per_kg: int
    matched_kg: int = 0
    delivered_kg: int = 0


def _pairs(session: Session, scope: Scope) -> list[_Pair]:
    """Return every pair of lot and line of which something is promised, delivered or proposed."""
    p, found = m.Promise, dict[tuple[int, int], _Pair]()
    alive = p.held_kg + p.confirmed_kg + p.loaded_kg + p.accepted_kg + p.rejected_kg + p.settled_kg - p.returned_kg
    given = (m.ReceiptItem.shipment_item_id == m.ShipmentItem.id, m.ShipmentItem.promise_id == p.id)
    delivered = select(func.coalesce(func.sum(m.ReceiptItem.accepted_kg), 0)).where(*given).correlate(p).scalar_subquery()
    promised = select(p.lot_id, p.line_id, Lot.ask_vnd_per_kg, p.price_vnd_per_kg, alive, delivered).join(Lot, Lot.id == p.lot_id)
    item = m.ProposalItem
    proposed = select(item.lot_id, item.line_id, Lot.ask_vnd_per_kg, DemandLine.bid_vnd_per_kg, item.kg).join(Lot, Lot.id == item.lot_id)
    proposed = proposed.join(DemandLine, DemandLine.id == item.line_id).join(m.Proposal, m.Proposal.id == item.supply_proposal_id)
    proposed = proposed.join(m.Plan, m.Plan.id == m.Proposal.plan_id).where(
        m.Plan.state == PlanState.CURRENT, item.state == ProposalState.PROPOSED
    )
    rows = [*session.execute(promised.where(p.association_id == scope.association_id)).all(),
            *((*row, 0) for row in session.execute(proposed.where(m.Proposal.association_id == scope.association_id)))]  # fmt: skip
    for lot, line, ask, price, matched_kg, delivered_kg in rows:
        pair = found.setdefault((lot, line), _Pair(lot, line, ask, price))
        pair.matched_kg += int(matched_kg)
        pair.delivered_kg += int(delivered_kg)
    return [pair for pair in found.values() if pair.matched_kg or pair.delivered_kg]


def _summed(pairs: Iterable[_Pair], key: str) -> dict[int, tuple[int, int]]:
    """Return matched and delivered kilograms by the number of the lot or line."""
    sums: dict[int, tuple[int, int]] = {}
    for pair in pairs:
        matched, delivered = sums.get(getattr(pair, key), (0, 0))
        sums[getattr(pair, key)] = (matched + pair.matched_kg, delivered + pair.delivered_kg)
    return sums


def _lines(session: Session, scope: Scope, first: date, last: date, done: dict[int, tuple[int, int]]) -> list[tuple[int, LineFact]]:
    line = DemandLine
    query: Any = visible(line, scope).where(line.status != LineStatus.CANCELLED, line.deliver_from <= last, line.deliver_until >= first)
    query = query.with_only_columns(
        line.id, line.uid, line.code, Organisation.name, Product.name, line.deliver_from, line.deliver_until, line.quantity_kg
    )
    query = query.join(Organisation, Organisation.id == line.organisation_id)
    query = query.outerjoin(LineProduct, (LineProduct.line_id == line.id) & (LineProduct.position == 0))
    query = query.outerjoin(Product, Product.id == LineProduct.product_id).order_by(line.deliver_from, line.id)
    return [(row[0], _line(row, *done.get(row[0], (0, 0)))) for row in session.execute(query)]


def _line(row: Any, matched_kg: int, delivered_kg: int) -> LineFact:
    _, uid, code, buyer, product, first, last, wanted_kg = row
    return LineFact(uid, code, buyer, product or "", first, last, wanted_kg, matched_kg, delivered_kg)


def _lots(session: Session, scope: Scope, first: date, last: date, done: dict[int, tuple[int, int]]) -> list[tuple[int, LotFact]]:
    lot, supplier = Lot, aliased(Organisation)
    query: Any = visible(lot, scope).where(lot.status != LotStatus.WITHDRAWN, lot.available_from <= last, lot.available_until >= first)
    query = query.with_only_columns(
        lot.id,
        lot.uid,
        lot.code,
        called(supplier, Site),
        Product.name,
        Commune.name,
        lot.available_from,
        lot.available_until,
        lot.quantity_kg,
    )
    query = query.join(supplier, supplier.id == lot.supplier_id).join(Product, Product.id == lot.product_id)
    query = query.join(Site, Site.id == lot.site_id).outerjoin(Commune, Commune.code == Site.commune_code)
    return [(row[0], _lot(row, *done.get(row[0], (0, 0)))) for row in session.execute(query.order_by(lot.available_from, lot.id))]


def _lot(row: Any, matched_kg: int, delivered_kg: int) -> LotFact:
    _, uid, code, supplier, product, commune, first, last, offered_kg = row
    return LotFact(uid, code, supplier, product, commune or "", first, last, offered_kg, matched_kg, delivered_kg)


def _pair(row: _Pair, lot: LotFact, line: LineFact) -> PairFact:
    names = (lot.code, line.code, lot.supplier, line.buyer, lot.product, lot.commune)
    return PairFact(*names, row.matched_kg, row.delivered_kg, row.ask_vnd_per_kg, row.price_vnd_per_kg)


def _current(session: Session, scope: Scope) -> m.Plan | None:
    query = visible(m.Plan, scope).where(m.Plan.state == PlanState.CURRENT).order_by(m.Plan.id.desc()).limit(1)
    return session.scalars(query).one_or_none()


def _freight(session: Session, scope: Scope) -> tuple[int | None, int | None]:
    """Return what the current plan's trucks cost and carry."""
    plan = _current(session, scope)
    return (None, None) if plan is None else (plan.figures.get("freight_vnd"), plan.figures.get("matched_kg"))


def _grouped(facts: Sequence[Any], name: Callable[[Any], str], whole: Callable[[Any], int]) -> list[Group]:
    sums: dict[str, list[int]] = {}
    for fact in facts:
        into = sums.setdefault(name(fact), [0, 0, 0])
        for place, kg in enumerate((whole(fact), fact.matched_kg, fact.delivered_kg)):
            into[place] += kg
    return sorted((Group(key, *kgs) for key, kgs in sums.items()), key=lambda group: (-group.wanted_kg, group.name))
