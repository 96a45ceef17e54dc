"""The register of products: grades in words, units with weights, shelf life, temperatures and usual prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, select

from catalog import changes, intake
from catalog.changes import GradeIn, ProductChange, VarietyIn
from catalog.errors import Invalid, fault
from catalog.intake import ProductIn
from catalog.models import Grade, Product, ProductUnit, Variety
from catalog.quantities import COUNTED
from catalog.tenancy import visible
from service.auth.permissions import Permission
from service.web.context import PageContext
from service.web.registers import choices
from service.web.registers.fields import Field, Kind
from service.web.registers.register import Filter, Register, Values
from service.web.texts import mark

GRADES = ("loại 1", "loại 2", "loại 3")
FIELDS = (
    Field(
        "name",
        mark("Name of the product"),
        needed=True,
        listed=True,
        headings=("ten", "mat hang", "ten hang", "ten mat hang", "san pham", "ten san pham"),
    ),
    Field("name_en", mark("Name in English"), headings=("ten tieng anh", "english")),
    Field(
        "code",
        mark("Code"),
        fixed=True,
        most=100,
        listed=True,
        hint=mark("Leave it empty: it is made of the name."),
        headings=("ma", "ma hang", "ma mat hang", "ma sp"),
    ),
    Field(
        "grades",
        mark("Grades, the best first"),
        Kind.LIST,
        usual=GRADES,
        hint=mark("One on each line. New ones are added below the last."),
        headings=("loai", "phan loai", "cac loai"),
    ),
    Field("varieties", mark("Varieties"), Kind.LIST, hint=mark("One on each line."), headings=("giong", "cac giong")),
    Field(
        "shelf_life_days",
        mark("Shelf life, days"),
        Kind.WHOLE,
        needed=True,
        listed=True,
        most=6,
        headings=("thoi gian bao quan", "bao quan", "so ngay bao quan", "han dung"),
    ),
    Field(
        "usual_vnd_per_kg",
        mark("Usual price, đồng per kg"),
        Kind.WHOLE,
        listed=True,
        most=12,
        hint=mark("A price far from it is asked about."),
        headings=("gia thuong", "don gia", "gia", "gia tham khao"),
    ),
    Field("litres_per_kg", mark("Litres per kg"), Kind.DECIMAL, usual=2.0, most=8, headings=("lit moi kg",)),
    Field("cold", mark("Needs a refrigerated truck"), Kind.FLAG, headings=("giu lanh", "xe lanh", "can lanh")),
    Field("lowest_c", mark("Kept from, °C"), Kind.DECIMAL, most=6, headings=("nhiet do tu",)),
    Field("highest_c", mark("Kept up to, °C"), Kind.DECIMAL, most=6, headings=("nhiet do den",)),
)


def _query(visit: PageContext) -> Select[Any]:
    return visible(Product, visit.scope)


def _variety_codes(visit: PageContext, texts: Sequence[str]) -> dict[str, str]:
    return {choices.code_of(visit, Variety, text, Variety.id < 0): text for text in texts}


def _add(visit: PageContext, values: Values) -> Product:
    values.pop("confirmed", None)
    mine = Product.association_id == visit.scope.association_id
    values["code"] = values.get("code") or choices.code_of(visit, Product, values["name"], mine)
    varieties = _variety_codes(visit, values.pop("varieties", None) or ())
    given = {name: value for name, value in values.items() if value not in (None, ())}
    return intake.add_product(visit.session, visit.scope, ProductIn(**given, varieties=varieties), visit.by)


def _change(visit: PageContext, row: Product, values: Values, version: int | None) -> Product:
    """Change a product; grades and varieties are added, and grades are renamed where they stand."""
    values.pop("confirmed", None)
    grades, varieties = values.pop("grades", None), values.pop("varieties", None)
    if grades is not None:
        _regrade(visit, row, grades)
    for name in varieties or ():
        known = visit.session.scalars(select(Variety.name).where(Variety.product_id == row.id)).all()
        if name not in known:
            changes.add_variety(
                visit.session, row, VarietyIn(code=choices.code_of(visit, Variety, name, Variety.product_id == row.id), name=name), visit.by
            )
    given = {
        name: value
        for name, value in values.items()
        if value is not None or name in {"name_en", "usual_vnd_per_kg", "lowest_c", "highest_c"}
    }
    return changes.change(visit.session, row, ProductChange(**given), visit.by, version)


def _regrade(visit: PageContext, row: Product, wanted: Sequence[str]) -> None:
    """Give the rungs of a ladder their names, and add those that are new below the last.

    Raises
    ------
    Invalid
        If there are fewer than before: lots may stand on the others.
    """
    rungs = list(visit.session.scalars(select(Grade).where(Grade.product_id == row.id).order_by(Grade.rank)))
    if len(wanted) < len(rungs):
        raise Invalid([fault("grades", len(wanted), "as many grades as before: they are renamed, never taken away")])
    for rung, name in zip(rungs, wanted, strict=False):
        if rung.name != name:
            visit.note("grade.change", "product", row.uid, {"name": rung.name}, {"name": name})
            rung.name = name
    for name in wanted[len(rungs) :]:
        changes.add_grade(visit.session, row, GradeIn(name=name))


def _own(visit: PageContext, rows: Sequence[Product]) -> list[Values]:
    ids = [row.id for row in rows]
    grades = list(visit.session.execute(select(Grade.product_id, Grade.name).where(Grade.product_id.in_(ids)).order_by(Grade.rank)))
    kinds = list(visit.session.execute(select(Variety.product_id, Variety.name).where(Variety.product_id.in_(ids)).order_by(Variety.id)))
    return [
        {"grades": tuple(name for number, name in grades if number == row.id), "varieties": tuple(n for i, n in kinds if i == row.id)}
        for row in rows
    ]


def _extra(visit: PageContext, row: Product) -> Mapping[str, Any]:
    """Return what units of the product weigh."""
    units = visit.session.scalars(
        select(ProductUnit).where(ProductUnit.product_id == row.id).order_by(ProductUnit.unit, ProductUnit.valid_from)
    )
    return {
        "units": list(units),
        "counted": [(one.value, visit.word(one)) for one in COUNTED],
        "may_write": visit.principal.may(Permission.CATALOG_WRITE),
    }


def _lives(visit: PageContext) -> choices.Pairs:
    return [("cold", visit.say("Needs a refrigerated truck")), ("unpriced", visit.say("Without a usual price"))]


def _narrow(_visit: PageContext, query: Select[Any], value: str) -> Select[Any]:
    return query.where(Product.cold.is_(True) if value == "cold" else Product.usual_vnd_per_kg.is_(None))


REGISTER = Register(
    key="products",
    path="/products",
    title=mark("Products"),
    one=mark("product"),
    add_label=mark("New product"),
    none=mark("No product on file yet"),
    icon="box",
    model=Product,
    read=Permission.CATALOG_READ,
    write=Permission.CATALOG_WRITE,
    fields=FIELDS,
    order=(Product.sort_key, Product.id),
    search=((Product.search_key,), (Product.code,)),
    add=_add,
    change=_change,
    name_of=lambda row: str(row.name),
    verbs=("product.add", "product.change"),
    query=_query,
    filters=(Filter("state", mark("State"), _lives, _narrow),),
    own_values=_own,
    extra=_extra,
    extra_template="registers/product.html",
)
