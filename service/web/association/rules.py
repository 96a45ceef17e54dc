"""Settings of the association: its fee and detour factor, and facts, tariffs and access hours, each with its dates and its source."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from catalog import changes
from catalog.changes import AssociationChange
from catalog.errors import Invalid, fault
from catalog.models import AccessRule, Association, LegalFact, Site, SiteKind, Tariff, TariffBand, VehicleClass
from catalog.tenancy import find, visible
from service.auth.permissions import Permission
from service.days import today
from service.db import now
from service.http.context import before
from service.planning.states import FreightRisk
from service.planning.terms import handling, rules
from service.web import house
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader, fields
from service.web.labels import options
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
        money=rules.rules_of(session, scope.association_id), risks=options(FreightRisk, visit),
        current=rules.rule_on(session, scope.association_id, today(now(session))),
        hubs=_hubs(visit), rates=handling.rates_of(session, scope.association_id), day=today(now(session)),
        writes=visit.principal.may(Permission.SETTINGS_WRITE), adds=visit.principal.may(Permission.CATALOG_WRITE),
    )  # fmt: skip


def _hubs(visit: PageContext) -> list[Site]:
    mine = visible(Site, visit.scope).where(Site.kind == SiteKind.HUB, Site.closed_on.is_(None))
    return list(visit.session.scalars(mine.order_by(Site.sort_key, Site.id).limit(MOST)))


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
    changed_fee = fee is not None and fee != row.fee_per_mille
    changes.change(visit.session, row, AssociationChange(**given), visit.by, version)
    if changed_fee:
        rules.state_rule(visit.session, row.id, visit.act("the association's fee is changed"), fee_per_mille=fee)
    visit.did("association.change", row, was)
    house.forget()
    return visit.go("/rules", visit.say("The settings are saved."))


@pages.post("/rules/money", may=Permission.SETTINGS_WRITE, form=_show, audited=False)
def state_money_rule(visit: PageRequest) -> Response:
    """State the fee and who pays for an emptier truck, from a day on."""
    read = Reader(visit.form)
    since, fee, risk = read.day("valid_from", needed=True), read.whole("new_fee", needed=True), read.text("freight_risk", needed=True)
    read.done()
    if risk not in set(FreightRisk):
        raise Invalid([fault("freight_risk", risk, "a value")])
    if fee is None or not 0 <= fee <= 1000:
        raise Invalid([fault("new_fee", fee, "a whole number from 0 to 1000")])
    act = visit.act("stated")
    rules.state_rule(visit.session, visit.scope.association_id, act, valid_from=since, fee_per_mille=fee, freight_risk=FreightRisk(risk))
    return visit.go("/rules", visit.say("Stated. It holds for promises made from that day on; earlier ones keep their terms."))


@pages.post("/rules/handling", may=Permission.SETTINGS_WRITE, form=_show, audited=False)
def state_handling(visit: PageRequest) -> Response:
    """State what a hub takes for handling, from a day on."""
    read = Reader(visit.form)
    hub, since, rate = read.text("hub", needed=True), read.day("handling_from", needed=True), read.decimal("vnd_per_kg", needed=True)
    read.done()
    if hub is not None and since is not None and rate is not None:
        find(visit.session, visit.scope, Site, hub)
        handling.state_handling(visit.session, visit.scope, hub, float(rate), since, visit.act("stated"))
    return visit.go("/rules#handling", visit.say("Stated. It holds for promises made from that day on; earlier ones keep their terms."))
