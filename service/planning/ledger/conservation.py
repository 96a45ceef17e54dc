"""The ledger's audit: every kilogram that was ever declared stands somewhere, once.

What the balances say is recomputed from the ledger alone, set against them, and against the declared quantities.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import Session

from buyers.models import DemandLine
from catalog.models import Lot
from service.planning.models import LedgerEntry, LineBalance, LotBalance, Promise
from service.planning.states import LOT_STATES, PROMISED_STATES, KgState


def discrepancies(session: Session) -> list[str]:
    """Return one sentence for each lot, promise or line whose kilograms don't add up; an empty list is proof that all do."""
    return [*_lots(session), *_promises(session), *_lines(session)]


def _net(state: KgState) -> ColumnElement[int]:
    """Return the sum of what came into a state less what left it."""
    entry = LedgerEntry
    return func.coalesce(func.sum(case((entry.to_state == state, entry.kg), (entry.from_state == state, -entry.kg), else_=0)), 0)


def _by(key: Any) -> Any:
    sums = [_net(state).label(f"{state}_kg") for state in KgState]
    return select(key.label("key"), *sums).group_by(key).subquery()


def _lots(session: Session) -> list[str]:
    ledger = _by(LedgerEntry.lot_id)
    wrong = [func.coalesce(ledger.c[f"{s}_kg"], 0) != getattr(LotBalance, f"{s}_kg") for s in LOT_STATES]
    declared = -func.coalesce(ledger.c.outside_kg, 0)
    query = (
        select(Lot.id, Lot.code, Lot.quantity_kg, LotBalance.quantity_kg, declared)
        .outerjoin(LotBalance, LotBalance.lot_id == Lot.id)
        .outerjoin(ledger, ledger.c.key == Lot.id)
        .where(or_(LotBalance.lot_id.is_(None), Lot.quantity_kg != LotBalance.quantity_kg, declared != Lot.quantity_kg, *wrong))
    )
    return [
        f"lot {code} ({lot}): declares {kg} kg, balance {balance}, ledger {entered}"
        for lot, code, kg, balance, entered in session.execute(query)
    ]


def _promises(session: Session) -> list[str]:
    ledger = _by(LedgerEntry.promise_id)
    wrong = [func.coalesce(ledger.c[f"{s}_kg"], 0) != getattr(Promise, f"{s}_kg") for s in PROMISED_STATES]
    entry = LedgerEntry
    rejected = select(func.coalesce(func.sum(entry.kg), 0)).where(entry.promise_id == Promise.id, entry.to_state == KgState.REJECTED)
    wrong.append(rejected.correlate(Promise).scalar_subquery() != Promise.returned_kg)
    query = select(Promise.uid).outerjoin(ledger, ledger.c.key == Promise.id).where(or_(*wrong))
    return [f"promise {uid}: its kilograms differ from the ledger's" for uid in session.scalars(query)]


def _lines(session: Session) -> list[str]:
    promised = _promised_of_lines().subquery()
    entered = func.coalesce(promised.c.kg, 0)
    query = (
        select(DemandLine.code, DemandLine.quantity_kg, LineBalance.promised_kg, entered)
        .outerjoin(LineBalance, LineBalance.line_id == DemandLine.id)
        .outerjoin(promised, promised.c.line_id == DemandLine.id)
        .where(or_(LineBalance.line_id.is_(None), DemandLine.quantity_kg != LineBalance.quantity_kg, entered != LineBalance.promised_kg))
    )
    return [f"line {code}: asks {kg} kg, balance {balance}, promised {sums}" for code, kg, balance, sums in session.execute(query)]


def _promised_of_lines() -> Select[*tuple[Any, ...]]:
    """Sum what each line holds: held less given back and less rejected, from the ledger."""
    entry = LedgerEntry
    taken = case((entry.to_state == KgState.HELD, entry.kg), (entry.to_state.in_([KgState.OFFERED, KgState.REJECTED]), -entry.kg), else_=0)
    return select(Promise.line_id, func.sum(taken).label("kg")).join(Promise, Promise.id == entry.promise_id).group_by(Promise.line_id)
