"""The ledger of kilograms: offered → held → confirmed → loaded → accepted or rejected → settled.

Every movement is one row that is never rewritten. The database's triggers carry it into the balances and refuse a kilogram that isn't
there (`service.planning.ledger.triggers`); the functions here add who was first, and take their locks in one order: lots by number, then
lines. A session that calls them must come from `Database.write`.

Two people who want the same kilogram meet at the lot, whose row each locks before reading its balance. One moves the kilogram; the
other finds it gone and gets a `Conflict` that says who took it and when. Whoever moves several promises in one transaction
locks them all first, with `lock_promises`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Update, and_, bindparam, case, func, insert, select, update
from sqlalchemy.orm import Session

from buyers.closing import refresh_agreements
from buyers.models import DemandLine, LineStatus
from catalog.errors import NotFound
from catalog.models import Lot, LotStatus
from service.days import today
from service.planning.errors import AlreadyMoved, HoldExpired, LineOvercommitted, LotOvercommitted, NotAvailable
from service.planning.models import LedgerEntry, LineBalance, LotBalance, Promise
from service.planning.states import KgState

CLOSED_LOTS = (LotStatus.WITHDRAWN, LotStatus.EXPIRED)


@dataclass(frozen=True)
class Act:
    """Who moves kilograms, why, and when by the database's clock (`service.db.now`).

    The rest is for the audit trail: for whom somebody acts, from which address, in which request.
    """

    actor: str
    why: str
    at: datetime
    on_behalf_of: str = ""
    address: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class Wish:
    """Kilograms of one lot that somebody wants kept for one line; `item_id` is the proposal's item, if it came from one."""

    lot_id: int
    line_id: int
    kg: int
    item_id: int | None = None


def hold(session: Session, wishes: Iterable[Wish], expires_at: datetime, act: Act) -> list[Promise]:
    """Keep kilograms for lines until a moment; all of them, or none.

    Parameters
    ----------
    wishes : what is to be kept; a lot or a line may occur several times.
    expires_at : when the hold ends by itself.

    Raises
    ------
    NotAvailable
        If a lot is withdrawn or past its window, or a line is cancelled.
    LotOvercommitted, LineOvercommitted
        If fewer kilograms are left; names the one who took the last.
    """
    wanted = list(wishes)
    due = _due(act.at).where(Promise.lot_id.in_({w.lot_id for w in wanted}))
    _expire(session, session.execute(due).all(), act.at, wanted)
    promises = [_hold(session, wish, expires_at, act) for wish in wanted]
    refresh_status(session, {w.lot_id for w in wanted}, {w.line_id for w in wanted})
    return promises


def _hold(session: Session, wish: Wish, expires_at: datetime, act: Act) -> Promise:
    lot = _open_lot(session, wish.lot_id, act)
    line = _open_line(session, wish.line_id)
    _require_left(session, wish)
    promise = Promise(
        association_id=lot.association_id,
        lot_id=wish.lot_id,
        line_id=wish.line_id,
        proposal_item_id=wish.item_id,
        price_vnd_per_kg=line.bid_vnd_per_kg,
        expires_at=expires_at,
        made_at=act.at,
        made_by=act.actor,
    )
    session.add(promise)
    session.flush()
    _enter(session, promise, KgState.OFFERED, KgState.HELD, wish.kg, act)
    return promise


def hold_each(session: Session, wishes: Sequence[Wish], expires_at: datetime, act: Act) -> list[Promise]:
    """Keep kilograms for each of many wishes that can be kept, in their order and by a few statements in all.

    A wish that its lot or its line has no room for, or of which one is closed, is left out: `hold` says why.
    """
    _expire(session, session.execute(_due(act.at).where(Promise.lot_id.in_({w.lot_id for w in wishes}))).all(), act.at, wishes)
    kept = _fitting(session, wishes, act)
    promises = [
        Promise(association_id=association_id, lot_id=wish.lot_id, line_id=wish.line_id, proposal_item_id=wish.item_id,
                price_vnd_per_kg=price, expires_at=expires_at, made_at=act.at, made_by=act.actor)
        for wish, association_id, price in kept
    ]  # fmt: skip
    session.add_all(promises)
    session.flush()
    _enter_each(session, [(promise, wish.kg) for promise, (wish, *_) in zip(promises, kept)], KgState.OFFERED, KgState.HELD, act)
    return promises


