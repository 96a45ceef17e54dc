"""What a decision means before it is made: who gains, who loses, what it costs.

The decision is made for real inside a savepoint, the money of everything that it touches is reckoned before and after, and the savepoint
is rolled back. So what is shown is what will be, and whatever would refuse the decision refuses to show it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from catalog.errors import NotFound
from catalog.models import Organisation, Side
from catalog.tenancy import Scope, visible
from service.planning import models as m
from service.planning.terms.estimates import LIVE, freight_of_items
from service.planning.terms.figures import figures_of_items


@dataclass(frozen=True)
class Party:
    """What a decision means for one organisation; `vnd` is what a supplier gets or a buyer pays, more than before."""

    uid: str
    name: str
    side: Side
    kg: int
    vnd: int


@dataclass(frozen=True)
class Effects:
    """What a decision means for all; each figure says how much more there is than before.

    Attributes
    ----------
    parties : those for whom something changes, the largest change of money first.
    worth_vnd : of the plan: goods less freight and handling.
    """

    parties: tuple[Party, ...]
    kg: int
    fee_vnd: int
    freight_vnd: int
    worth_vnd: int


@dataclass(frozen=True)
class _Sum:
    """Kilograms and đồng of an organisation, or of all."""

    kg: int = 0
    vnd: int = 0
    fee_vnd: int = 0
    freight_vnd: int = 0
    worth_vnd: int = 0

    def plus(self, other: _Sum, sign: int = 1) -> _Sum:
        return _Sum(*(mine + sign * theirs for mine, theirs in zip(vars(self).values(), vars(other).values())))


_Sums = dict[int | None, _Sum]
"""By the number of the organisation; None for all together."""


def effects(session: Session, scope: Scope, uids: Sequence[str], deed: Callable[[], None]) -> Effects:
    """Return what a deed done to some items means; the session is as it was afterwards.

    Parameters
    ----------
    uids : of the items that the deed is done to.

    Raises
    ------
    NotFound
        If the scope doesn't see one of them; and whatever the deed raises.
    """
    near = _touched(session, scope, uids)
    was = _sums(session, near)
    with session.begin_nested() as trial:
        deed()
        session.flush()
        session.expire_all()
        will_be = _sums(session, near)
        trial.rollback()
    session.expire_all()
    return _compared(session, was, will_be)


def _touched(session: Session, scope: Scope, uids: Sequence[str]) -> list[int]:
    """Return the numbers of some items and of those that share a truck with one."""
    i, leg, other = m.ProposalItem, m.PlanLeg, aliased(m.PlanLeg)
    chosen = session.execute(visible(i, scope).where(i.uid.in_(uids)).with_only_columns(i.uid, i.id, i.allocation_id)).all()
    for uid in set(uids) - {row.uid for row in chosen}:
        raise NotFound("proposal item", uid)
    query = select(i.id).join(other, other.allocation_id == i.allocation_id).join(leg, leg.trip_id == other.trip_id)
    riding = session.scalars(query.where(leg.allocation_id.in_([row.allocation_id for row in chosen])).distinct())
    return sorted({*riding, *(row.id for row in chosen)})


def _sums(session: Session, numbers: Sequence[int]) -> _Sums:
    """Return what the live ones of some items are worth to each organisation."""
    supply, demand, i = aliased(m.Proposal), aliased(m.Proposal), m.ProposalItem
    query = select(i, supply.organisation_id, demand.organisation_id).join(supply, supply.id == i.supply_proposal_id)
    query = query.join(demand, demand.id == i.demand_proposal_id).where(i.id.in_(numbers), i.state.in_(LIVE))
    rows = session.execute(query.execution_options(populate_existing=True)).all()
    money = figures_of_items(session, [row[0] for row in rows])
    trucks = freight_of_items(session, [row[0] for row in rows])
    sums: _Sums = {None: _Sum()}
    for item, supplier, buyer in rows:
        parts, prices, freight = money[item.id].parts, money[item.id], trucks.get(item.id, 0)
        gained = item.kg * (prices.bid_vnd_per_kg - prices.ask_vnd_per_kg) - freight - parts.hub_vnd
        for whose, share in ((supplier, _Sum(item.kg, parts.supplier_vnd)), (buyer, _Sum(item.kg, parts.buyer_vnd)),
                             (None, _Sum(item.kg, 0, parts.fee_vnd, freight, gained))):  # fmt: skip
            sums[whose] = sums.get(whose, _Sum()).plus(share)
    return sums


def _compared(session: Session, was: _Sums, will_be: _Sums) -> Effects:
    changed = {whose: will_be.get(whose, _Sum()).plus(was.get(whose, _Sum()), -1) for whose in {**was, **will_be}}
    whole = changed.pop(None)
    parties = _parties(session, ((number, one) for number, one in changed.items() if number is not None and one != _Sum()))
    return Effects(parties, whole.kg, whole.fee_vnd, whole.freight_vnd, whole.worth_vnd)


def _parties(session: Session, changed: Iterable[tuple[int, _Sum]]) -> tuple[Party, ...]:
    of = dict(changed)
    rows = session.scalars(select(Organisation).where(Organisation.id.in_(of))).all()
    made = (Party(row.uid, row.name, row.side, of[row.id].kg, of[row.id].vnd) for row in rows)
    return tuple(sorted(made, key=lambda one: (-abs(one.vnd), -abs(one.kg), one.name)))
