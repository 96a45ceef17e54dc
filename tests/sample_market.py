"""Small markets for tests: one association, and as much of the rest as a test asks for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from buyers.models import DemandLine
from catalog.base import Base
from catalog.models import Association, Grade, Lot, Organisation, OrganisationKind, Product, Side, Site, SiteKind
from catalog.tenancy import Row
from service.planning.fulfilment import money
from service.planning.ledger.transitions import Act
from service.planning.models import Promise
from service.planning.states import FreightRisk
from service.planning.terms.models import Terms

TODAY = date(2027, 6, 7)
NOON = datetime(2027, 6, 7, 5, 0, tzinfo=UTC)


def act(actor: str = "broker Lan", why: str = "agreed by telephone", minutes: float = 0) -> Act:
    """Return an act at noon of the first day, or some minutes later."""
    return Act(actor, why, NOON + timedelta(minutes=minutes))


def agreed(session: Session, promise_id: int, *, freight_vnd: int = 0, fee_per_mille: int = 0) -> Terms:
    """Write down the terms of a promise that no plan has made: all that it holds or has confirmed, at its price."""
    promise = session.get_one(Promise, promise_id)
    lot, line = session.get_one(Lot, promise.lot_id), session.get_one(DemandLine, promise.line_id)
    kg = promise.held_kg + promise.confirmed_kg
    parts = money.breakdown(kg, promise.price_vnd_per_kg, freight_vnd, 0, fee_per_mille)
    terms = Terms(
        association_id=promise.association_id, promise_id=promise.id, version=1, lot_id=lot.id, line_id=line.id,
        supplier_id=lot.supplier_id, buyer_id=line.organisation_id, product_id=lot.product_id, grade=lot.grade, kg=kg,
        price_vnd_per_kg=promise.price_vnd_per_kg, floor_vnd_per_kg=lot.ask_vnd_per_kg, fee_per_mille=fee_per_mille,
        handling_vnd_per_kg=0.0, freight_risk=FreightRisk.ASSOCIATION, why="agreed", made_at=NOON, made_by="test", **vars(parts),
    )  # fmt: skip
    session.add(terms)
    session.flush()
    return terms


class Market:
    """An association with one cooperative, one buyer, their sites and one product in three grades."""

    def __init__(self, session: Session, code: str = "bac-ninh") -> None:
        self.session = session
        self.association = self._add(Association(code=code, name=f"Liên minh {code}"))
        mine = {"association_id": self.association.id}
        supply, demand = {"side": Side.SUPPLY, "kind": OrganisationKind.COOPERATIVE}, {"side": Side.DEMAND, "kind": OrganisationKind.BUYER}
        self.cooperative = Organisation(**mine, **supply, code="s0", name="Hợp tác xã Phì Điền")
        self.buyer = Organisation(**mine, **demand, code="b0", name="Siêu thị Hà Nội")
        self.product = Product(**mine, code="lychee", name="Vải thiều")
        self._add(self.cooperative, self.buyer, self.product)
        self.farm = Site(**mine, code="c0", kind=SiteKind.COOPERATIVE, lat=21.3, lon=106.5, organisation_id=self.cooperative.id)
        self.door = Site(**mine, code="d0", kind=SiteKind.BUYER, lat=21.0, lon=105.8, organisation_id=self.buyer.id)
        grades = [Grade(product_id=self.product.id, rank=rank, name=f"loại {rank}") for rank in (1, 2, 3)]
        self._add(self.farm, self.door, *grades)

    def lot(self, kg: int = 1000, **given: Any) -> Lot:
        """Add a lot."""
        usual: dict[str, Any] = {
            "association_id": self.association.id,
            "organisation_id": self.cooperative.id,
            "supplier_id": self.cooperative.id,
            "site_id": self.farm.id,
            "product_id": self.product.id,
            "grade": 1,
            "quantity_kg": kg,
            "available_from": TODAY,
            "available_until": TODAY + timedelta(days=3),
            "shelf_life_days": 7,
            "ask_vnd_per_kg": 15_000,
            "updated_by": "clerk Hoa",
        }
        return self._add(Lot(**(usual | given)))

    def line(self, kg: int = 1000, **given: Any) -> DemandLine:
        """Add a demand line."""
        usual: dict[str, Any] = {
            "association_id": self.association.id,
            "organisation_id": self.buyer.id,
            "site_id": self.door.id,
            "max_grade": 1,
            "quantity_kg": kg,
            "deliver_from": TODAY,
            "deliver_until": TODAY + timedelta(days=3),
            "bid_vnd_per_kg": 27_000,
            "updated_by": "buyer Minh",
        }
        return self._add(DemandLine(**(usual | given)))

    def _add(self, row: Row, *more: Base) -> Row:
        self.session.add_all([row, *more])
        self.session.flush()
        return row