def _fitting(session: Session, wishes: Sequence[Wish], act: Act) -> list[tuple[Wish, int, int]]:
    """Return the wishes that can be kept one after the other, each with its association and its price."""
    of_lots = select(Lot.id, Lot.association_id, LotBalance.offered_kg).join(LotBalance, LotBalance.lot_id == Lot.id)
    of_lots = of_lots.where(Lot.id.in_({w.lot_id for w in wishes}), Lot.status.not_in(CLOSED_LOTS))
    of_lots = of_lots.where(Lot.available_until >= today(act.at))
    line, b = DemandLine, LineBalance
    of_lines = select(line.id, line.bid_vnd_per_kg, b.quantity_kg - b.promised_kg).join(b, b.line_id == line.id)
    of_lines = of_lines.where(line.id.in_({w.line_id for w in wishes}), line.status != LineStatus.CANCELLED)
    lots = {number: [association_id, int(kg)] for number, association_id, kg in session.execute(of_lots)}
    lines = {number: [price, int(kg)] for number, price, kg in session.execute(of_lines)}
    kept = []
    for wish in wishes:
        lot, wanting = lots.get(wish.lot_id), lines.get(wish.line_id)
        if lot is not None and wanting is not None and 1 <= wish.kg <= min(lot[1], wanting[1]):
            lot[1], wanting[1] = lot[1] - wish.kg, wanting[1] - wish.kg
            kept.append((wish, lot[0], wanting[0]))
    return kept


def release_each(session: Session, promises: Sequence[Promise], act: Act) -> None:
    """Give all held kilograms of many promises, whose lots and lines are locked, back to the offer."""
    _enter_each(session, [(one, one.held_kg) for one in promises if one.held_kg], KgState.HELD, KgState.OFFERED, act)


def _enter_each(session: Session, moves: Sequence[tuple[Promise, int]], source: KgState, target: KgState, act: Act) -> None:
    """Move kilograms of many promises alike, by one statement whose triggers judge each of its rows."""
    if not moves:
        return
    same = {"from_state": source, "to_state": target, "at": act.at, "actor": act.actor, "why": act.why}
    session.execute(insert(LedgerEntry), [{"lot_id": one.lot_id, "promise_id": one.id, "kg": kg, **same} for one, kg in moves])
    fresh = select(Promise).where(Promise.id.in_([one.id for one, _ in moves])).execution_options(populate_existing=True)
    session.scalars(fresh).all()
    refresh_status(session, {one.lot_id for one, _ in moves}, {one.line_id for one, _ in moves})


def confirm(session: Session, promise_id: int, act: Act, kg: int | None = None) -> Promise:
    """Make a hold binding, in whole or for `kg` of it; what is not confirmed stays held.

    Raises
    ------
    HoldExpired
        If the hold has run out.
    AlreadyMoved
        If somebody has confirmed or released it already; says who and when.
    """
    promise = _locked(session, promise_id)
    if promise.held_kg and promise.expires_at <= act.at:
        raise HoldExpired(f"the hold on lot {promise.lot_id} ended", promise.made_by, promise.expires_at)
    return _step(session, promise, KgState.HELD, KgState.CONFIRMED, kg, act)


def release(session: Session, promise_id: int, act: Act, kg: int | None = None) -> Promise:
    """Give held kilograms back to the offer."""
    return _step(session, _locked(session, promise_id), KgState.HELD, KgState.OFFERED, kg, act)


def cancel(session: Session, promise_id: int, act: Act, kg: int | None = None) -> Promise:
    """Give confirmed kilograms that haven't been loaded back to the offer."""
    return _step(session, _locked(session, promise_id), KgState.CONFIRMED, KgState.OFFERED, kg, act)


