"""Planning runs: asked for, watched while worth and bound close in on each other, stopped, tried again."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import parse_qsl

from starlette.responses import Response

from catalog.tenancy import find, visible
from matching.model.errors import BadInput
from matching.policy import policy_of
from matching.texts import Language, remedy
from service.auth.permissions import Permission
from service.http.context import Uid, before
from service.planning.models import Plan, Run
from service.planning.policies.models import AllocationPolicy
from service.planning.policies.records import versions_of
from service.runs import submission
from service.runs.messages import TRIPS, Trips
from service.runs.queue import UNFINISHED
from service.runs.submission import Wanted
from service.views.plans import plan_out, runs_of
from service.views.runs import moment_out, moments, run_out, runs_out
from service.web.context import PageContext, PageRequest
from service.web.forms import Reader
from service.web.lists import part
from service.web.pages import Pages
from service.web.registers.choices import policies
from service.web.texts import mark

pages = Pages("runs")
ROWS = 20
TRIP_WORDS: dict[str, str] = {
    "full": mark("Everything: several pick-ups and drops, and hubs"),
    "direct": mark("One pick-up and one drop a trip"),
    "none": mark("Volumes alone, without trucks"),
}
FIRST: dict[str, tuple[str, tuple[str, ...]]] = {
    "worth": (mark("Worth above all"), ()),
    "contracts": (mark("Contracts first, then worth"), ("contracts", "worth")),
    "spoilage": (mark("What spoils soon first, then worth"), ("spoilage", "worth")),
    "both": (mark("Contracts, then what spoils soon, then worth"), ("contracts", "spoilage", "worth")),
}
"""Orders of goals that a run can be given here; any other by the API."""
GOALS: dict[str, str] = {
    "worth": mark("worth"), "contracts": mark("contracts"), "spoilage": mark("what spoils soon"), "fairness": mark("fairness"),
    "changes": mark("few changes"),
}  # fmt: skip
"""Goals in words, as a run's page tells them."""
SMALL_BELOW_KG = 5_000
"""Suppliers that offer less in all count as small, unless the form says otherwise."""
POLICY_FIELDS = {"goals": "first", "floors": "floor_pct"}
"""Fields of the form for keys of a policy that are named otherwise."""
FAILURES: dict[str, str] = {
    "memory": mark("It needed more memory than it may have. Plan fewer days at a time, or ask for more memory."),
    "no_solution_in_time": mark("It found no plan in its time. Give it more seconds."),
    "crash_loop": mark("Its worker died again and again. Tell those who run the service."),
    "bad_input": mark("What is on offer and asked for contradicts itself; the faults are listed below."),
    "pins_contradict": mark("Pins contradict each other or what is possible; they are listed below. Take one of them back."),
    "cluster_lost": mark("The machines that plan can't be reached. Try again later."),
    "solver_error": mark("The planner broke down. Try again; if it happens again, tell those who run the service."),
    "internal": mark("Something went wrong on our side. Try again; if it happens again, tell those who run the service."),
}


def _list(visit: PageContext) -> Response:
    """Show the form of a new run, and the runs that there were."""
    rows, more = part(visit, visible(Run, visit.scope), (Run.created_at, Run.id), rows=ROWS, descending=True)
    choices = [(name, visit.say(TRIP_WORDS[name])) for name in reversed(TRIPS)]
    usual = {"time_limit_s": f"{visit.settings.run_seconds:g}", "most": visit.settings.run_seconds_most}
    first = [(name, visit.say(words)) for name, (words, _) in FIRST.items()]
    return visit.show(
        "broker/runs.html", rows=runs_out(visit.session, rows), more=more, trips=choices, usual=usual, first=first,
        policies=policies(visit), chosen=dict(parse_qsl(visit.query)).get("policy", ""),
    )  # fmt: skip


