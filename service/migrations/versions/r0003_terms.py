"""Terms of promises, answers to them, changes by agreement, dated rules of the association, and its accounts.

Promises that are there already get terms from what is known of them on this day: their price, their share of the trips that they ride
on, the handling and the fee now in force. What has been loaded, settled and paid is booked.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from alembic import op
from sqlalchemy import Connection, text

from service.migrations import ddl

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Rows = list[dict[str, Any]]
PROMISES = """
SELECT p.id AS promise_id, p.association_id, p.lot_id, p.line_id, p.proposal_item_id AS item_id, p.price_vnd_per_kg, p.made_at,
  p.held_kg + p.confirmed_kg + p.loaded_kg + p.accepted_kg + p.rejected_kg + p.settled_kg AS promised_kg,
  l.supplier_id, d.organisation_id AS buyer_id, l.product_id, l.grade, l.ask_vnd_per_kg AS floor_vnd_per_kg, a.fee_per_mille,
  i.allocation_id, i.pickup_on, i.delivery_on, i.own_vnd
FROM promise p JOIN lot l ON l.id = p.lot_id JOIN demand_line d ON d.id = p.line_id JOIN association a ON a.id = p.association_id
  LEFT JOIN proposal_item i ON i.id = p.proposal_item_id
WHERE p.held_kg + p.confirmed_kg + p.loaded_kg + p.accepted_kg + p.rejected_kg + p.settled_kg > 0 ORDER BY p.id"""
RIDING = """
SELECT g.trip_id, t.cost_vnd, i.allocation_id, i.kg FROM plan_leg g JOIN plan_trip t ON t.id = g.trip_id
  JOIN proposal_item i ON i.allocation_id = g.allocation_id
WHERE i.own_vnd IS NULL AND i.state IN ('proposed', 'approved')"""
HANDLING = """
SELECT g.allocation_id, s.handling_vnd_per_kg AS rate FROM plan_leg g JOIN site s ON s.id = g.to_site_id
  JOIN plan_leg h ON h.allocation_id = g.allocation_id AND h.leg = 2 WHERE g.leg = 1"""
ADD_TERMS = """
INSERT INTO terms (association_id, promise_id, item_id, version, lot_id, line_id, supplier_id, buyer_id, product_id, grade, kg, pickup_on,
  delivery_on, price_vnd_per_kg, floor_vnd_per_kg, surcharge_vnd, buyer_vnd, freight_vnd, hub_vnd, fee_vnd, supplier_vnd, fee_per_mille,
  handling_vnd_per_kg, freight_risk, why, made_at, made_by)
VALUES (:association_id, :promise_id, :item_id, :version, :lot_id, :line_id, :supplier_id, :buyer_id, :product_id, :grade, :kg, :pickup_on,
  :delivery_on, :price_vnd_per_kg, :floor_vnd_per_kg, 0, :buyer_vnd, :freight_vnd, :hub_vnd, :fee_vnd, :supplier_vnd, :fee_per_mille,
  :handling_vnd_per_kg, 'association', 'promised before terms were kept', :made_at, 'migration')"""
BOOK = """
INSERT INTO account_entry (association_id, document, document_id, account, organisation_id, vnd, at, booked_by)
VALUES (:association_id, :document, :document_id, :account, :organisation_id, :vnd, :at, 'migration')"""


def upgrade() -> None:
    """Create the tables, and fill them for what there is."""
    connection = op.get_bind()
    file = Path(__file__).with_name(f"r0003_{connection.dialect.name}.sql")
    ddl.apply(connection, file.read_text(encoding="utf-8"))
    _add_terms(connection)
    _book(connection)


def _all(connection: Connection, query: str) -> Rows:
    return [dict(row) for row in connection.execute(text(query)).mappings()]


def _add_terms(connection: Connection) -> None:
    freight, handling = _freight(connection), {row["allocation_id"]: float(row["rate"]) for row in _all(connection, HANDLING)}
    versions: dict[int, int] = defaultdict(int)
    made = []
    for row in _all(connection, PROMISES):
        kg, item = row.pop("promised_kg"), row["item_id"]
        own, allocation = row.pop("own_vnd"), row.pop("allocation_id")
        buyer = kg * row["price_vnd_per_kg"]
        rate = 0.0 if own is not None else handling.get(allocation, 0.0)
        hub, fee = min(buyer, int(kg * rate + 0.5)), (buyer * row["fee_per_mille"] * 2 + 1000) // 2000
        fee = min(fee, buyer - hub)
        paid = min(freight.get(allocation, 0) if own is None else own, buyer - hub - fee)
        versions[item or 0] += 1
        made.append(row | {
            "kg": kg, "version": versions[item] if item else 1, "buyer_vnd": buyer, "freight_vnd": paid, "hub_vnd": hub, "fee_vnd": fee,
            "supplier_vnd": buyer - paid - hub - fee, "handling_vnd_per_kg": rate,
        })  # fmt: skip
    if made:
        connection.execute(text(ADD_TERMS), made)


def _freight(connection: Connection) -> dict[int, int]:
    """Return each allocation's share of its trips by kilograms, the last of a trip paying what is left over."""
    trips: dict[int, list[tuple[int, int]]] = defaultdict(list)
    costs: dict[int, int] = {}
    for row in _all(connection, RIDING):
        trips[row["trip_id"]].append((row["allocation_id"], row["kg"]))
        costs[row["trip_id"]] = row["cost_vnd"]
    found: dict[int, int] = defaultdict(int)
    for trip, aboard in trips.items():
        total, gone = sum(kg for _, kg in aboard), 0
        for place, (allocation, kg) in enumerate(sorted(aboard), 1):
            part = costs[trip] - gone if place == len(aboard) else costs[trip] * kg // total
            found[allocation] += part
            gone += part
    return found


def _book(connection: Connection) -> None:
    rows: Rows = []
    shipments = "SELECT id, association_id, carrier_id, cost_vnd, loaded_at AS at FROM shipment WHERE state IN ('loaded', 'delivered')"
    for row in _all(connection, shipments):
        rows += _entries(row, "shipment", ("freight", None, row["cost_vnd"]), ("carriers", row["carrier_id"], -row["cost_vnd"]))
    for row in _all(connection, "SELECT s.*, s.created_at AS at FROM settlement s"):
        rows += _entries(row, "settlement", ("buyers", row["buyer_id"], row["buyer_vnd"]),
                         ("suppliers", row["supplier_id"], -row["supplier_vnd"]), ("freight", None, -row["freight_vnd"]),
                         ("handling", None, -row["hub_vnd"]), ("fees", None, -row["fee_vnd"]))  # fmt: skip
        if row["state"] == "paid":
            rows += _entries(row | {"at": row["paid_at"]}, "payment", ("buyers", row["buyer_id"], -row["buyer_vnd"]),
                             ("suppliers", row["supplier_id"], row["supplier_vnd"]),
                             ("cash", None, row["buyer_vnd"] - row["supplier_vnd"]))  # fmt: skip
    if rows:
        connection.execute(text(BOOK), rows)


def _entries(row: dict[str, Any], document: str, *entries: tuple[str, int | None, int]) -> Rows:
    about = {"association_id": row["association_id"], "document": document, "document_id": row["id"], "at": row["at"]}
    return [about | {"account": account, "organisation_id": who, "vnd": vnd} for account, who, vnd in entries if vnd]
