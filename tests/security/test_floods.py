"""Floods in a bounded form: what one address or account opens beyond its share is closed or refused, and others' stays.

``python -m benchmarks.floods`` runs each of them at full size and prints what bystanders feel.
"""

from __future__ import annotations

import asyncio
import math
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from fastapi import FastAPI

from service.http import bodies
from service.http.connections import ConnectionGuard, Connections, OpenConnection, open_connections, surplus
from service.http.places import Turns
from service.http.problems import Refused
from service.models import Role
from service.planning.models import Run
from service.searching import Searches
from service.settings import Settings
from tests.service.api.conftest import Caller, ClientAs, World

ATTACKER, BYSTANDER = "127.0.0.66", "127.0.0.11"
linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the guard reads Linux' tables of sockets")


def seen(address: str, idle_s: float, port: int = 1) -> OpenConnection:
    return OpenConnection(0, (address, port), idle_s)


def test_the_longest_idle_connections_of_an_address_beyond_its_share_are_closed() -> None:
    attack, others = [seen("10.0.0.1", idle) for idle in (1.0, 5.0, 3.0)], [seen("10.0.0.2", 60.0)]
    assert surplus(attack + others, 2, 100, 75) == [attack[1]]
    assert surplus(attack + others, 2, 2, 75) == [attack[1], others[0]]
    assert surplus(others, 2, 100, 60) == others


def test_a_network_of_ipv6_counts_as_one_address() -> None:
    assert len(surplus([seen(f"2001:db8::{n}", n) for n in range(5)] + [seen("2001:db8:1::1", 9)], 2, 100, 75)) == 3


@pytest.fixture
def listening() -> Iterator[tuple[socket.socket, ExitStack]]:
    """A port of this process, and what closes every end of its connections."""
    with ExitStack() as stack:
        yield stack.enter_context(socket.create_server(("127.0.0.1", 0))), stack


def connect(door: socket.socket, stack: ExitStack, source: str) -> tuple[socket.socket, tuple[str, int]]:
    """Open a connection from an address; return the client's end and its name."""
    client = stack.enter_context(closing(socket.create_connection(door.getsockname(), 5, source_address=(source, 0))))
    stack.enter_context(closing(door.accept()[0]))
    return client, client.getsockname()


@linux_only
def test_the_guard_closes_what_an_attacker_holds_and_nothing_else(listening: tuple[socket.socket, ExitStack]) -> None:
    door, stack = listening
    attack = [connect(door, stack, ATTACKER)[0] for _ in range(8)]
    working, its_name = connect(door, stack, ATTACKER)
    bystander, _ = connect(door, stack, BYSTANDER)
    port, connections = door.getsockname()[1], Connections()
    connections.begin(its_name)
    guard = ConnectionGuard(Settings(port=port, address_connections=3), connections)
    assert len(list(open_connections(port))) == 10
    assert (guard.look(), guard.look()) == (5, 0)
    closed = [one for one in attack if is_closed(one)]
    assert (len(closed), is_closed(working), is_closed(bystander)) == (5, False, False)


@linux_only
def test_connections_of_a_trusted_proxy_are_its_own_to_look_after(listening: tuple[socket.socket, ExitStack]) -> None:
    door, stack = listening
    held = [connect(door, stack, ATTACKER)[0] for _ in range(3)]
    settings = Settings(port=door.getsockname()[1], address_connections=1, trusted_proxies=f"{ATTACKER}/32")
    assert ConnectionGuard(settings, Connections()).look() == 0
    assert not any(map(is_closed, held))


def is_closed(one: socket.socket) -> bool:
    one.setblocking(False)
    try:
        return one.recv(1) == b""
    except BlockingIOError:
        return False


def test_a_body_that_never_ends_is_ended_by_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SLOWEST_S", 0.01)

    async def silence() -> Any:
        await asyncio.sleep(math.inf)

    async def read() -> None:
        await bodies.bounded(silence, 100)()

    with pytest.raises(Refused, match="didn't arrive in time") as refused:
        asyncio.run(read())
    assert (refused.value.status_code, refused.value.headers) == (408, {"Connection": "close"})


def test_one_address_has_so_many_requests_at_a_time_and_is_told_when_to_come_again(guest: Caller, app: FastAPI) -> None:
    app.state.service.settings = app.state.service.settings.model_copy(update={"address_requests": 0})
    refused = guest.get("/healthz")
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (429, "too_many_at_once", "2")


def test_an_account_follows_four_runs_at_a_time(client_as: ClientAs, app: FastAPI, world: World) -> None:
    with app.state.service.database.write() as session:
        run = Run(association_id=world.ours.association.id, parameters={}, updated_by="test")
        session.add(run)
        session.flush()
    broker = client_as(Role.BROKER)
    for _ in range(4):
        app.state.service.streams.take(broker.uid)
    refused = broker.get(f"/runs/{run.uid}/events", headers={"accept": "text/event-stream"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")


def test_a_second_upload_of_one_account_is_refused_before_its_body_is_read(client_as: ClientAs, app: FastAPI) -> None:
    clerk = client_as(Role.CLERK)
    with app.state.service.uploads.hold(clerk.uid):
        refused = clerk.post("/uploads/lots", content=b"x" * 1000, headers={"content-type": "text/csv", "idempotency-key": "one"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")


def test_an_account_works_in_few_turns_at_a_time_and_others_in_their_own() -> None:
    turns, under_way, most = Turns(2), {"lan": 0, "hoa": 0}, {"lan": 0, "hoa": 0}

    async def work(name: str) -> None:
        async with turns.hold(name):
            under_way[name] += 1
            most[name] = max(most[name], under_way[name])
            await asyncio.sleep(0)
            under_way[name] -= 1

    async def all_at_once() -> None:
        await asyncio.gather(*(work(name) for name in ["lan"] * 30 + ["hoa"]))

    asyncio.run(all_at_once())
    assert (most, turns._waiting) == ({"lan": 2, "hoa": 1}, {})


def test_searches_run_in_a_process_of_their_own_and_a_dead_one_is_replaced() -> None:
    searches = Searches(1)
    try:
        assert searches.run("lan", os.getpid) not in {os.getpid(), 0}
        with pytest.raises(Refused, match="given up") as gone:
            searches.run("lan", os._exit, 9)
        assert (gone.value.status_code, gone.value.headers) == (503, {"Retry-After": "5"})
        assert searches.run("lan", os.nice, 0) >= min(os.nice(0) + 10, 19)
    finally:
        searches.close()
