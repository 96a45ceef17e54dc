"""Whether everything in a database holds: its schema, its structure, the audit trail, the ledger of kilograms, the accounts, contracts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from buyers.contracts import wrong_sums
from service import audit
from service.db import Database
from service.planning.fulfilment.settlements import lost_money
from service.planning.ledger import triggers
from service.planning.ledger.conservation import discrepancies

_TRIGGER = re.compile(r"CREATE TRIGGER (\w+)")
_FUNCTION = re.compile(r"CREATE FUNCTION (\w+)\(\).*?\$\$(.*?)\$\$")


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
        yield from _triggers(session, database.dialect)
        yield from (f"audit trail, {found}" for found in audit.verify(session))
        yield from discrepancies(session)
        yield from wrong_sums(session)
        yield from lost_money(session)


def _structure(session: Session) -> Iterator[str]:
    found = list(session.scalars(text("PRAGMA integrity_check")))
    yield from (f"database file: {line}" for line in found if line != "ok")
    for table, row, other, _ in session.execute(text("PRAGMA foreign_key_check")):
        yield f"{table} row {row}: the {other} that it names is missing"


def _triggers(session: Session, dialect: str) -> Iterator[str]:
    """Yield every trigger that is missing, switched off or not as this code makes it."""
    expected = dict(_named(triggers.statements(dialect)))
    if dialect == "sqlite":
        found: dict[str, str] = dict(session.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all())
        differing = [name for name in expected if found.get(name) != expected[name]]
        yield from (f"trigger {name}: {'changed' if name in found else 'missing'}" for name in differing)
    else:
        wanted = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
        present = set(session.scalars(text(wanted)))
        yield from (f"trigger {name}: missing or switched off" for name in expected if name not in present)
        bodies: dict[str, str] = dict(session.execute(text("SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'mca_%'")).all())
        for name, body in _FUNCTION.findall("\n".join(triggers.statements(dialect))):
            if bodies.get(name) != body:
                yield f"function {name}: {'changed' if name in bodies else 'missing'}"


def _named(statements: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each trigger's name and statement."""
    for statement in statements:
        found = _TRIGGER.match(statement)
        if found is not None:
            yield found[1], statement
