"""Events reach those who asked, in order, under one id each, as often as it takes and no more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import service
from catalog.errors import Conflict, Invalid, NotFound, Stale
from catalog.tenancy import Scope
from service.db import Database, now
from service.models import Delivery, DeliveryState, Endpoint, EndpointState, Outbox
from service.webhooks import endpoints as use
from service.webhooks.deliveries import DELAYS_S, Job, claim, due, finish, keys_of, prune
from service.webhooks.endpoints import EndpointChange, EndpointIn
from service.webhooks.events import KINDS, emit
from service.webhooks.sender import Sender
from service.webhooks.transport import Outcome
from tests.sample_market import Market
from tests.service.webhooks.receiver import Receiver, receiving

OK, DOWN, GONE = Outcome(200, "ok"), Outcome(503, "down"), Outcome(410, "")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def market(database: Database) -> tuple[Scope, int, str]:
    """The association's scope, its cooperative's number and uid."""
    with database.write() as session:
        made = Market(session)
        return Scope(made.association.id), made.cooperative.id, made.cooperative.uid


def listen(database: Database, scope: Scope, url: str, *events: str, organisation: str | None = None) -> str:
    with database.write() as session:
        given = EndpointIn(url=url, events=events or ("*",), organisation=organisation)
        return use.add_endpoint(session, scope, given, "manager", local=True).uid


def tell(database: Database, scope: Scope, *lots: str, kind: str = "lot.declared") -> list[str]:
    with database.write() as session:
        return [emit(session, scope.association_id, kind, {"lot": lot})[0].uid for lot in lots]


def attempt(database: Database, at: datetime, outcome: Outcome) -> list[str]:
    """Make every attempt that is due at a moment, with one outcome; ids of the events sent."""
    sent = []
    with database.write() as session:
        for number in due(session, at, 100):
            job = claim(session, number, at, 60)
            assert job is not None
            sent.append(job.event_uid)
            assert finish(session, job, outcome, at)
    return sent


def endpoint(session: Session, uid: str) -> Endpoint:
    return session.scalars(select(Endpoint).where(Endpoint.uid == uid)).one()


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=5)


def test_events_arrive_in_order_under_their_own_ids(database: Database, receiver: Receiver) -> None:
    scope, _, _ = market(database)
    listen(database, scope, receiver.url)
    told = tell(database, scope, "a", "b", "c")
    sender = Sender(database, local=True, timeout_s=5)
    assert [sender.round() for _ in range(4)] == [1, 1, 1, 0]
    assert receiver.ids == told
    with database.read() as session:
        assert set(session.scalars(select(Delivery.state))) == {DeliveryState.DELIVERED}


def test_a_failing_event_keeps_its_id_and_holds_back_the_later_ones(database: Database) -> None:
    scope, _, _ = market(database)
    listen(database, scope, "http://127.0.0.1:9/hook")
    first, second = tell(database, scope, "a", "b")
    at = soon()
    sent = attempt(database, at, DOWN)
    assert attempt(database, at + timedelta(seconds=4), OK) == []
    sent += attempt(database, at + timedelta(seconds=6), OK) + attempt(database, at + timedelta(seconds=6), OK)
    assert sent == [first, first, second]


def test_attempts_follow_the_table_and_after_the_last_the_endpoint_is_switched_off(database: Database) -> None:
    scope, _, _ = market(database)
    uid = listen(database, scope, "http://127.0.0.1:9/hook")
    (first,) = tell(database, scope, "a")
    start = at = soon()
    waits = []
    for _ in range(len(DELAYS_S) + 1):
        assert attempt(database, at, DOWN) == [first]
        with database.read() as session:
            row = session.scalars(select(Delivery)).one()
        waits.append((row.due_at - at).total_seconds())
        at = row.due_at + timedelta(seconds=1)
    assert all(delay <= wait <= delay * 1.1 for delay, wait in zip(DELAYS_S, waits, strict=False))
    assert (row.state, row.attempts, row.status, row.response) == (DeliveryState.FAILED, 10, 503, "down")
    assert timedelta(days=3) < at - start < timedelta(days=4)
    with database.read() as session:
        found = endpoint(session, uid)
        assert (found.state, found.disabled_why) == (EndpointState.DISABLED, "an event could not be delivered in 10 attempts")


def test_410_switches_the_endpoint_off_at_once_and_what_waits_goes_out_when_it_is_on_again(database: Database) -> None:
    scope, _, _ = market(database)
    uid = listen(database, scope, "http://127.0.0.1:9/hook")
    _, second = tell(database, scope, "a", "b")
    at = soon()
    attempt(database, at, GONE)
    assert attempt(database, at + timedelta(days=9), OK) == []
    (while_off,) = tell(database, scope, "c")
    with database.write() as session:
        found = use.change_endpoint(session, scope, uid, EndpointChange(state=EndpointState.ACTIVE), "manager")
        assert (found.state, found.disabled_why) == (EndpointState.ACTIVE, "")
    assert attempt(database, soon(), OK) == [second]
    with database.write() as session:
        assert use.replay_since(session, scope, uid, at - timedelta(hours=1), now(session)) == 2
    assert {*attempt(database, soon(), OK), *attempt(database, soon(), OK)} >= {while_off}


def test_each_hears_its_own_events_and_no_others(database: Database) -> None:
    scope, cooperative, uid = market(database)
    listen(database, scope, "http://127.0.0.1:9/association", "lot.declared")
    listen(database, scope, "http://127.0.0.1:9/cooperative", organisation=uid)
    with database.write() as session:
        other = Market(session, "thai-binh")
        emit(session, other.association.id, "lot.declared", {"lot": "theirs"}, {other.cooperative.id: None})
        emit(session, scope.association_id, "lot.declared", {"lot": "ours"}, {cooperative: {"lot": "mine"}})
        emit(session, scope.association_id, "run.done", {"run": "r"})
    with database.write() as session:
        jobs = [claim(session, number, soon(), 60) for number in due(session, soon(), 100)]
    bodies = {job.url.rpartition("/")[2]: job.body for job in jobs if job is not None}
    assert b'"data":{"lot":"ours"}' in bodies["association"]
    assert b'"data":{"lot":"mine"}' in bodies["cooperative"]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 2
        assert session.scalar(select(func.count()).select_from(Outbox)) == 5


def test_an_event_that_did_not_happen_is_not_told(database: Database) -> None:
    scope, _, _ = market(database)
    listen(database, scope, "http://127.0.0.1:9/hook")

    def undone() -> None:
        with database.write() as session:
            emit(session, scope.association_id, "lot.declared", {"lot": "a"})
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        undone()
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Outbox)) == 0


def test_two_senders_never_send_one_attempt_twice(database: Database) -> None:
    scope, _, _ = market(database)
    listen(database, scope, "http://127.0.0.1:9/hook")
    tell(database, scope, "a")
    at = soon()
    with database.read() as session:
        seen = list(due(session, at, 10)) + list(due(session, at, 10))
    jobs = []
    for number in seen:
        with database.write() as session:
            jobs.append(claim(session, number, at, 60))
    assert [job is None for job in jobs] == [False, True]


def test_what_a_dead_sender_had_leased_is_sent_again_and_its_late_result_is_dropped(database: Database) -> None:
    scope, _, _ = market(database)
    listen(database, scope, "http://127.0.0.1:9/hook")
    (told,) = tell(database, scope, "a")
    at = soon()
    with database.write() as session:
        zombie = claim(session, due(session, at, 10)[0], at, 60)
    assert zombie is not None
    assert attempt(database, at + timedelta(seconds=59), OK) == []
    later = at + timedelta(seconds=61)
    with database.write() as session:
        second = claim(session, due(session, later, 10)[0], later, 60)
    assert isinstance(second, Job)
    assert (second.event_uid, second.attempt, second.body) == (told, 2, zombie.body)
    with database.write() as session:
        assert not finish(session, zombie, DOWN, later)
        assert finish(session, second, OK, later)
        assert not finish(session, second, DOWN, later)


def test_a_delivered_event_can_be_sent_again_under_its_own_id(database: Database, receiver: Receiver) -> None:
    scope, _, _ = market(database)
    listen(database, scope, receiver.url)
    (told,) = tell(database, scope, "a")
    sender = Sender(database, local=True, timeout_s=5)
    sender.round()
    with database.write() as session:
        uid = session.scalars(select(Delivery.uid)).one()
        assert use.replay_one(session, scope, uid, now(session)).state is DeliveryState.PENDING
    sender.round()
    assert receiver.ids == [told, told]
    with pytest.raises(NotFound, match="webhook delivery"), database.write() as session:
        use.replay_one(session, Scope(scope.association_id, 999), uid, now(session))


def test_a_new_secret_signs_beside_the_old_one_until_its_time_is_over(database: Database) -> None:
    scope, _, _ = market(database)
    uid = listen(database, scope, "http://127.0.0.1:9/hook")
    at = soon()
    with database.write() as session:
        old = endpoint(session, uid).secret
        found = use.rotate(session, scope, uid, "manager", at, 24, version=1)
        assert keys_of(found, at + timedelta(hours=23)) == [found.secret, old]
        assert keys_of(found, at + timedelta(hours=25)) == [found.secret]
    with pytest.raises(Stale, match="is at version 2"), database.write() as session:
        use.rotate(session, scope, uid, "manager", at, 24, version=1)
    with database.write() as session:
        found = use.rotate(session, scope, uid, "manager", at, 0)
        assert keys_of(found, at) == [found.secret]


def test_a_test_event_goes_to_the_one_endpoint(database: Database, receiver: Receiver) -> None:
    scope, _, _ = market(database)
    uid = listen(database, scope, receiver.url, "run.done")
    listen(database, scope, receiver.url)
    with database.write() as session:
        use.send_test(session, scope, uid, now(session))
    Sender(database, local=True, timeout_s=5).round()
    assert len(receiver.got) == 1
    assert b'"type":"webhook.test"' in receiver.got[0][1]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "https://127.0.0.1/", "https://169.254.169.254/", "https://[::1]/", "http://8.8.8.8/"]
)
def test_an_endpoint_inside_is_refused_when_it_is_made_and_when_it_is_changed(database: Database, url: str) -> None:
    scope, _, _ = market(database)
    uid = listen(database, scope, "http://127.0.0.1:9/hook")
    with pytest.raises(Invalid, match="url"), database.write() as session:
        use.add_endpoint(session, scope, EndpointIn(url=url), "manager")
    with pytest.raises(Invalid, match="url"), database.write() as session:
        use.change_endpoint(session, scope, uid, EndpointChange(url=url), "manager")


def test_an_organisation_asks_only_for_events_that_it_can_hear(database: Database) -> None:
    scope, cooperative, uid = market(database)
    for kind in ("run.done", "order.placed", "lot.eaten"):
        with pytest.raises(Invalid, match=f"events '{kind}'"), database.write() as session:
            use.add_endpoint(session, scope, EndpointIn(url="http://127.0.0.1:9/", events=(kind,), organisation=uid), "m", local=True)
    with database.write() as session:
        own = use.add_endpoint(session, Scope(scope.association_id, cooperative), EndpointIn(url="http://127.0.0.1:9/"), "c", local=True)
        assert own.organisation_id == cooperative


def test_endpoints_are_few_and_other_peoples_are_not_found(database: Database) -> None:
    scope, cooperative, _ = market(database)
    uids = [listen(database, scope, "http://127.0.0.1:9/") for _ in range(use.MOST_ENDPOINTS)]
    with pytest.raises(Conflict, match="20 endpoints already"):
        listen(database, scope, "http://127.0.0.1:9/")
    for stranger in (Scope(scope.association_id, cooperative), Scope(scope.association_id + 1)):
        with pytest.raises(NotFound, match="webhook endpoint"), database.write() as session:
            use.remove(session, stranger, uids[0])
    tell(database, scope, "a")
    with database.write() as session:
        use.remove(session, scope, uids[0], version=1)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == use.MOST_ENDPOINTS - 1


def test_old_events_are_forgotten_unless_they_are_still_open(database: Database) -> None:
    scope, _, _ = market(database)
    listen(database, scope, "http://127.0.0.1:9/hook")
    tell(database, scope, "a", "b")
    attempt(database, soon(), OK)
    with database.write() as session:
        assert prune(session, soon()) == 1
        assert session.scalar(select(func.count()).select_from(Delivery)) == 1


def test_the_sender_sends_until_it_is_stopped(database: Database, receiver: Receiver) -> None:
    scope, _, _ = market(database)
    listen(database, scope, receiver.url)
    arrived, stop = threading.Event(), threading.Event()
    told = tell(database, scope, "a", "b")

    def post(url: str, headers: dict[str, str], body: bytes, **_: object) -> Outcome:
        receiver.got.append((headers, body))
        if len(receiver.got) == 2:
            arrived.set()
        return OK

    thread = threading.Thread(target=Sender(database, post=post).run, args=(stop,))
    thread.start()
    assert arrived.wait(30)
    stop.set()
    thread.join(30)
    assert (receiver.ids, thread.is_alive()) == (told, False)


def test_every_kind_of_event_that_can_be_asked_for_is_told_somewhere() -> None:
    written = "".join(file.read_text(encoding="utf-8") for file in Path(service.__file__).parent.rglob("*.py") if file.name != "events.py")
    assert [kind for kind in KINDS if f'"{kind}"' not in written] == []
