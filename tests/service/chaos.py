"""Sixteen clients decide, confirm, release, ship, receive and pay over HTTP while the service is killed; then the books are read.

Between these steps they change bids, floor prices, fees, handling and tariffs, and agree on other prices (`tests.service.chaos_money`).

``python -m tests.service.chaos --operations 10000 --dialect postgresql`` does it at full length and prints what happened.

Every request has an ``Idempotency-Key`` and bears its own name in a field that ends up in the audit trail. A client that gets no answer
asks again with the same key until it has one, so in the end every request has one definite answer. Then, from the database alone:

- no kilogram is oversold, lost or doubled: ledger, balances, lots and lines agree, and so does every đồng;
- the names in the audit trail are exactly those of the requests that were answered with success: nothing acknowledged is missing, nothing
  that was refused has left a trace, and nothing was done twice;
- the kilograms that doors accepted and rejected are those of the acknowledged receipts.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from catalog.models import Lot, Organisation, OrganisationKind, Side, Site, SiteKind
from service import audit
from service.auth import keys
from service.db import Database
from service.models import AuditEvent, Role
from service.planning import models as m
from service.planning.fulfilment.settlements import lost_money
from service.planning.ledger.conservation import discrepancies
from tests import postgres
from tests.databases import empty_postgresql
from tests.sample_market import TODAY, Market
from tests.service.chaos_money import TRACED_BY_REQUEST, Ways, change_market, change_price, pay

CLIENTS = 16
FIRMS = 4
PATIENCE_S = 60.0
Known = dict[str, Any]


@dataclass
class Market16:
    """What the clients trade: keys of the broker and of each firm, doors, and the items and shipments as last seen."""

    broker: str = ""
    manager: str = ""
    firms: dict[str, str] = field(default_factory=dict)
    doors: list[str] = field(default_factory=list)
    items: list[Known] = field(default_factory=list)
    shipments: list[Known] = field(default_factory=list)
    receipts: list[Known] = field(default_factory=list)
    settlements: list[Known] = field(default_factory=list)
    amendments: list[Known] = field(default_factory=list)
    hub: str = ""
    truck: str = ""
    total_kg: int = 0


@dataclass
class Tally:
    """What the clients saw: names of requests that succeeded and that were refused, and what else happened."""

    done: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    accepted_kg: int = 0
    rejected_kg: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


def furnish(database: Database, operations: int, seed: int) -> Market16:
    """Fill a database with a plan whose items want more of the lots and lines than there is."""
    rng, trade = random.Random(seed), Market16()
    n_lots, n_items = max(8, operations // 50), max(40, operations // 5)
    with database.write() as session:
        market = Market(session)
        suppliers = [market.cooperative, *_firms(session, market, Side.SUPPLY)]
        buyers = [market.buyer, *_firms(session, market, Side.DEMAND)]
        doors = [market.door, *_doors(session, market, buyers[1:])]
        lots = [market.lot(1000, organisation_id=(s := rng.choice(suppliers)).id, supplier_id=s.id) for _ in range(n_lots)]
        ends = list(zip(buyers, doors, strict=True))
        lines = [market.line(1500, organisation_id=b.id, site_id=d.id) for b, d in (rng.choice(ends) for _ in range(n_lots))]
        trade.total_kg, trade.doors = 1000 * n_lots, [door.uid for door in doors]
        ways = Ways(session, market, rng)
        trade.hub, trade.truck = ways.hub.uid, ways.truck.uid
        propose(session, market, rng, lots, lines, n_items, ways)
        _, trade.broker = keys.issue(session, market.association.id, None, "broker", by="test")
        _, trade.manager = keys.issue(session, market.association.id, None, "manager", Role.MANAGER, by="test")
        for firm in (*suppliers, *buyers):
            _, trade.firms[firm.uid] = keys.issue(session, market.association.id, firm.id, firm.code, by="test")
    return trade


def _firms(session: Session, market: Market, side: Side) -> list[Organisation]:
    kind = OrganisationKind.COOPERATIVE if side is Side.SUPPLY else OrganisationKind.BUYER
    mine = {"association_id": market.association.id, "side": side, "kind": kind}
    firms = [Organisation(**mine, code=f"{side.value}{n}", name=f"{side.value} {n}") for n in range(1, FIRMS)]
    session.add_all(firms)
    session.flush()
    return firms


def _doors(session: Session, market: Market, buyers: list[Organisation]) -> list[Site]:
    place = {"association_id": market.association.id, "kind": SiteKind.BUYER, "lat": 21.0, "lon": 105.8}
    doors = [Site(**place, code=f"door{n}", organisation_id=buyer.id) for n, buyer in enumerate(buyers, 1)]
    session.add_all(doors)
    session.flush()
    return doors


def propose(
    session: Session, market: Market, rng: random.Random, lots: list[Lot], lines: list[Any], n: int, ways: Ways | None = None
) -> None:
    """Store a plan that promises far more than there is; no verified plan does, and the ledger alone must hold."""
    head = {"association_id": market.association.id, "input_digest": "0" * 64, "objective_vnd": 0, "status": "feasible"}
    plan = m.Plan(**head, state="current", termination="time", seconds=1.0, seed=0, engine="chaos")
    session.add(plan)
    session.flush()
    proposals: dict[tuple[Side, int], m.Proposal] = {}

    def proposal(side: Side, party: int) -> m.Proposal:
        if (side, party) not in proposals:
            made = m.Proposal(association_id=market.association.id, plan_id=plan.id, organisation_id=party, side=side)
            session.add(made)
            session.flush()
            proposals[side, party] = made
        return proposals[side, party]

    for number in range(n):
        lot, line, kg = rng.choice(lots), rng.choice(lines), rng.randint(50, 400)
        days = {"pickup_on": TODAY, "delivery_on": TODAY + timedelta(days=1)}
        row = m.PlanAllocation(plan_id=plan.id, number=number, lot_id=lot.id, line_id=line.id, lot_version=1, line_version=1, kg=kg, **days)
        session.add(row)
        session.flush()
        supply, demand = proposal(Side.SUPPLY, lot.supplier_id), proposal(Side.DEMAND, line.organisation_id)
        both = {"supply_proposal_id": supply.id, "demand_proposal_id": demand.id, "lot_id": lot.id, "line_id": line.id}
        session.add(m.ProposalItem(allocation_id=row.id, kg=kg, **both, **days))
        if ways is not None:
            ways.carry(plan, row, lot, line)
    session.flush()


class Client(threading.Thread):
    """One client: it chooses what to do by what it last saw, which others may have changed since."""

    def __init__(self, number: int, port: int, trade: Market16, tally: Tally, operations: int, seed: int) -> None:
        super().__init__(name=f"client {number}")
        self.number, self.port, self.trade, self.tally = number, port, trade, tally
        self.left, self.rng = operations, random.Random(f"{seed} {number}")
        self.serial, self.failure = 0, ""
        self._line: http.client.HTTPConnection | None = None

    def run(self) -> None:
        """Do one thing after another; a failure ends the client and is looked at afterwards."""
        try:
            while self.left > 0:
                self._once()
        except Exception as error:  # noqa: BLE001  Reported by the test.
            self.failure = repr(error)
        finally:
            self.hang_up()

    def _once(self) -> None:
        chosen = self.rng.random()
        deeds: list[tuple[float, Callable[[], bool]]] = [
            (0.10, self._plan_shipment), (0.25, self._move_shipment), (0.31, self._settle), (0.34, lambda: pay(self)),
            (0.38, lambda: change_market(self)), (0.42, lambda: change_price(self)), (1.0, self._decide),
        ]  # fmt: skip
        if not next(deed for limit, deed in deeds if chosen < limit)():
            self._decide()

    # Asking. ---------------------------------------------------------------------------------------------------------

    def next_name(self) -> str:
        """Return the name of the next request."""
        self.serial += 1
        return f"op{self.number:02}-{self.serial:05}"

    def ask(
        self, action: str, path: str, body: Known, name: str, key: str, version: int | None = None, method: str = "POST"
    ) -> Known | None:
        """Send a request until it has been answered; return what it did, None if it was refused."""
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json", "idempotency-key": name, "x-request-id": name}
        if version is not None:
            headers["if-match"] = f'W/"{version}"'
        status, said, replayed = self._insist(method, path, json.dumps(body).encode(), headers)
        self.left -= 1
        with self.tally.lock:
            self.tally.counts["replayed"] += replayed
            if status < 300:
                self.tally.done[name] = action
                self.tally.counts[action] += 1
                return said
            self.tally.refused[name] = f"{action} {status} {said.get('code')}: {said.get('detail')}"
            self.tally.counts[f"{action} refused: {said.get('code')}"] += 1
        if status not in (404, 409, 412, 422) or said.get("code") in ("invalid", "idempotency_key_reuse"):
            raise AssertionError(f"{action}: {status} {said}")
        return None

    def _insist(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, Known, bool]:
        ends = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends:
            try:
                if self._line is None:
                    self._line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                self._line.request(method, "/api/v1" + path, body, headers)
                answer = self._line.getresponse()
                said = json.loads(answer.read())
            except (OSError, http.client.HTTPException, json.JSONDecodeError):
                self._line_broke()
                continue
            if answer.status in (429, 500, 503) or said.get("code") in ("still_running", "conflict_now"):
                self.tally.counts[f"again: {answer.status} {said.get('code')}"] += 1
                if answer.status == 500:
                    raise AssertionError(f"{path}: {said}")
                time.sleep(0.05)
                continue
            return answer.status, said, answer.headers.get("idempotency-replayed") == "true"
        raise AssertionError(f"{path}: no answer within {PATIENCE_S} s")

    def hang_up(self) -> None:
        """Drop the connection; the next request opens another."""
        with contextlib.suppress(OSError):
            if self._line is not None:
                self._line.close()
        self._line = None

    def _line_broke(self) -> None:
        self.hang_up()
        self.tally.counts["broken lines"] += 1
        time.sleep(0.02)

    # Deciding about items. -------------------------------------------------------------------------------------------

    def _decide(self) -> bool:
        item = self.rng.choice(self.trade.items)
        broker, place, name = self.trade.broker, f"/proposal-items/{item['uid']}", self.next_name()
        verb = self._verb(item)
        if verb.startswith("confirm"):
            firm = self.trade.firms[item["supplier" if verb == "confirm supply" else "buyer"]]
            body = {"why": name, "below_floor": self.rng.random() < 0.8}
            said = self.ask(verb, f"{place}/confirm", body, name, firm, item["version"])
        elif verb == "refuse":
            firm = self.trade.firms[item[self.rng.choice(["supplier", "buyer"])]]
            said = self.ask(verb, f"{place}/refuse", {"reason": "quantity", "note": name}, name, firm, item["version"])
        elif verb in ("reject", "cancel item"):
            path = f"{place}/{verb.split()[0]}"
            said = self.ask(verb, path, {"reason": "price", "note": name}, name, broker, item["version"])
        else:
            said = self.ask(verb, f"{place}/{verb}", {"reason": name}, name, broker, item["version"])
        self.learn(item, said)
        return True

    def _verb(self, item: Known) -> str:
        state, weights = item["state"], self.rng.random()
        if state == "proposed":
            return "approve" if weights < 0.9 else "reject"
        if state == "rejected":
            return "undo" if weights < 0.8 else "approve"
        if item["stage"] == "confirmed":
            return "cancel item" if weights < 0.1 else "undo" if weights < 0.2 else "reject"
        sides = [side for side in ("supply", "demand") if not item[side]]
        steps = [(0.7, f"confirm {self.rng.choice(sides or ['supply'])}"), (0.8, "undo"), (0.9, "refuse"), (1.0, "reject")]
        return next(verb for limit, verb in steps if weights < limit)

    def learn(self, item: Known, said: Known | None) -> None:
        """Remember what an item is now; after a refusal, have a look."""
        said = said or self.look(f"/proposal-items/{item['uid']}")
        item.update({name: said[name] for name in ("version", "state", "stage", "promise", "kg")})
        if "side" in said:
            other = {"supply": "demand", "demand": "supply"}[said["side"]]
            item[said["side"]], item[other] = said["confirmed_at"] is not None, said["other_confirmed"]
        else:
            item["supply"], item["demand"] = said["supplier_confirmed_at"] is not None, said["buyer_confirmed_at"] is not None

    def look(self, path: str) -> Known:
        """Read something with the broker's eyes."""
        ends = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends:
            try:
                if self._line is None:
                    self._line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                self._line.request("GET", "/api/v1" + path, headers={"authorization": f"Bearer {self.trade.broker}"})
                answer = self._line.getresponse()
                said: Known = json.loads(answer.read())
            except (OSError, http.client.HTTPException, json.JSONDecodeError):
                self._line_broke()
                continue
            if answer.status == 200:
                return said
            if answer.status not in (429, 503):
                raise AssertionError(f"{path}: {answer.status} {said}")
        raise AssertionError(f"{path}: no answer within {PATIENCE_S} s")

    # Shipping, receiving, settling. ----------------------------------------------------------------------------------

    def _plan_shipment(self) -> bool:
        ready = [item for item in self.trade.items if item["stage"] == "confirmed" and item["promise"]]
        if not ready:
            return False
        name = self.next_name()
        cargo = self.rng.sample(ready, min(len(ready), self.rng.randint(1, 3)))
        body = {
            "items": [{"promise": uid} for uid in {one["promise"]: None for one in cargo}],
            "plate": name,
            "cost_vnd": self.rng.randint(1, 10**6),
        }
        said = self.ask("plan shipment", "/shipments", body, name, self.trade.broker)
        if said is None:
            self.learn(cargo[0], None)
        else:
            self.trade.shipments.append(said)
        return True

    def _move_shipment(self) -> bool:
        alive = [one for one in self.trade.shipments if one["state"] in ("planned", "loaded")]
        if not alive:
            return False
        shipment = self.rng.choice(alive)
        place, broker, name = f"/shipments/{shipment['uid']}", self.trade.broker, self.next_name()
        if self.rng.random() < 0.1:
            said = self.ask("cancel shipment", f"{place}/cancel", {"reason": name}, name, broker, shipment["version"])
        elif shipment["state"] == "planned":
            # What the goods pay of the truck falls short as often as not; the association then takes the difference on.
            accepted = shipment["cost_vnd"] if self.rng.random() < 0.9 else 0
            body = {"reason": name, "accepted_difference_vnd": accepted}
            said = self.ask("load", f"{place}/load", body, name, broker, shipment["version"])
        else:
            self._receive(shipment, name)
            said = None
        shipment.update(said or self.look(place))
        return True

    def _receive(self, shipment: Known, name: str) -> None:
        door = self.rng.choice(sorted({one["to_site"] for one in shipment["items"]}))
        rows, totals = [], [0, 0]
        for one in shipment["items"]:
            if one["to_site"] == door:
                bad = self.rng.choice([0, 0, 0, self.rng.randint(0, one["kg"])])
                totals = [totals[0] + one["kg"] - bad, totals[1] + bad]
                row = {"promise": one["promise"], "accepted_kg": one["kg"] - bad, "rejected_kg": bad}
                rows.append(row | ({"reason": "bruised"} if bad else {}))
        body = {"site": door, "items": rows, "note": name}
        said = self.ask("receive", f"/shipments/{shipment['uid']}/receipts", body, name, self.trade.broker)
        if said is not None:
            self.trade.receipts.append({"uid": said["uid"]})
            with self.tally.lock:
                self.tally.accepted_kg += totals[0]
                self.tally.rejected_kg += totals[1]

    def _settle(self) -> bool:
        if not self.trade.receipts:
            return False
        receipt, name = self.rng.choice(self.trade.receipts), self.next_name()
        said = self.ask("settle", f"/receipts/{receipt['uid']}/settlements", {"reason": name}, name, self.trade.broker)
        self.trade.settlements += [] if said is None else said["items"]
        return True


