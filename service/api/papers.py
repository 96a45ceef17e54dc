"""Papers as PDF: delivery notes, gate slips, drivers' sheets, pick lists, statements and the season's report."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Path, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from catalog.errors import NotFound
from catalog.given import Day
from catalog.models import Association, Organisation
from catalog.tenancy import Scope, find
from service.auth.permissions import Permission
from service.days import checked_days, today
from service.db import now
from service.http.context import Reading, RequestContext, Uid
from service.http.routing import Api
from service.planning.plans import overview

api = Api("papers", "Delivery notes, gate slips, pick lists, statements and the season's report, ready to print.")
PDF = "application/pdf"
ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "The paper.", "content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}
}
PICKED_DAYS, SETTLED_DAYS = 7, 31


class Language(StrEnum):
    """The language of a paper."""

    VI = "vi"
    EN = "en"


In = Annotated[Language, Query(description="Language of the paper: vi or en.", examples=["vi"])]
First = Annotated[Day | None, Query(description="First day.", examples=["2027-06-07"])]
Last = Annotated[Day | None, Query(description="Last day.", examples=["2027-06-14"])]
Trip = Annotated[int, Path(ge=0, le=10**9, description="Number of the trip in its plan.", examples=[0])]


@api.get("/shipments/{uid}/delivery-note", may=Permission.SHIPMENTS_READ, responses=ANSWER, response_class=Response)
def get_delivery_note(asked: Reading, uid: Uid, language: In = Language.VI) -> Response:
    """Download a shipment's driver's sheet and delivery notes, one for each door; an organisation's show its own goods alone."""
    from service.paper import journeys, trucks
    from service.paper.words import Words

    journey = journeys.of_shipment(asked.session, asked.scope, uid)
    return paper(trucks.delivery_notes(journey, Words(language), code_of(asked, uid)), f"delivery-note-{uid}")


@api.get("/shipments/{uid}/gate-slip", may=Permission.SHIPMENTS_READ, responses=ANSWER, response_class=Response)
def get_gate_slip(asked: Reading, uid: Uid, language: In = Language.VI) -> Response:
    """Download a shipment's slips for the gates of its doors."""
    from service.paper import journeys, trucks
    from service.paper.words import Words

    journey = journeys.of_shipment(asked.session, asked.scope, uid)
    return paper(trucks.gate_slips(journey, Words(language), code_of(asked, uid)), f"gate-slip-{uid}")


@api.get("/plans/{uid}/trips/{number}/sheet", may=Permission.PLANS_READ, responses=ANSWER, response_class=Response)
def get_trip_sheet(asked: Reading, uid: Uid, number: Trip, language: In = Language.VI) -> Response:
    """Download the driver's sheet and delivery notes of a plan's trip, with what is proposed or approved of it."""
    from service.paper import journeys, trucks
    from service.paper.words import Words

    journey = journeys.of_trip(asked.session, asked.scope, uid, number)
    code = f"{asked.settings.public_url}/plans/{uid}/trips/{number}" if asked.settings.public_url else f"urn:mca:trip:{uid}:{number}"
    return paper(trucks.delivery_notes(journey, Words(language), code), f"trip-{number}")


@api.get("/organisations/{uid}/pick-list", may=Permission.PROPOSALS_READ, responses=ANSWER, response_class=Response)
def get_pick_list(asked: Reading, uid: Uid, first: First = None, last: Last = None, language: In = Language.VI) -> Response:
    """Download what a supplier makes ready: what is approved and picked up from a day on, a week where no last day is named."""
    from service.paper import picking
    from service.paper.words import Words

    _require_own(asked.session, asked.scope, uid)
    start = first or (last - timedelta(days=PICKED_DAYS - 1) if last else today(now(asked.session)))
    days = checked_days(start, last or start + timedelta(days=PICKED_DAYS - 1))
    found = picking.pick_list(asked.session, asked.scope, uid, *days)
    return paper(picking.pick_list_pdf(found, Words(language)), f"pick-list-{uid}")


@api.get("/organisations/{uid}/statement", may=Permission.SETTLEMENTS_READ, responses=ANSWER, response_class=Response)
def get_statement(asked: Reading, uid: Uid, first: First = None, last: Last = None, language: In = Language.VI) -> Response:
    """Download what an organisation is paid, or pays, for what was received within some days; the last thirty-one where none are named."""
    from service.paper import statements
    from service.paper.words import Words

    _require_own(asked.session, asked.scope, uid)
    end = last or (first + timedelta(days=SETTLED_DAYS - 1) if first else today(now(asked.session)))
    days = checked_days(first or end - timedelta(days=SETTLED_DAYS - 1), end)
    found = statements.statement(asked.session, asked.scope, uid, *days)
    return paper(statements.statement_pdf(found, Words(language)), f"statement-{uid}")


@api.get("/exports/season-report", may=Permission.PLANS_READ, responses=ANSWER, response_class=Response)
def get_season_report(asked: Reading, first: First = None, last: Last = None, language: In = Language.VI) -> Response:
    """Download the season by product, buyer, commune and supplier; all of it where no days are named."""
    from service.paper.season import season_pdf
    from service.paper.words import Words

    spanned = overview.span(asked.session, asked.scope) or (today(now(asked.session)),) * 2
    days = checked_days(first or min(spanned[0], last or spanned[0]), last or max(spanned[1], first or spanned[1]))
    house = asked.session.get_one(Association, asked.scope.association_id).name
    return paper(season_pdf(overview.season(asked.session, asked.scope, *days), house, Words(language)), "season")


def paper(content: bytes, name: str) -> Response:
    """Return a paper as an answer that browsers show and that nobody keeps."""
    return Response(
        content, media_type=PDF, headers={"content-disposition": f'inline; filename="{name}.pdf"', "cache-control": "private, no-store"}
    )


def code_of(asked: RequestContext, uid: str) -> str:
    """Return what a camera reads off a shipment's papers: where it is to be found, or its name where the service has no address."""
    address = asked.settings.public_url
    return f"{address}/shipments/{uid}" if address else f"urn:mca:shipment:{uid}"


def _require_own(session: Session, scope: Scope, uid: str) -> None:
    """Nobody is shown the papers of another organisation."""
    found = find(session, scope, Organisation, uid)
    if scope.organisation_id is not None and found.id not in {scope.organisation_id, *scope.group_ids}:
        raise NotFound("organisation", uid)