def load(session: Session, promise_id: int, act: Act, kg: int | None = None) -> Promise:
    """Put confirmed kilograms on a truck."""
    return _step(session, _locked(session, promise_id), KgState.CONFIRMED, KgState.LOADED, kg, act)


def unload(session: Session, promise_id: int, act: Act, kg: int | None = None) -> Promise:
    """Take kilograms off the truck again before it leaves."""
    return _step(session, _locked(session, promise_id), KgState.LOADED, KgState.CONFIRMED, kg, act)


def accept(session: Session, promise_id: int, act: Act, kg: int | None = None) -> Promise:
    """Record that the buyer's door took loaded kilograms in."""
    return _step(session, _locked(session, promise_id), KgState.LOADED, KgState.ACCEPTED, kg, act)


def reject(session: Session, promise_id: int, act: Act, kg: int | None = None) -> Promise:
    """Record that the buyer's door turned loaded kilograms away; their place in the line is free again."""
    return _step(session, _locked(session, promise_id), KgState.LOADED, KgState.REJECTED, kg, act)


def settle(session: Session, promise_id: int, act: Act, accepted_kg: int | None = None, rejected_kg: int | None = None) -> Promise:
    """Close kilograms whose money has been shared out, by default all that are accepted and all that are rejected."""
    promise = _locked(session, promise_id)
    wanted = {KgState.ACCEPTED: accepted_kg, KgState.REJECTED: rejected_kg}
    moves = {state: _standing(promise, state) if kg is None else kg for state, kg in wanted.items()}
    if not any(moves.values()):
        raise _gone(session, promise, KgState.ACCEPTED, 1)
    for state, kg in moves.items():
        if kg > _standing(promise, state):
            raise _gone(session, promise, state, kg)
        if kg:
            _enter(session, promise, state, KgState.SETTLED, kg, act)
    refresh_status(session, {promise.lot_id}, {promise.line_id})
    return promise


def withdraw(session: Session, lot_id: int, act: Act, status: LotStatus = LotStatus.WITHDRAWN) -> int:
    """Take what is still offered of a lot off the market, and return how many kilograms that were; promises stay."""
    lock(session, [lot_id], [])
    left = session.execute(select(LotBalance.offered_kg).where(LotBalance.lot_id == lot_id)).scalar_one_or_none()
    if left is None:
        raise NotFound("lot", str(lot_id))
    if left:
        _insert(session, lot_id, None, KgState.OFFERED, KgState.WITHDRAWN, left, act)
    changed = {"status": status, "version": Lot.version + 1, "updated_by": act.actor, "updated_at": act.at}
    session.execute(update(Lot).where(Lot.id == lot_id).values(changed).execution_options(synchronize_session=False))
    return int(left)


def expire_lots(session: Session, act: Act) -> int:
    """Withdraw what is left of lots whose window has passed in Vietnam, and return how many lots that were."""
    past = select(Lot.id).where(Lot.available_until < today(act.at), Lot.status.not_in([*CLOSED_LOTS, LotStatus.SHIPPED])).order_by(Lot.id)
    lot_ids = list(session.scalars(past))
    for lot_id in lot_ids:
        withdraw(session, lot_id, act, LotStatus.EXPIRED)
    return len(lot_ids)


def expire_holds(session: Session, at: datetime, limit: int = 1000) -> int:
    """Release holds that have run out, the oldest promises first, and return how many they were."""
    return _expire(session, session.execute(_due(at).limit(limit)).all(), at)


def _due(at: datetime) -> Select[*tuple[Any, ...]]:
    due = select(Promise.id, Promise.lot_id, Promise.line_id).where(Promise.held_kg > 0, Promise.expires_at <= at)
    return due.order_by(Promise.id)


def _expire(session: Session, due: Sequence[Any], at: datetime, wishes: Sequence[Wish] = ()) -> int:
    """Lock what is due and what is wished for, then release what is due and still held."""
    lock(session, [row.lot_id for row in (*due, *wishes)], [row.line_id for row in (*due, *wishes)])
    act = Act("system", "the hold has run out", at)
    released = [promise for row in due if (promise := _fresh(session, row.id)).held_kg]
    for promise in released:
        _enter(session, promise, KgState.HELD, KgState.OFFERED, promise.held_kg, act)
    refresh_status(session, {promise.lot_id for promise in released}, {promise.line_id for promise in released})
    return len(released)


