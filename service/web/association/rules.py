"""Settings of the association: its fee and detour factor, and facts, tariffs and access hours, each with its dates and its source."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from catalog import changes
from catalog.changes import AssociationChange
from catalog.models import AccessRule, Association, LegalFact, Tariff, TariffBand, VehicleClass
from catalog.tenancy import visible
from service.auth.permissions import Permission
from service.http.context import before
from service.web import house
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader, fields
from service.web.pages import Pages
from service.web.registers.fields import phone
from service.web.texts import mark

pages = Pages("rules")
FACTS: dict[str, str] = {
    "ocop.months": mark("Months that an OCOP recognition lasts"),
    "ocop.granted_by": mark("Who grants OCOP stars"),
    "vietgap.months": mark("Months that a VietGAP certificate lasts"),
    "gacc.decree": mark("China's decree on registering exporters"),
}
"""What facts that come with the program are called; others go by their keys."""
MOST = 500


def _show(visit: PageContext) -> Response:
    """Show the settings, with the form of those that can be changed here."""
    session, scope = visit.session, visit.scope
    classes = list(session.scalars(visible(VehicleClass, scope).order_by(VehicleClass.payload_kg, VehicleClass.id).limit(MOST)))
    tariffs = session.scalars(
        select(Tariff).where(Tariff.vehicle_class_id.in_([one.id for one in classes])).order_by(Tariff.valid_from)
    ).all()
    bands = session.scalars(
        select(TariffBand).where(TariffBand.tariff_id.in_([one.id for one in tariffs])).order_by(TariffBand.from_km)
    ).all()
    rows = [(one, tariff, [band for band in bands if band.tariff_id == tariff.id]) for one in classes for tariff in tariffs
            if tariff.vehicle_class_id == one.id]  # fmt: skip
    return visit.show(
        "association/rules.html", association=session.get_one(Association, scope.association_id), tariffs=rows,
        called=FACTS, facts=session.scalars(select(LegalFact).order_by(LegalFact.key, LegalFact.valid_from).limit(MOST)).all(),
        access=session.scalars(visible(AccessRule, scope).order_by(AccessRule.zone, AccessRule.valid_from).limit(MOST)).all(),
        writes=visit.principal.may(Permission.SETTINGS_WRITE), adds=visit.principal.may(Permission.CATALOG_WRITE),
    )  # fmt: skip


@pages.get("/rules", may=Permission.SETTINGS_READ)
def show_rules(visit: PageRequest) -> Response:
    """Show the settings."""
    return _show(visit)


@pages.post("/rules", may=Permission.SETTINGS_WRITE, form=_show)
def change_rules(visit: PageRequest) -> Response:
    """Change the association's name, fee or detour factor."""
    read = Reader(visit.form)
    name, fee, detour = (
        read.text("name", needed=True, most=200),
        read.whole("fee_per_mille", needed=True),
        read.decimal("detour_factor", needed=True),
    )
    version = read.whole("version", needed=True)
    told = {key: read.text(key, most=500) for key in ("phone", "email", "address")}
    if told["phone"]:
        try:
            told["phone"] = phone(told["phone"])
        except ValueError as error:
            read.wrong("phone", told["phone"], str(error))
    read.done()
    row = visit.session.get_one(Association, visit.scope.association_id)
    was = before(row)
    given: dict[str, Any] = fields(name=name, fee_per_mille=fee, detour_factor=None if detour is None else float(detour)) | told
    changes.change(visit.session, row, AssociationChange(**given), visit.by, version)
    visit.did("association.change", row, was)
    house.forget()
    return visit.go("/rules", visit.say("The settings are saved."))
