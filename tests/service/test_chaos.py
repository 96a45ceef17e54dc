"""The service is killed under its clients, and the books are in order afterwards; `tests.service.chaos` does the same at full length."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select

from catalog.models import Lot
from service.db import Database
from service.planning import models as m
from tests.service import chaos
from tests.service.chaos import Client, Market16, Service, Tally

OPERATIONS, KILLS = 400, 3


def test_killed_again_and_again_the_service_loses_doubles_and_oversells_nothing(database_address: str) -> None:
    trade, tally = chaos.run(database_address, OPERATIONS, kills=KILLS)
    assert chaos.faults(database_address, trade, tally) == []
    assert len(tally.done) + len(tally.refused) == OPERATIONS
    assert tally.counts["kills"] == KILLS
    assert min(tally.counts[deed] for deed in ("approve", "confirm supply", "confirm demand", "undo", "load", "receive")) > 0
    assert tally.counts["approve refused: lot_overcommitted"] > 0


@contextmanager
def running(address: str) -> Iterator[tuple[Service, Market16, Client]]:
    """A furnished market, a service on it, and one client."""
    database = Database(address)
    trade = chaos.furnish(database, 200, seed=3)
    database.close()
    service = Service(address)
    try:
        client = Client(0, service.port, trade, Tally(), 1, 3)
        trade.items = chaos.all_items(client)
        yield service, trade, client
        client.hang_up()
    finally:
        service.end()


def test_a_write_whose_answer_was_lost_is_answered_again_after_the_restart(database_address: str) -> None:
    with running(database_address) as (service, trade, client):
        item = trade.items[0]
        path, body = f"/api/v1/proposal-items/{item['uid']}/approve", json.dumps({"reason": "op00-00001"}).encode()
        headers = {
            "host": "mca", "authorization": f"Bearer {trade.broker}", "content-type": "application/json", "if-match": 'W/"1"',
            "idempotency-key": "once", "content-length": str(len(body)),
        }  # fmt: skip
        head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
        with socket.create_connection(("127.0.0.1", service.port)) as line:
            line.sendall(head.encode() + body)
            wait_for_promises(database_address, 1)
        service.kill()
        said = client.ask("approve", path.removeprefix("/api/v1"), {"reason": "op00-00001"}, "once", trade.broker, 1)
        assert said is not None
        assert (said["state"], said["version"]) == ("approved", 2)
        assert client.tally.counts["replayed"] == 1
        assert promises(database_address) == 1


def promises(address: str) -> int:
    database = Database(address)
    try:
        with database.read() as session:
            return session.scalar(select(func.count()).select_from(m.Promise)) or 0
    finally:
        database.close()


def wait_for_promises(address: str, wanted: int) -> None:
    """Look until so many promises have been committed; the bound is far beyond what it takes."""
    until = time.monotonic() + 60
    while promises(address) < wanted:
        assert time.monotonic() < until, "the write was never committed"
        time.sleep(0.01)


@pytest.mark.parametrize("harm", ["lost", "invented", "doubled"])
def test_books_that_disagree_with_the_clients_would_be_found(harm: str) -> None:
    with chaos.fresh("sqlite") as address:
        database = Database(address)
        trade, tally = chaos.furnish(database, 50, seed=1), Tally()
        with database.write() as session:
            if harm == "doubled":
                session.scalars(select(Lot)).first().quantity_kg += 1  # type: ignore[union-attr]
        database.close()
        if harm == "lost":
            tally.done["op00-00001"] = "approve"
        if harm == "invented":
            tally.accepted_kg = 5
        found = chaos.faults(address, trade, tally)
    assert len(found) == 1
    assert {"lost": "is not in the books", "invented": "acknowledged were 5", "doubled": "were declared"}[harm] in found[0]