def _policy(read: Reader, language: Language) -> dict[str, Any]:
    """Read what is wanted of the plan beside worth, as ``policy.json`` holds it; empty for nothing. Its faults are told in a language."""
    goals = FIRST.get(read.text("first") or "worth", FIRST["worth"])[1]
    floor, small = read.decimal("floor_pct"), read.whole("small_below_kg")
    cap, frozen, change = read.decimal("cap_pct"), read.whole("frozen_days"), read.whole("change_vnd_per_kg")
    stated: dict[str, Any] = {"goals": list(goals)} if goals else {}
    if floor:
        stated["floors"] = [{"share_pct": float(floor), "small_below_kg": SMALL_BELOW_KG if small is None else small}]
    given = {"cap_pct": None if cap is None else float(cap), "frozen_days": frozen, "change_vnd_per_kg": change}
    stated |= {name: value for name, value in given.items() if value}
    try:
        return policy_of(stated).as_json() if stated else {}
    except BadInput as error:
        for one in error.issues:
            column = (one.column or "goals").split(".")[0].split("[")[0]
            read.wrong(POLICY_FIELDS.get(column, column), one.value, remedy(one, language))
        return {}


@pages.get("/runs", may=Permission.RUNS_READ)
def list_runs(visit: PageRequest) -> Response:
    """Show runs, the newest first, and the form of a new one."""
    return _list(visit)


@pages.post("/runs", may=Permission.RUNS_WRITE, form=_list)
def start_run(visit: PageRequest) -> Response:
    """Ask for a run, and go and watch it."""
    read = Reader(visit.form)
    first, last, seconds = read.day("horizon_from"), read.day("horizon_until"), read.decimal("time_limit_s")
    seed, note, trips = read.whole("seed") or 0, read.text("note", most=500) or "", read.text("trips") or "full"
    if seed > 2**31 - 1:
        read.wrong("seed", seed, f"at most {2**31 - 1}")
    policy, source = _policy(read, "vi" if visit.language == "vi" else "en"), {}
    if kept := read.text("policy"):
        row = find(visit.session, visit.scope, AllocationPolicy, kept)
        policy, source = row.stated, {"uid": row.uid, "version": versions_of(visit.session, row)[0].number}
    read.done()
    seconds_most = None if seconds is None else float(seconds)
    wanted = Wanted(first, last, seconds_most, seed, cast(Trips, trips), note=note, policy=policy, policy_source=source)
    run, _ = submission.submit(visit.session, visit.scope, wanted, visit.by, visit.settings)
    visit.did("run.submit", run)
    return visit.go(f"/runs/{run.uid}")


@pages.get("/runs/{uid}", may=Permission.RUNS_READ)
def watch_run(visit: PageRequest, uid: Uid) -> Response:
    """Show a run while it works, and what came of it."""
    run = find(visit.session, visit.scope, Run, uid)
    told = [moment_out(row) for row in moments(visit.session, run.id, 0)]
    plan = visit.session.query(Plan).where(Plan.run_id == run.id).one_or_none()
    shown: Any = None if plan is None else plan_out(plan, runs_of(visit.session, [plan])[plan.run_id])
    why = visit.say(FAILURES[run.failure_code]) if run.failure_code in FAILURES else run.failure_detail
    return visit.show(
        "broker/run.html", run=run_out(visit.session, run), moments=told, plan=shown, works=run.state in UNFINISHED, why=why,
        trips=visit.say(TRIP_WORDS.get(str(run.parameters.get("trips", "full")), "")),
        goals={name: visit.say(words) for name, words in GOALS.items()}, source=run.parameters.get("policy_source"),
    )  # fmt: skip


@pages.post("/runs/{uid}/stop", may=Permission.RUNS_WRITE)
def stop_run(visit: PageRequest, uid: Uid) -> Response:
    """Stop a run and keep its best plan."""
    was = before(find(visit.session, visit.scope, Run, uid))
    run = submission.stop(visit.session, visit.scope, uid, visit.by)
    visit.session.refresh(run)
    visit.did("run.stop", run, was)
    return visit.go(f"/runs/{uid}", visit.say("The run is stopping and hands over its best plan."), "info")


@pages.post("/runs/{uid}/retry", may=Permission.RUNS_WRITE)
def retry_run(visit: PageRequest, uid: Uid) -> Response:
    """Ask for a run like one that has ended."""
    run = submission.retry(visit.session, visit.scope, uid, visit.by, visit.settings)
    visit.did("run.retry", run)
    return visit.go(f"/runs/{run.uid}")
