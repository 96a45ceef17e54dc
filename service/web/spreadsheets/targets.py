"""What a sheet may be taken in as: the rows of a register, lots, or lines of orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select

from buyers import intake as demand
from buyers.intake import LineIn, OrderIn
from catalog import intake, names
from catalog.intake import LotIn
from catalog.models import Grade, Organisation, Product, Site, SiteKind
from catalog.tenancy import visible
from service.auth.permissions import Permission
from service.models import Role
from service.web.context import PageContext
from service.web.registers import choices
from service.web.registers.all import REGISTERS
from service.web.registers.fields import Field, Kind
from service.web.registers.register import Register, Values
from service.web.spreadsheets.cells import Amount, hours
from service.web.spreadsheets.taking import AccountTaker, RegisterTaker, RowTaker, Taker
from service.web.texts import mark


@dataclass(frozen=True)
class Target:
    """What a sheet may be taken in as.

    Attributes
    ----------
    key, title : what it is called in programs, and for people.
    after : where the visitor goes then.
    may : who may take it in.
    fields : of a row.
    taker : begins what takes rows in.
    amount : the field whose blank or zero says that nothing is meant by the row.
    days : the fields of the first and the last day, where these must still be to come.
    """

    key: str
    title: str
    after: str
    may: Permission
    fields: tuple[Field, ...]
    taker: Callable[[PageContext], Taker]
    amount: str = ""
    days: tuple[str, str] | None = None

    def options(self, visit: PageContext) -> dict[str, Sequence[tuple[str, str]]]:
        """Return what choices and references of a row may be."""
        return {one.name: one.options(visit) for one in self.fields if one.options is not None}


def _register(register: Register) -> Target:
    """Return a register as what a sheet may be taken in as: a row whose key is known changes what it says, others are added."""
    fields = tuple(one for one in register.fields if one.name not in ("evidence", "confirmed"))
    return Target(register.key, register.title, register.path, register.write, fields, partial(RegisterTaker, register=register))


LOT_FIELDS = (
    Field(
        "organisation",
        mark("Cooperative or group"),
        Kind.REFERENCE,
        needed=True,
        options=choices.suppliers,
        repeats=True,
        headings=("htx", "hop tac xa", "don vi", "ben ban", "nha cung cap", "to hop tac", "ten htx"),
    ),
    Field(
        "product",
        mark("Product"),
        Kind.REFERENCE,
        needed=True,
        options=choices.products,
        repeats=True,
        headings=("mat hang", "ten hang", "san pham", "hang", "ten mat hang", "loai hang", "nong san", "product"),
    ),
    Field("grade", mark("Grade"), needed=True, headings=("loai", "phan loai", "hang loai", "chat luong", "grade")),
    Field(
        "amount",
        mark("Quantity"),
        Kind.AMOUNT,
        needed=True,
        headings=("sl", "so luong", "khoi luong", "san luong", "kl", "so luong du kien", "san luong du kien", "quantity"),
    ),
    Field("unit", mark("Unit"), headings=("dvt", "don vi tinh", "dv", "unit")),
    Field(
        "available_from",
        mark("First day of pick-up"),
        Kind.DAY,
        needed=True,
        repeats=True,
        headings=("ngay", "ngay thu hoach", "thu hoach", "tu ngay", "ngay hai", "ngay lay hang", "ngay bat dau"),
    ),
    Field("available_until", mark("Last day of pick-up"), Kind.DAY, repeats=True, headings=("den ngay", "ngay ket thuc", "ngay cuoi")),
    Field(
        "ask_vnd_per_kg",
        mark("Floor price, đồng per kg"),
        Kind.WHOLE,
        needed=True,
        headings=("gia", "gia san", "don gia", "gia ban", "gia chao", "gia thap nhat", "price"),
    ),
    Field(
        "site",
        mark("Loading place"),
        Kind.REFERENCE,
        needed=True,
        repeats=True,
        options=lambda visit: choices.sites_of(visit, SiteKind.COOPERATIVE),
        headings=("diem lay hang", "kho", "dia diem", "noi lay hang"),
    ),
    Field("shelf_life_days", mark("Shelf life, days"), Kind.WHOLE, headings=("bao quan", "thoi gian bao quan", "han dung")),
    Field("code", mark("Code of the lot"), most=100, headings=("ma lo", "ma")),
    Field("note", mark("Note"), Kind.LONG, most=2000, headings=("ghi chu", "note")),
)
ORDER_FIELDS = (
    Field(
        "buyer",
        mark("Buyer"),
        Kind.REFERENCE,
        needed=True,
        options=choices.buyers,
        repeats=True,
        headings=("khach hang", "ben mua", "khach", "ten khach", "ten khach hang", "nguoi mua", "kh", "buyer"),
    ),
    Field(
        "product",
        mark("Product"),
        Kind.REFERENCE,
        needed=True,
        options=choices.products,
        headings=("mat hang", "ten hang", "ma hang", "san pham", "hang", "ten mat hang", "hang hoa", "product"),
    ),
    Field(
        "amount",
        mark("Quantity"),
        Kind.AMOUNT,
        needed=True,
        headings=("sl", "so luong", "khoi luong", "kl", "sl dat", "so luong dat", "quantity"),
    ),
    Field("unit", mark("Unit"), headings=("dvt", "don vi tinh", "dv", "unit")),
    Field("bid_vnd_per_kg", mark("Price, đồng per kg"), Kind.WHOLE, needed=True, headings=("don gia", "gia", "gia mua", "dg", "price")),
    Field(
        "deliver_from",
        mark("Day of delivery"),
        Kind.DAY,
        needed=True,
        repeats=True,
        headings=("ngay giao", "ngay", "ngay giao hang", "ngay nhan", "giao ngay", "delivery date"),
    ),
    Field("deliver_until", mark("Last day of delivery"), Kind.DAY, headings=("den ngay", "giao truoc ngay", "han giao")),
    Field("hours", mark("Hours"), repeats=True, headings=("gio giao", "gio", "thoi gian giao", "gio nhan", "thoi gian nhan", "khung gio")),
    Field("max_grade", mark("Lowest grade"), needed=True, headings=("loai", "phan loai", "chat luong", "quy cach", "grade")),
    Field(
        "site",
        mark("Receiving site"),
        Kind.REFERENCE,
        needed=True,
        repeats=True,
        options=lambda visit: choices.sites_of(visit, SiteKind.BUYER),
        headings=("noi giao", "dia diem giao", "noi nhan", "diem giao", "kho", "dia chi giao"),
    ),
    Field("code", mark("Code of the line"), most=100, headings=("ma dong", "ma don")),
    Field("note", mark("Note"), Kind.LONG, most=2000, headings=("ghi chu", "note")),
)


def grade_of(visit: PageContext, product: str, text: str) -> int:
    """Return the rung that a word or number names on a product's ladder.

    Raises
    ------
    ValueError
        If it names none.
    """
    ladder = visit.session.execute(
        select(Grade.rank, Grade.name).join(Product, Product.id == Grade.product_id).where(Product.code == product, *_mine(visit, Product))
    ).all()
    key = names.search_key(text)
    hits = [rank for rank, name in ladder if names.search_key(name) == key]
    digits = key.removeprefix("loai").removeprefix("hang").strip()
    if not hits and digits.isdecimal():
        hits = [rank for rank, _ in ladder if rank == int(digits)]
    if len(hits) != 1:
        raise ValueError(f"a grade of the product: {', '.join(name for _, name in ladder)}")
    return hits[0]


def _mine(visit: PageContext, model: Any) -> tuple[Any, ...]:
    return (model.association_id == visit.scope.association_id,)


def _amount(values: Mapping[str, Any]) -> Amount:
    return values["amount"]  # type: ignore[no-any-return]


def _take_lot(visit: PageContext, values: Values) -> str:
    """Put a lot on offer."""
    amount = _amount(values)
    names_ = ("organisation", "site", "product", "available_from", "ask_vnd_per_kg", "shelf_life_days", "code")
    given = {name: values[name] for name in names_ if values.get(name) is not None}
    given |= {"grade": grade_of(visit, values["product"], values["grade"]), "amount": amount.text, "unit": amount.unit}
    given |= {"available_until": values.get("available_until") or values["available_from"], "note": values.get("note") or ""}
    row = intake.declare_lot(visit.session, visit.scope, LotIn(**given, confirmed=values.get("confirmed", False)), visit.by)
    visit.did("lot.declare", row)
    return "new"


def _take_line(visit: PageContext, values: Values) -> str:
    """Place an order of one line."""
    amount = _amount(values)
    product = visit.session.scalars(select(Product).where(Product.code == values["product"], *_mine(visit, Product))).one()
    kg = amount.kg
    if kg is None:
        from catalog import quantities, repository

        grams = repository.grams_per(visit.session, product.id, amount.unit, values["deliver_from"])
        kg = quantities.to_kg(amount.text, amount.unit, grams)
    note = values.get("note") or ""
    if values.get("hours"):
        hours(values["hours"])
        note = f"{values['hours']}{': ' if note else ''}{note}"
    grade = grade_of(visit, values["product"], values["max_grade"])
    line = LineIn(
        site=values["site"], products=(values["product"],), max_grade=grade, quantity_kg=kg,
        deliver_from=values["deliver_from"], deliver_until=values.get("deliver_until") or values["deliver_from"],
        bid_vnd_per_kg=values["bid_vnd_per_kg"], note=note, code=values.get("code"),
    )  # fmt: skip
    given = OrderIn(buyer=values["buyer"], lines=(line,), confirmed=values.get("confirmed", False))
    order = demand.place_order(visit.session, visit.scope, given, visit.by)
    visit.did("order.place", order)
    return "new"


ACCOUNT_FIELDS = (
    Field("name", mark("Name"), needed=True, headings=("ho ten", "ho va ten", "ten", "can bo", "nguoi dung")),
    Field("login", mark("Login"), most=254, headings=("email", "tai khoan", "ten dang nhap", "dang nhap", "thu dien tu")),
    Field("phone", mark("Telephone"), Kind.PHONE, headings=("dien thoai", "sdt", "so dien thoai", "dt")),
    Field("role", mark("Role"), Kind.CHOICE, needed=True, repeats=True, headings=("vai tro", "quyen", "chuc vu"),
          options=lambda visit: [(role.value, visit.word(role)) for role in (Role.CLERK, Role.PROCUREMENT)]),
    Field("organisation", mark("Organisation"), Kind.REFERENCE, needed=True, options=choices.organisations, repeats=True,
          headings=("don vi", "htx", "hop tac xa", "ten don vi", "khach hang")),
)  # fmt: skip


TARGETS: dict[str, Target] = {
    **{one.key: _register(one) for one in REGISTERS},
    "accounts": Target("accounts", mark("Accounts"), "/people", Permission.ACCOUNTS_WRITE, ACCOUNT_FIELDS, AccountTaker),
    "lots": Target(
        "lots",
        mark("Lots"),
        "/lots",
        Permission.LOTS_WRITE,
        LOT_FIELDS,
        partial(RowTaker, take=_take_lot),
        "amount",
        ("available_from", "available_until"),
    ),
    "demands": Target(
        "demands",
        mark("Orders"),
        "/demand",
        Permission.DEMAND_WRITE,
        ORDER_FIELDS,
        partial(RowTaker, take=_take_line),
        "amount",
        ("deliver_from", "deliver_until"),
    ),
}
ORDER = ("organisations", "products", "sites", "members", "papers", "areas", "vehicles", "drivers", "trucks", "accounts", "lots", "demands")
"""In which sheets of one workbook are taken in: what others name comes first."""


def sites_by_owner(visit: PageContext) -> dict[str, str]:
    """Return the one open site of each organisation that has just one, by the organisation's uid."""
    query = visible(Site, visit.scope).join(Organisation, Organisation.id == Site.organisation_id).where(Site.closed_on.is_(None))
    found: dict[str, list[str]] = {}
    for owner, site in visit.session.execute(query.with_only_columns(Organisation.uid, Site.uid)):
        found.setdefault(owner, []).append(site)
    return {owner: sites[0] for owner, sites in found.items() if len(sites) == 1}
