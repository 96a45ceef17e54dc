"""The registers of certificates and of planting-area codes: entered by the cooperative, accepted by the association."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Select, func, select

from catalog import changes, intake
from catalog.changes import CertificateChange, PlantingAreaChange
from catalog.intake import CertificateIn, PlantingAreaIn
from catalog.models import Certificate, Evidence, Organisation, PlantingArea, Product, Suspension
from catalog.tenancy import visible
from service.auth.permissions import Permission
from service.days import today
from service.db import now
from service.web.context import PageContext
from service.web.registers import choices
from service.web.registers.fields import Field, Kind
from service.web.registers.register import Filter, Register, Values
from service.web.texts import mark

SOON_DAYS = 60
_OWNER = Field(
    "organisation",
    mark("Cooperative or group"),
    Kind.REFERENCE,
    needed=True,
    listed=True,
    fixed=True,
    options=choices.suppliers,
    repeats=True,
    headings=("htx", "hop tac xa", "don vi", "ten don vi", "to hop tac", "co so"),
)
_SCAN = Field(
    "evidence", mark("Scan"), Kind.REFERENCE, options=choices.papers, hint=mark("Send the PDF or photograph on the page of the entry.")
)
CERTIFICATE_FIELDS = (
    Field(
        "scheme",
        mark("Certificate"),
        needed=True,
        listed=True,
        fixed=True,
        most=100,
        hint=mark("VietGAP, GlobalGAP, organic, OCOP …"),
        headings=("chung nhan", "loai chung nhan", "tieu chuan", "chung chi"),
        repeats=True,
    ),
    _OWNER,
    Field(
        "product",
        mark("Product"),
        Kind.REFERENCE,
        listed=True,
        fixed=True,
        options=choices.products,
        hint=mark("Empty for every product of the cooperative."),
        headings=("mat hang", "san pham", "cay trong"),
    ),
    Field("level", mark("OCOP stars"), Kind.WHOLE, most=4, headings=("sao", "hang", "so sao", "hang sao")),
    Field("number", mark("Number"), most=100, headings=("so", "so chung nhan", "so giay", "ma so")),
    Field("issuer", mark("Issued by"), headings=("noi cap", "don vi cap", "to chuc chung nhan")),
    Field("area", mark("What it covers"), most=1000, headings=("dien tich", "pham vi", "vung trong")),
    Field("valid_from", mark("Valid from"), Kind.DAY, needed=True, headings=("ngay cap", "tu ngay", "hieu luc tu")),
    Field(
        "valid_until",
        mark("Valid until"),
        Kind.DAY,
        needed=True,
        listed=True,
        headings=("het han", "den ngay", "ngay het han", "hieu luc den"),
    ),
    _SCAN,
    Field("withdrawn_on", mark("Taken back from"), Kind.DAY),
)
AREA_FIELDS = (
    Field(
        "code",
        mark("Planting-area code"),
        needed=True,
        listed=True,
        fixed=True,
        most=100,
        headings=("ma so vung trong", "ma vung trong", "msvt", "ma vung", "ma"),
    ),
    _OWNER,
    Field(
        "product",
        mark("Product"),
        Kind.REFERENCE,
        needed=True,
        listed=True,
        fixed=True,
        options=choices.products,
        headings=("mat hang", "san pham", "cay trong"),
        repeats=True,
    ),
    Field(
        "market",
        mark("Market"),
        Kind.CHOICE,
        needed=True,
        listed=True,
        fixed=True,
        options=choices.markets,
        usual="CN",
        headings=("thi truong", "nuoc nhap khau", "nuoc"),
        repeats=True,
    ),
    Field("area_m2", mark("Area, m²"), Kind.WHOLE, most=15, headings=("dien tich", "dien tich m2")),
    Field("valid_from", mark("Valid from"), Kind.DAY, needed=True, headings=("ngay cap", "tu ngay")),
    Field("valid_until", mark("Valid until"), Kind.DAY, needed=True, listed=True, headings=("het han", "den ngay")),
    Field("suspended_from", mark("Suspended from"), Kind.DAY),
    Field("suspended_until", mark("Suspended until"), Kind.DAY),
    Field("source", mark("Source"), needed=True, most=500, headings=("nguon", "van ban")),
    _SCAN,
)


def _states(visit: PageContext) -> choices.Pairs:
    return [
        ("waiting", visit.say("Waits for the association")),
        ("soon", visit.say("Expires within 60 days")),
        ("gone", visit.say("Expired")),
    ]


def _narrow(model: Any) -> Any:
    def narrow(visit: PageContext, query: Select[Any], value: str) -> Select[Any]:
        day = today(now(visit.session))
        if value == "waiting":
            return query.where(model.waiting.is_(True))
        if value == "soon":
            return query.where(model.valid_until >= day, model.valid_until <= day + timedelta(days=SOON_DAYS))
        return query.where(model.valid_until < day)

    return narrow


def _waits(visit: PageContext) -> bool:
    """Return whether what the visitor enters waits for the association."""
    return visit.scope.organisation_id is not None


def _attach(visit: PageContext, row: Any, evidence: str | None) -> None:
    if evidence:
        row.evidence_id = visit.session.scalars(visible(Evidence, visit.scope).where(Evidence.uid == evidence)).one().id
        visit.session.flush()


def _add_certificate(visit: PageContext, values: Values) -> Certificate:
    evidence, _, _ = values.pop("evidence", None), values.pop("confirmed", None), values.pop("withdrawn_on", None)
    given = {name: value for name, value in values.items() if value is not None}
    row = intake.add_certificate(visit.session, visit.scope, CertificateIn(**given), visit.by, waiting=_waits(visit))
    _attach(visit, row, evidence)
    return row


def _change_certificate(visit: PageContext, row: Certificate, values: Values, version: int | None) -> Certificate:
    """Change a certificate; what a cooperative changes waits for the association again."""
    values.pop("confirmed", None)
    empty: Values = {"level": 0, "number": "", "issuer": "", "area": ""}
    given: Values = {name: empty.get(name) if value is None else value for name, value in values.items()}
    row = changes.change_certificate(visit.session, visit.scope, row.uid, CertificateChange(**given), visit.by, version)
    if _waits(visit) and {"valid_from", "valid_until", "level", "evidence"} & given.keys():
        row.waiting = True
    return row


def _add_area(visit: PageContext, values: Values) -> PlantingArea:
    evidence, _ = values.pop("evidence", None), values.pop("confirmed", None)
    given = {name: value for name, value in values.items() if value is not None and not name.startswith("suspended")}
    row = intake.add_planting_area(visit.session, visit.scope, PlantingAreaIn(**given), visit.by, waiting=_waits(visit))
    _attach(visit, row, evidence)
    return row


def _change_area(visit: PageContext, row: PlantingArea, values: Values, version: int | None) -> PlantingArea:
    evidence, _ = values.pop("evidence", None), values.pop("confirmed", None)
    row = changes.change_area(visit.session, visit.scope, row.uid, PlantingAreaChange(**values), visit.by, version)
    _attach(visit, row, evidence)
    if _waits(visit):
        row.waiting = True
    return row


def _extra(visit: PageContext, row: Any) -> Mapping[str, Any]:
    """Return the scan of a certificate, and whether the visitor may accept it."""
    paper = (
        visit.session.execute(select(Evidence.uid, Evidence.title).where(Evidence.id == row.evidence_id)).first()
        if row.evidence_id
        else None
    )
    accepts = row.waiting and visit.scope.organisation_id is None and visit.principal.may(Permission.CERTIFICATES_SUSPEND)
    is_certificate = isinstance(row, Certificate)
    return {
        "paper": paper,
        "accepts": accepts,
        "may_write": visit.principal.may(Permission.CERTIFICATES_WRITE),
        "is_certificate": is_certificate,
        "suspends": is_certificate and visit.scope.organisation_id is None and visit.principal.may(Permission.CERTIFICATES_SUSPEND),
        "pauses": _pauses(visit, row) if is_certificate else [],
        "renewal": _renewal(visit, row) if is_certificate else "",
        "today": today(now(visit.session)),
    }


def _pauses(visit: PageContext, row: Certificate) -> list[Suspension]:
    """Return the suspensions of a certificate, the latest first."""
    query = select(Suspension).where(Suspension.certificate_id == row.id).order_by(Suspension.from_day.desc(), Suspension.id.desc())
    return list(visit.session.scalars(query))


def _renewal(visit: PageContext, row: Certificate) -> str:
    """Return the address of the form of a certificate that goes on where one ends."""
    held = CERTIFICATES.values(visit, [row])[0]
    kept = {name: held.get(name) for name in ("scheme", "organisation", "product", "level", "issuer", "area")}
    first = row.valid_until + timedelta(days=1)
    asked = {name: value for name, value in kept.items() if value} | {"valid_from": first.isoformat()}
    return f"/certificates/entries/new?{urlencode(asked)}"


def _queries(model: Any) -> Any:
    return lambda visit: visible(model, visit.scope)


_REFERS: dict[str, tuple[Any, str]] = {"organisation": (Organisation, "uid"), "product": (Product, "code"), "evidence": (Evidence, "uid")}
_COLUMNS = {"organisation": "organisation_id", "product": "product_id", "evidence": "evidence_id"}


def _search(model: Any) -> Any:
    """Return what certificates or planting areas are searched by: their holders, products, schemes, numbers and codes."""
    named = tuple(
        select(other.search_key).where(other.id == number).scalar_subquery()
        for other, number in ((Organisation, model.organisation_id), (Product, model.product_id))
    )
    written = (model.scheme, model.number) if model is Certificate else (model.code,)
    return (*named, *(func.lower(column) for column in written)), ()


CERTIFICATES = Register(
    key="papers",
    path="/certificates/entries",
    title=mark("Certificates"),
    one=mark("certificate"),
    add_label=mark("New certificate"),
    none=mark("No certificate on file"),
    icon="certificate",
    model=Certificate,
    read=Permission.CERTIFICATES_READ,
    write=Permission.CERTIFICATES_WRITE,
    fields=CERTIFICATE_FIELDS,
    order=(Certificate.valid_until, Certificate.id),
    search=_search(Certificate),
    add=_add_certificate,
    change=_change_certificate,
    name_of=lambda row: f"{row.scheme} {row.number}".strip(),
    verbs=("certificate.add", "certificate.change"),
    query=_queries(Certificate),
    columns=_COLUMNS,
    refers=_REFERS,
    filters=(Filter("state", mark("State"), _states, _narrow(Certificate)),),
    extra=_extra,
    extra_template="registers/paper.html",
    key_field="number",
)
AREAS = Register(
    key="areas",
    path="/areas",
    title=mark("Planting areas"),
    one=mark("planting area"),
    add_label=mark("New planting-area code"),
    none=mark("No planting-area code on file"),
    icon="certificate",
    model=PlantingArea,
    read=Permission.CERTIFICATES_READ,
    write=Permission.CERTIFICATES_WRITE,
    fields=AREA_FIELDS,
    order=(PlantingArea.code, PlantingArea.id),
    search=_search(PlantingArea),
    add=_add_area,
    change=_change_area,
    name_of=lambda row: str(row.code),
    verbs=("planting_area.add", "planting_area.change"),
    query=_queries(PlantingArea),
    columns=_COLUMNS,
    refers=_REFERS,
    filters=(Filter("state", mark("State"), _states, _narrow(PlantingArea)),),
    extra=_extra,
    extra_template="registers/paper.html",
)
