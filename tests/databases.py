"""Fixtures: a fresh database with the whole schema for each test, on SQLite and on PostgreSQL.

SQLite gives each test a copy of a migrated file; PostgreSQL a database that is emptied afterwards. A test thus costs milliseconds.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL, create_engine, make_url

from service.db import Database
from tests import postgres
from tests.shared_fixtures import shared_file

DIALECTS = ("sqlite", "postgresql")
_numbers = itertools.count()
EMPTY = """
DO $$ DECLARE t regclass; filled boolean; s text; BEGIN
  PERFORM set_config('session_replication_role', 'replica', true);
  FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version' LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', t) INTO filled;
    IF filled THEN
      EXECUTE format('DELETE FROM %s', t);
    END IF;
  END LOOP;
  FOR s IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' LOOP
    PERFORM setval(s, 1, false);
  END LOOP;
END $$"""
ALONE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
NewDatabase = Callable[[str], AbstractContextManager[str]]


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[URL]:
    """The address of a PostgreSQL that lives as long as the test run."""
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the whole schema and nothing in it."""
    return shared_file(tmp_path_factory, "template.db", _migrated_file)


@pytest.fixture(scope="session")
def postgresql_pool(postgresql_server: URL) -> Iterator[list[str]]:
    """Addresses of PostgreSQL databases with the schema, empty and free to use."""
    free: list[str] = []
    yield free
    for address in free:
        _administer(postgresql_server, f'DROP DATABASE "{make_url(address).database}" WITH (FORCE)')


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    """Each of the two databases in turn."""
    return str(request.param)


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> NewDatabase:
    """Make a database of a dialect for as long as a block lasts; yields its address."""

    @contextmanager
    def make(dialect: str) -> Iterator[str]:
        if dialect == "sqlite":
            file = tmp_path_factory.mktemp("db") / "mca.db"
            shutil.copy(request.getfixturevalue("sqlite_template"), file)
            yield f"sqlite:///{file}"
            shutil.rmtree(file.parent)
        else:
            free: list[str] = request.getfixturevalue("postgresql_pool")
            address = free.pop() if free else _migrated(request.getfixturevalue("postgresql_server"))
            yield address
            _empty(address)
            free.append(address)

    return make


@pytest.fixture
def database_address(dialect: str, new_database: NewDatabase) -> Iterator[str]:
    """The address of a fresh database with the schema."""
    with new_database(dialect) as address:
        yield address


@pytest.fixture
def database(dialect: str, database_address: str, postgresql_open: dict[str, Database]) -> Iterator[Database]:
    """A fresh database with the schema."""
    if dialect == "postgresql":
        if database_address not in postgresql_open:
            postgresql_open[database_address] = Database(database_address)
        yield postgresql_open[database_address]
    else:
        opened = Database(database_address)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def postgresql_open() -> Iterator[dict[str, Database]]:
    """Databases by address that stay connected from test to test."""
    opened: dict[str, Database] = {}
    yield opened
    for database in opened.values():
        database.close()


def empty_postgresql(server: URL) -> str:
    """Return the address of a new PostgreSQL database without a schema."""
    name = f"mca_{next(_numbers)}"
    _administer(server, f'CREATE DATABASE "{name}"')
    return _address(server, name)


def _migrated_file(file: Path) -> None:
    database = Database(f"sqlite:///{file}")
    database.upgrade()
    whole(database)
    database.close()


def whole(database: Database) -> None:
    """Bring all of a SQLite database into its one file, which can then be copied."""
    with database.engine.execution_options(mca_maintenance=True).connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _migrated(server: URL) -> str:
    address = empty_postgresql(server)
    database = Database(address)
    database.upgrade()
    database.close()
    return address


def _empty(address: str) -> None:
    """Delete every row, past the triggers that forbid it; far quicker than a new database."""
    with _plain_connection(address) as connection:
        try:
            connection.execute("SET LOCAL lock_timeout = '3s'")
            connection.execute(EMPTY)
        except psycopg.errors.LockNotAvailable:
            # A test that failed has left a transaction open somewhere.
            connection.rollback()
            connection.execute(ALONE)
            connection.execute(EMPTY)


def _plain_connection(address: str) -> psycopg.Connection[Any]:
    """Connect without an engine, which asks the server a dozen questions first."""
    return psycopg.connect(make_url(address).set(drivername="postgresql").render_as_string(hide_password=False))


def _address(server: URL, name: str) -> str:
    return server.set(database=name).render_as_string(hide_password=False)


def _administer(server: URL, statement: str) -> None:
    engine = create_engine(server.set(database=server.database or "postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
