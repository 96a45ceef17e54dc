"""Planning runs: ask for one, follow it by polling or by server-sent events, stop it and keep its best plan, try it again."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Header, Query
from pydantic import Field
from starlette.responses import Response

from catalog.errors import NotFound
from catalog.given import Given
from catalog.tenancy import find, visible
from service.api import run_stream
from service.auth.permissions import Permission
from service.http.context import Reading, Uid, Writing, before
from service.http.lists import Listing, Page, Part
from service.http.routing import Api
from service.planning.models import Run, RunInput
from service.planning.states import RunState
from service.runs import submission
from service.runs.messages import Trips
from service.runs.submission import Wanted
from service.views.policies import PolicyIn
from service.views.runs import ProgressOut, RunOut, moment_out, moments, run_out, runs_out

api = Api("runs", "Planning runs: ask for a plan, follow it, stop it, try it again.")
EVENT: dict[str, Any] = {
    "type": "object",
    "description": "One event of the stream.",
    "properties": {
        "event": {"type": "string", "enum": ["state", "progress", "end"]},
        "id": {"type": "string", "description": "Goes back as Last-Event-ID."},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "retry": {"type": "integer", "description": "Milliseconds after which to connect again."},
    },
    "required": ["event", "data"],
}
EVENT_EXAMPLE = {
    "event": "progress",
    "id": "17",
    "data": '{"seq":17,"attempt":1,"seconds":12.5,"phase":"improve","objective_vnd":2352226107,"bound_vnd":2678995157,"gap":0.121974}',
}
RUNS = Listing("runs", {"created_at": (Run.created_at, Run.id)}, "-created_at")
ZIP: dict[int | str, dict[str, Any]] = {
    200: {"description": "A zip of CSV tables.", "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}
}
LAST_EVENT = "Number of the last event that was seen, as the browser sends it when it connects again."


class RunIn(Given):
    """What is to be planned, and within what."""

    horizon_from: date | None = Field(
        None, description="First day on which a truck may stop; where it is absent, lots and lines say.", examples=["2027-06-07"]
    )
    horizon_until: date | None = Field(
        None, description="Last day on which a truck may stop; where it is absent, lots and lines say.", examples=["2027-06-20"]
    )
    time_limit_s: float | None = Field(
        None, ge=1, le=86_400, description="Seconds that the planner has; where it is absent, the service's usual.", examples=[60]
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="The same seed makes the same choices.", examples=[7])
    trips: Trips = Field(
        "full", description="`none`: volumes alone; `direct`: one pick-up and one drop a trip; `full`: everything.", examples=["full"]
    )
    iterations: int | None = Field(
        None, ge=1, le=10**9, description="End after so many steps of the search; gives the same plan on any machine.", examples=[20_000]
    )
    schedule_key: str | None = Field(
        None, min_length=1, max_length=200, description="Names a planned occasion: a second run of the same occasion is never made.",
        examples=["nightly-2027-06-07"],
    )  # fmt: skip
    note: str = Field("", max_length=500, description="Anything about the run, in words.", examples=["Sau mưa đá ở Lục Ngạn"])
    policy: PolicyIn | None = Field(None, description="What is wanted of the plan beside worth; absent for nothing.", examples=[None])

    def wanted(self) -> Wanted:
        """Return it as the use-case takes it."""
        return Wanted(
            self.horizon_from, self.horizon_until, self.time_limit_s, self.seed, self.trips, self.iterations, self.schedule_key, self.note,
            {} if self.policy is None else self.policy.stated(),
        )  # fmt: skip


@api.get("/runs", may=Permission.RUNS_READ)
def list_runs(
    asked: Reading,
    part: Annotated[Part, RUNS.part()],
    state: Annotated[list[RunState], Query(max_length=6, description="Only runs that stand here.", examples=[["queued", "running"]])] = [],  # noqa: B006
) -> Page[RunOut]:
    """List planning runs."""
    query = visible(Run, asked.scope)
    if state:
        query = query.where(Run.state.in_(state))
    page: Page[Any] = RUNS.page(asked, query, part, lambda run: run)
    page.items = runs_out(asked.session, page.items)
    return page


@api.post("/runs", may=Permission.RUNS_WRITE, status=202)
def submit_run(asked: Writing, given: RunIn) -> RunOut:
    """Ask for a plan.

    The run waits for a worker; follow it at the address in `Location`. It is made from what is offered and asked for when it begins.
    """
    run, new = submission.submit(asked.session, asked.scope, given.wanted(), asked.by, asked.settings)
    if new:
        asked.did("run.submit", run)
    else:
        asked.note("run.same_occasion", "run", run.uid, why=given.schedule_key or "")
    asked.headers["location"] = f"{asked.path.rstrip('/')}/{run.uid}"
    return run_out(asked.session, run)


@api.get("/runs/{uid}", may=Permission.RUNS_READ)
def get_run(asked: Reading, uid: Uid) -> RunOut:
    """Show a planning run: where it stands, its plan, or why it failed."""
    return run_out(asked.session, find(asked.session, asked.scope, Run, uid))


@api.get("/runs/{uid}/progress", may=Permission.RUNS_READ)
def get_run_progress(
    asked: Reading,
    uid: Uid,
    after: Annotated[int, Query(ge=0, le=10**9, description="Only moments after this number.", examples=[0])] = 0,
) -> ProgressOut:
    """Show how a run's best plan and its bound came closer, for polling.

    Ask again with `after` = the last `seq` while the state is `queued`, `running` or `stopping`; once a second is plenty.
    """
    run = find(asked.session, asked.scope, Run, uid)
    return ProgressOut(state=run.state, items=[moment_out(row) for row in moments(asked.session, run.id, after)])


@api.get(
    "/runs/{uid}/events",
    may=Permission.RUNS_READ,
    response_class=Response,
    responses={
        200: {
            "description": "Events `state`, `progress` and, as the last one, `end`.",
            "content": {"text/event-stream": {"schema": EVENT, "example": EVENT_EXAMPLE}},
        },
        204: {"description": "The end has been seen already; browsers then stop asking."},
    },
)
async def follow_run(
    asked: Reading,
    uid: Uid,
    last_event_id: Annotated[
        str | None, Header(max_length=40, description=LAST_EVENT, examples=["17"], pattern=r"^(end:)?[0-9]{0,10}$")
    ] = None,
) -> Response:
    """Follow a run by server-sent events.

    Each `progress` has its number as id, so that a connection that breaks resumes where it was. The stream ends with `end`, whose data are
    the run as `GET /runs/{uid}` shows it; whoever connects again after that gets 204, upon which browsers stop.
    """
    return await run_stream.follow(asked, uid, last_event_id or "")


@api.post("/runs/{uid}/stop", may=Permission.RUNS_WRITE, status=202)
def stop_run(asked: Writing, uid: Uid) -> RunOut:
    """Stop a run and keep its best plan.

    A run that waits ends at once. One that works has some seconds to hand over its plan; follow it to its end.
    """
    was = before(find(asked.session, asked.scope, Run, uid))
    run = submission.stop(asked.session, asked.scope, uid, asked.by)
    asked.session.refresh(run)
    asked.did("run.stop", run, was)
    return run_out(asked.session, run)


@api.post("/runs/{uid}/retry", may=Permission.RUNS_WRITE, status=202)
def retry_run(asked: Writing, uid: Uid) -> RunOut:
    """Ask for a run like one that has ended, on what is offered and asked for by then."""
    run = submission.retry(asked.session, asked.scope, uid, asked.by, asked.settings)
    asked.did("run.retry", run)
    asked.headers["location"] = f"{asked.path.rsplit('/', 2)[0]}/{run.uid}"
    return run_out(asked.session, run)


@api.get(
    "/runs/{uid}/input",
    may=Permission.EXPORTS_READ,
    response_class=Response,
    responses={
        200: {"description": "A zip of CSV tables.", "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}
    },
)
def download_run_input(asked: Reading, uid: Uid) -> Response:
    """Download what a run was made from, in the exchange format, so that it can be played again."""
    run = find(asked.session, asked.scope, Run, uid)
    kept = asked.session.get(RunInput, run.id)
    if kept is None:
        raise NotFound("run input", uid)
    headers = {"content-disposition": f'attachment; filename="run-{uid}-input.zip"'}
    return Response(kept.content, media_type=kept.media_type, headers=headers)
