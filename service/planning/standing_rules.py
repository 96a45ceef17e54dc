"""What promises, confirmed days and contracts rule about changes of many lots and lines at once, for uploads and imports alike.

Each fault is a column of the exchange format, what stands there, and what was expected; whoever reads rows knows which row it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from buyers.contracts import contract_of
from buyers.intake import change_faults
from buyers.models import DemandLine, LineStatus
from catalog.errors import Conflict
from catalog.importers import batched
from catalog.models import Lot, LotStatus
from service.planning.market_changes import confirmed_days
from service.planning.models import LineBalance, LotBalance

CHANGEABLE = ("quantity_kg", "deliver_from", "deliver_until", "bid_vnd_per_kg", "min_fill_kg", "max_suppliers", "min_supplier_kg",
              "short_vnd_per_kg", "max_grade", "min_life_days")  # fmt: skip
"""Columns of a line that a form may change, too."""
CLOSED_LOTS = (LotStatus.WITHDRAWN, LotStatus.EXPIRED, LotStatus.SHIPPED)
CLOSED_LINES = (LineStatus.FILLED, LineStatus.CANCELLED)
AT_ONCE = 5000
"""Rows that one statement asks about."""
StandingFault = tuple[str, str, str]
Row = Mapping[str, Any]


class LotRules:
    """What stands on known lots."""

    def __init__(self, session: Session, lots: Iterable[Lot]) -> None:
        taken = LotBalance.quantity_kg - LotBalance.offered_kg
        self._taken_kg, self._days = dict[int, int](), dict[int, tuple[date, date]]()
        for part in batched([lot.id for lot in lots], AT_ONCE):
            self._taken_kg |= dict(session.execute(select(LotBalance.lot_id, taken).where(LotBalance.lot_id.in_(part))).all())
            self._days |= confirmed_days(session, lot_ids=part)

    def faults(self, lot: Lot, row: Row) -> Iterator[StandingFault]:
        """Yield what a changed row contradicts."""
        taken = self._taken_kg.get(lot.id, 0)
        if row["quantity_kg"] < taken:
            yield "quantity_kg", str(row["quantity_kg"]), f"at least {taken} kg: so much is promised or gone"
        first, last = self._days.get(lot.id, (row["available_from"], row["available_until"]))
        if not row["available_from"] <= first <= last <= row["available_until"]:
            yield "available_from", str(row["available_from"]), f"days that hold what is confirmed for {first} to {last}"


class LineRules:
    """What stands on known lines."""

    def __init__(self, session: Session, lines: Iterable[DemandLine]) -> None:
        self._session, self._left_kg = session, dict[int, int]()
        self._promised_kg, self._days = dict[int, int](), dict[int, tuple[date, date]]()
        for part in batched([line.id for line in lines], AT_ONCE):
            wanted = select(LineBalance.line_id, LineBalance.promised_kg).where(LineBalance.line_id.in_(part))
            self._promised_kg |= dict(session.execute(wanted).all())
            self._days |= confirmed_days(session, line_ids=part)

    def faults(self, line: DemandLine, row: Row) -> Iterator[StandingFault]:
        """Yield what a changed row contradicts."""
        promised = self._promised_kg.get(line.id, 0)
        if row["quantity_kg"] < promised:
            yield "quantity_kg", str(row["quantity_kg"]), f"at least {promised} kg: so much is promised"
        first, last = self._days.get(line.id, (row["deliver_from"], row["deliver_until"]))
        if not row["deliver_from"] <= first <= last <= row["deliver_until"]:
            yield "deliver_from", str(row["deliver_from"]), f"days that hold what is confirmed for {first} to {last}"
        try:
            faults = change_faults(self._session, line, {name: row[name] for name in CHANGEABLE})
        except Conflict as conflict:
            yield "quantity_kg", str(row["quantity_kg"]), str(conflict)
            return
        for one in faults:
            if one.field != "status":
                yield one.field.partition(",")[0], str(one.value), one.expected
        yield from self._beyond(line, row["quantity_kg"])

    def _beyond(self, line: DemandLine, kg: int) -> Iterator[StandingFault]:
        """Yield where the rows of one contract together call more than it holds."""
        found = contract_of(self._session, line)
        if found is None:
            return
        contract, more = found[0], kg - line.quantity_kg
        left = self._left_kg.setdefault(contract.id, contract.quantity_kg - contract.called_kg)
        if more > left:
            yield "quantity_kg", str(kg), f"at most {line.quantity_kg + left} kg: the contract {contract.code} has {left} kg left"
        else:
            self._left_kg[contract.id] = left - more
