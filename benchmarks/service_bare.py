"""The barest endpoints that read and write the same rows as the service: what its answers are measured against.

FastAPI and SQLAlchemy, one query, one model, nothing else: no accounts, no permissions, no pages, no trail, no kept answers.
"""

from __future__ import annotations

import os
from datetime import date, datetime
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import select

from catalog import repository
from catalog.models import Lot, Organisation, Product, Site
from catalog.tenancy import Scope
from service.db import Database

DATABASE = "BARE_DATABASE_URL"
ASSOCIATION, ORGANISATION = "BARE_ASSOCIATION_ID", "BARE_ORGANISATION_ID"
PAGE = 50


class BareLot(BaseModel):
    """A lot as the service shows it."""

    uid: str
    code: str
    organisation: str
    organisation_name: str
    site: str
    site_name: str
    product: str
    variety: str | None
    grade: int
    quantity_kg: int
    available_from: date
    available_until: date
    cut_on_pickup: bool
    shelf_life_days: int
    ask_vnd_per_kg: int
    min_take_kg: int
    indivisible: bool
    cold: bool
    litres_per_kg: float
    status: str
    stated_amount: str | None
    stated_unit: str | None
    note: str
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


class BareLotIn(BaseModel):
    """A new lot."""

    organisation: str
    site: str
    product: str
    grade: int
    quantity_kg: int
    available_from: date
    available_until: date
    shelf_life_days: int
    ask_vnd_per_kg: int


class BarePage(BaseModel):
    """Lots."""

    items: list[BareLot]


def _shown(lot: Lot) -> BareLot:
    named: dict[str, Any] = {"organisation": lot.organisation.uid, "organisation_name": lot.organisation.name, "site": lot.site.uid}
    named |= {"site_name": lot.site.name, "product": lot.product.code}
    own = {name: getattr(lot, name) for name in BareLot.model_fields if name not in named and name != "variety"}
    return BareLot(**named, **own, variety=lot.variety.code if lot.variety else None)


def create_app() -> FastAPI:
    """Return the application, on the database and for the cooperative that the environment names."""
    database = Database(os.environ[DATABASE])
    scope = Scope(int(os.environ[ASSOCIATION]), int(os.environ[ORGANISATION]))
    app = FastAPI()

    @app.get("/lots")
    def list_lots() -> BarePage:
        query = repository.lots(scope).order_by(Lot.created_at.desc(), Lot.id.desc()).limit(PAGE + 1)
        with database.read() as session:
            return BarePage(items=[_shown(lot) for lot in session.scalars(query).all()[:PAGE]])

    @app.post("/lots", status_code=201)
    def add_lot(given: BareLotIn) -> BareLot:
        with database.write() as session:
            owner = session.scalars(select(Organisation).where(Organisation.uid == given.organisation)).one()
            site = session.scalars(select(Site).where(Site.uid == given.site)).one()
            mine = (Product.association_id == scope.association_id, Product.code == given.product)
            product = session.scalars(select(Product).where(*mine)).one()
            kept = given.model_dump(exclude={"organisation", "site", "product"})
            references = {"association_id": scope.association_id, "organisation_id": owner.id, "supplier_id": owner.id}
            lot = Lot(**kept, **references, site_id=site.id, product_id=product.id, updated_by="bare")
            session.add(lot)
            session.flush()
            found = repository.lots(scope).where(Lot.id == lot.id).execution_options(populate_existing=True)
            return _shown(session.scalars(found).one())

    return app
