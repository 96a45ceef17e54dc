"""The register of organisations: cooperatives, groups, buyers, carriers and hubs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Select, select

from catalog import changes, communes, intake, names, sponsorships
from catalog.batches import OrganisationBatch
from catalog.changes import OrganisationChange
from catalog.errors import Invalid, NeedsConfirmation, fault
from catalog.intake import OrganisationIn
from catalog.models import SIDE_OF, Commune, Organisation, OrganisationKind, Side
from catalog.tenancy import visible
from service.auth.permissions import Permission
from service.days import today
from service.db import now
from service.web.context import PageContext
from service.web.registers import choices
from service.web.registers.fields import Field, Kind
from service.web.registers.register import Filter, Register, Values
from service.web.texts import mark

FIELDS = (
    Field(
        "name",
        mark("Name of the organisation"),
        needed=True,
        listed=True,
        headings=(
            "ten",
            "ten don vi",
            "ten hop tac xa",
            "ten htx",
            "don vi",
            "ten to hop tac",
            "ten to chuc",
            "ten khach hang",
            "organisation",
        ),
    ),
    Field(
        "kind",
        mark("Kind"),
        Kind.CHOICE,
        needed=True,
        listed=True,
        fixed=True,
        options=choices.kinds,
        repeats=True,
        headings=("loai", "loai hinh", "loai don vi", "hinh thuc"),
    ),
    Field(
        "code",
        mark("Code"),
        fixed=True,
        most=100,
        hint=mark("Leave it empty: it is made of the name."),
        headings=("ma", "ma don vi", "ma so", "ma htx", "ma kh", "ma khach hang"),
    ),
    Field(
        "phone", mark("Telephone"), Kind.PHONE, listed=True, headings=("dien thoai", "so dien thoai", "sdt", "dt", "so dt", "tel", "phone")
    ),
    Field("other_phone", mark("Second telephone"), Kind.PHONE, headings=("dien thoai 2", "dien thoai khac", "sdt 2")),
    Field(
        "representative",
        mark("Representative"),
        listed=True,
        headings=("nguoi dai dien", "dai dien", "giam doc", "chu tich", "to truong", "nguoi phu trach", "nguoi dai dien phap luat"),
    ),
    Field(
        "commune_code",
        mark("Commune"),
        Kind.COMMUNE,
        listed=True,
        hint=mark("As it is since July 2025; an old name is found, too."),
        headings=("xa", "xa phuong", "phuong xa", "dia ban", "xa/phuong", "xa, phuong"),
    ),
    Field("address", mark("Address"), most=500, headings=("dia chi", "thon", "tru so")),
    Field("legal_form", mark("Legal form"), most=100, headings=("loai hinh phap ly", "phap ly")),
    Field("tax_code", mark("Tax code"), most=20, headings=("ma so thue", "mst")),
    Field("email", mark("Email"), most=254, headings=("email", "thu dien tu", "e-mail")),
    Field("bank_name", mark("Bank"), headings=("ngan hang", "ten ngan hang")),
    Field("bank_account", mark("Account number"), most=40, headings=("so tai khoan", "stk", "tai khoan")),
    Field(
        "sponsor",
        mark("Sponsoring cooperative"),
        Kind.REFERENCE,
        fixed=True,
        options=choices.cooperatives,
        hint=mark("For a group alone: the cooperative that signs for it. Both sides agree on the page of the group."),
        headings=("htx dai dien", "don vi dai dien", "htx bao tro", "htx ky thay", "don vi bao tro"),
    ),
    Field("closed_on", mark("Out of business from"), Kind.DAY, headings=("ngung hoat dong", "ngay ngung hoat dong")),
)
SIDES: dict[str, str] = {"supply": mark("Suppliers"), "demand": mark("Buyers"), "logistics": mark("Carriers and hubs")}


def _query(visit: PageContext) -> Select[Any]:
    return visible(Organisation, visit.scope)


def _narrow_kind(_visit: PageContext, query: Select[Any], value: str) -> Select[Any]:
    return query.where(Organisation.kind == value) if value in {one.value for one in OrganisationKind} else query


def _states(visit: PageContext) -> choices.Pairs:
    return [("open", visit.say("In business")), ("closed", visit.say("Out of business")), ("alone", visit.say("Groups without a sponsor"))]


def _narrow_state(_visit: PageContext, query: Select[Any], value: str) -> Select[Any]:
    if value == "alone":
        return query.where(Organisation.kind == OrganisationKind.GROUP, Organisation.sponsor_id.is_(None))
    return query.where(Organisation.closed_on.is_not(None) if value == "closed" else Organisation.closed_on.is_(None))


def _add(visit: PageContext, values: Values) -> Organisation:
    """Add an organisation; a name that is there in another spelling is asked about."""
    sponsor = values.pop("sponsor", None)
    kind = OrganisationKind(values["kind"])
    if sponsor and kind is not OrganisationKind.GROUP:
        raise Invalid([fault("sponsor", sponsor, "only a group has a sponsor")])
    _ask_about_twin(visit, values, kind)
    _place(visit, values)
    mine = (Organisation.association_id == visit.scope.association_id, Organisation.side == SIDE_OF[kind])
    values["code"] = values.get("code") or choices.code_of(visit, Organisation, values["name"], *mine)
    values.pop("closed_on", None)
    row = intake.add_organisation(visit.session, visit.scope, OrganisationIn(**values), visit.by)
    if sponsor:
        day = today(now(visit.session))
        given = sponsorships.SponsorshipIn(group=row.uid, sponsor=sponsor, valid_from=day)
        visit.did("sponsorship.add", sponsorships.propose(visit.session, visit.scope, given, visit.by, day))
    return row


def spelling(name: str) -> str:
    """Return what of a name is the same in every spelling: no accents, no words for what it is."""
    plain = names.search_key(name).replace(".", " ").replace(",", " ").replace("-", " ")
    for long, short in (("hop tac xa", ""), ("to hop tac", ""), ("nong nghiep", ""), ("dich vu", "")):
        plain = plain.replace(long, short)
    return "".join(word for word in plain.split() if word not in {"htx", "tht", "nn", "dv", "dvnn", "cong", "ty", "cty", "tnhh"})


def _ask_about_twin(visit: PageContext, values: Values, kind: OrganisationKind) -> None:
    """Ask whether an organisation whose name is spelt otherwise, or who has the same tax code, is another one.

    Raises
    ------
    NeedsConfirmation
        Unless that is confirmed.
    """
    if values.get("confirmed"):
        return
    query = visible(Organisation, visit.scope).where(Organisation.side == SIDE_OF[kind], Organisation.closed_on.is_(None))
    wanted, tax = spelling(values["name"]), values.get("tax_code")
    found = visit.session.execute(query.with_only_columns(Organisation.name, Organisation.tax_code))
    for name, code in found:
        if spelling(name) == wanted or (tax and code == tax):
            raise NeedsConfirmation("name", same_name(name))


class _Batch:
    """Organisations that come in together."""

    def __init__(self, visit: PageContext) -> None:
        self._visit, self._batch = visit, OrganisationBatch(visit.session, visit.scope, visit.by)
        self._spellings: dict[tuple[Side, str], str] = {}
        self._taxes: dict[tuple[Side, str], str] = {}
        self._sponsors: list[tuple[Organisation, Organisation]] = []
        for row in self._batch.by_uid.values():
            if row.closed_on is None:
                self._note(row)

    def _note(self, row: Organisation) -> None:
        self._spellings.setdefault((row.side, spelling(row.name)), row.name)
        if row.tax_code:
            self._taxes.setdefault((row.side, row.tax_code), row.name)

    def add(self, values: Values) -> Organisation:
        """Return a new organisation; see `_add`."""
        values = dict(values)
        kind, name, sponsor = OrganisationKind(values["kind"]), values["name"], values.pop("sponsor", None)
        side = SIDE_OF[kind]
        signer = self._batch.sponsor(kind, sponsor) if sponsor else None
        twin = self._spellings.get((side, spelling(name))) or self._taxes.get((side, values.get("tax_code") or ""))
        if twin is not None and not values.get("confirmed"):
            raise NeedsConfirmation("name", same_name(twin))
        _place(self._visit, values)
        values["code"] = values.get("code") or choices.free_code(name, self._batch.codes[side])
        values.pop("closed_on", None)
        row = self._batch.add(OrganisationIn(**values))
        self._note(row)
        if signer is not None:
            self._sponsors.append((row, signer))
        return row

    def finish(self) -> list[tuple[str, Any]]:
        """Write the organisations, and let the cooperatives sign for the new groups."""
        visit = self._visit
        added = self._batch.finish()
        signed = sponsorships.begin_many(visit.session, visit.scope.association_id, self._sponsors, visit.by, today(now(visit.session)))
        self._sponsors = []
        return [*(("organisation.add", row) for row in added), *(("sponsorship.add", row) for row in signed)]


def same_name(name: str) -> str:
    """Return what is asked about an organisation that is spelt as another one, or has its tax code."""
    return f"the same as {name}, perhaps in another spelling?"


def _place(visit: PageContext, values: Values) -> None:
    """Turn what was written for a commune into its code.

    Raises
    ------
    Invalid
        If it names none, or several.
    """
    if values.get("commune_code"):
        try:
            values["commune_code"] = communes.of_text(visit.session, values["commune_code"]).code
        except ValueError as error:
            raise Invalid([fault("commune_code", values["commune_code"], str(error))]) from None


def _change(visit: PageContext, row: Organisation, values: Values, version: int | None) -> Organisation:
    """Change an organisation; one that goes out of business while it signs for groups leaves them without a sponsor."""
    _place(visit, values)
    closed: date | None = values.get("closed_on")
    if closed is not None and row.closed_on is None and not values.get("confirmed"):
        groups = list(visit.session.scalars(select(Organisation.name).where(Organisation.sponsor_id == row.id).limit(20)))
        if groups:
            raise NeedsConfirmation("closed_on", f"{len(groups)} groups lose the cooperative that signs for them: {', '.join(groups[:3])}")
    given = OrganisationChange(**values)
    changed = changes.change_organisation(visit.session, visit.scope, row.uid, given, visit.by, version)
    if closed is not None:
        for one in sponsorships.leave(visit.session, changed, visit.by, closed, today(now(visit.session))):
            visit.did("sponsorship.end", one)
    return changed


def _extra(visit: PageContext, row: Organisation) -> Mapping[str, Any]:
    """Return the sponsorships of a group or a cooperative, and who could be the other side."""
    rows = sponsorships.of(visit.session, visit.scope, row)
    known = {
        one.id: one
        for one in visit.session.scalars(
            select(Organisation).where(Organisation.id.in_({n for one in rows for n in (one.group_id, one.sponsor_id)}))
        )
    }
    return {
        "sponsorships": [(one, known[one.sponsor_id if one.group_id == row.id else one.group_id], _agrees(visit, one)) for one in rows],
        "others": [] if row.side is not Side.SUPPLY else choices.cooperatives(visit) if row.kind is OrganisationKind.GROUP else [],
        "is_group": row.kind is OrganisationKind.GROUP,
        "may_sponsor": visit.principal.may(Permission.ORGANISATIONS_WRITE),
        "today": today(now(visit.session)),
        "is_supply": row.side is Side.SUPPLY,
    }


def _agrees(visit: PageContext, one: Any) -> bool:
    """Return whether the visitor's agreement is what is missing."""
    number = visit.scope.organisation_id
    return (one.agreed_by_group is None and number in (None, one.group_id)) or (
        one.agreed_by_sponsor is None and number in (None, one.sponsor_id)
    )


REGISTER = Register(
    key="organisations",
    path="/organisations",
    title=mark("Organisations"),
    one=mark("organisation"),
    add_label=mark("New organisation"),
    none=mark("No organisation on file yet"),
    icon="people",
    model=Organisation,
    read=Permission.ORGANISATIONS_READ,
    write=Permission.ORGANISATIONS_WRITE,
    fields=FIELDS,
    order=(Organisation.sort_key, Organisation.id),
    search=((Organisation.search_key,), (Organisation.code, Organisation.tax_code, Organisation.phone)),
    add=_add,
    change=_change,
    name_of=lambda row: str(row.name),
    verbs=("organisation.add", "organisation.change"),
    query=_query,
    columns={"sponsor": "sponsor_id"},
    refers={"sponsor": (Organisation, "uid"), "commune_code": (Commune, "code")},
    filters=(Filter("kind", mark("Kind"), choices.kinds, _narrow_kind), Filter("state", mark("State"), _states, _narrow_state)),
    extra=_extra,
    extra_template="registers/organisation.html",
    batch=_Batch,
)
