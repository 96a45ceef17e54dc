"""What has run out is put away by itself: holds, lots, kept answers and logins; one chore that fails keeps no other from being done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from catalog import sponsorships
from catalog.models import Lot, LotStatus, Organisation, OrganisationKind, Side
from catalog.sponsorships import SponsorshipIn
from catalog.tenancy import Scope
from service.days import today
from service.db import Database, now
from service.maintenance.periodic import LOGINS_KEPT, Chores
from service.models import IdempotencyKey, Role, Session, User
from service.planning.ledger import transitions
from service.planning.ledger.transitions import Act, Wish
from service.planning.models import LotBalance
from service.planning.proposals import items
from service.settings import Settings
from tests.sample_market import Market
from tests.service.api.conftest import add_user, log_in


class Once(threading.Event):
    """Lets the chores be done once, without waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def wait(self, timeout: float | None = None) -> bool:
        self.asked += 1
        return self.asked > 1


def do_all(database: Database) -> None:
    settings = Settings(database_url=database.url.render_as_string(hide_password=False), reply_hours=48)
    Chores(database, settings).run(Once())


def test_what_has_run_out_is_put_away_and_what_has_not_stays(database: Database) -> None:
    with database.write() as session:
        at, market = now(session), Market(session)
        days: dict[str, Any] = {"available_from": at.date(), "available_until": at.date() + timedelta(days=5)}
        held, kept, gone = (
            market.lot(**days),
            market.lot(**days),
            market.lot(**{name: day - timedelta(days=30) for name, day in days.items()}),
        )
        lines = [market.line(deliver_from=at.date(), deliver_until=at.date() + timedelta(days=6)) for _ in range(2)]
        act = Act("Lan", "by telephone", at - timedelta(hours=2))
        transitions.hold(session, [Wish(held.id, lines[0].id, 400)], at - timedelta(hours=1), act)
        transitions.hold(session, [Wish(kept.id, lines[1].id, 300)], at + timedelta(hours=1), act)
        for hours in (47, 49):
            row = {"principal": "x", "method": "POST", "path": "/lots", "key": str(hours), "body_sha256": "0" * 64}
            session.add(IdempotencyKey(**row, created_at=at - timedelta(hours=hours)))
        user = add_user(session, Role.BROKER, market)
        for _ in range(3):
            log_in(session, user)
        ended, fresh, _ = session.scalars(select(Session).order_by(Session.id)).all()
        ended.expires_at, fresh.expires_at = at - LOGINS_KEPT - timedelta(hours=1), at - LOGINS_KEPT + timedelta(hours=1)
        lots = {"held": held.id, "kept": kept.id, "gone": gone.id}
    do_all(database)
    with database.read() as session:
        offered = {name: session.get_one(LotBalance, number).offered_kg for name, number in lots.items()}
        assert offered == {"held": 1000, "kept": 700, "gone": 0}
        assert session.get_one(Lot, lots["gone"]).status is LotStatus.EXPIRED
        assert session.scalars(select(IdempotencyKey.key)).all() == ["47"]
        assert session.scalar(select(func.count()).select_from(Session)) == 2
        assert session.scalar(select(func.count()).select_from(User)) == 1


@pytest.mark.parametrize("broken", ["items.expire", "ledger.expire_lots"])
def test_a_chore_that_fails_keeps_no_other_from_being_done(database: Database, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    def away(*given: object) -> int:
        raise OSError("no route to host")

    module: Callable[..., int] | object = {"items": items, "ledger": transitions}[broken.partition(".")[0]]
    monkeypatch.setattr(module, broken.partition(".")[2], away)
    with database.write() as session:
        at = now(session)
        row = {"principal": "x", "method": "POST", "path": "/lots", "key": "k", "body_sha256": "0" * 64}
        session.add(IdempotencyKey(**row, created_at=at - timedelta(hours=49)))
    do_all(database)
    with database.read() as session:
        assert session.scalars(select(IdempotencyKey)).all() == []


def test_a_group_is_signed_for_by_the_cooperative_of_the_day(database: Database) -> None:
    with database.write() as session:
        market, day = Market(session), today(now(session))
        group = Organisation(
            association_id=market.association.id, code="g0", name="THT Thôn Cống", kind=OrganisationKind.GROUP, side=Side.SUPPLY
        )
        session.add(group)
        session.flush()
        given = SponsorshipIn(group=group.uid, sponsor=market.cooperative.uid, valid_from=day - timedelta(days=9))
        row = sponsorships.propose(session, Scope(market.association.id), given, "Lan", day)
        assert group.sponsor_id == market.cooperative.id
        # The sponsor is to leave: the day passes while nobody touches the register.
        row.valid_until = day - timedelta(days=1)
        lot = market.lot(organisation_id=group.id, supplier_id=market.cooperative.id)
    do_all(database)
    with database.read() as session:
        assert session.get_one(Organisation, group.id).sponsor_id is None
        assert session.get_one(Lot, lot.id).supplier_id == market.cooperative.id
