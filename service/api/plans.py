"""Plans: what runs have made, in full, side by side and in the exchange format; and a check of plans made elsewhere."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from sqlalchemy import Select, select
from starlette.responses import Response

from buyers.models import DemandLine
from catalog.given import Given
from catalog.models import Lot, Side
from catalog.tenancy import find, visible
from matching.model.errors import BadInput
from service.auth.permissions import Permission
from service.http.context import Reading, Uid, Writing
from service.http.lists import Listing, Page, Part, SearchText
from service.http.problems import MOST_ERRORS, ErrorItem, Refused
from service.http.routing import Api
from service.http.shapes import Out
from service.planning.models import Plan, PlanAllocation, PlanPrice, PlanReason, PlanTrip
from service.planning.plans.freshness import stale_pairs
from service.planning.plans.party_totals import compare_parties
from service.planning.plans.problem_builder import Horizon
from service.planning.states import PlanState
from service.runs import analysis, archives, comparison, publishing
from service.views.plans import (
    AllocationOut,
    PlanDetail,
    PlanOut,
    PriceOut,
    ReasonOut,
    TripOut,
    allocations_out,
    plan_detail,
    plan_out,
    prices_out,
    reasons_out,
    runs_of,
    trips_out,
)

api = Api("plans", "Plans: drafts and the one in force, published, side by side, in full and as files; checks of plans made elsewhere.")
PLANS = Listing("plans", {"created_at": (Plan.created_at, Plan.id)}, "-created_at")
TRIPS = Listing("plan_trips", {"number": (PlanTrip.number,)}, "number")
ALLOCATIONS = Listing("plan_allocations", {"number": (PlanAllocation.number,), "kg": (PlanAllocation.kg, PlanAllocation.id)}, "number")
REASONS = Listing("plan_reasons", {"open_kg": (PlanReason.open_kg, PlanReason.id), "id": (PlanReason.id,)}, "-open_kg")
PRICES = Listing("plan_prices", {"vnd_per_kg": (PlanPrice.vnd_per_kg, PlanPrice.id), "id": (PlanPrice.id,)}, "-vnd_per_kg")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_DIFFERENCES = 1000
MOST_ROWS = 50_000
BODY_LIMIT = 16 << 20
BINARY = {"schema": {"type": "string", "format": "binary"}}
FILES: dict[int | str, dict[str, Any]] = {
    200: {"description": "A zip of the folder, or a workbook.", "content": {"application/zip": BINARY, XLSX: BINARY}}
}


MOST_COMPARED = 10


class Form(StrEnum):
    """How a plan is downloaded."""

    ZIP = "zip"
    XLSX = "xlsx"


class FigureOut(Out):
    """One figure of two plans."""

    name: str = Field(description="Which figure.", examples=["freight_vnd"])
    before: int | None = Field(description="In the first plan.", examples=[88_000_000])
    after: int | None = Field(description="In the second plan.", examples=[84_500_000])


class DifferenceOut(Out):
    """A pair of lot and line that gets different kilograms in two plans."""

    lot: str = Field(description="Uid of the lot.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    lot_code: str = Field(description="Code of the lot.", examples=["LOT-2027-0017"])
    line: str = Field(description="Uid of the line.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    line_code: str = Field(description="Code of the line.", examples=["LINE-2027-0004"])
    before_kg: int = Field(description="In the first plan, kg.", examples=[500])
    after_kg: int = Field(description="In the second plan, kg.", examples=[0])


class ComparisonOut(Out):
    """Two plans side by side."""

    before: str = Field(description="Uid of the first plan.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    after: str = Field(description="Uid of the second plan.", examples=["01k4h4m1r3v8w2x5y7z9abcdeg"])
    same_input: bool = Field(description="Whether both were made from the very same supply and demand.", examples=[False])
    figures: list[FigureOut] = Field(description="Their figures.")
    differing_pairs: int = Field(description="Pairs of lot and line that get different kilograms.", examples=[42])
    differences: list[DifferenceOut] = Field(description=f"These pairs, the largest difference first, up to {MOST_DIFFERENCES}.")


class PartyTotalOut(Out):
    """What one plan means for one organisation."""

    kg: int = Field(description="What it sells or buys, kg.", examples=[12_500])
    vnd: int = Field(description="What it gets as a supplier, or pays as a buyer, đồng.", examples=[310_000_000])
    partners: int = Field(description="How many organisations it trades with.", examples=[3])


class PartyRowOut(Out):
    """One organisation in several plans."""

    uid: str
    name: str
    side: Side
    plans: list[PartyTotalOut] = Field(description="One for each plan, in the order in which they were named.")


class SideBySideOut(Out):
    """Several plans side by side."""

    plans: list[PlanOut] = Field(description="The plans, in the order in which they were named.")
    parties: list[PartyRowOut] = Field(
        description="Every supplier, then every buyer that one of the plans serves; first those for whom the plans differ most."
    )


class PublishIn(Given):
    """How a draft is published."""

    confirmed: bool = Field(
        False, strict=True, examples=[False],
        description="Whether it is meant, although the plan is empty or for other days than the plan in force.",
    )  # fmt: skip
    note: str = Field("", max_length=1000, description="Why this plan, for the audit trail.", examples=["agreed in the Monday call"])


class PublishedOut(Out):
    """What publishing a plan has done."""

    plan: PlanOut = Field(description="The plan, now in force.")
    replaced: str | None = Field(description="Uid of the plan that was in force before.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    items: int = Field(description="Items put to suppliers and buyers.", examples=[64])
    kg: int = Field(description="What they come to, kg.", examples=[71_000])
    changed: int = Field(description="Allocations left out: their lot, line or proofs have changed since the plan was made.", examples=[0])
    taken: int = Field(description="Allocations left out: promises have left too little for them.", examples=[2])
    rejected: int = Field(description="Allocations left out: the pair was rejected, and nothing material has changed.", examples=[1])
    proposed_again: int = Field(description="Items whose pair was rejected before; the item says what has changed.", examples=[0])


Cell = str | int | float | bool | None
Rows = list[dict[str, Cell]]


class PlanTables(Given):
    """A plan as the tables of the exchange format, each row with its columns by name."""

    allocations: Rows = Field(
        max_length=MOST_ROWS, description="Which kilograms go where.",
        examples=[[{"allocation_id": "a1", "lot_id": "lot1", "line_id": "line1", "kg": 800, "pickup_date": "2027-06-07",
                    "delivery_date": "2027-06-07"}]],
    )  # fmt: skip
    legs: Rows = Field(
        max_length=2 * MOST_ROWS, description="How they travel.",
        examples=[[{"allocation_id": "a1", "leg": 1, "trip_id": "t1", "from_site": "c1", "to_site": "b1"}]],
    )  # fmt: skip
    trips: Rows = Field(
        max_length=MOST_ROWS, description="The journeys.",
        examples=[[{"trip_id": "t1", "class_id": "truck", "km": 62.5, "cost_vnd": 1_400_000}]],
    )  # fmt: skip
    stops: Rows = Field(
        max_length=4 * MOST_ROWS, description="The stops of the trucks.",
        examples=[[{"trip_id": "t1", "seq": 1, "site_id": "c1", "arrive": "2027-06-07T05:30", "depart": "2027-06-07T06:00"}]],
    )  # fmt: skip


class AnalysisIn(Given):
    """A plan to be checked, and what it is to be checked against."""

    plan: PlanTables = Field(description="The plan's tables.")
    input: dict[str, Annotated[Rows, Field(max_length=MOST_ROWS)]] | None = Field(
        None, max_length=20, examples=[None],
        description="The input's tables, by their names in the exchange format; absent for what is offered and asked for right now.",
    )  # fmt: skip
    horizon_from: date | None = Field(None, description="First day on which a truck may stop, without an input.", examples=["2027-06-07"])
    horizon_until: date | None = Field(None, description="Last day on which a truck may stop, without an input.", examples=["2027-06-20"])


class ViolationOut(Out):
    """A rule that the plan breaks."""

    rule: str = Field(description="The rule's word in the exchange format.", examples=["lot_quantity"])
    where: str = Field(description="The rows concerned.", examples=["lot1"])
    detail: str = Field(description="The figures that show it.", examples=["1200 > 1000"])


class AnalysisOut(Out):
    """What is true of a plan that was sent in."""

    valid: bool = Field(description="Whether it keeps every rule.", examples=[True])
    violations: list[ViolationOut] = Field(description=f"The rules that it breaks, up to {MOST_ROWS}.")
    objective_vnd: int = Field(description="What it is worth, đồng.", examples=[8_200_000])
    goods_vnd: int = Field(description="Σ kg × (bid − ask), đồng.", examples=[9_600_000])
    freight_vnd: int = Field(description="What its trips cost, đồng.", examples=[1_400_000])
    handling_vnd: int = Field(description="Handling at hubs, đồng.", examples=[0])
    opening_vnd: int = Field(description="Opening of sites, đồng.", examples=[0])
    short_vnd: int = Field(description="What is lost on demand not served, đồng.", examples=[0])
    km: float = Field(description="Kilometres of all trucks.", examples=[62.5])
    matched_kg: int = Field(description="What it brings together, kg.", examples=[800])
    input_digest: str = Field(description="SHA-256 of what it was checked against.", examples=["0" * 64])


@api.get("/plans", may=Permission.PLANS_READ)
def list_plans(
    asked: Reading,
    part: Annotated[Part, PLANS.part()],
    state: Annotated[list[PlanState], Query(max_length=3, description="Only plans that stand here.", examples=[["current"]])] = [],  # noqa: B006
) -> Page[PlanOut]:
    """List plans."""
    query = visible(Plan, asked.scope)
    if state:
        query = query.where(Plan.state.in_(state))
    page: Page[Any] = PLANS.page(asked, query, part, lambda plan: plan)
    runs = runs_of(asked.session, page.items)
    page.items = [plan_out(plan, runs[plan.run_id]) for plan in page.items]
    return page


@api.post("/plans/analyse", may=Permission.PLANS_READ, writes=False, body_limit=BODY_LIMIT)
def analyse_plan(asked: Reading, given: AnalysisIn) -> AnalysisOut:
    """Check a plan made elsewhere, and recompute its money, without planning anything.

    It is checked against what is offered and asked for right now, or against the input that is sent along. Nothing is stored.
    """
    tables: analysis.Tables = {name: getattr(given.plan, name) for name in PlanTables.model_fields}
    horizon = Horizon(given.horizon_from, given.horizon_until)
    try:
        problem, verdict = analysis.analyse(asked.session, asked.scope.association_id, tables, given.input, horizon)
    except BadInput as error:
        raise refused_input(error) from error
    violations = [ViolationOut(rule=v.rule, where=v.where, detail=v.detail) for v in verdict.violations[:MOST_ROWS]]
    money = {name: int(getattr(verdict, name)) for name in AnalysisOut.model_fields if name.endswith("_vnd")}
    return AnalysisOut(
        valid=verdict.ok, violations=violations, km=round(float(verdict.km), 3), matched_kg=int(verdict.filled_kg.sum()),
        input_digest=problem.digest(), **money,
    )  # fmt: skip


def refused_input(error: BadInput) -> Refused:
    """Return the refusal of an input with all of its faults, each with its table, row and column."""
    items = [
        ErrorItem(
            table=issue.table[:80], row=issue.row or None, column=issue.column or None, value=issue.value or None, message=issue.expected
        )
        for issue in error.issues[:MOST_ERRORS]
    ]
    count = len(error.issues)
    return Refused(422, "bad_input", f"{count} fault{'s' * (count != 1)} in the tables", errors=items)


@api.get("/plans/compare", may=Permission.PLANS_READ)
def compare_many_plans(
    asked: Reading,
    plan: Annotated[
        list[str],
        Query(min_length=1, max_length=MOST_COMPARED, description="Uids of the plans.", examples=[["01k4h4m1r3v8w2x5y7z9abcdef"]]),
    ],
) -> SideBySideOut:
    """Put any plans side by side, drafts included: the figures of each, and what each means for every supplier and buyer."""
    plans = [find(asked.session, asked.scope, Plan, uid) for uid in dict.fromkeys(plan)]
    runs = runs_of(asked.session, plans)
    rows = [
        PartyRowOut(**vars(row.party), plans=[PartyTotalOut(**vars(total)) for total in row.totals])
        for row in compare_parties(asked.session, plans)
    ]
    return SideBySideOut(plans=[plan_out(one, runs[one.run_id]) for one in plans], parties=rows)


@api.get("/plans/{uid}", may=Permission.PLANS_READ)
def get_plan(asked: Reading, uid: Uid) -> PlanDetail:
    """Show a plan in its figures, and how much of it no longer rests on what it was made from."""
    plan = find(asked.session, asked.scope, Plan, uid)
    stale = len(stale_pairs(asked.session, plan)) if plan.state is not PlanState.SUPERSEDED else 0
    # Its staleness changes without its version, so nobody shall keep an old answer.
    asked.if_none_match = None
    return plan_detail(plan, runs_of(asked.session, [plan])[plan.run_id], stale)


@api.get("/plans/{uid}/trips", may=Permission.PLANS_READ)
def list_plan_trips(asked: Reading, uid: Uid, part: Annotated[Part, TRIPS.part()]) -> Page[TripOut]:
    """List the trips of a plan, with their stops and loads."""
    plan = find(asked.session, asked.scope, Plan, uid)
    page: Page[Any] = TRIPS.page(asked, select(PlanTrip).where(PlanTrip.plan_id == plan.id), part, lambda row: row)
    page.items = trips_out(asked.session, page.items)
    return page


@api.get("/plans/{uid}/allocations", may=Permission.PLANS_READ)
def list_plan_allocations(
    asked: Reading,
    uid: Uid,
    part: Annotated[Part, ALLOCATIONS.part()],
    lot: Annotated[SearchText, Query(max_length=100, description="Only of the lot of this code.", examples=["LOT-2027-0017"])] = "",
    line: Annotated[SearchText, Query(max_length=100, description="Only of the line of this code.", examples=["LINE-2027-0004"])] = "",
) -> Page[AllocationOut]:
    """List what a plan sends where."""
    plan = find(asked.session, asked.scope, Plan, uid)
    query: Select[Any] = select(PlanAllocation).where(PlanAllocation.plan_id == plan.id)
    if lot:
        query = query.where(PlanAllocation.lot_id.in_(select(Lot.id).where(Lot.association_id == plan.association_id, Lot.code == lot)))
    if line:
        own = DemandLine.association_id == plan.association_id
        query = query.where(PlanAllocation.line_id.in_(select(DemandLine.id).where(own, DemandLine.code == line)))
    page: Page[Any] = ALLOCATIONS.page(asked, query, part, lambda row: row)
    page.items = allocations_out(asked.session, page.items)
    return page


@api.get("/plans/{uid}/reasons", may=Permission.PLANS_READ)
def list_plan_reasons(asked: Reading, uid: Uid, part: Annotated[Part, REASONS.part()]) -> Page[ReasonOut]:
    """List why lots and lines aren't wholly used."""
    plan = find(asked.session, asked.scope, Plan, uid)
    page: Page[Any] = REASONS.page(asked, select(PlanReason).where(PlanReason.plan_id == plan.id), part, lambda row: row)
    page.items = reasons_out(asked.session, page.items)
    return page