class Service:
    """The service process, and its death."""

    def __init__(self, address: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        most = "10000000"
        rates = dict.fromkeys(("MCA_RATE_PER_MINUTE", "MCA_GUEST_RATE_PER_MINUTE"), most)
        environment = {**os.environ, **rates, "MCA_DATABASE_URL": address, "MCA_LOG_LEVEL": "error", "MCA_DATABASE_POOL": "12"}
        command = [sys.executable, "-m", "tests.service.process_runner", str(self.port)]
        self._nursery = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )
        self._answer()

    def kill(self) -> None:
        """Send SIGKILL to the service; another begins at once."""
        self._say("kill")
        self._answer()

    def end(self) -> None:
        """Kill the service for good."""
        self._say("end")
        self._nursery.wait(timeout=60)
        for pipe in (self._nursery.stdin, self._nursery.stdout):
            assert pipe is not None
            pipe.close()

    def _say(self, word: str) -> None:
        assert self._nursery.stdin is not None
        self._nursery.stdin.write(word + "\n")
        self._nursery.stdin.flush()

    def _answer(self) -> None:
        assert self._nursery.stdout is not None
        if self._nursery.stdout.readline().strip() != "born":
            raise RuntimeError("the service didn't start")


def run(address: str, operations: int, seed: int = 1, kills: int = 12, clients: int = CLIENTS) -> tuple[Market16, Tally]:
    """Let clients do so many operations on a fresh database while the service is killed so many times."""
    database = Database(address)
    trade, tally = furnish(database, operations, seed), Tally()
    database.close()
    service = Service(address)
    try:
        shares = [operations // clients + (n < operations % clients) for n in range(clients)]
        hands = [Client(n, service.port, trade, tally, share, seed) for n, share in enumerate(shares)]
        trade.items = all_items(hands[0])
        for hand in hands:
            hand.start()
        _kill_at_random(service, hands, tally, operations, kills, seed)
        for hand in hands:
            hand.join()
    finally:
        service.end()
    failures = [f"{hand.name}: {hand.failure}" for hand in hands if hand.failure]
    assert not failures, failures
    return trade, tally


def all_items(client: Client) -> list[Known]:
    """Read every item through the API, page by page."""
    found: list[Known] = []
    cursor = ""
    while True:
        page = client.look(f"/proposal-items?limit=200{cursor}")
        found += [{**row, "supply": False, "demand": False} for row in page["items"]]
        if not page.get("next_cursor"):
            return found
        cursor = f"&cursor={page['next_cursor']}"


def _kill_at_random(service: Service, hands: list[Client], tally: Tally, operations: int, kills: int, seed: int) -> None:
    """Kill the service after random numbers of answers, spread over the whole run."""
    rng = random.Random(f"kills {seed}")
    for at in sorted(rng.randint(operations // 50, operations * 19 // 20) for _ in range(kills)):
        while len(tally.done) + len(tally.refused) < at and any(hand.is_alive() for hand in hands):
            time.sleep(0.005)
        service.kill()
        tally.counts["kills"] += 1


def faults(address: str, trade: Market16, tally: Tally) -> list[str]:
    """Read the books, and return what is wrong with them."""
    database = Database(address)
    try:
        with database.read() as session:
            return list(_faults(session, trade, tally))
    finally:
        database.close()


def _faults(session: Session, trade: Market16, tally: Tally) -> Iterator[str]:
    yield from discrepancies(session)
    yield from lost_money(session)
    yield from map(str, audit.verify(session))
    held = session.execute(select(func.sum(m.LotBalance.quantity_kg))).scalar_one()
    if held != trade.total_kg:
        yield f"{held} kg are in the books, {trade.total_kg} kg were declared"
    said = session.execute(select(func.sum(m.ReceiptItem.accepted_kg), func.sum(m.ReceiptItem.rejected_kg))).one()
    if (said[0] or 0, said[1] or 0) != (tally.accepted_kg, tally.rejected_kg):
        yield f"doors said {said}, acknowledged were {tally.accepted_kg} and {tally.rejected_kg} kg"
    traces = _traces(session)
    for name, action in tally.done.items():
        if not traces[name]:
            yield f"{action} {name} was acknowledged and is not in the books"
    for name in traces:
        if name not in tally.done:
            yield f"{tally.refused.get(name, 'nobody')} {name} was not acknowledged and is in the books"
    several = ("settle", "agree")
    doubled = [name for name, count in traces.items() if count > 1 and not tally.done.get(name, "").startswith(several)]
    yield from (f"{name} is in the books {traces[name]} times" for name in doubled)


def _traces(session: Session) -> Counter[str]:
    """Count the deeds in the audit trail by the name of the request that did them."""
    found: Counter[str] = Counter()
    columns = select(AuditEvent.why, AuditEvent.action, AuditEvent.after, AuditEvent.request_id)
    for why, action, after, request_id in session.execute(columns):
        name = after["plate"] if action == "shipment.plan" and after else request_id if action in TRACED_BY_REQUEST else why
        if name.startswith("op") and not action.endswith(".lapse"):
            found[name] += 1
    return found


@contextmanager
def fresh(dialect: str) -> Iterator[str]:
    """Yield the address of a new database with the schema."""
    with tempfile.TemporaryDirectory(prefix="mca-chaos-") as folder, contextlib.ExitStack() as stack:
        address = f"sqlite:///{folder}/mca.db"
        if dialect == "postgresql":
            address = empty_postgresql(stack.enter_context(postgres.server()))
        database = Database(address)
        database.upgrade()
        database.close()
        yield address


def main() -> None:
    """Run at full length and print what happened."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--dialect", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with fresh(given.dialect) as address:
        began = time.monotonic()
        trade, tally = run(address, given.operations, given.seed, given.kills)
        seconds = time.monotonic() - began
        found = faults(address, trade, tally)
    print(f"{given.dialect}: {len(tally.done)} done, {len(tally.refused)} refused in {seconds:.1f} s")  # noqa: T201
    for what, count in sorted(tally.counts.items()):
        print(f"  {count:6} {what}")  # noqa: T201
    print("\n".join(found) if found else "the books are in order")  # noqa: T201
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
