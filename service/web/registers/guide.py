"""The way from an empty association to its first plan: each step says what is there, what is missing, and where it is entered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from starlette.responses import Response

from buyers.models import DemandLine
from catalog import intake
from catalog.intake import ProductIn
from catalog.models import Association, Certificate, Lot, Organisation, OrganisationKind, Product, Side, Site, SiteKind, VehicleClass
from catalog.tenancy import visible
from service.auth.permissions import Permission
from service.planning.models import Plan
from service.web.context import PageContext, PageRequest
from service.web.pages import Pages
from service.web.registers.starter import CATALOGUE
from service.web.texts import mark

pages = Pages("guide")


@dataclass(frozen=True)
class Step:
    """One step of the guide.

    Attributes
    ----------
    key, title, words : what it is about.
    place : where it is done.
    act : what the link says.
    count : how many there are already.
    needed : how many a plan needs.
    """

    key: str
    title: str
    words: str
    place: str
    act: str
    count: Callable[[PageContext], int]
    needed: int = 1


def _count(model: Any, *conditions: Any) -> Callable[[PageContext], int]:
    def count(visit: PageContext) -> int:
        query = visible(model, visit.scope).where(*conditions)
        return visit.session.scalar(select(func.count()).select_from(query.subquery())) or 0

    return count


def _is_named(visit: PageContext) -> int:
    return int(bool(visit.session.get_one(Association, visit.scope.association_id).phone))


STEPS: tuple[Step, ...] = (
    Step(
        "association",
        mark("The association"),
        mark("Its name, and the telephone number that every page shows."),
        "/rules",
        mark("Enter the telephone number"),
        _is_named,
    ),
    Step(
        "products",
        mark("Products"),
        mark("What is bought and sold, with grades and shelf lives."),
        "/products",
        mark("Look at the products"),
        _count(Product),
    ),
    Step(
        "cooperatives",
        mark("Cooperatives and groups"),
        mark("Who sells; a group is signed for by a cooperative."),
        "/organisations/new?kind=cooperative&then=/guide",
        mark("Enter a cooperative"),
        _count(Organisation, Organisation.side == Side.SUPPLY),
    ),
    Step(
        "loading",
        mark("Loading places"),
        mark("Where trucks pick up, with hours and position."),
        "/sites/new?kind=cooperative&then=/guide",
        mark("Enter a loading place"),
        _count(Site, Site.kind == SiteKind.COOPERATIVE),
    ),
    Step(
        "papers",
        mark("Certificates"),
        mark("Buyers who ask for them buy only from who has them."),
        "/certificates/entries/new?then=/guide",
        mark("Enter a certificate"),
        _count(Certificate),
        0,
    ),
    Step(
        "buyer",
        mark("Buyers"),
        mark("Who buys."),
        "/organisations/new?kind=buyer&then=/guide",
        mark("Enter a buyer"),
        _count(Organisation, Organisation.kind == OrganisationKind.BUYER),
    ),
    Step(
        "receiving",
        mark("Receiving sites"),
        mark("Where buyers receive."),
        "/sites/new?kind=buyer&then=/guide",
        mark("Enter a receiving site"),
        _count(Site, Site.kind == SiteKind.BUYER),
    ),
    Step(
        "trucks",
        mark("Trucks"),
        mark("Classes of trucks with what they cost, and the source of that."),
        "/vehicles/new?then=/guide",
        mark("Enter a truck class"),
        _count(VehicleClass),
    ),
    Step(
        "lot",
        mark("Lots"),
        mark("What is on offer, how much, when and at which floor price."),
        "/lots/new",
        mark("List a lot"),
        _count(Lot),
    ),
    Step("order", mark("Orders"), mark("What is asked for, where and when."), "/orders/new", mark("Place an order"), _count(DemandLine)),
    Step("plan", mark("The first plan"), mark("Matches lots and orders and finds the trucks."), "/runs", mark("Start a run"), _count(Plan)),
)


@pages.get("/guide", may=Permission.RUNS_WRITE)
def show_guide(visit: PageRequest) -> Response:
    """Show how far the association has come."""
    steps = [(step, count, count >= step.needed) for step in STEPS for count in (step.count(visit),)]
    following = next((step for step, _, done in steps if not done), None)
    return visit.show(
        "registers/guide.html", steps=steps, following=following, done=sum(done for _, _, done in steps), starter=len(CATALOGUE)
    )


@pages.post("/guide/products", may=Permission.CATALOG_WRITE)
def take_starter(visit: PageRequest) -> Response:
    """Take in the starter catalogue: the products that aren't there yet."""
    known = set(visit.session.scalars(visible(Product, visit.scope).with_only_columns(Product.code)))
    fresh = [one for one in CATALOGUE if one.code not in known]
    for one in fresh:
        given = ProductIn(
            code=one.code,
            name=one.name,
            name_en=one.name_en,
            shelf_life_days=one.shelf_life_days,
            cold=one.cold,
            litres_per_kg=one.litres_per_kg,
            grades=one.grades,
        )
        visit.did("product.add", intake.add_product(visit.session, visit.scope, given, visit.by))
    visit.note("guide.products", "association", "", None, {"products": len(fresh)})
    said = visit.say_many(
        "%(num)s product is on file. Correct its shelf life where yours differs.",
        "%(num)s products are on file. Correct their shelf lives where yours differ.",
        len(fresh),
    )
    return visit.go("/guide", said)


def _leave(visit: PageContext, *, left: bool) -> None:
    row = visit.session.get_one(Association, visit.scope.association_id)
    row.guide_left, row.updated_by = left, visit.by
    visit.session.flush()
    visit.note("guide.leave" if left else "guide.resume", "association", row.uid)


@pages.post("/guide/leave", may=Permission.RUNS_WRITE)
def leave_guide(visit: PageRequest) -> Response:
    """Let the guide no longer be the first page; it stays reachable from the registers."""
    _leave(visit, left=True)
    return visit.go("/registers", visit.say("The guide stays here: take it up whenever you like."), "info")


@pages.post("/guide/resume", may=Permission.RUNS_WRITE)
def resume_guide(visit: PageRequest) -> Response:
    """Let the guide be the first page again."""
    _leave(visit, left=False)
    return visit.go("/guide")


def is_wanted(visit: PageContext) -> bool:
    """Return whether the visitor begins with the guide: until there is a plan, or it was left."""
    if visit.principal.scope is None or visit.scope.organisation_id is not None or not visit.principal.may(Permission.RUNS_WRITE):
        return False
    row = visit.session.get(Association, visit.scope.association_id)
    return (
        row is not None
        and not row.guide_left
        and visit.session.scalar(visible(Plan, visit.scope).with_only_columns(Plan.id).limit(1)) is None
    )
