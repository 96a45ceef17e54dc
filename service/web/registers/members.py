"""The register of members: who they are, what they grow on, and that they agreed to be on file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from catalog import changes, intake
from catalog.batches import MemberBatch
from catalog.changes import MemberChange
from catalog.errors import NeedsConfirmation
from catalog.intake import MemberIn
from catalog.models import ANYTIME, Lot, LotShare, Member, Organisation, Product
from catalog.tenancy import visible
from service.auth.permissions import Permission
from service.planning.models import Promise, ReceiptItem, Settlement, SettlementShare, ShipmentItem
from service.planning.states import SettlementState
from service.web.context import PageContext
from service.web.registers import choices
from service.web.registers.fields import Field, Kind
from service.web.registers.register import Filter, Register, Values
from service.web.texts import mark

FIELDS = (
    Field(
        "name",
        mark("Name"),
        needed=True,
        listed=True,
        headings=("ho ten", "ho va ten", "ten", "thanh vien", "ten thanh vien", "chu ho", "ten ho"),
    ),
    Field(
        "organisation",
        mark("Cooperative or group"),
        Kind.REFERENCE,
        needed=True,
        listed=True,
        fixed=True,
        options=choices.suppliers,
        repeats=True,
        headings=("htx", "hop tac xa", "don vi", "to hop tac", "ten don vi", "thuoc htx"),
    ),
    Field(
        "code",
        mark("Number in the cooperative"),
        listed=True,
        fixed=True,
        most=100,
        hint=mark("Leave it empty: the next number is taken."),
        headings=("ma", "ma thanh vien", "ma so", "so the", "ma tv"),
    ),
    Field("phone", mark("Telephone"), Kind.PHONE, listed=True, headings=("dien thoai", "sdt", "so dien thoai", "dt", "so dt")),
    Field("area_m2", mark("Area, m²"), Kind.WHOLE, listed=True, most=15, headings=("dien tich", "dien tich m2", "dt m2", "dien tich (m2)")),
    Field("joined_on", mark("Member since"), Kind.DAY, headings=("ngay vao", "ngay gia nhap", "tham gia tu")),
    Field("left_on", mark("Left on"), Kind.DAY, headings=("ngay ra", "ngay roi")),
    Field(
        "consent_on",
        mark("Agreed on"),
        Kind.DAY,
        headings=("ngay dong y", "dong y"),
        hint=mark("The day on which the person agreed that these data are kept."),
    ),
)


def _query(visit: PageContext) -> Select[Any]:
    return visible(Member, visit.scope).where(Member.erased_at.is_(None))


def _narrow_owner(_visit: PageContext, query: Select[Any], value: str) -> Select[Any]:
    return query.where(Member.organisation_id.in_(select(Organisation.id).where(Organisation.uid == value)))


def _consents(visit: PageContext) -> choices.Pairs:
    return [("yes", visit.say("Agreed")), ("no", visit.say("Not asked yet"))]


def _narrow_consent(_visit: PageContext, query: Select[Any], value: str) -> Select[Any]:
    return query.where(Member.consent_on.is_not(None) if value == "yes" else Member.consent_on.is_(None))


def _add(visit: PageContext, values: Values) -> Member:
    """Add a member; one who is a member elsewhere under the same telephone number is asked about."""
    owner, confirmed = str(values.pop("organisation")), values.pop("confirmed", False)
    values.pop("left_on", None)
    if values.get("phone") and not confirmed:
        _ask_about_twin(visit, values)
    if not values.get("code"):
        values["code"] = _next_code(visit, owner)
    given = {name: value for name, value in values.items() if value is not None}
    return intake.add_member(visit.session, visit.scope, owner, MemberIn(**given), visit.by)


def _ask_about_twin(visit: PageContext, values: Values) -> None:
    """Ask about a person of the same telephone number: the same member twice, or one of two cooperatives.

    Raises
    ------
    NeedsConfirmation
        If there is one.
    """
    query = select(Member.name, Organisation.name).join(Organisation, Organisation.id == Member.organisation_id)
    mine = (Organisation.association_id == visit.scope.association_id, Member.phone == values["phone"], Member.erased_at.is_(None))
    there = visit.session.execute(query.where(*mine).limit(1)).first()
    if there is not None:
        raise NeedsConfirmation("phone", same_number(there[0], there[1]))


class _Batch:
    """Members that come in together."""

    def __init__(self, visit: PageContext) -> None:
        self._batch = MemberBatch(visit.session, visit.scope, visit.by)
        query = select(Member.phone, Member.name, Organisation.name).join(Organisation, Organisation.id == Member.organisation_id)
        mine = (Organisation.association_id == visit.scope.association_id, Member.phone.is_not(None), Member.erased_at.is_(None))
        self._phones = {phone: (name, home) for phone, name, home in visit.session.execute(query.where(*mine))}
        homes = visible(Organisation, visit.scope).with_only_columns(Organisation.uid, Organisation.name)
        self._homes = dict(visit.session.execute(homes).all())

    def add(self, values: Values) -> Member:
        """Return a new member; see `_add`."""
        owner, confirmed = str(values["organisation"]), values.get("confirmed", False)
        phone = values.get("phone")
        if phone in self._phones and not confirmed:
            raise NeedsConfirmation("phone", same_number(*self._phones[phone]))
        given = {
            name: value for name, value in values.items() if value is not None and name not in ("organisation", "confirmed", "left_on")
        }
        row = self._batch.add(owner, MemberIn(**{"code": self._batch.next_code(owner), **given}))
        if phone:
            self._phones.setdefault(phone, (row.name, self._homes.get(owner, "")))
        return row

    def finish(self) -> list[tuple[str, Any]]:
        """Write the members."""
        return [("member.add", row) for row in self._batch.finish()]


def same_number(name: str, home: str) -> str:
    """Return what is asked about a person whose telephone number somebody else has."""
    return f"the telephone number of {name}, a member of {home}"


def _next_code(visit: PageContext, owner: str) -> str:
    count = select(func.count()).select_from(Member).join(Organisation, Organisation.id == Member.organisation_id)
    number = (visit.session.scalar(count.where(Organisation.uid == owner)) or 0) + 1
    taken = set(
        visit.session.scalars(
            select(Member.code).join(Organisation, Organisation.id == Member.organisation_id).where(Organisation.uid == owner)
        )
    )
    while f"{number:03}" in taken:
        number += 1
    return f"{number:03}"


def _change(visit: PageContext, row: Member, values: Values, version: int | None) -> Member:
    values.pop("confirmed", None)
    if "joined_on" in values and values["joined_on"] is None:
        values["joined_on"] = ANYTIME
    return changes.change(visit.session, row, MemberChange(**values), visit.by, version)


def _own(_visit: PageContext, rows: Sequence[Member]) -> list[Values]:
    """Show no day of joining that nobody stated."""
    return [{"joined_on": None if row.joined_on == ANYTIME else row.joined_on} for row in rows]


def _extra(visit: PageContext, row: Member) -> Mapping[str, Any]:
    """Return what the member put into lots, the latest first, and what is owed and paid for it, season by season."""
    query = (
        select(Lot.uid, Lot.available_from, Product.name, LotShare.kg)
        .join(LotShare, LotShare.lot_id == Lot.id)
        .join(Product, Product.id == Lot.product_id)
        .where(LotShare.member_id == row.id)
        .order_by(Lot.available_from.desc(), Lot.id.desc())
        .limit(100)
    )
    return {
        "shares": list(visit.session.execute(query)),
        "accounts": accounts_of(visit, row),
        "may_write": visit.principal.may(Permission.MEMBERS_WRITE),
    }


@dataclass
class SeasonAccount:
    """What came of a member's kilograms of one product in one year: accepted kilograms, and đồng that are owed and paid."""

    year: int
    product: str
    kg: int = 0
    owed_vnd: int = 0
    paid_vnd: int = 0


