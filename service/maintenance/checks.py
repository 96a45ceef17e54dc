"""Whether everything in a database holds: its schema, its own structure, the audit trail, the ledger of kilograms and the accounts."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

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
        yield from lost_money(session)


def _structure(session: Session) -> Iterator[str]:
    found = list(session.scalars(text("PRAGMA integrity_check")))
    yield from (f"database file: {line}" for line in found if line != "ok")
    for table, row, other, _ in session.execute(text("PRAGMA foreign_key_check")):
        yield f"{table} row {row}: the {other} that it names is missing"
