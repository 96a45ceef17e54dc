"""What is shown of a planning run, for those who ask for it and for those who follow it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.http.shapes import Out, shown
from service.planning.models import Plan, Run, RunProgress
from service.planning.states import RunState
from service.views.policies import PolicyOut, policy_out

MOST_MOMENTS = 1000


class IssueOut(Out):
    """One fault of what was to be planned."""

    table: str = Field(description="Table of the exchange format.", examples=["decisions"])
    row: int = Field(description="Row as a spreadsheet shows it; the first record is row 2.", examples=[2])
    column: str = Field(description="Column; empty for the whole row.", examples=["kg"])
    value: str = Field(description="What stands there.", examples=["LOT-17 LINE-4 500"])
    expected: str = Field(description="What should stand there.", examples=["one pin of this lot, which is indivisible"])
    vi: str = Field("", description="The same in Vietnamese; empty where nobody has said it.", examples=["Ghi số nguyên từ 0 đến 36.500."])


class RunOut(Out):
    """A planning run."""

    uid: str
    state: RunState = Field(description="`queued`, `running`, `stopping`; and at the end `done`, `stopped` or `failed`.", examples=["done"])
    horizon_from: date | None = Field(description="First day planned, where it was given.", examples=["2027-06-07"])
    horizon_until: date | None = Field(description="Last day planned, where it was given.", examples=["2027-06-20"])
    time_limit_s: float = Field(description="Seconds that the planner has.", examples=[60])
    seed: int = Field(description="The same seed makes the same choices.", examples=[7])
    trips: str = Field(description="Which trips a plan may use.", examples=["full"])
    iterations: int | None = Field(description="Limit of the search's steps, if there is one.", examples=[None])
    schedule_key: str | None = Field(description="The planned occasion, if it was one.", examples=["nightly-2027-06-07"])
    note: str
    policy: PolicyOut | None = Field(description="What is wanted of the plan beside worth; absent for nothing.", examples=[None])
    parent: str | None = Field(description="Uid of the run that this one tries again.", examples=[None])
    plan: str | None = Field(description="Uid of its plan, once there is one.", examples=["01k4h4m1r3v8w2x5y7z9abcdef"])
    attempt: int = Field(description="Which attempt this is; more than 1 after a worker was lost.", examples=[1])
    input_digest: str | None = Field(description="SHA-256 of what it is made from, once that was read.", examples=["0" * 64])
    started_at: datetime | None = Field(description="When the first attempt began.", examples=["2027-06-07T05:00:00Z"])
    finished_at: datetime | None = Field(description="When it ended.", examples=["2027-06-07T05:01:02Z"])
    failure_code: str | None = Field(
        description="Why it failed: `memory`, `no_solution_in_time`, `crash_loop`, `bad_input`, `pins_contradict`, `cluster_lost`,"
        " `solver_error` or `internal`.",
        examples=[None],
    )
    failure_detail: str | None = Field(description="Why it failed, in words.", examples=[None])
    issues: list[IssueOut] = Field(description="The faults of what was to be planned; pins that contradict are named here.", examples=[[]])
    remark: str = Field(description="What is odd about its end, though it didn't fail.", examples=[""])
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


class MomentOut(Out):
    """A moment of a run."""

    seq: int = Field(description="Number of the moment; ask for those after the last one seen.", examples=[3])
    attempt: int = Field(description="The attempt that it belongs to.", examples=[1])
    seconds: float = Field(description="Seconds since the attempt's planner began.", examples=[12.5])
    phase: str = Field(description="What the planner is doing.", examples=["improve"])
    objective_vnd: int | None = Field(description="Worth of the best plan so far, đồng.", examples=[812_000_000])
    bound_vnd: int | None = Field(description="No plan can be worth more, đồng.", examples=[830_000_000])
    gap: float | None = Field(description="(bound − best) ÷ |bound|.", examples=[0.0217])


class ProgressOut(Out):
    """How far a run has come."""

    state: RunState = Field(description="Where the run stands.", examples=["running"])
    items: list[MomentOut] = Field(description=f"Moments after the one asked for, up to {MOST_MOMENTS}.")


def run_out(session: Session, run: Run) -> RunOut:
    """Return what is shown of a run."""
    return runs_out(session, [run])[0]


def runs_out(session: Session, runs: Sequence[Run]) -> list[RunOut]:
    """Return what is shown of runs, with the uids of their plans and of the runs that they try again."""
    plan_uids = select(Plan.run_id, Plan.uid).where(Plan.run_id.in_([run.id for run in runs]))
    plans = dict(session.execute(plan_uids).all())
    parent_uids = select(Run.id, Run.uid).where(Run.id.in_([run.parent_id for run in runs if run.parent_id is not None]))
    parents = dict(session.execute(parent_uids).all())
    return [
        shown(
            RunOut,
            run,
            trips=run.parameters.get("trips", "full"),
            iterations=run.parameters.get("iterations"),
            note=run.parameters.get("note", ""),
            policy=policy_out(run.parameters.get("policy")),
            parent=None if run.parent_id is None else parents.get(run.parent_id),
            plan=plans.get(run.id),
            issues=[IssueOut.model_construct(**issue) for issue in run.failure_issues or ()],
        )
        for run in runs
    ]


def moment_out(row: RunProgress) -> MomentOut:
    """Return what is shown of a moment."""
    gap = None
    if row.objective_vnd is not None and row.bound_vnd is not None:
        gap = round((row.bound_vnd - row.objective_vnd) / max(1, abs(row.bound_vnd)), 6)
    return shown(MomentOut, row, gap=gap)


def moments(session: Session, run_id: int, after: int) -> list[RunProgress]:
    """Return the moments of a run after a number."""
    query = select(RunProgress).where(RunProgress.run_id == run_id, RunProgress.seq > after)
    return list(session.scalars(query.order_by(RunProgress.seq).limit(MOST_MOMENTS)))
