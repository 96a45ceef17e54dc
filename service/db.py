"""The door to the database: engines, transactions, its clock, and whether code and schema agree.

Readers see one moment of the database and can't write. Writers commit once, at the end of their block, or not at all; on SQLite they
begin with ``BEGIN IMMEDIATE``, and one lock in the process keeps them from queueing inside SQLite itself, where waiting is unfair.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.orm import Session

MIGRATIONS = Path(__file__).parent / "migrations"
SAFE_SQLITE = (3, 51, 3)
"""First SQLite whose write-ahead log can't be damaged by two processes resetting it at once."""
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY", "trusted_schema=OFF", "recursive_triggers=ON")
"""Every connection to SQLite is durable and strict; recursive triggers see rows that ``INSERT OR REPLACE`` deletes."""
BUSY_S = 10
POOL_TIMEOUT_S = 5
NETWORK = {"tcp_user_timeout": 15_000, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2}
"""A connection whose other end has gone silent, cable cut or machine lost, is given up after about twenty seconds."""


class SchemaMismatch(RuntimeError):
    """The database's schema isn't the one that this code was written for."""

    def __init__(self, found: str | None, needed: str) -> None:
        self.found, self.needed = found, needed
        super().__init__(
            f"the database is at schema revision {found or 'none'}, this version of mca needs {needed}: "
            "run 'mca db upgrade', or start the version of mca that fits the database"
        )


def database_url(given: str) -> URL:
    """Return the address with the driver that this service uses.

    Raises
    ------
    ValueError
        If it names another database, or SQLite without a file.
    """
    url = make_url(given)
    if url.get_backend_name() in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite":
        raise ValueError(f"{url.get_backend_name()}: expected a sqlite:///file or postgresql://host/name address")
    if not url.database or url.database == ":memory:":
        raise ValueError("sqlite: expected a file, such as sqlite:///mca.db")
    return url


class Database:
    """One database, its pool of connections and its transactions.

    Parameters
    ----------
    given : address as in the settings, ``sqlite:///file`` or ``postgresql://user:password@host/name``.
    pool_size : connections kept open.
    """

    def __init__(self, given: str, pool_size: int = 10) -> None:
        self.url = database_url(given)
        self.dialect = self.url.get_backend_name()
        self.engine = _sqlite_engine(self.url, pool_size) if self.dialect == "sqlite" else _postgresql_engine(self.url, pool_size)
        self._reader = self.engine.execution_options(**_reading(self.dialect))
        self._writer = self.engine.execution_options(mca_write=True)
        self._turn = threading.RLock() if self.dialect == "sqlite" else None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session that sees one moment of the database and can't change it."""
        with Session(self._reader) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Yield a session whose changes are all committed at the end of the block, or none of them after an exception."""
        if self._turn is None:
            with Session(self._writer, expire_on_commit=False) as session, session.begin():
                yield session
        else:
            with self._turn, Session(self._writer, expire_on_commit=False) as session, session.begin():
                yield session

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def tune(self) -> None:
        """Let the database count its rows anew, so that it chooses its indexes well; cheap, and worth doing now and then."""
        statement = "PRAGMA optimize = 0x10002" if self.dialect == "sqlite" else "ANALYZE"
        with self._writer.begin() as connection:
            connection.exec_driver_sql(statement)

    def revision(self) -> str | None:
        """Return the schema revision that the database says it has, None for an empty one."""
        with self._reader.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def require_schema(self) -> None:
        """Refuse a database whose schema is older or newer than this code.

        Raises
        ------
        SchemaMismatch
            Naming both revisions.
        """
        found, needed = self.revision(), head_revision()
        if found != needed:
            raise SchemaMismatch(found, needed)

    def upgrade(self, target: str = "head") -> str | None:
        """Bring the schema up to this code's revision in one transaction; return a copy's path where one was made first.

        A SQLite file that holds a schema already is copied beside itself, so that an interrupted upgrade loses nothing.
        """
        copy = self._copy_before(target) if self.dialect == "sqlite" else None
        with self._writer.connect() as connection, connection.begin():
            config = _alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, target)
        return copy

    def _copy_before(self, target: str) -> str | None:
        found = self.revision()
        if found is None or found == target or (target == "head" and found == head_revision()):
            return None
        copy = f"{self.url.database}.before-{found}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
        with self.engine.execution_options(mca_maintenance=True).connect() as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (copy,))
        return copy


def now(session: Session) -> datetime:
    """Return the database's own time in UTC: leases, holds and expiries are compared with no other clock."""
    if session.get_bind().dialect.name == "sqlite":
        stamp: str = session.execute(text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")).scalar_one()
        return datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=UTC)
    stamped: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return stamped.astimezone(UTC)


def head_revision() -> str:
    """Return the schema revision that this code needs."""
    head = ScriptDirectory.from_config(_alembic_config()).get_current_head()
    assert head is not None
    return head


def sqlite_version() -> tuple[int, ...]:
    """Return the version of SQLite in use."""
    return tuple(int(part) for part in pysqlite3.dbapi2.sqlite_version.split("."))


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


def _reading(dialect: str) -> dict[str, Any]:
    """Return the options of a reading connection: one snapshot, and no writing."""
    if dialect == "sqlite":
        return {"mca_write": False}
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def _postgresql_engine(url: URL, pool_size: int) -> Engine:
    options = "-c timezone=UTC -c statement_timeout=60s -c lock_timeout=5s -c idle_in_transaction_session_timeout=120s"
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size // 2,
        pool_timeout=POOL_TIMEOUT_S,
        pool_pre_ping=True,
        connect_args={"options": options, "application_name": "mca", "connect_timeout": POOL_TIMEOUT_S, **NETWORK},
    )


def _sqlite_engine(url: URL, pool_size: int) -> Engine:
    if sqlite_version() < SAFE_SQLITE:
        raise RuntimeError(f"SQLite {pysqlite3.dbapi2.sqlite_version} can damage its log: install pysqlite3 0.6.1 or newer")
    engine = create_engine(
        url,
        module=pysqlite3.dbapi2,
        pool_size=pool_size,
        max_overflow=pool_size // 2,
        pool_timeout=POOL_TIMEOUT_S,
        connect_args={"timeout": BUSY_S, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Make a new connection durable, strict about references, and leave beginning to `_begin_sqlite`."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once where writing is meant; elsewhere see to it that nothing is written.

    Maintenance, such as ``VACUUM``, runs outside a transaction.
    """
    if connection.get_execution_options().get("mca_maintenance"):
        # An earlier reader of this connection may have left it unable to write.
        connection.exec_driver_sql("PRAGMA query_only=OFF")
        return
    writes = connection.get_execution_options().get("mca_write", True)
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