@api.get("/plans/{uid}/prices", may=Permission.PLANS_READ)
def list_plan_prices(asked: Reading, uid: Uid, part: Annotated[Part, PRICES.part()]) -> Page[PriceOut]:
    """List what one more kilogram of each lot and line would add."""
    plan = find(asked.session, asked.scope, Plan, uid)
    page: Page[Any] = PRICES.page(asked, select(PlanPrice).where(PlanPrice.plan_id == plan.id), part, lambda row: row)
    page.items = prices_out(asked.session, page.items)
    return page


@api.get("/plans/{uid}/compare/{other}", may=Permission.PLANS_READ)
def compare_plans(asked: Reading, uid: Uid, other: Uid) -> ComparisonOut:
    """Put two plans side by side: what each is worth, and what goes elsewhere."""
    before, after = (find(asked.session, asked.scope, Plan, name) for name in (uid, other))
    differences = comparison.differences(asked.session, before, after)
    return ComparisonOut(
        before=uid,
        after=other,
        same_input=before.input_digest == after.input_digest,
        figures=[FigureOut(name=one.name, before=one.before, after=one.after) for one in comparison.figures(before, after)],
        differing_pairs=len(differences),
        differences=[DifferenceOut(**vars(one)) for one in differences[:MOST_DIFFERENCES]],
    )


