"""When only the database can refuse, people still learn what it means."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from catalog.errors import AlreadyThere, Conflict, DomainError, Invalid
from service.db import Database
from service.http.database_errors import refusal
from service.planning.errors import LineOvercommitted, LotOvercommitted
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Wish
from tests.sample_market import NOON, Market, act

CASES: dict[str, tuple[str, type[DomainError], str]] = {
    "a lot cut below its promises": ("UPDATE lot SET quantity_kg = 1", LotOvercommitted, "more of the lot is promised"),
    "a line cut below its promises": ("UPDATE demand_line SET quantity_kg = 1", LineOvercommitted, "more is promised to the line"),
    "a code taken twice": ("UPDATE site SET code = 'c0'", AlreadyThere, "there already"),
    "a value out of range": ("UPDATE site SET lat = 99", Invalid, "site_lat_range"),
    "a row that others rest on": ("DELETE FROM product", Conflict, "other rows rest on this one"),
    "a ledger rewritten": ("UPDATE ledger_entry SET kg = 1", Conflict, "never rewritten"),
    "a balance set by hand": ("UPDATE promise SET held_kg = 0", Conflict, "ledger alone"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_refusal_of_the_database_has_a_meaning(database: Database, case: str) -> None:
    statement, kind, says = CASES[case]
    with database.write() as session:
        market = Market(session)
        transitions.hold(session, [Wish(market.lot().id, market.line().id, 500)], NOON + timedelta(hours=1), act())
    with pytest.raises(Exception, match=r"(?i)constraint|never rewritten|ledger alone") as raised, database.write() as session:
        session.execute(text(statement))
    meant = refusal(raised.value)
    assert type(meant) is kind
    assert says in str(meant)


def test_what_is_no_refusal_stays_a_defect() -> None:
    assert refusal(ZeroDivisionError()) is None