def accounts_of(visit: PageContext, row: Member) -> list[SeasonAccount]:
    """Return a member's accounts by year and product, the latest first; only money that has been calculated counts."""
    query = (
        select(Lot.available_from, Product.name, SettlementShare.kg, SettlementShare.vnd, Settlement.state)
        .join(Settlement, Settlement.id == SettlementShare.settlement_id)
        .join(ReceiptItem, ReceiptItem.id == Settlement.receipt_item_id)
        .join(ShipmentItem, ShipmentItem.id == ReceiptItem.shipment_item_id)
        .join(Promise, Promise.id == ShipmentItem.promise_id)
        .join(Lot, Lot.id == Promise.lot_id)
        .join(Product, Product.id == Lot.product_id)
        .where(SettlementShare.member_id == row.id)
    )
    found: dict[tuple[int, str], SeasonAccount] = {}
    for day, product, kg, vnd, state in visit.session.execute(query):
        account = found.setdefault((day.year, product), SeasonAccount(day.year, product))
        account.kg += kg
        if state is SettlementState.PAID:
            account.paid_vnd += vnd
        else:
            account.owed_vnd += vnd
    return sorted(found.values(), key=lambda one: (-one.year, one.product))


REGISTER = Register(
    key="members",
    path="/members",
    title=mark("Members"),
    one=mark("member"),
    add_label=mark("New member"),
    none=mark("No member on file yet"),
    icon="people",
    model=Member,
    read=Permission.MEMBERS_READ,
    write=Permission.MEMBERS_WRITE,
    fields=FIELDS,
    order=(Member.sort_key, Member.id),
    search=((Member.search_key,), (Member.code, Member.phone)),
    add=_add,
    change=_change,
    name_of=lambda row: str(row.name),
    verbs=("member.add", "member.change"),
    query=_query,
    columns={"organisation": "organisation_id"},
    refers={"organisation": (Organisation, "uid")},
    filters=(
        Filter("organisation", mark("Cooperative or group"), choices.suppliers, _narrow_owner),
        Filter("consent", mark("Consent"), _consents, _narrow_consent),
    ),
    own_values=_own,
    batch=_Batch,
    extra=_extra,
    extra_template="registers/member.html",
)
