"""An association with a row of every table that an address of the API can name, for tests of who may reach what.

Its farm ``s1`` and its buyer ``buyer1`` own whatever can be owned: lots and lines, papers and members, a contract with a call-off, what is
proposed to them, a truck that has been received and paid for, endpoints and what is sent to them, a person and a key.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

import buyers.intake
from buyers.contracts import CallOffIn, ContractIn, call_off
from buyers.intake import LineIn, OrderIn
from buyers.models import DemandLine, LineProduct, Order, StandingOrder
from catalog import changes, intake
from catalog.base import Base, now_utc
from catalog.changes import AccessRuleIn, RoadIn, SuspensionIn, VarietyIn
from catalog.intake import CertificateIn, MemberIn, PlantingAreaIn
from catalog.models import Driver, Evidence, Lot, Organisation, Product, Side, Site, Sponsorship, Truck, VehicleClass
from catalog.tenancy import Scope, conditions
from matching.recipe import Recipe
from service.auth import keys
from service.db import Database
from service.models import Outbox, Role, RoleGrant, User
from service.models import Session as Login
from service.photographs import plain
from service.planning.fulfilment import receipts, settlements, shipments
from service.planning.fulfilment.receipts import Said
from service.planning.fulfilment.settlements import lost_money
from service.planning.fulfilment.shipments import Cargo, Hired
from service.planning.joint import offers
from service.planning.joint.offers import Pooled
from service.planning.models import LineBalance, LotBalance, Plan, RunInput
from service.planning.pins import single
from service.planning.policies.records import add_policy
from service.planning.proposals import decisions, items
from service.planning.states import RejectSharing
from service.planning.terms import amendments
from service.planning.terms.amendments import WantedChange
from service.runs import submission
from service.runs.policies import RECIPE
from service.settings import Settings
from service.webhooks import endpoints
from tests.sample_market import act
from tests.service.pictures import PNG
from tests.service.proposal_setup import Desk, chosen, season
from tests.signing import signed_contract

BY = "test"
FIRST, LAST = date(2027, 1, 1), date(2028, 12, 31)
DAY, NEXT = date(2027, 6, 7), date(2027, 6, 8)


class Furnished(Desk):
    """An association on whose desk everything has happened once.

    Attributes
    ----------
    farm, door : sites of the farm ``s1`` and of the buyer ``buyer1``.
    """

    def __init__(self, database: Database, association: int) -> None:
        super().__init__(database, season(), association=association)
        with database.write() as session:
            parties = {code: session.get_one(Organisation, number) for code, number in self.parties.items()}
            self.farmer, self.buyer = parties["s1"], parties["buyer1"]
            self.farm, self.door = (self._site(session, owner) for owner in (self.farmer, self.buyer))
            self._papers(session)
            self._demand(session)
            self._roads(session)
            self._registers(session, parties["s2"])
            self._people(session, association)
            self._recipe(session)
            self._run(session)
        self._trade()

    def _site(self, session: Session, owner: Organisation) -> Site:
        return session.scalars(select(Site).where(Site.organisation_id == owner.id).order_by(Site.id)).first() or self._no_site(owner)

    def _no_site(self, owner: Organisation) -> Site:
        raise AssertionError(f"{owner.code} has no site")

    def _recipe(self, session: Session) -> None:
        """Let the plan be one that a run has made."""
        plan = session.scalars(select(Plan).where(Plan.uid == self.plan)).one()
        recipe = Recipe("full", None, 60.0, 2, "time").as_json()
        plan.figures = plan.figures | {RECIPE: recipe | {"plan_sha256": "0" * 64}}

    def _papers(self, session: Session) -> None:
        mine: dict[str, Any] = {"organisation": self.farmer.uid, "product": "lychee", "valid_from": FIRST, "valid_until": LAST}
        held = intake.add_certificate(session, self.broker, CertificateIn(**mine, scheme="VietGAP"), BY)
        changes.add_suspension(session, self.broker, held, SuspensionIn(from_day=DAY, until_day=DAY, reason="x"), BY)
        intake.add_planting_area(session, self.broker, PlantingAreaIn(**mine, code="PA", market="CN", source="x"), BY)
        intake.add_member(session, self.broker, self.farmer.uid, MemberIn(code="m1", name="Nông dân"), BY)
        product = session.scalars(select(Product).where(Product.association_id == self.association, Product.code == "lychee")).one()
        changes.add_variety(session, product, VarietyIn(code="u-hong", name="U hồng"), BY)
        paper = {"title": "x", "media_type": "application/pdf", "content": b"%PDF-1.7", "sha256": "0" * 64, "added_by": BY}
        session.add(Evidence(association_id=self.association, organisation_id=self.farmer.id, **paper))

    def _demand(self, session: Session) -> None:
        days: dict[str, Any] = {"deliver_from": DAY, "deliver_until": NEXT}
        line = LineIn(site=self.door.uid, products=("lychee",), max_grade=1, quantity_kg=10, bid_vnd_per_kg=20_000, **days)
        buyers.intake.place_order(session, self.broker, OrderIn(buyer=self.buyer.uid, lines=(line,)), BY)
        terms: dict[str, Any] = {"product": "lychee", "max_grade": 1, "quantity_kg": 10, "price_vnd_per_kg": 20_000}
        given = ContractIn(buyer=self.buyer.uid, valid_from=FIRST, valid_until=LAST, **terms)
        contract = signed_contract(session, self.broker, given, BY)
        call_off(session, self.broker, contract.uid, CallOffIn(site=self.door.uid, quantity_kg=5, **days), BY)

    def _roads(self, session: Session) -> None:
        changes.add_road(session, self.broker, RoadIn(from_site=self.farm.uid, to_site=self.door.uid, km=5.0), BY)
        hours: dict[str, Any] = {"zone": "z", "min_payload_kg": 1, "closed_from_min": 1, "closed_until_min": 2}
        changes.add_access_rule(session, self.broker, AccessRuleIn(**hours, valid_from=FIRST, source="x"), BY)

    def _registers(self, session: Session, sponsor: Organisation) -> None:
        mine = {"association_id": self.association, "organisation_id": self.farmer.id}
        sized = session.scalars(select(VehicleClass.id).where(VehicleClass.association_id == self.association)).first()
        session.add(Truck(**mine, vehicle_class_id=sized, plate="99C-123.45"))
        session.add(Driver(**mine, name="Người lái", phone="0912345678"))
        add_policy(session, self.broker, "Chia đều", {}, BY)
        order = session.scalars(select(Order).where(Order.organisation_id == self.buyer.id)).first()
        assert order is not None
        weekly = {"order_id": order.id, "until": LAST, "placed_through": FIRST}
        session.add(StandingOrder(association_id=self.association, organisation_id=self.buyer.id, **weekly))
        sides = {"group_id": self.farmer.id, "sponsor_id": sponsor.id}
        session.add(Sponsorship(association_id=self.association, **sides, valid_from=FIRST, valid_until=LAST))
        session.flush()

    def _people(self, session: Session, association: int) -> None:
        for owner, role in ((self.farmer, Role.CLERK), (self.buyer, Role.PROCUREMENT)):
            bound = {"association_id": association, "organisation_id": owner.id}
            user = User(**bound, login=f"{owner.uid}@example.vn", name="Người", active=True)
            session.add(user)
            session.flush()
            session.add(RoleGrant(user_id=user.id, role=role, granted_by=BY))
            session.add(Login(user_id=user.id, token_hash=owner.uid.ljust(64, "0"), csrf_hash="0" * 64, expires_at=now_utc()))
            keys.issue(session, association, owner.id, "x", role, by=BY)
            given = endpoints.EndpointIn(url="http://127.0.0.1:9/hook", organisation=owner.uid)
            hook = endpoints.add_endpoint(session, self.broker, given, BY, local=True)
            endpoints.send_test(session, self.broker, hook.uid, now_utc())

    def _run(self, session: Session) -> None:
        """Let a run have ended, so that its stream of events ends."""
        run, _ = submission.submit(session, self.broker, submission.Wanted(), BY, Settings())
        session.add(RunInput(run_id=run.id, media_type="application/zip", content=b"PK"))
        session.flush()
        submission.stop(session, self.broker, run.uid, BY)

    def _trade(self) -> None:
        """Bring one item all the way to its settlement, past a change that is declined, and leave a pin on another."""
        first, second, *_ = self.items()
        item = self.do(decisions.approve, chosen(first))
        for side in (Side.SUPPLY, Side.DEMAND):
            item = self.do(decisions.confirm, chosen(item), scope=self.party(item, side))
        change = self.do(amendments.propose_change, chosen(item), WantedChange(kg=item.kg - 1), "hail", scope=self.party(item, Side.SUPPLY))
        self.do(amendments.answer_change, change.uid, scope=self.party(item, Side.DEMAND), agrees=False)
        with self.database.read() as session:
            promise = items.promise_of(session, item)
            assert promise is not None
        truck = Hired(vehicle_class="class1", plate="99C-123.45", cost_vnd=1_000)
        shipment = self.do(shipments.plan, [Cargo(promise.uid)], truck)
        shipment = self.do(shipments.load, shipment.uid, version=shipment.version, accepted_difference_vnd=10**9)
        said = [Said(promise.uid, first.kg)]
        receipt = self.do(receipts.receive, shipment.uid, self.door.uid, said, by=act("door"), picture=plain(PNG))
        self.do(settlements.draft, receipt.uid)
        self.do(single.pin, chosen(second))
        self._pool()
        with self.database.read() as session:
            assert lost_money(session) == []

    def _pool(self) -> None:
        """Put lots of two suppliers to them as a joint offer for a line that lacks as much."""
        with self.database.read() as session:
            lines = select(DemandLine).join(LineBalance, LineBalance.line_id == DemandLine.id).join(LineProduct)
            lines = lines.where(DemandLine.association_id == self.association, LineBalance.quantity_kg - LineBalance.promised_kg >= 2)
            line = session.scalars(lines.order_by(DemandLine.id)).first()
            lots = select(Lot.code).join(LotBalance, LotBalance.lot_id == Lot.id).where(LotBalance.offered_kg > 0)
            codes = session.scalars(lots.where(Lot.supplier_id.in_(self.parties[code] for code in ("s1", "s2"))).order_by(Lot.id)).all()
        assert line is not None
        self.do(offers.propose, line.code, [Pooled(code, 1) for code in codes[:2]], RejectSharing.OWN)


def seen_of(session: Session, association: int) -> dict[str, list[str]]:
    """Return the uids of all rows that the people of an association can see, by table."""
    scope, found = Scope(association), dict[str, list[str]]()
    for mapper in Base.registry.mappers:
        model: Any = mapper.class_
        if hasattr(model, "uid") and model not in (Login, Outbox):
            found[model.__tablename__] = list(session.scalars(select(model.uid).where(*conditions(model, scope)).order_by(model.id)))
    told = select(Outbox.uid).where(Outbox.association_id == association)
    found[Outbox.__tablename__] = list(session.scalars(told.order_by(Outbox.id)))
    logins = select(Login.uid).join(User, User.id == Login.user_id).where(User.association_id == association)
    found[Login.__tablename__] = list(session.scalars(logins.order_by(Login.id)))
    return {table: uids for table, uids in found.items() if uids}
