"""What is promised already, as far as it takes room in the next plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import Select, case, distinct, func, or_, select
from sqlalchemy.orm import Session

from catalog.models import Lot, Site, SiteKind
from matching.problem import MINUTES_PER_DAY, NO_LIMIT, IntArray
from service.planning.models import PlanLeg, PlanStop, PlanTrip, Promise, ProposalItem

UNDERWAY = Promise.held_kg + Promise.confirmed_kg + Promise.loaded_kg
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

    def __init__(self, session: Session, association_id: int, first_day: int) -> None:
        mine = Promise.association_id == association_id
        sums = select(Promise.lot_id, Promise.line_id, func.sum(KEPT)).where(mine, KEPT > 0).group_by(Promise.lot_id, Promise.line_id)
        self.pairs = {(lot, line): int(kg) for lot, line, kg in session.execute(sums)}
        counts = select(Promise.line_id, func.count(distinct(Lot.supplier_id))).join(Lot, Lot.id == Promise.lot_id)
        self.suppliers: dict[int, int] = dict(session.execute(counts.where(mine, KEPT > 0).group_by(Promise.line_id)).all())
        self.trucks = _busiest(session, _trips(association_id, first_day))
        self.throughput = _busiest(session, _handled(association_id, first_day))

    def left(self, limits: IntArray, ids: Sequence[int], taken: dict[int, int]) -> IntArray:
        """Return limits lessened by what is taken; the absence of a limit stays."""
        used = np.array([taken.get(number, 0) for number in ids], dtype=np.int64)
        return np.where(limits == NO_LIMIT, limits, np.maximum(0, limits - used))


def _busiest(session: Session, query: Select[*tuple[Any, ...]]) -> dict[int, int]:
    """Return for each key the largest amount of one date, from rows of key, date and amount."""
    daily: Counter[tuple[int, int]] = Counter()
    for key, arrive_min, amount in session.execute(query):
        daily[key, arrive_min // MINUTES_PER_DAY] += int(amount)
    most: dict[int, int] = {}
    for (key, _), amount in daily.items():
        most[key] = max(most.get(key, 0), amount)
    return most


def _trips(association_id: int, first_day: int) -> Select[*tuple[Any, ...]]:
    """Select each truck trip that promises still need, with its class and the time of its first stop."""
    query = select(PlanTrip.vehicle_class_id, PlanStop.arrive_min, 1)
    query = query.join(PlanStop, (PlanStop.trip_id == PlanTrip.id) & (PlanStop.seq == 1))
    needed = select(PlanLeg.trip_id).join(ProposalItem, ProposalItem.allocation_id == PlanLeg.allocation_id)
    needed = needed.join(Promise, Promise.proposal_item_id == ProposalItem.id).where(Promise.association_id == association_id, UNDERWAY > 0)
    return query.where(PlanTrip.id.in_(needed), PlanStop.arrive_min >= first_day * MINUTES_PER_DAY)


def _handled(association_id: int, first_day: int) -> Select[*tuple[Any, ...]]:
    """Select what promises load at each site, at hubs and buyers what they unload, with the time."""
    unloads = Site.kind.in_([SiteKind.HUB, SiteKind.BUYER])
    query = select(PlanStop.site_id, PlanStop.arrive_min, UNDERWAY).select_from(Promise)
    query = query.join(ProposalItem, ProposalItem.id == Promise.proposal_item_id).join(
        PlanLeg, PlanLeg.allocation_id == ProposalItem.allocation_id
    )
    query = query.join(PlanStop, PlanStop.trip_id == PlanLeg.trip_id).join(Site, Site.id == PlanStop.site_id)
    here = PlanStop.site_id == case((unloads, PlanLeg.to_site_id), else_=PlanLeg.from_site_id)
    both = or_(PlanLeg.to_site_id == PlanStop.site_id, PlanLeg.from_site_id == PlanStop.site_id)
    return query.where(
        Promise.association_id == association_id, UNDERWAY > 0, here, both, PlanStop.arrive_min >= first_day * MINUTES_PER_DAY
    )
