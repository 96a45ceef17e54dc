"""A client generated from the API's own description does a whole season, from the first lot to the last đồng."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from service.app import create_app
from service.auth import keys
from service.db import Database
from service.planning.fulfilment.settlements import lost_money
from service.planning.ledger.conservation import discrepancies
from service.runs.solvers import plan_by_rule
from service.settings import Settings
from tests.sample_market import TODAY, Market
from tests.service.api.generated import Partner, generate, importable, served
from tests.service.pictures import jpeg
from tests.service.run_market import working

pytestmark = pytest.mark.xdist_group("generated client")
DAYS = {"first": TODAY.isoformat(), "last": (TODAY + timedelta(days=3)).isoformat()}


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, ModuleType]]:
    """The operations of a client that has just been generated."""
    folder = tmp_path_factory.mktemp("generated")
    app = create_app(Settings(database_url=f"sqlite:///{folder}/none.db", log_level="error", hold_minutes=120))
    with importable(generate(app, folder)) as found:
        yield found


class Season:
    """The people of a season: a broker, a cooperative's clerk and a buyer's, each with a key of its own."""

    def __init__(self, database: Database, operations: dict[str, ModuleType], address: str) -> None:
        with database.write() as session:
            market = Market(session)
            of = {"broker": None, "clerk": market.cooperative.id, "buyer": market.buyer.id}
            texts = {who: keys.issue(session, market.association.id, whose, who, by="test")[1] for who, whose in of.items()}
            self.farm, self.door = market.farm.uid, market.door.uid
            self.cooperative, self.purchaser = market.cooperative.uid, market.buyer.uid
        self.broker, self.clerk, self.buyer = (Partner(operations, address, texts[who]) for who in ("broker", "clerk", "buyer"))

    def close(self) -> None:
        """Let everybody hang up."""
        for partner in (self.broker, self.clerk, self.buyer):
            partner.close()


def seen(row: Any) -> str:
    """Return what to send as If-Match with a change of a row."""
    return f'W/"{row.version}"'


def offer_and_ask(season: Season) -> None:
    """Name a truck, put lots on offer, ask for goods."""
    tariff = {"valid_from": "2026-01-01", "fixed_vnd": 200_000, "bands": [{"from_km": 0.0, "vnd_per_km": 9_000.0}], "source": "test"}
    truck = {"code": "5t", "payload_kg": 5000, "kmh": 40.0, "max_stops": 6, "max_hours": 14.0, "tariff": tariff}
    season.broker.call("add_vehicle", body=truck, as_model="VehicleClassIn")
    row = {
        "site_id": "c0", "supplier_id": "s0", "product": "lychee", "grade": 1, "available_from": DAYS["first"],
        "available_until": DAYS["last"], "shelf_life_days": 7, "ask_vnd_per_kg": 12_000,
    }  # fmt: skip
    lots = [{**row, "lot_id": "L-1", "quantity_kg": 1500}, {**row, "lot_id": "L-2", "quantity_kg": 900}]
    taken = season.clerk.call("upload_lots", body={"rows": lots}, as_model="UploadLotsJsonBody", file_name="tuan-23.json")
    assert (taken.new, taken.changed) == (2, 0)
    line = {
        "buyer_id": "b0", "site_id": "d0", "product": "lychee", "max_grade": 2, "deliver_from": DAYS["first"],
        "deliver_until": DAYS["last"], "bid_vnd_per_kg": 27_000,
    }  # fmt: skip
    lines = [{**line, "line_id": "D-1", "quantity_kg": 1000}]
    assert season.buyer.call("upload_demands", body={"rows": lines}, as_model="UploadDemandsJsonBody").new == 1
    wish = {"site": season.door, "products": ["lychee"], "max_grade": 2, "quantity_kg": 1100, "bid_vnd_per_kg": 26_000,
            "deliver_from": DAYS["first"], "deliver_until": DAYS["last"]}  # fmt: skip
    season.buyer.call("place_order", body={"buyer": season.purchaser, "code": "PO-1", "lines": [wish]}, as_model="OrderIn")


def plan(season: Season) -> str:
    """Ask for a plan, follow the run to its end, publish what it made, and return the plan's uid."""
    run = season.broker.call("submit_run", body={"time_limit_s": 10, "seed": 7}, as_model="RunIn")
    kinds = [kind for kind, _ in season.broker.events(f"/api/v1/runs/{run.uid}/events")]
    assert kinds[-1] == "end"
    done = season.broker.call("get_run", run.uid)
    assert done.state == "done", done
    draft = season.broker.call("get_plan", done.plan)
    season.broker.call("publish_plan", draft.uid, body={}, as_model="PublishIn", if_match=seen(draft))
    return str(draft.uid)


