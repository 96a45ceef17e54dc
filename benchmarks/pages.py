"""How heavy the pages are and how long the service works on each: ``python -m benchmarks.pages``.

A season of 3,000 lots and 900 lines, planned by telephone, is served by granian and read as a browser reads it: the page,
then everything that it names, compressed. What is kept for ever counts once for a first visit. Milliseconds are those of the page
itself, over a connection that is open, the median of some readings.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from benchmarks.instances import SHAPES, write_instance
from benchmarks.loading import _plan as planned
from benchmarks.machine import describe_machine
from benchmarks.service_speed import _serving as serving
from benchmarks.service_speed import service_app
from benchmarks.tables import markdown
from buyers.models import DemandLine
from catalog.base import now_utc
from catalog.models import Association, Lot, Organisation
from catalog.tenancy import Scope
from matching.io import read_problem
from service.auth import accounts
from service.auth.accounts import UserIn
from service.auth.tokens import new_token, token_hash
from service.db import Database, now
from service.models import Role, User
from service.models import Session as Login
from service.planning import models as m
from service.planning.ledger.transitions import Act
from service.planning.plans import storing
from service.planning.plans.exporting import pack
from service.planning.plans.importing import import_problem
from service.planning.plans.problem_builder import Loaded, load
from service.planning.states import RunState
from service.runs import publishing
from service.runs.inputs import ZIP, rows_of
from service.server import set_aside

Row = dict[str, Any]
NAMED = re.compile(r'(?:src|href)="(/static/[^"#]+)')
LIMITS_KB = {"cooperative": 60, "broker": 300}
"""Most compressed bytes of a first visit, 1,000 each."""
HEADERS = {"accept": "text/html", "accept-encoding": "br"}


def pages_app() -> Any:
    """Return the service as `mca serve` starts it, on the database that the environment names; granian calls this."""
    app = service_app()
    set_aside()
    return app


class Open:
    """A lot or line that a plan leaves open, of the organisation that has most of them.

    Attributes
    ----------
    uid, home : of the row, and of its organisation.
    """

    def __init__(self, session: Any, model: Any, owner: Any, left: Any) -> None:
        most = select(owner).join(m.PlanReason, left == model.id).group_by(owner).order_by(func.count().desc(), owner).limit(1)
        home = session.scalars(most).one()
        self.home = session.get_one(Organisation, home).uid
        mine = select(model.uid).join(m.PlanReason, left == model.id).where(owner == home).order_by(model.id).limit(1)
        self.uid = session.scalars(mine).one()


class Season:
    """A season in a database, with a person of each role.

    Attributes
    ----------
    url : of its database.
    plan, run : uid of its plan, and of the run that made it.
    lot, line : uid of one of the cooperative's lots and one of the buyer's lines that the plan leaves open.
    tokens : the cookie that logs a role in.
    sizes : what there is: lots, lines, proposals, trips.
    """

    def __init__(self, folder: Path, shape: str) -> None:
        self.url = f"sqlite:///{folder}/pages.db"
        self.database = Database(self.url)
        self.database.upgrade()
        write_instance(folder / "in", SHAPES[shape], seed=1)
        problem = read_problem(folder / "in")
        with self.database.write() as session:
            association = Association(code="bench", name="Liên minh")
            session.add(association)
            session.flush()
            self.association = association.id
            import_problem(session, self.association, problem, "bench", file_name="bench")
            loaded = load(session, self.association)
            run = m.Run(association_id=self.association, state=RunState.DONE, parameters={}, updated_by="bench")
            session.add(run)
            session.flush()
            session.add(m.RunInput(run_id=run.id, media_type=ZIP, rows=rows_of(loaded), content=pack(loaded.problem)))
            self.run, self.plan = run.uid, publish_telephone_plan(session, loaded, run.id)
            lot, line = (
                Open(session, Lot, Lot.supplier_id, m.PlanReason.lot_id),
                Open(session, DemandLine, DemandLine.organisation_id, m.PlanReason.line_id),
            )
            self.lot, self.line = lot.uid, line.uid
            homes = {Role.CLERK: lot.home, Role.PROCUREMENT: line.home}
            people = (Role.CLERK, Role.PROCUREMENT, Role.BROKER, Role.MANAGER)
            self.tokens = {role: self._person(session, role, homes.get(role)) for role in people}
            proposals = session.scalar(select(func.count()).select_from(m.ProposalItem))
            trips = session.scalar(select(func.count()).select_from(m.PlanTrip))
        self.sizes = {"lots": problem.n_lots, "lines": problem.n_lines, "proposals": proposals, "trips": trips}
        self.database.tune()
        self.database.close()

    def _person(self, session: Any, role: Role, home: str | None) -> str:
        given = UserIn(login=f"{role}@bench.example", name=f"Người {role}", roles=(role,), organisation=home)
        user: User = accounts.add_user(session, Scope(self.association), given, None, "bench", [Role.ADMINISTRATOR])
        token = new_token()
        session.add(
            Login(user_id=user.id, token_hash=token_hash(token), csrf_hash=token_hash("-"), expires_at=now_utc() + timedelta(hours=1))
        )
        return token


def publish_telephone_plan(session: Session, loaded: Loaded, run_id: int) -> str:
    """Store the plan that a telephone would make, publish it, and return its uid."""
    draft = storing.store(session, loaded, planned(loaded.problem), "bench", run_id)
    publishing.publish(session, Scope(loaded.association_id), draft.uid, Act("bench", "benchmark", now(session)))
    return draft.uid


def places(season: Season) -> list[tuple[str, Role, str, tuple[str, ...]]]:
    """Return what is measured: the part of the workbench, who reads it, the page, and what its script asks for."""
    plan = season.plan
    return [
        ("cooperative", Role.CLERK, "/lots", ()),
        ("cooperative", Role.CLERK, "/lots/new", ()),
        ("cooperative", Role.CLERK, f"/lots/{season.lot}", ()),
        ("cooperative", Role.CLERK, f"/lots/{season.lot}?look=1", ()),
        ("cooperative", Role.CLERK, "/offers", ()),
        ("cooperative", Role.CLERK, "/sales", ()),
        ("cooperative", Role.CLERK, "/certificates", ()),
        ("procurement", Role.PROCUREMENT, "/demand", ()),
        ("procurement", Role.PROCUREMENT, f"/lines/{season.line}", ()),
        ("procurement", Role.PROCUREMENT, "/orders/new", ()),
        ("procurement", Role.PROCUREMENT, "/offers", ()),
        ("procurement", Role.PROCUREMENT, "/deliveries", ()),
        ("procurement", Role.PROCUREMENT, "/contracts", ()),
        ("procurement", Role.PROCUREMENT, "/fill", ()),
        ("broker", Role.BROKER, "/plans", ()),
        ("broker", Role.BROKER, f"/plans/{plan}", (f"/plans/{plan}/board",)),
        ("broker", Role.BROKER, f"/plans/{plan}/board", ()),
        ("broker", Role.BROKER, f"/plans/{plan}/trips/0", ()),
        ("broker", Role.BROKER, f"/plans/{plan}/open", ()),
        ("broker", Role.BROKER, f"/plans/{plan}/policy", ()),
        ("broker", Role.BROKER, f"/plans/{plan}/print", ()),
        ("broker", Role.BROKER, "/runs", ()),
        ("broker", Role.BROKER, f"/runs/{season.run}", ()),
        ("broker", Role.BROKER, "/shipments", ()),
        ("association", Role.MANAGER, "/season", ()),
        ("association", Role.MANAGER, "/season/rows?what=offered&of=lots", ()),
        ("association", Role.MANAGER, "/season/suppliers", ()),
        ("association", Role.MANAGER, "/season/freight", ()),
        ("association", Role.MANAGER, "/people", ()),
        ("association", Role.MANAGER, "/trail", ()),
        ("association", Role.MANAGER, "/rules", ()),
    ]


def measure(season: Season, address: str, repeat: int) -> list[Row]:
    """Return a row for each page."""
    rows = []
    for part, role, place, more in places(season):
        with httpx.Client(base_url=address, headers=HEADERS, cookies={"mca_session": season.tokens[role]}, timeout=120) as client:
            sizes, taken = [_weight(client, place)], []
            html = client.get(place).text
            sizes += [_weight(client, other) for other in [*dict.fromkeys(NAMED.findall(html)), *more]]
            for _ in range(repeat):
                began = time.perf_counter()
                client.get(place)
                taken.append((time.perf_counter() - began) * 1000)
        shown = re.sub(r"[0-9a-z]{26}", "…", place)
        rows.append({"part": part, "page": shown, "kB": round(sizes[0] / 1000, 1), "first visit, kB": round(sum(sizes) / 1000, 1),
                     "requests": len(sizes), "ms": round(median(taken))})  # fmt: skip
    return rows


def _weight(client: httpx.Client, place: str) -> int:
    """Return the bytes of an answer as they travel."""
    with client.stream("GET", place) as answer:
        if answer.status_code != 200:
            raise RuntimeError(f"{place} answers {answer.status_code}")
        return sum(len(part) for part in answer.iter_raw())


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; exit status 1 if a page is heavier than it may be."""
    parser = argparse.ArgumentParser("python -m benchmarks.pages", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shape", choices=list(SHAPES), default="province", help="which instance, by default 3,000 lots and 900 lines")
    parser.add_argument("--repeat", type=int, default=9, help="readings of which the median is taken")
    given = parser.parse_args(arguments)
    print(markdown([{"machine": key, "": value} for key, value in describe_machine().items()]), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        season = Season(Path(folder), given.shape)
        with serving("benchmarks.pages:pages_app", {"MCA_DATABASE_URL": season.url}) as port:
            rows = measure(season, f"http://127.0.0.1:{port}", given.repeat)
    print(f"\n## {', '.join(f'{count:,} {name}' for name, count in season.sizes.items())}\n\n{markdown(rows)}", flush=True)
    heavy = [row for row in rows if row["first visit, kB"] > LIMITS_KB.get(row["part"], 300)]
    return 1 if heavy else 0


if __name__ == "__main__":
    sys.exit(main())
