"""The tables themselves refuse what makes no sense, whatever program writes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import configure_mappers
from sqlalchemy.orm.exc import StaleDataError

from catalog.base import Base, Instant, new_uid
from catalog.models import Lot, Organisation
from catalog.tenancy import Scope, visible
from service.db import Database
from tests.sample_market import Market

BAD = {
    "a negative quantity": "UPDATE lot SET quantity_kg = -1",
    "a quantity beyond ten thousand tonnes": "UPDATE lot SET quantity_kg = 10000001",
    "a fractional quantity": "UPDATE lot SET quantity_kg = 'one'",
    "no quantity": "UPDATE lot SET quantity_kg = NULL",
    "a grade below the ladder": "UPDATE lot SET grade = 9",
    "a window upside down": "UPDATE lot SET available_until = '2027-06-06'",
    "a tenth-century date": "UPDATE lot SET available_from = '0999-01-01'",
    "a day that is none": "UPDATE lot SET available_until = '2027-06-31'",
    "text for a date": "UPDATE lot SET available_until = 'soon'",
    "an unknown status": "UPDATE lot SET status = 'lost'",
    "an unknown kind": "UPDATE site SET kind = 'moon'",
    "latitude beyond the pole": "UPDATE site SET lat = 91",
    "an infinite latitude": "UPDATE site SET lat = 9e999",
    "a clock past midnight": "UPDATE site SET open_until_min = 1441",
    "an empty name": "UPDATE organisation SET name = ''",
    "a name that never ends": "UPDATE organisation SET name = '" + "x" * 201 + "'",
    "a code taken twice": "UPDATE site SET code = 'c0'",
    "a kind on the wrong side": "UPDATE organisation SET side = 'demand' WHERE kind = 'cooperative'",
    "a cooperative with a sponsor": "UPDATE organisation SET sponsor_id = 2 WHERE kind = 'cooperative'",
    "a site of nobody's": "UPDATE lot SET site_id = 999",
    "a negative bid": "UPDATE demand_line SET bid_vnd_per_kg = -1",
    "a version of zero": "UPDATE lot SET version = 0",
    "a product that lots stand on is deleted": "DELETE FROM product",
}


@pytest.mark.parametrize("deed", BAD)
def test_the_database_refuses(database: Database, deed: str) -> None:
    with database.write() as session:
        market = Market(session)
        market.lot()
        market.line()
    with (
        pytest.raises(DBAPIError, match=r"(?i)constraint|invalid input|out of range|not a valid|cannot store"),
        database.write() as session,
    ):
        session.execute(text(BAD[deed]))


def test_two_who_edit_the_same_row_do_not_overwrite_each_other(database: Database) -> None:
    with database.write() as session:
        lot = Market(session).lot().id
    with database.read() as reading:
        seen = reading.get_one(Lot, lot)
        reading.expunge_all()
    with database.write() as session:
        session.get_one(Lot, lot).note = "first"
    seen.note = "second"
    with pytest.raises(StaleDataError, match="expected to update 1 row"), database.write() as session:
        session.add(seen)
    with database.read() as session:
        assert (session.get_one(Lot, lot).note, session.get_one(Lot, lot).version) == ("first", 2)


def test_an_instant_needs_its_offset_and_comes_back_in_utc(database: Database) -> None:
    local = datetime.fromisoformat("2027-06-07T23:30:00.000001+07:00")
    with database.write() as session:
        lot = Market(session).lot(created_at=local).id
    with database.read() as session:
        assert session.get_one(Lot, lot).created_at == datetime(2027, 6, 7, 16, 30, 0, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="needs its offset"):
        Instant().process_bind_param(datetime(2027, 6, 7), database.engine.dialect)  # noqa: DTZ001


def test_what_is_not_loaded_on_purpose_is_not_loaded_by_accident(database: Database) -> None:
    with database.write() as session:
        Market(session).lot()
    with database.read() as session, pytest.raises(Exception, match="lazy='raise'"):
        session.scalars(select(Lot)).one().product  # noqa: B018


def test_a_name_brings_its_keys_along(database: Database) -> None:
    with database.write() as session:
        market = Market(session)
        market.cooperative.name = "  Hợp tác xã   Hoà Bình "
    with database.read() as session:
        found = session.scalars(select(Organisation).where(Organisation.search_key == "hop tac xa hoa binh")).one()
        assert found.name == "Hợp tác xã Hoà Bình"


def test_uids_are_ordered_in_time_and_never_repeat() -> None:
    uids = [new_uid() for _ in range(1000)]
    assert len(set(uids)) == 1000
    assert sorted(uid[:10] for uid in uids) == [uid[:10] for uid in uids]
    assert {len(uid) for uid in uids} == {26}


def test_every_number_has_limits_and_every_text_a_length() -> None:
    configure_mappers()
    unlimited = []
    for table in Base.metadata.tables.values():
        checks = " ".join(str(c.sqltext) for c in table.constraints if isinstance(c, CheckConstraint))
        for column in table.columns:
            own = " ".join(str(c.sqltext) for c in column.constraints if isinstance(c, CheckConstraint))
            free = column.primary_key or column.foreign_keys or column.name in checks + own
            if not free and column.type.python_type in (int, float, str):
                unlimited.append(f"{table.name}.{column.name}")
    assert unlimited == ["audit_head.seq"]


def test_every_relationship_refuses_to_load_by_itself() -> None:
    configure_mappers()
    eager = [str(r) for mapper in Base.registry.mappers for r in mapper.relationships if r.lazy != "raise"]
    assert eager == []


@pytest.mark.parametrize(("dialect", "condition"), [(sqlite, "lot.association_id + 0 = "), (postgresql, "lot.association_id = ")])
def test_only_sqlite_is_kept_from_an_associations_whole_index(dialect: Any, condition: str) -> None:
    """PostgreSQL would take the sum for a condition that hardly any row meets, and sort all that an organisation ever had."""
    assert condition in str(visible(Lot, Scope(1, 2)).compile(dialect=dialect.dialect()))
