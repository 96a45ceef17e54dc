"""The sample season on a stage: served, planned by telephone, decided and delivered in part, with a person of every role."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from sqlalchemy import select

from buyers.contracts import ContractIn
from buyers.models import DemandLine
from catalog.base import now_utc
from catalog.models import Association, Certificate, Member, Organisation, Product, Side, Site, VehicleClass
from catalog.tenancy import Scope
from service.app import create_app
from service.auth import accounts, passwords, sessions
from service.auth.accounts import UserIn
from service.auth.tokens import new_token, token_hash
from service.cli.season import take_in
from service.db import Database, now
from service.demo import BUYER, COOPERATIVE, name_communes
from service.models import Role, User
from service.models import Session as Login
from service.planning import models as m
from service.planning.fulfilment import receipts, settlements, shipments
from service.planning.fulfilment.receipts import Said
from service.planning.fulfilment.shipments import Cargo, Hired
from service.planning.ledger.transitions import Act
from service.planning.parties import name_after_farms
from service.planning.plans.problem_builder import load
from service.planning.proposals import decisions, items
from service.planning.proposals.decisions import Chosen
from service.planning.states import ReturnReason
from service.season import sample_folder
from service.settings import Settings
from tests.databases import whole
from tests.service.live import free_port
from tests.service.proposal_setup import BY_TELEPHONE
from tests.service.published import publish_result
from tests.service.test_results import result_of
from tests.signing import signed_contract

PASSWORD = "mua vải năm nay được giá"
PEOPLE = {
    Role.CLERK: "Nguyễn Thị Hoa",
    Role.PROCUREMENT: "Trần Văn Minh",
    Role.BROKER: "Lê Thị Lan",
    Role.MANAGER: "Phạm Văn Quân",
    Role.AUDITOR: "Đỗ Thị Nga",
}
HOME = {Role.CLERK: COOPERATIVE, Role.PROCUREMENT: BUYER}
Done = TypeVar("Done")


def login_of(role: Role) -> str:
    """What the person of a role logs in by."""
    return f"{role.value}@mua-vai.example"


class Backstage:
    """A season in a file, whose rows people of every role know.

    Attributes
    ----------
    association, parties : numbers of the association, and of its organisations by code.
    users : number of the person of each role.
    plan : uid of the newest plan.
    """

    def __init__(self, file: Path) -> None:
        self.url = f"sqlite:///{file}"
        self.database = Database(self.url)
        with self.database.read() as session:
            self.association = session.scalars(select(Association.id)).one()
            mine = select(Organisation).where(Organisation.association_id == self.association)
            self.parties = {o.code: o.id for o in session.scalars(mine)}
            logins = {user.login: user.id for user in session.scalars(select(User))}
            self.plan = session.scalars(select(m.Plan.uid).order_by(m.Plan.id.desc()).limit(1)).first() or ""
        self.users = {role: logins[login] for role in PEOPLE if (login := login_of(role)) in logins}
        self.broker = Scope(self.association)

    def items_of(self, code: str, side: Side) -> list[m.ProposalItem]:
        """Return the items of an organisation's newest proposal, in their order."""
        column = m.ProposalItem.supply_proposal_id if side is Side.SUPPLY else m.ProposalItem.demand_proposal_id
        with self.database.read() as session:
            mine = select(m.Proposal.id).where(m.Proposal.organisation_id == self.parties[code], m.Proposal.side == side)
            return list(session.scalars(select(m.ProposalItem).where(column.in_(mine)).order_by(m.ProposalItem.id)))

    def do(self, deed: Callable[..., Done], *given: Any, then: tuple[Any, ...] = (), scope: Scope | None = None, **more: Any) -> Done:
        """Let somebody, by default the broker, do something in a transaction of its own; `then` is what follows the act."""
        with self.database.write() as session:
            return deed(session, scope or self.broker, *given, Act("test", "agreed by telephone", now(session)), *then, **more)


