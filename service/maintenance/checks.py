"""Whether everything in a database holds: its schema, its structure, the audit trail, the ledger of kilograms, the accounts, contracts."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from buyers.contracts import wrong_sums
from service import audit
from service.db import Database
from service.planning.fulfilment.settlements import lost_money
from service.planning.ledger.conservation import discrepancies


def faults(database: Database) -> Iterator[str]:
    """Yield one sentence for each thing that doesn't hold; nothing at all is proof that everything does.

    Raises
    ------
    SchemaMismatch
        If the schema isn't the one that this code needs.
    """
    database.require_schema()
    with database.read() as session:
        if database.dialect == "sqlite":
            yield from _structure(session)
        yield from (f"audit trail, {found}" for found in audit.verify(session))
        yield from discrepancies(session)
        yield from wrong_sums(session)
        yield from lost_money(session)


def _structure(session: Session) -> Iterator[str]:
    found = list(session.scalars(text("PRAGMA integrity_check")))
    yield from (f"database file: {line}" for line in found if line != "ok")
    for table, row, other, _ in session.execute(text("PRAGMA foreign_key_check")):
        yield f"{table} row {row}: the {other} that it names is missing"
