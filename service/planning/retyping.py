"""Another product or grade for a lot or a line, as long as nothing of it is proposed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from buyers.models import DemandLine, LineProduct, LineStatus
from catalog.errors import Invalid, fault
from catalog.models import Grade, Lot, LotStatus, Product
from catalog.tenancy import Scope, check_version, find, find_code
from service.planning.ledger.transitions import Act
from service.planning.models import ProposalItem
from service.planning.states import ProposalState

LIVE = (ProposalState.PROPOSED, ProposalState.APPROVED)


def is_proposed(session: Session, column: Any, number: int) -> bool:
    """Return whether something of a lot or a line is proposed or promised.

    Parameters
    ----------
    column : `ProposalItem.lot_id` or `ProposalItem.line_id`.
    """
    query = select(ProposalItem.id).where(column == number, ProposalItem.state.in_(LIVE)).limit(1)
    return session.scalar(query) is not None


def retype_lot(session: Session, scope: Scope, uid: str, product: str, grade: int, act: Act, version: int | None = None) -> Lot:
    """Let a lot be of another product or grade; it keeps its kilograms, and takes over what is usual of the product.

    Raises
    ------
    Invalid
        If something of it is proposed, it isn't on offer any more, or the product has no such grade.
    """
    lot = find(session, scope, Lot, uid, lock=True)
    check_version(lot, version)
    if lot.status is not LotStatus.DECLARED or is_proposed(session, ProposalItem.lot_id, lot.id):
        raise Invalid([fault("product", product, "something of this is proposed: its product and grade stay")])
    found = _product(session, scope, product, grade)
    if found.id != lot.product_id:
        lot.product_id, lot.variety_id, lot.litres_per_kg, lot.cold = found.id, None, found.litres_per_kg, found.cold
        lot.stated_amount = lot.stated_unit = None
        if found.shelf_life_days is not None:
            lot.shelf_life_days = found.shelf_life_days
    lot.grade, lot.updated_by = grade, act.actor
    session.flush()
    return lot


def retype_line(session: Session, scope: Scope, uid: str, product: str, grade: int, act: Act, version: int | None = None) -> DemandLine:
    """Let a line ask for another product or grade.

    Raises
    ------
    Invalid
        If something is proposed to it, it is closed, it is called off a contract, or the product has no such grade.
    """
    line = find(session, scope, DemandLine, uid, lock=True)
    check_version(line, version)
    if line.status is not LineStatus.OPEN or line.call_off_id is not None or is_proposed(session, ProposalItem.line_id, line.id):
        raise Invalid([fault("product", product, "something of this is proposed: its product and grade stay")])
    found = _product(session, scope, product, grade)
    session.execute(delete(LineProduct).where(LineProduct.line_id == line.id))
    session.add(LineProduct(line_id=line.id, position=0, product_id=found.id))
    line.max_grade, line.updated_by = grade, act.actor
    session.flush()
    return line


def _product(session: Session, scope: Scope, code: str, grade: int) -> Product:
    found = find_code(session, scope, Product, code)
    if session.scalar(select(Grade.rank).where(Grade.product_id == found.id, Grade.rank == grade)) is None:
        raise Invalid([fault("grade", grade, "a grade of this product")])
    return found
