"""Many rows of one table at once: by `COPY` where PostgreSQL is asked, past the session, which has no use for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from sqlalchemy import Column, Connection, Table, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

FEW = 50
"""Rows below which `COPY` doesn't pay."""


def insert_rows(session: Session, model: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, all of which name the same columns; what they leave out gets the columns' defaults."""
    if not rows:
        return
    connection = session.connection()
    if connection.dialect.name == "postgresql" and len(rows) >= FEW:
        _copy(connection, model.__table__, rows)
    else:
        connection.execute(insert(model.__table__), rows)


def _copy(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Hand rows to PostgreSQL as one stream; its checks and triggers see them as any others."""
    named = set(rows[0])
    columns = [column for column in table.columns if column.name in named or column.default is not None]
    makers = [_maker(connection, column, given=column.name in named) for column in columns]
    quote = connection.dialect.identifier_preparer.quote
    target = f"{quote(table.name)} ({', '.join(quote(column.name) for column in columns)})"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
            for row in rows:
                copy.write_row([make(row) for make in makers])
    except psycopg.Error as error:
        raise _told(connection, driver, f"COPY {target}", error) from error


def _told(connection: Connection, driver: Any, statement: str, error: psycopg.Error) -> BaseException:
    """Return a failure of the driver as every other statement's failure is raised, and let a lost connection go."""
    lost = connection.dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type]
    if lost:
        connection.invalidate(error)
    return DBAPIError.instance(statement, None, error, psycopg.Error, connection_invalidated=lost, dialect=connection.dialect)


def _maker(connection: Connection, column: Column[Any], *, given: bool) -> Callable[[dict[str, Any]], Any]:
    """Return what makes a column's value of a row, as the driver takes it."""
    name, default, dialect = column.name, column.default, connection.dialect
    found: Any = column.type.dialect_impl(dialect).bind_processor(dialect)
    process: Callable[[Any], Any] = found or (lambda value: value)
    if given:
        return lambda row: process(row[name])
    usual: Any = getattr(default, "arg", None)
    if default is not None and default.is_callable:
        return lambda row: process(usual(None))
    fixed = process(usual)
    return lambda row: fixed
