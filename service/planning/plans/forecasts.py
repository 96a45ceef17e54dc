"""What the database knows of harvests to come: the forecasts of lots, and what suppliers have brought so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from catalog.importers import batched
from catalog.models import ForecastRevision, Lot
from matching.harvest.outlook import UNKNOWN, Outlook
from matching.model.problem import IntArray, Problem
from service.planning import models as m
from service.planning.columns import places
from service.planning.fulfilment.history import received
from service.planning.plans.certificates import Signers
from service.planning.plans.problem_builder import Loaded

MOST_DELIVERIES = 20_000
"""The latest deliveries, of which a supplier's reliability is judged."""
NAMES_AT_ONCE = 5_000


def outlook_of(session: Session, loaded: Loaded) -> Outlook:
    """Return what is known of the lots of a problem, in its own order, and of all suppliers' deliveries, the latest first.

    The quantiles of a lot are those of its latest forecast, less what is no longer on offer; a forecast without a spread says that the lot
    comes as declared.
    """
    p10, p50, p90 = columns = [np.full(len(loaded.lot_ids), UNKNOWN, dtype=np.int64) for _ in range(3)]
    declared = _declared(session, loaded.lot_ids.tolist())
    for row, (lot, kg) in enumerate(zip(loaded.lot_ids.tolist(), loaded.problem.lots.kg.tolist())):
        quantity, amounts = declared.get(lot, (kg, None))
        if amounts is not None and amounts[0] < amounts[2]:
            for column, amount in zip(columns, amounts):
                column[row] = max(0, amount - (quantity - kg))
    names, promised, delivered = _deliveries(session, loaded.association_id)
    supplier = places(names.tolist(), loaded.problem.supplier_ids, UNKNOWN)
    return Outlook(
        p10_kg=p10, p50_kg=p50, p90_kg=p90, supplier=supplier, promised_kg=promised, delivered_kg=delivered, supplier_id=names
    )  # fmt: skip


def _declared(session: Session, lots: Sequence[int]) -> dict[int, tuple[int, tuple[int, int, int]]]:
    """Return the declared quantity and the quantiles of the latest forecast of each lot that has one, kg."""
    revision = ForecastRevision
    found: dict[int, tuple[int, tuple[int, int, int]]] = {}
    for part in batched(lots, NAMES_AT_ONCE):
        latest = select(func.max(revision.id)).where(revision.lot_id.in_(part)).group_by(revision.lot_id)
        query = select(Lot.id, Lot.quantity_kg, revision.low_kg, revision.expected_kg, revision.high_kg)
        query = query.join(revision, revision.lot_id == Lot.id).where(revision.id.in_(latest))
        found |= {lot: (kg, (low, expected, high)) for lot, kg, low, expected, high in session.execute(query)}
    return found


def _deliveries(session: Session, association_id: int) -> tuple[Any, IntArray, IntArray]:
    """Return the supplier of each delivery, by its name in a problem, what was on the truck for it and what was accepted, kg."""
    query = received(association_id, m.ShipmentItem.kg, m.ReceiptItem.accepted_kg).order_by(m.ReceiptItem.id.desc()).limit(MOST_DELIVERIES)
    signers = Signers(session, association_id)
    rows = [(signers.name(grower, signer), *kg) for grower, signer, *kg in session.execute(query)]
    names = np.array([name for name, *_ in rows], dtype=object)
    amounts = np.array([row[1:] for row in rows], dtype=np.int64).reshape(-1, 2)
    return names, amounts[:, 0].copy(), amounts[:, 1].copy()


def outlook_tables(problem: Problem, outlook: Outlook | None) -> dict[str, tuple[list[str], list[list[str]]]]:
    """Return the tables ``harvests`` and ``deliveries`` of the exchange format, as far as they have rows.

    The day of a delivery isn't used for anything; the horizon's first stands for it.
    """
    if outlook is None:
        return {}
    known = np.flatnonzero(outlook.p50_kg != UNKNOWN).tolist()
    amounts = (outlook.p10_kg, outlook.p50_kg, outlook.p90_kg)
    harvests = [[str(problem.lots.id[lot]), *(str(one[lot]) for one in amounts)] for lot in known]
    day = str(np.datetime64(problem.horizon_from_day, "D"))
    columns = (outlook.supplier_id.tolist(), outlook.promised_kg.tolist(), outlook.delivered_kg.tolist())
    deliveries = [[str(name), day, str(promised), str(delivered)] for name, promised, delivered in zip(*columns)]
    made = {
        "harvests": (["lot_id", "p10_kg", "p50_kg", "p90_kg"], harvests),
        "deliveries": (["supplier_id", "delivered_on", "promised_kg", "delivered_kg"], deliveries),
    }
    return {name: table for name, table in made.items() if table[1]}