@api.post("/plans/{uid}/publish", may=Permission.PROPOSALS_DECIDE, if_match=True, status=200, audited=False)
def publish_plan(asked: Writing, uid: Uid, given: PublishIn) -> PublishedOut:
    """Publish a draft: put its allocations to suppliers and buyers, and let it take the place of the plan in force.

    The undecided items of the plan in force end; approved items and promises stay as they are. An empty plan, or one for other days, needs
    `confirmed`.
    """
    act = asked.act(given.note or "published")
    done = publishing.publish(asked.session, asked.scope, uid, act, asked.version, confirmed=given.confirmed)
    names = ("replaced", "items", "kg", "changed", "taken", "rejected", "proposed_again")
    shown = plan_out(done.plan, runs_of(asked.session, [done.plan])[done.plan.run_id])
    return PublishedOut(plan=shown, **{name: getattr(done, name) for name in names})


@api.get("/plans/{uid}/download", may=Permission.EXPORTS_READ, responses=FILES)
def download_plan(
    asked: Reading,
    uid: Uid,
    form: Annotated[
        Form, Query(description="`zip`: the folder of CSV tables; `xlsx`: a workbook with the same tables.", examples=["zip"])
    ] = Form.ZIP,
) -> Response:
    """Download a plan in the exchange format, with the input that it was made from."""
    plan = find(asked.session, asked.scope, Plan, uid)
    kept = archives.archived(asked.session, plan)
    content = archives.folder_zip(kept) if form is Form.ZIP else archives.workbook(kept)
    headers = {"content-disposition": f'attachment; filename="plan-{uid}.{form.value}"'}
    return Response(content, media_type="application/zip" if form is Form.ZIP else XLSX, headers=headers)