def agree(season: Season, plan_uid: str) -> list[Any]:
    """Let the broker approve all items and both sides confirm their part; return the items."""
    items = season.broker.call("list_proposal_items", plan=plan_uid, limit=200).items
    chosen = [{"uid": item.uid, "version": item.version} for item in items]
    done = season.broker.call("decide_proposal_items", body={"action": "approve", "items": chosen}, as_model="DecideIn")
    assert {result.status for result in done.results} == {200}
    for partner in (season.clerk, season.buyer):
        for proposal in partner.call("list_proposals").items:
            answer = partner.call("confirm_proposal", proposal.uid, body={}, as_model="SideIn", if_match=seen(proposal))
            assert all(item.confirmed_at is not None for item in answer.items)
    return list(season.broker.call("list_proposal_items", plan=plan_uid, limit=200).items)


def deliver(season: Season, plan_uid: str) -> list[Any]:
    """Ship every trip of the plan, let the door receive and photograph it, and return the receipts."""
    receipts = []
    for trip in season.broker.call("list_plan_trips", plan_uid).items:
        planned = season.broker.call(
            "plan_shipment", body={"plan": plan_uid, "trip": trip.number, "plate": "99C-123.45"}, as_model="ShipmentIn"
        )
        loaded = season.broker.call("load_shipment", planned.uid, body={}, as_model="LoadIn", if_match=seen(planned))
        said = [{"promise": one.promise, "accepted_kg": one.kg - 5, "rejected_kg": 5, "reason": "bruised"} for one in loaded.items]
        receipts.append(season.buyer.call("record_receipt", loaded.uid, body={"site": season.door, "items": said}, as_model="ReceiptIn"))
        shown = season.buyer.call(
            "put_receipt_photo", receipts[-1].uid, body=season.buyer.file("PutReceiptPhotoFilesBody", "hàng.jpg", jpeg())
        )
        assert shown.photo.media_type == "image/jpeg"
        assert season.clerk.call("get_shipment", loaded.uid).state == "delivered"
    return receipts


def pay(season: Season, receipts: list[Any]) -> list[Any]:
    """Share out the money, send it to both sides, and note that it was paid."""
    paid = []
    for receipt in receipts:
        for draft in season.broker.call("draft_settlements", receipt.uid, body={}, as_model="WhyIn").items:
            issued = season.broker.call("issue_settlement", draft.uid, body={}, as_model="IssueIn", if_match=seen(draft))
            paid.append(season.broker.call("pay_settlement", issued.uid, body={}, as_model="WhyIn", if_match=seen(issued)))
    return paid


def test_a_generated_client_does_a_whole_season(database: Database, settings: Settings, operations: dict[str, ModuleType]) -> None:
    quick = settings.model_copy(update={"worker_poll_seconds": 0.02, "run_niceness": 0})
    with served(create_app(settings, database)) as address, working(database, quick, plan_by_rule), ExitStack() as stack:
        season = stack.enter_context(closing(Season(database, operations, address)))
        offer_and_ask(season)
        plan_uid = plan(season)
        items = agree(season, plan_uid)
        assert {item.stage for item in items} == {"confirmed"}
        assert sum(item.kg for item in items) == 2100
        paid = pay(season, deliver(season, plan_uid))
        theirs, ours = season.clerk.call("list_settlements").items, season.buyer.call("list_settlements").items
    with database.read() as session:
        assert [*discrepancies(session), *lost_money(session)] == []
    assert {settlement.state for settlement in paid} == {"paid"}
    assert sum(settlement.kg for settlement in paid) == 2100 - 5 * len(items)
    assert sorted(s.buyer_vnd for s in ours) == sorted(s.buyer_vnd for s in paid)
    assert {s.supplier_vnd for s in ours} == {None}
    assert sum(s.supplier_vnd for s in theirs) == sum(s.buyer_vnd - s.freight_vnd - s.hub_vnd - s.fee_vnd for s in paid)
