"""A cooperative's certificates: which run out soon, and which lots that puts at risk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import or_, select
from starlette.responses import Response

from catalog.models import Certificate, Lot, Organisation, Product, Suspension
from catalog.tenancy import visible
from service.auth.permissions import Permission
from service.days import today
from service.db import now
from service.planning.plans.expiring import agreed_beyond
from service.web.context import PageContext, PageRequest
from service.web.cooperative.lots import OPEN
from service.web.lists import part
from service.web.pages import Pages

pages = Pages("certificates")
SOON_DAYS = 60


@dataclass(frozen=True)
class Risk:
    """Lots whose days go beyond the end of a certificate, and their kilograms."""

    lots: int
    kg: int


@pages.get("/certificates", may=Permission.CERTIFICATES_READ)
def show_certificates(visit: PageRequest) -> Response:
    """Show certificates, those that run out first at the top."""
    query = visible(Certificate, visit.scope).where(Certificate.withdrawn_on.is_(None))
    rows, following = part(visit, query, (Certificate.valid_until, Certificate.id))
    day = today(now(visit.session))
    names = {one.id: one.name for one in visit.session.scalars(select(Product).where(Product.id.in_({row.product_id for row in rows})))}
    owners = {one.id: one.name for one in visit.session.scalars(select(Organisation).where(Organisation.id.in_(_owners(rows))))}
    return visit.show(
        "cooperative/certificates.html",
        rows=rows,
        following=following,
        names=names,
        owners=owners,
        day=day,
        soon=day + timedelta(days=SOON_DAYS),
        risks={row.id: risk for row in rows if (risk := _risk(visit, row)) is not None},
        pauses=_pauses(visit, rows, day),
        agreed=agreed_beyond(visit.session, [row.id for row in rows]),
    )


def _owners(rows: list[Certificate]) -> set[int]:
    return {row.organisation_id for row in rows}


def _risk(visit: PageContext, held: Certificate) -> Risk | None:
    """Return which open lots of the certificate's owner and product can still be picked up after its end."""
    query = visible(Lot, visit.scope).where(
        Lot.status.in_(OPEN),
        Lot.organisation_id == held.organisation_id,
        Lot.available_until > held.valid_until,
        Lot.available_from >= held.valid_from,
    )
    if held.product_id is not None:
        query = query.where(Lot.product_id == held.product_id)
    lots = visit.session.scalars(query.limit(1000)).all()
    return Risk(len(lots), sum(lot.quantity_kg for lot in lots)) if lots else None


def _pauses(visit: PageContext, rows: list[Certificate], day: date) -> dict[int, Suspension]:
    """Return the suspension of each certificate that holds on a day or begins later."""
    wanted = select(Suspension).where(Suspension.certificate_id.in_([row.id for row in rows]))
    wanted = wanted.where(or_(Suspension.until_day.is_(None), Suspension.until_day >= day))
    return {one.certificate_id: one for one in visit.session.scalars(wanted.order_by(Suspension.from_day.desc()))}
