"""The migrations make what the models say, and code and schema that disagree don't work together."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import URL, Engine, text

from service.all_tables import metadata
from service.db import Database, SchemaMismatch, head_revision
from service.migrations import ddl
from tests.databases import empty_postgresql
from tests.sample_market import Market

CATALOGUE = {
    "sqlite": "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE tbl_name NOT LIKE 'alembic%' ORDER BY 1, 2",
    "postgresql": """
        SELECT 'column', table_name || '.' || column_name, data_type || coalesce(collation_name, ''),
          is_nullable || coalesce(column_default, '')
          FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
        UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid), '' FROM pg_constraint
          WHERE connamespace = 'public'::regnamespace AND conrelid <> 'alembic_version'::regclass
        UNION ALL SELECT 'index', indexname, indexdef, '' FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'
        UNION ALL SELECT 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid), '' FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT 'function', proname, prosrc, '' FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        ORDER BY 1, 2""",
}


def catalogue(engine: Engine) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(CATALOGUE[engine.dialect.name])]


@pytest.fixture
def empty(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Database:
    if dialect == "sqlite":
        return Database(f"sqlite:///{tmp_path / 'empty.db'}")
    server: URL = request.getfixturevalue("postgresql_server")
    return Database(empty_postgresql(server))


def test_the_migrations_make_exactly_what_the_models_say(database: Database, empty: Database) -> None:
    with empty.engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        ddl.apply(connection, ddl.SEPARATOR.join(ddl.statements(empty.dialect)))
    migrated, modelled = catalogue(database.engine), catalogue(empty.engine)
    empty.close()
    assert migrated == modelled
    assert len(migrated) > 150


def test_autogenerate_finds_nothing_to_do(database: Database) -> None:
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_database_without_a_schema_is_refused_with_both_revisions_named(empty: Database) -> None:
    with pytest.raises(SchemaMismatch, match=f"revision none, this version of mca needs {head_revision()}"):
        empty.require_schema()
    empty.close()


def test_a_database_from_a_newer_version_is_refused(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaMismatch, match=f"revision 9999, this version of mca needs {head_revision()}"):
        database.require_schema()
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": head_revision()})


def test_an_upgrade_can_be_run_again_and_changes_nothing(database: Database) -> None:
    before = catalogue(database.engine)
    assert database.upgrade() is None
    database.require_schema()
    assert catalogue(database.engine) == before


def test_an_upgrade_that_is_interrupted_leaves_the_database_as_it_was(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ddl.apply

    def interrupted(connection: object, script: str) -> None:
        whole(connection, ddl.SEPARATOR.join([*script.split(ddl.SEPARATOR)[:40], "CREATE NONSENSE"]))  # type: ignore[arg-type]

    monkeypatch.setattr(ddl, "apply", interrupted)
    with pytest.raises(Exception, match="syntax error"):
        empty.upgrade()
    monkeypatch.undo()
    assert empty.revision() is None
    empty.upgrade()
    empty.require_schema()
    empty.close()


def test_every_sqlite_table_is_strict(new_database: object, sqlite_template: Path) -> None:
    database = Database(f"sqlite:///{sqlite_template}")
    with database.engine.connect() as connection:
        tables = connection.exec_driver_sql("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'").all()
    database.close()
    assert {name for name, strict in tables if not strict} <= {"alembic_version", "sqlite_schema"}


def test_sqlite_is_durable_and_keeps_references(sqlite_template: Path) -> None:
    database = Database(f"sqlite:///{sqlite_template}")
    with database.engine.connect() as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous", "foreign_keys")]
    database.close()
    assert found == ["wal", 2, 1]


def test_the_database_counts_its_rows_when_asked(database: Database) -> None:
    with database.write() as session:
        Market(session).lot()
    database.tune()
    counted = {"sqlite": "SELECT count(*) FROM sqlite_stat1", "postgresql": "SELECT reltuples FROM pg_class WHERE relname = 'lot'"}
    with database.read() as session:
        assert session.scalar(text(counted[database.dialect])) >= 1


def test_a_reader_cannot_write(database: Database) -> None:
    with database.read() as session, pytest.raises(Exception, match=r"read-?only"):
        session.execute(text("DELETE FROM association"))


@pytest.mark.parametrize("address", ["mysql://host/name", "sqlite://", "sqlite:///:memory:"])
def test_an_address_of_another_database_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="expected a"):
        Database(address)


def test_a_database_of_the_first_revision_with_rows_in_it_is_brought_up_to_date(empty: Database) -> None:
    empty.upgrade("0001")
    uid = "01k4h4m1r3v8w2x5y7z9abcdef"
    columns = "uid, name, sort_key, search_key, code, detour_factor, fee_per_mille, created_at, updated_at, updated_by"
    now = "'2026-01-01T00:00:00.000000Z'"
    with empty.engine.begin() as connection:
        values = f"'{uid}', 'Liên minh', 'a', 'a', 'lm', 1.3, 15, {now}, {now}, 'system'"
        connection.exec_driver_sql(f"INSERT INTO association ({columns}) VALUES ({values})")
    empty.upgrade()
    with empty.engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT fee_per_mille, guide_left FROM association").one() == (15, 0)
        connection.exec_driver_sql("UPDATE association SET phone = '0204 3854 100'")
        if empty.dialect == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
            with pytest.raises(Exception, match="phone_length"):
                connection.exec_driver_sql("UPDATE association SET phone = ''")
    empty.close()
