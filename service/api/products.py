"""Products with their varieties, grade ladders and the weights of their pieces and crates; communes and legal facts."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field
from sqlalchemy import select

from catalog import changes, intake, repository
from catalog.changes import GradeIn, ProductChange, UnitIn, VarietyIn
from catalog.intake import ProductIn
from catalog.models import Commune, Grade, LegalFact, Product, ProductUnit, Unit, Variety
from catalog.tenancy import find
from service.api.organisations import Search
from service.auth.permissions import Permission
from service.http.context import Reading, RequestContext, Uid, Writing, before
from service.http.lists import Listing, Page, Part, SearchText
from service.http.routing import Api
from service.http.shapes import Out, shown

api = Api("products", "What is grown: varieties, grade ladders, units; and the country's communes and legal facts.")
PRODUCTS = Listing("products", {"name": (Product.sort_key, Product.id), "code": (Product.code, Product.id)}, "name")
COMMUNES = Listing("communes", {"name": (Commune.sort_key, Commune.code), "code": (Commune.code,)}, "name")
FACTS = Listing("legal-facts", {"key": (LegalFact.key, LegalFact.id)}, "key")


class GradeOut(Out):
    """One rung of a grade ladder."""

    rank: int
    name: str
    description: str


class VarietyOut(Out):
    """A variety of a product."""

    uid: str
    code: str
    name: str
    version: int


class UnitOut(Out):
    """What one piece or crate weighs from a day on."""

    unit: Unit
    grams: int
    valid_from: date
    source: str


class ProductOut(Out):
    """A product with all that belongs to it."""

    uid: str
    code: str
    name: str
    name_en: str | None
    litres_per_kg: float
    cold: bool
    shelf_life_days: int | None
    usual_vnd_per_kg: int | None
    lowest_c: float | None
    highest_c: float | None
    grades: list[GradeOut] = Field(description="The grade ladder, best first.")
    varieties: list[VarietyOut] = Field(description="The varieties, by code.")
    units: list[UnitOut] = Field(description="What one piece or crate weighs, by unit and date.")
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


class CommuneOut(Out):
    """A commune or ward; an old one names the one that it was merged into."""

    code: str
    name: str
    province_code: str
    lat: float | None
    lon: float | None
    merged_into: str | None = Field(description="Code of the commune that it was merged into.", examples=["07178"])
    valid_from: date
    source: str


class LegalFactOut(Out):
    """A figure that law or custom sets, with its dates and its source."""

    key: str = Field(description="What the figure is.", examples=["vietgap.months"])
    value: str = Field(description="The figure.", examples=["24"])
    valid_from: date
    valid_until: date | None
    source: str
    note: str


def _products(asked: RequestContext, rows: list[Product]) -> list[ProductOut]:
    numbers = [row.id for row in rows]
    session = asked.session
    grades, varieties, units = defaultdict(list), defaultdict(list), defaultdict(list)
    for grade in session.scalars(select(Grade).where(Grade.product_id.in_(numbers)).order_by(Grade.product_id, Grade.rank)):
        grades[grade.product_id].append(shown(GradeOut, grade))
    for variety in session.scalars(select(Variety).where(Variety.product_id.in_(numbers)).order_by(Variety.product_id, Variety.code)):
        varieties[variety.product_id].append(shown(VarietyOut, variety))
    order = (ProductUnit.product_id, ProductUnit.unit, ProductUnit.valid_from)
    for unit in session.scalars(select(ProductUnit).where(ProductUnit.product_id.in_(numbers)).order_by(*order)):
        units[unit.product_id].append(shown(UnitOut, unit))
    return [shown(ProductOut, row, grades=grades[row.id], varieties=varieties[row.id], units=units[row.id]) for row in rows]


@api.get("/products", may=Permission.CATALOG_READ)
def list_products(asked: Reading, part: Annotated[Part, PRODUCTS.part()], q: Search = "") -> Page[ProductOut]:
    """List products with their grades, varieties and units."""
    return PRODUCTS.page_of(asked, repository.products(asked.scope, q), part, lambda rows: _products(asked, rows))


@api.post("/products", may=Permission.CATALOG_WRITE)
def add_product(asked: Writing, given: ProductIn) -> ProductOut:
    """Add a product with its grade ladder and varieties."""
    row = intake.add_product(asked.session, asked.scope, given, asked.by)
    asked.did("product.add", row)
    return _products(asked, [row])[0]


@api.get("/products/{uid}", may=Permission.CATALOG_READ)
def get_product(asked: Reading, uid: Uid) -> ProductOut:
    """Show a product."""
    return _products(asked, [find(asked.session, asked.scope, Product, uid)])[0]


@api.patch("/products/{uid}", may=Permission.CATALOG_WRITE)
def change_product(asked: Writing, uid: Uid, given: ProductChange) -> ProductOut:
    """Change a product; lots that are declared already keep what they took over from it."""
    row = find(asked.session, asked.scope, Product, uid, lock=True)
    was = before(row)
    changes.change(asked.session, row, given, asked.by, asked.version)
    asked.did("product.change", row, was)
    return _products(asked, [row])[0]


@api.post("/products/{uid}/varieties", may=Permission.CATALOG_WRITE)
def add_variety(asked: Writing, uid: Uid, given: VarietyIn) -> VarietyOut:
    """Add a variety to a product."""
    row = changes.add_variety(asked.session, find(asked.session, asked.scope, Product, uid), given, asked.by)
    asked.did("variety.add", row)
    return shown(VarietyOut, row)


@api.post("/products/{uid}/grades", may=Permission.CATALOG_WRITE)
def add_grade(asked: Writing, uid: Uid, given: GradeIn) -> GradeOut:
    """Add a rung below the last of a product's grade ladder."""
    product = find(asked.session, asked.scope, Product, uid, lock=True)
    row = changes.add_grade(asked.session, product, given)
    asked.note("grade.add", "product", uid, None, {"rank": row.rank, "name": row.name})
    return shown(GradeOut, row)


@api.post("/products/{uid}/units", may=Permission.CATALOG_WRITE)
def add_unit(asked: Writing, uid: Uid, given: UnitIn) -> UnitOut:
    """State what one piece or crate of a product weighs from a day on, and who says so."""
    row = changes.add_unit(asked.session, find(asked.session, asked.scope, Product, uid), given)
    asked.note("unit.add", "product", uid, None, given.model_dump(mode="json"))
    return shown(UnitOut, row)


@api.get("/communes", may=Permission.CATALOG_READ)
def list_communes(
    asked: Reading,
    part: Annotated[Part, COMMUNES.part()],
    province: Annotated[SearchText, Query(max_length=10, description="Only of the province of this code.", examples=["24"])] = "",
    q: Search = "",
) -> Page[CommuneOut]:
    """List communes and wards by their national codes."""
    query = repository.searched(select(Commune), Commune, q)
    if province:
        query = query.where(Commune.province_code == province)
    return COMMUNES.page(asked, query, part, lambda row: shown(CommuneOut, row))


@api.get("/legal-facts", may=Permission.CATALOG_READ)
def list_legal_facts(
    asked: Reading,
    part: Annotated[Part, FACTS.part()],
    key: Annotated[SearchText, Query(max_length=100, description="Only this figure.", examples=["vietgap.months"])] = "",
) -> Page[LegalFactOut]:
    """List the figures that law or custom sets, with their dates and sources."""
    query = select(LegalFact)
    if key:
        query = query.where(LegalFact.key == key)
    return FACTS.page(asked, query, part, lambda row: shown(LegalFactOut, row))
