"""Lots and lines of an import that are known already: changed by the rules that hold for forms, the API and uploads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from buyers.importers import import_lines
from buyers.intake import apply_change
from buyers.models import DemandLine
from buyers.prices import recent_bids
from catalog.errors import Fault, Invalid, NeedsConfirmation
from catalog.importers import FIRST_ROW, Intake, Row, batched, import_lots
from catalog.models import Lot
from catalog.prices import price_doubt, recent_asks
from service.db import now
from service.planning.ledger.transitions import Act
from service.planning.market_changes import after_lines_changed, lock_standing, turn_down_unfit
from service.planning.standing_rules import AT_ONCE, CHANGEABLE, CLOSED_LINES, CLOSED_LOTS, LineRules, LotRules

KEPT = ("organisation_id", "product_id", "grade")
"""What a lot keeps once kilograms of it are promised."""


class StandingIntake:
    """Takes in lots and lines, and brings what stands on the changed ones in step with them."""

    def __init__(self, intake: Intake) -> None:
        self._intake, self._lots, self._lines = intake, list[int](), list[int]()

    def lots(self, rows: Sequence[Row]) -> None:
        """Add lots, and change known ones; see `catalog.importers.import_lots`.

        Raises
        ------
        Invalid
            With every row that promises, confirmed days or a lot's end forbid.
        """
        known = self._known(Lot, rows)
        rules, faults = LotRules(self._intake.session, known.values()), list[Fault]()
        for number, row in enumerate(rows, FIRST_ROW):
            before = known.get(row["code"])
            if before is not None and _differs(before, row):
                self._lots.append(before.id)
                faults += [Fault(number, *one) for one in rules.faults(before, row)]
                faults += [Fault(number, *one) for one in _kept(before, row)]
        _raise(faults)
        import_lots(self._intake, rows)

    def lines(
        self, rows: Sequence[Row], products: Mapping[str, Sequence[int]], requirements: Mapping[str, Sequence[tuple[str, int]]]
    ) -> None:
        """Add lines, and change known ones; see `buyers.importers.import_lines`.

        Raises
        ------
        Invalid
            With every row that promises, confirmed days, a contract or a line's end forbid.
        """
        known, session = self._known(DemandLine, rows), self._intake.session
        rules, faults = LineRules(session, known.values()), list[Fault]()
        changed = [(number, known[row["code"]], row) for number, row in enumerate(rows, FIRST_ROW) if row["code"] in known]
        changed = [one for one in changed if _differs(one[1], one[2])]
        for number, before, row in changed:
            faults += [Fault(number, *one) for one in rules.faults(before, row)]
            if before.status in CLOSED_LINES:
                faults.append(Fault(number, "code", before.code, f"a line that is open; this one is {before.status}"))
        _raise(faults)
        for _, before, row in changed:
            if before.call_off_id is not None:
                apply_change(session, before, {name: row[name] for name in CHANGEABLE}, self._intake.by)
            self._lines.append(before.id)
        session.flush()
        import_lines(self._intake, rows, products, requirements)

    def follow(self) -> None:
        """Turn down what no longer fits, and give offers that wait for an answer the prices of now."""
        session, number = self._intake.session, self._intake.association_id
        act = Act(self._intake.by, self._intake.source, now(session))
        if self._lots or self._lines:
            session.expire_all()
        for lots in batched(self._lots, AT_ONCE):
            turn_down_unfit(session, number, act, lot_ids=lots)
        for lines in batched(self._lines, AT_ONCE):
            after_lines_changed(session, number, act, lines)

    def _known(self, model: Any, rows: Sequence[Row]) -> dict[str, Any]:
        """Return the known rows by their codes, locked in the order of their numbers."""
        found: dict[str, Any] = {}
        for part in batched([row["code"] for row in rows], AT_ONCE):
            mine = model.association_id == self._intake.association_id, model.code.in_(part)
            numbers = list(self._intake.session.scalars(select(model.id).where(*mine)))
            lock_standing(self._intake.session, **{"lot_ids" if model is Lot else "line_ids": numbers})
            query = select(model).where(*mine)
            found |= {one.code: one for one in self._intake.session.scalars(query.order_by(model.id).with_for_update(key_share=True))}
        return found


def _differs(before: Any, row: Row) -> bool:
    return any(getattr(before, name) != value for name, value in row.items())


def _kept(lot: Lot, row: Row) -> list[tuple[str, str, str]]:
    if lot.status in CLOSED_LOTS:
        return [("code", lot.code, f"a lot that is on offer; this one is {lot.status}")]
    return [
        (name, str(row[name]), "what this lot was declared with; declare another lot")
        for name in KEPT
        if lot.status == "reserved" and getattr(lot, name) != row[name]
    ]


def ask_about_prices(intake: Intake, lots: Sequence[Row], lines: Sequence[Row], accepted: Mapping[str, Sequence[int]]) -> None:
    """Ask about the first price that is far from its product's last ones, before anything is written.

    Raises
    ------
    NeedsConfirmation
        Naming the lot or the line.
    """
    session = intake.session
    asks = {number: recent_asks(session, number) for number in {row["product_id"] for row in lots}}
    bids = {number: recent_bids(session, number) for number in {wanted[0] for wanted in accepted.values() if wanted}}
    doubts = [("ask_vnd_per_kg", row["code"], price_doubt(row["ask_vnd_per_kg"], asks[row["product_id"]])) for row in lots]
    doubts += [
        ("bid_vnd_per_kg", row["code"], price_doubt(row["bid_vnd_per_kg"], bids.get(next(iter(accepted[row["code"]]), 0), [])))
        for row in lines
    ]
    for column, code, doubt in doubts:
        if doubt:
            raise NeedsConfirmation(column, f"{code}: {doubt}")


def _raise(faults: Sequence[Fault]) -> None:
    if faults:
        raise Invalid(sorted(faults))
