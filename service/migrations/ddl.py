"""The whole schema as statements, made from the models: what an initial revision is written from, and what tests compare with.

``python -m service.migrations.ddl sqlite`` prints it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from sqlalchemy import Connection, Dialect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from service.all_tables import metadata
from service.planning.ledger import triggers

SEPARATOR = "\n-- next\n"
"""Stands between two statements of a file; triggers hold semicolons of their own."""


def statements(dialect: str) -> Iterator[str]:
    """Yield every statement that makes the schema, tables before their indexes, triggers last."""
    target: Dialect = sqlite.dialect() if dialect == "sqlite" else postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        yield _tidy(str(CreateTable(table).compile(dialect=target)))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            yield _tidy(str(CreateIndex(index).compile(dialect=target)))
    yield from triggers.statements(dialect)


RESTATE = "-- restate "
"""Begins a statement that isn't executed: SQLite only keeps it as the text of a table whose columns stand already."""


def apply(connection: Connection, script: str) -> None:
    """Execute each statement of a script, taken literally."""
    for statement in script.strip("\n").split(SEPARATOR):
        if statement.startswith(RESTATE):
            _restate(connection, *statement.removeprefix(RESTATE).split("\n", 1))
        else:
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _restate(connection: Connection, table: str, text: str) -> None:
    """Replace the text of a SQLite table, which holds its checks; its columns and their order are the same.

    SQLite can't change a check by a statement. Its documentation of ALTER TABLE describes this way for changes that leave the stored
    rows as they are.
    """
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.exec_driver_sql("UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?", (text.strip("\n"), table))
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")


def redefine(connection: Connection, statement: str) -> None:
    """Give a SQLite table whose columns are in place the definition of a ``CREATE TABLE`` statement, such as wider checks.

    SQLite can't alter a constraint, and can't replace a table that others refer to within a transaction. The rows keep their form,
    so the statement must name the same columns in the same order as the table; `service.migrations.versions.r0002_draft_plans` shows it.
    """
    name = statement.strip().removeprefix("CREATE TABLE").split("(")[0].strip().strip('"')
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    change = "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?"
    connection.exec_driver_sql(change, (statement.strip(), name))
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")


def _tidy(statement: str) -> str:
    return "\n".join(line.rstrip().replace("\t", "  ") for line in statement.strip().splitlines())


if __name__ == "__main__":
    sys.stdout.write(SEPARATOR.join(statements(sys.argv[1])) + "\n")