def lock(session: Session, lot_ids: Iterable[int], line_ids: Iterable[int]) -> None:
    """Lock lots and lines in the one order that everybody keeps to: lots by number, then lines by number.

    On SQLite a writer is alone already.
    """
    if session.get_bind().dialect.name == "sqlite":
        return
    for model, ids in ((Lot, lot_ids), (DemandLine, line_ids)):
        if wanted := sorted(set(ids)):
            session.execute(select(model.id).where(model.id.in_(wanted)).order_by(model.id).with_for_update(key_share=True)).all()


def lock_promises(session: Session, promise_ids: Iterable[int]) -> None:
    """Lock the lots and lines of several promises, so that the steps that follow can't wait for one another in a circle."""
    places = session.execute(select(Promise.lot_id, Promise.line_id).where(Promise.id.in_(list(promise_ids)))).all()
    lock(session, [place.lot_id for place in places], [place.line_id for place in places])


def _locked(session: Session, promise_id: int) -> Promise:
    """Return a promise as it is once its lot and line are locked."""
    place = session.execute(select(Promise.lot_id, Promise.line_id).where(Promise.id == promise_id)).one_or_none()
    if place is None:
        raise NotFound("promise", str(promise_id))
    lock(session, [place.lot_id], [place.line_id])
    return _fresh(session, promise_id)


def _fresh(session: Session, promise_id: int) -> Promise:
    return session.execute(select(Promise).where(Promise.id == promise_id).execution_options(populate_existing=True)).scalar_one()


def _standing(promise: Promise, state: KgState) -> int:
    return int(getattr(promise, f"{state}_kg"))


def _step(session: Session, promise: Promise, source: KgState, target: KgState, kg: int | None, act: Act) -> Promise:
    standing = _standing(promise, source)
    moved = standing if kg is None else kg
    if moved > standing or moved < 1:
        raise _gone(session, promise, source, max(1, moved))
    _enter(session, promise, source, target, moved, act)
    refresh_status(session, {promise.lot_id}, {promise.line_id})
    return promise


def _enter(session: Session, promise: Promise, source: KgState, target: KgState, kg: int, act: Act) -> None:
    _insert(session, promise.lot_id, promise.id, source, target, kg, act)
    session.refresh(promise)


def _insert(session: Session, lot_id: int, promise_id: int | None, source: KgState, target: KgState, kg: int, act: Act) -> None:
    session.execute(
        insert(LedgerEntry).values(
            lot_id=lot_id, promise_id=promise_id, from_state=source, to_state=target, kg=kg, at=act.at, actor=act.actor, why=act.why
        )
    )


def _gone(session: Session, promise: Promise, source: KgState, kg: int) -> AlreadyMoved:
    """Name the one who moved the kilograms on."""
    left = select(LedgerEntry.actor, LedgerEntry.at).where(LedgerEntry.promise_id == promise.id, LedgerEntry.from_state == source)
    last = session.execute(left.order_by(LedgerEntry.seq.desc()).limit(1)).one_or_none()
    message = f"{_standing(promise, source)} kg are {source} of the promise {promise.uid}, not {kg}"
    return AlreadyMoved(message, *(last or (None, None)))


def _open_lot(session: Session, lot_id: int, act: Act) -> Lot:
    lot = session.get(Lot, lot_id, populate_existing=True)
    if lot is None:
        raise NotFound("lot", str(lot_id))
    if lot.status in CLOSED_LOTS or lot.available_until < today(act.at):
        raise NotAvailable(f"lot {lot.code} is {lot.status}, to be picked up until {lot.available_until}", lot.updated_by, lot.updated_at)
    return lot


