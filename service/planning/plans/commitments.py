"""What is promised already, as far as it takes room in the next plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Select, and_, case, distinct, func, or_, select
from sqlalchemy.orm import Session

from buyers.models import DemandLine
from catalog.models import Lot, Site, SiteKind
from matching.model.problem import MINUTES_PER_DAY, NO_LIMIT, IntArray
from service.planning.models import PlanLeg, PlanStop, PlanTrip, Promise, ProposalItem

UNDERWAY = Promise.held_kg + Promise.confirmed_kg + Promise.loaded_kg
LEFT_THE_OFFER = UNDERWAY + Promise.accepted_kg + Promise.rejected_kg + Promise.settled_kg
KEPT = UNDERWAY + Promise.accepted_kg + Promise.rejected_kg + Promise.settled_kg - Promise.returned_kg


class Promised:
    """The room that promises take.

    Attributes
    ----------
    pairs : (lot, line) → kilograms promised and not rejected.
    suppliers : line → how many different suppliers have promised it something.
    trucks : vehicle class → most trips on one date of the horizon that promises need.
    throughput : site → most kilograms on one date of the horizon that promises move through it.
    """

    def __init__(self, session: Session, association_id: int, first_day: int, apart: Collection[int] = ()) -> None:
        """Read the promises of an association but for those of some proposal items."""
        mine = and_(
            Promise.association_id == association_id, or_(Promise.proposal_item_id.is_(None), Promise.proposal_item_id.not_in(apart))
        )
        sums = select(Promise.lot_id, Promise.line_id, func.sum(KEPT)).where(mine, KEPT > 0).group_by(Promise.lot_id, Promise.line_id)
        self.pairs = {(lot, line): int(kg) for lot, line, kg in session.execute(sums)}
        counts = select(Promise.line_id, func.count(distinct(Lot.supplier_id))).join(Lot, Lot.id == Promise.lot_id)
        self.suppliers: dict[int, int] = dict(session.execute(counts.where(mine, KEPT > 0).group_by(Promise.line_id)).all())
        self.trucks = _busiest(session, _trips(mine, first_day), _own_trips(mine, first_day))
        self.throughput = _busiest(session, _handled(mine, first_day), *_own_handled(mine, first_day))

    def left(self, limits: IntArray, ids: Sequence[int], taken: dict[int, int]) -> IntArray:
        """Return limits lessened by what is taken; the absence of a limit stays."""
        used = np.array([taken.get(number, 0) for number in ids], dtype=np.int64)
        return np.where(limits == NO_LIMIT, limits, np.maximum(0, limits - used))


def _busiest(session: Session, *queries: Select[*tuple[Any, ...]]) -> dict[int, int]:
    """Return for each key the largest amount of one date, from rows of key, time and amount."""
    daily: Counter[tuple[int, int]] = Counter()
    for query in queries:
        for key, arrive_min, amount in session.execute(query):
            daily[key, arrive_min // MINUTES_PER_DAY] += int(amount)
    most: dict[int, int] = {}
    for (key, _), amount in daily.items():
        most[key] = max(most.get(key, 0), amount)
    return most


def _trips(mine: ColumnElement[bool], first_day: int) -> Select[*tuple[Any, ...]]:
    """Select each truck trip that promises still need, with its class and the time of its first stop."""
    query = select(PlanTrip.vehicle_class_id, PlanStop.arrive_min, 1)
    query = query.join(PlanStop, (PlanStop.trip_id == PlanTrip.id) & (PlanStop.seq == 1))
    needed = select(PlanLeg.trip_id).join(ProposalItem, ProposalItem.allocation_id == PlanLeg.allocation_id)
    needed = needed.join(Promise, Promise.proposal_item_id == ProposalItem.id).where(mine, UNDERWAY > 0, ProposalItem.own_km.is_(None))
    return query.where(PlanTrip.id.in_(needed), PlanStop.arrive_min >= first_day * MINUTES_PER_DAY)


def _own_trips(mine: ColumnElement[bool], first_day: int) -> Select[*tuple[Any, ...]]:
    """Select each truck that carries one promise alone, with its class and the time at which it loads."""
    query = select(ProposalItem.vehicle_class_id, ProposalItem.own_load_min, 1).join(Promise, Promise.proposal_item_id == ProposalItem.id)
    return query.where(mine, UNDERWAY > 0, ProposalItem.own_load_min >= first_day * MINUTES_PER_DAY)


def _handled(mine: ColumnElement[bool], first_day: int) -> Select[*tuple[Any, ...]]:
    """Select what promises load at each site, at hubs and buyers what they unload, with the time."""
    unloads = Site.kind.in_([SiteKind.HUB, SiteKind.BUYER])
    query = select(PlanStop.site_id, PlanStop.arrive_min, UNDERWAY).select_from(Promise)
    query = query.join(ProposalItem, ProposalItem.id == Promise.proposal_item_id).join(
        PlanLeg, PlanLeg.allocation_id == ProposalItem.allocation_id
    )
    query = query.join(PlanStop, PlanStop.trip_id == PlanLeg.trip_id).join(Site, Site.id == PlanStop.site_id)
    here = PlanStop.site_id == case((unloads, PlanLeg.to_site_id), else_=PlanLeg.from_site_id)
    both = or_(PlanLeg.to_site_id == PlanStop.site_id, PlanLeg.from_site_id == PlanStop.site_id)
    late = PlanStop.arrive_min >= first_day * MINUTES_PER_DAY
    return query.where(mine, UNDERWAY > 0, here, both, late, ProposalItem.own_km.is_(None))


def _own_handled(mine: ColumnElement[bool], first_day: int) -> Iterator[Select[*tuple[Any, ...]]]:
    """Select what trucks that carry one promise alone load at its lot's site and unload at its line's."""
    for model, at, number in ((Lot, ProposalItem.own_load_min, Promise.lot_id), (DemandLine, ProposalItem.own_unload_min, Promise.line_id)):
        query = select(model.site_id, at, UNDERWAY).select_from(Promise).join(ProposalItem, ProposalItem.id == Promise.proposal_item_id)
        yield query.join(model, model.id == number).where(mine, UNDERWAY > 0, at >= first_day * MINUTES_PER_DAY)