class Furnishing(Backstage):
    """The sample season, planned by telephone, decided and delivered in part; made once and copied for each stage."""

    def __init__(self, template: Path, file: Path) -> None:
        shutil.copy(template, file)
        self._people(file)
        super().__init__(file)
        self._tell_names()
        self._plan()
        self._trade()
        self._sign()
        whole(self.database)
        self.database.close()

    def _tell_names(self) -> None:
        """Give organisations the names that people call them by."""
        with self.database.write() as session:
            name_after_farms(session, self.association)
            name_communes(session, self.association)
            session.get_one(Organisation, self.parties[BUYER]).name = "GO! Việt Nam"

    def _people(self, file: Path) -> None:
        database = Database(f"sqlite:///{file}")
        with database.write() as session:
            take_in(session, sample_folder(), "mua-vai", "Liên minh hợp tác xã mùa vải")
            association, digest = session.scalars(select(Association.id)).one(), passwords.hashed(PASSWORD)
            found = session.scalars(select(Organisation).where(Organisation.association_id == association))
            homes = {o.code: o for o in found}
            for role, name in PEOPLE.items():
                home = homes[HOME[role]].uid if role in HOME else None
                given = UserIn(login=login_of(role), name=name, roles=(role,), organisation=home)
                accounts.add_user(session, Scope(association), given, digest, "test", [Role.ADMINISTRATOR])
        database.close()

    def _plan(self) -> None:
        with self.database.write() as session:
            loaded = load(session, self.association)
            self.plan = publish_result(session, loaded, result_of(loaded.problem), "mca 1").uid

    def _trade(self) -> None:
        """Approve what the cooperative and the buyer are asked, and bring one item of each all the way to its settlement."""
        for code, side, trucks in ((COOPERATIVE, Side.SUPPLY, 1), (BUYER, Side.DEMAND, 2)):
            mine = self.items_of(code, side)
            for item in mine[:5]:
                self.do(decisions.approve, Chosen(item.uid), then=(14 * 24 * 60,))
            for item in mine[: 1 + trucks]:
                for other in (Side.SUPPLY, Side.DEMAND):
                    self.do(decisions.confirm, Chosen(item.uid), side=other, consent=BY_TELEPHONE)
            self._deliver(mine[0], rejected_kg=10)
            for item in mine[1 : 1 + trucks]:
                self._load(item)

    def _sign(self) -> None:
        """Let the buyer have a contract to call from."""
        with self.database.write() as session:
            buyer = session.get_one(Organisation, self.parties[BUYER])
            product = session.scalars(select(Product).where(Product.association_id == self.association).order_by(Product.id)).first()
            assert product is not None
            terms: dict[str, Any] = {"max_grade": 2, "quantity_kg": 20_000, "price_vnd_per_kg": 21_000, "short_vnd_per_kg": 1_000}
            days: dict[str, Any] = {"valid_from": date(2027, 1, 1), "valid_until": date(2027, 12, 31)}
            signed_contract(
                session, self.broker, ContractIn(buyer=buyer.uid, code="HD-2027-01", product=product.code, **terms, **days), "test"
            )

    def _load(self, item: m.ProposalItem) -> tuple[m.Shipment, m.Promise]:
        with self.database.read() as session:
            promise = items.promise_of(session, session.get_one(m.ProposalItem, item.id))
            assert promise is not None
        truck = Hired(vehicle_class="truck-5t" if self._has_class("truck-5t") else None, plate="99C-123.45", driver_name="Trần Văn Tùng",
                      driver_phone="0912 345 678", cost_vnd=1_350_000)  # fmt: skip
        made = self.do(shipments.plan, [Cargo(promise.uid)], truck)
        return self.do(shipments.load, made.uid, version=made.version, accepted_difference_vnd=10**12), promise

    def _has_class(self, code: str) -> bool:
        with self.database.read() as session:
            return session.scalars(select(VehicleClass.id).where(VehicleClass.code == code)).first() is not None

    def _deliver(self, item: m.ProposalItem, rejected_kg: int) -> None:
        made, promise = self._load(item)
        with self.database.read() as session:
            door = session.get_one(Site, session.get_one(DemandLine, item.line_id).site_id).uid
        said = Said(promise.uid, item.kg - rejected_kg, rejected_kg, ReturnReason.BRUISED)
        receipt = self.do(receipts.receive, made.uid, door, [said])
        for drafted in self.do(settlements.draft, receipt.uid):
            self.do(settlements.issue, drafted.uid, version=drafted.version)


def furnish(template: Path, file: Path) -> None:
    """Make the furnished season of a file with the schema and nothing in it."""
    Furnishing(template, file)


class Stage(Backstage):
    """A service in this process, on a copy of a furnished season, for as long as it is entered.

    Attributes
    ----------
    address : where it is served.
    """

    def __init__(self, furnished: Path, folder: Path) -> None:
        shutil.copy(furnished, folder / "stage.db")
        super().__init__(folder / "stage.db")
        most = 1_000_000
        rates: dict[str, Any] = {"rate_per_minute": most, "guest_rate_per_minute": most, "login_rate_per_minute": 60, "search_processes": 0}
        self.settings = Settings(database_url=self.url, log_level="error", **rates)
        self._serve()

    def log_in(self, role: Role) -> tuple[str, str]:
        """Open a login for the person of a role; return the tokens of its two cookies."""
        token, csrf = new_token(), new_token()
        with self.database.write() as session:
            ends = now_utc() + timedelta(hours=1)
            session.add(Login(user_id=self.users[role], token_hash=token_hash(token), csrf_hash=token_hash(csrf), expires_at=ends))
        return token, csrf

    def end_logins(self, role: Role) -> None:
        """End every login of a person, as time would."""
        with self.database.write() as session:
            sessions.revoke_all(session, self.users[role])
        self.app.state.service.memory.forget()

    def login_name(self, role: Role) -> str:
        """Return what a person logs in by."""
        with self.database.read() as session:
            return session.get_one(User, self.users[role]).login

    def rename(self, name: str) -> None:
        """Give everything that has a name another one."""
        with self.database.write() as session:
            named: tuple[Any, ...] = (Organisation, Product, Member, User)
            for model in named:
                for row in session.scalars(select(model)):
                    row.name = name
            for certificate in session.scalars(select(Certificate)):
                certificate.number = certificate.issuer = name[:100]

    def _serve(self) -> None:
        port = free_port()
        self.app = create_app(self.settings, self.database)
        self.address = f"http://127.0.0.1:{port}"
        config = uvicorn.Config(self.app, host="127.0.0.1", port=port, log_level="error", lifespan="on", timeout_graceful_shutdown=3)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        until = time.monotonic() + 60
        while not self._server.started:
            assert self._thread.is_alive(), "the service didn't start"
            assert time.monotonic() < until, "the service didn't start in time"
            time.sleep(0.02)

    def close(self) -> None:
        """End the service."""
        self._server.should_exit = True
        self._thread.join(timeout=30)
        self.database.close()