def _open_line(session: Session, line_id: int) -> DemandLine:
    line = session.get(DemandLine, line_id, populate_existing=True)
    if line is None:
        raise NotFound("demand line", str(line_id))
    if line.status == LineStatus.CANCELLED:
        raise NotAvailable(f"demand line {line.code} is cancelled", line.updated_by, line.updated_at)
    return line


def _require_left(session: Session, wish: Wish) -> None:
    """Refuse to hold more than lot and line have left, naming the one who took the last."""
    offered = session.execute(select(LotBalance.offered_kg).where(LotBalance.lot_id == wish.lot_id)).scalar_one()
    if not 1 <= wish.kg <= offered:
        raise LotOvercommitted(
            f"the lot has {offered} kg left, not {wish.kg}", offered, *_last_taker(session, Promise.lot_id == wish.lot_id)
        )
    line = session.get_one(LineBalance, wish.line_id, populate_existing=True)
    wanted = line.quantity_kg - line.promised_kg
    if wish.kg > wanted:
        taker = _last_taker(session, Promise.line_id == wish.line_id)
        raise LineOvercommitted(f"the line has room for {wanted} kg, not {wish.kg}", wanted, *taker)


def _last_taker(session: Session, of: ColumnElement[bool]) -> tuple[str | None, datetime | None]:
    """Return who last held or confirmed kilograms here, and when."""
    entries = select(LedgerEntry.actor, LedgerEntry.at).join(Promise, Promise.id == LedgerEntry.promise_id)
    taking = entries.where(of, LedgerEntry.to_state.in_([KgState.HELD, KgState.CONFIRMED]))
    found = session.execute(taking.order_by(LedgerEntry.seq.desc()).limit(1)).one_or_none()
    return (found.actor, found.at) if found else (None, None)


def refresh_status(session: Session, lot_ids: Collection[int], line_ids: Collection[int]) -> None:
    """Let the status of lots, lines, orders and call-offs say what the ledger says; this is no edit, so their versions stay."""
    for ids, statement in ((lot_ids, _LOTS_SAY), (line_ids, _LINES_SAY)):
        if ids:
            session.execute(statement, {"ids": list(ids)}, execution_options={"synchronize_session": False})
    refresh_agreements(session, line_ids)


def _total(kg: ColumnElement[int]) -> ColumnElement[int]:
    """Sum over the promises of the line that is being updated."""
    sums = select(func.coalesce(func.sum(kg), 0)).where(Promise.line_id == DemandLine.id)
    return sums.correlate(DemandLine).scalar_subquery()


def _lots_say() -> Update:
    b = LotBalance
    gone, kept = b.loaded_kg + b.accepted_kg + b.rejected_kg + b.settled_kg, b.held_kg + b.confirmed_kg
    lot_status = case(
        (and_(gone > 0, b.offered_kg + kept == 0), LotStatus.SHIPPED.value),
        (gone + kept > 0, LotStatus.RESERVED.value),
        else_=LotStatus.DECLARED.value,
    )
    says = select(lot_status).where(b.lot_id == Lot.id).scalar_subquery()
    lots = update(Lot).where(Lot.id.in_(bindparam("ids", expanding=True)), Lot.status.not_in(CLOSED_LOTS))
    return lots.values(status=says, updated_at=Lot.updated_at)


def _lines_say() -> Update:
    p = Promise
    delivered = _total(p.accepted_kg + p.rejected_kg + p.settled_kg - p.returned_kg)
    line_status = case(
        (delivered >= DemandLine.quantity_kg, LineStatus.FILLED.value),
        (_total(p.confirmed_kg + p.loaded_kg) + delivered > 0, LineStatus.CONFIRMED.value),
        (_total(p.held_kg.expression) > 0, LineStatus.PROPOSED.value),
        else_=LineStatus.OPEN.value,
    )
    lines = update(DemandLine).where(DemandLine.id.in_(bindparam("ids", expanding=True)), DemandLine.status != LineStatus.CANCELLED)
    return lines.values(status=line_status, updated_at=DemandLine.updated_at)


_LOTS_SAY, _LINES_SAY = _lots_say(), _lines_say()
"""Made once, for making a query costs more than asking it."""
