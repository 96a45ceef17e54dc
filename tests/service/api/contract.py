"""Ask every operation of the API what its description allows and what it doesn't, as every role, and check each answer.

``python -m tests.service.api.contract --examples 50`` asks for longer than the tests do, ``--dialect postgresql`` on a server that it
brings up itself; ``--only /lots`` asks one part.

Each case goes out once as each role. The rows that a case names are real ones wherever it is allowed at all, so that it gets beyond
"there is no such thing". Each GET that is allowed is asked again with HEAD and OPTIONS. All of schemathesis's checks are made. One of
them, that data which the description allows is never refused, can't know what a description can't say: that a code is taken, a window
upside down, a row in another state. Such a refusal has a code of its own, so here it must not be one of the codes that speak of the
description.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import CHECKS, load_all_checks

from service.app import create_app
from service.auth import keys
from service.db import Database
from service.http.admission import Service
from service.models import Role, User
from service.settings import Settings
from tests.service import chaos
from tests.service.api.conftest import World, add_user, client_of, log_in, of_role
from tests.service.sample_database import Furnished, seen_of

load_all_checks()
OF_SHAPE = {"invalid_request", "bad_json", "unknown_parameter", "unsupported_media_type", "if_match_required"}
"""Codes that say that a request isn't what the description allows."""
TABLES = {
    "lots": "lot", "lines": "demand_line", "orders": "buyer_order", "contracts": "contract", "associations": "association",
    "organisations": "organisation", "members": "member", "sites": "site", "products": "product", "certificates": "certificate",
    "suspensions": "suspension", "evidence": "evidence", "planting-areas": "planting_area", "vehicles": "vehicle_class",
    "access-rules": "access_rule", "roads": "road", "users": "user_account", "keys": "api_key", "logins": "login_session",
    "proposals": "proposal", "proposal-items": "proposal_item", "shipments": "shipment", "receipts": "receipt",
    "settlements": "settlement", "runs": "run", "plans": "plan", "decisions": "decision", "webhook-endpoints": "webhook_endpoint",
    "webhook-deliveries": "webhook_delivery",
}  # fmt: skip
"""The table that the first word of an address names."""
FIELDS = {
    "organisation": "organisation", "site": "site", "buyer": "organisation", "supplier": "organisation", "from_site": "site",
    "to_site": "site", "lot": "lot", "line": "demand_line", "evidence": "evidence", "base_site": "site", "sponsor": "organisation",
    "plan": "plan",
}  # fmt: skip
"""The table that a field of a body names by uid."""


@dataclass
class Caller:
    """What a role shows, and the uids of its rows by table."""

    headers: dict[str, str]
    uids: dict[str, list[str]] = field(default_factory=dict)
    renew: Callable[[], dict[str, str]] | None = None


@dataclass
class Report:
    """What was asked and what went wrong: by operation and kind of failure, the first of each."""

    statuses: Counter[int] = field(default_factory=Counter)
    roles: Counter[str] = field(default_factory=Counter)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)
    asked: int = 0


def callers(database: Database, roles: list[Role]) -> dict[Role, Caller]:
    """Make a world and a key for each role, for one role a login, so that both ways in are asked."""
    made: dict[Role, Caller] = {}
    with database.write() as session:
        market = World(session).ours
    Furnished(database, market.association.id)
    with database.write() as session:
        for role in roles:
            home = of_role(role, market)
            if role is Role.MANAGER:
                made[role] = _by_cookie(database, session, add_user(session, role, market))
            else:
                _, text = keys.issue(session, market.association.id, home.id if home else None, "contract", role, by="test")
                made[role] = Caller({"Authorization": f"Bearer {text}"})
        spare = add_user(session, Role.BROKER, market)
        spare_key, _ = keys.issue(session, market.association.id, None, "spare", Role.PARTNER, ["lots:read"], by="test")
        uids = seen_of(session, market.association.id)
    uids |= {"user_account": [spare.uid], "api_key": [spare_key.uid], "association": [market.association.uid]}
    for caller in made.values():
        caller.uids = uids
    return made


def _by_cookie(database: Database, session: Any, user: User) -> Caller:
    def shown(token: str, csrf: str) -> dict[str, str]:
        return {"Cookie": f"mca_session={token}", "X-CSRF-Token": csrf}

    def renew() -> dict[str, str]:
        with database.write() as another:
            return shown(*log_in(another, user))

    return Caller(shown(*log_in(session, user)), renew=renew)


def refused_as_stated(ctx: Any, response: Any, case: Any) -> bool | None:
    """Check that what the description allows is refused for another reason alone; see the module."""
    if response.status_code in {400, 410, 412, 422} and response.headers.get("content-type", [""])[0] == "application/problem+json":
        assert response.json()["code"] not in OF_SHAPE or _is_negative(case), response.text
        return None
    original: Any = CHECKS.get_one("positive_data_acceptance")
    return original(ctx, response, case)  # type: ignore[no-any-return]


def _is_negative(case: Any) -> bool:
    return case.meta is None or case.meta.generation.mode.value != "positive"


CHECKED = [refused_as_stated if check.__name__ == "positive_data_acceptance" else check for check in CHECKS.get_all()]


def ask(
    app: FastAPI,
    who: dict[Role, Caller],
    examples: int,
    only: Sequence[str] = (),
    budget_s: float = 1e9,
    chosen: int = 0,
    roles_each: int = 0,
    part: tuple[int, int] = (0, 1),
) -> Report:
    """Ask each operation.

    Parameters
    ----------
    examples : cases for each operation; half of them are allowed by its description.
    only : parts of operations' names, one of which they hold; none for all operations.
    budget_s : time after which no further operation is asked, s.
    chosen : the seed.
    part : which part of how many, so that a part of the operations is asked on each database.
    roles_each : as how many roles each operation is asked, in turn, so that each role gets its share of all of them; 0 for all roles.
    """
    report, began, roles = Report(), time.monotonic(), list(who)
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    asked: list[Any] = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]
    for number, operation in enumerate(asked):
        wanted = not only or any(word in operation.label for word in only)
        if wanted and number % part[1] == part[0] and time.monotonic() - began < budget_s:
            first = number * roles_each + chosen
            turn = [roles[(first + n) % len(roles)] for n in range(roles_each)] or roles
            _ask_one(operation, {role: who[role] for role in turn}, examples, chosen, report)
    return report


def _ask_one(operation: Any, who: dict[Role, Caller], examples: int, chosen: int, report: Report) -> None:
    for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):

        def asked(case: Any) -> None:
            for role, caller in who.items():
                _send(case, role, caller, report)

        limits = hypothesis_settings(
            max_examples=max(1, examples // 2), database=None, deadline=None, derandomize=False, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        try:
            generating: Any = given(operation.as_strategy(generation_mode=mode))
            seeding: Any = seed(chosen)
            seeding(limits(generating(asked)))()
        except Exception as error:  # noqa: BLE001  Whatever an operation does, the others are asked too.
            # An operation without parameters and body has nothing that could be wrong about it.
            if "Unsatisfiable" not in type(error).__name__ and "negative" not in str(error).lower():
                report.failures.setdefault((operation.label, type(error).__name__), str(error)[:500])


def _send(case: Any, role: Role, caller: Caller, report: Report) -> None:
    if not _is_negative(case):
        _make_real(case, caller)
    for name in ("Authorization", "Cookie", "X-CSRF-Token", "MCA-Association"):
        (case.headers or {}).pop(name, None)
    response = case.call(headers=caller.headers)
    if response.status_code == 204 and caller.renew is not None and ("logout" in case.operation.path or "logins" in case.operation.path):
        caller.headers = caller.renew()
    report.statuses[response.status_code] += 1
    report.roles[role.value] += 1
    report.asked += 1
    if case.method == "GET" and not _is_negative(case):
        _check_head(case, role, caller, response, report)
    try:
        case.validate_response(response, checks=CHECKED, headers=caller.headers)
    except BaseException as error:
        for one in getattr(error, "exceptions", [error]):
            where = (case.operation.label, f"{role} {type(one).__name__}")
            report.failures.setdefault(where, f"{str(one)[:600]}\n{case.as_curl_command()[:900]}")
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise


def _check_head(case: Any, role: Role, caller: Caller, got: Any, report: Report) -> None:
    """Ask the same with HEAD, which must answer as GET does but for the body, and with OPTIONS, which must name all three methods."""
    if got.headers.get("content-type", [""])[0].startswith("text/event-stream"):
        return
    given = {
        name: value for name, value in case.as_transport_kwargs(headers=caller.headers).items() if name in {"url", "params", "headers"}
    }
    client = client_of(case.operation.schema.app)
    head, options = client.request("HEAD", **given), client.request("OPTIONS", **given)
    kinds = [one.partition(";")[0] for one in (got.headers.get("content-type", [""])[0], head.headers.get("content-type", ""))]
    wrong = {
        "HEAD has a body": bool(head.content),
        f"HEAD answers {head.status_code}, GET {got.status_code}": head.status_code != got.status_code,
        f"HEAD has the types {kinds}": kinds[0] != kinds[1],
        f"OPTIONS answers {options.status_code} {options.headers.get('allow')}": options.status_code != 204
        or not {"GET", "HEAD", "OPTIONS"} <= set(options.headers.get("allow", "").split(", ")),
    }
    report.asked += 2
    report.statuses.update([head.status_code, options.status_code])
    for words, is_wrong in wrong.items():
        if is_wrong:
            report.failures.setdefault((case.operation.label, f"{role} {words}"), f"{case.as_curl_command()[:900]}")


def _make_real(case: Any, caller: Caller) -> None:
    """Let a case name rows that are there."""
    first = case.operation.path.removeprefix("/api/v1/").partition("/")[0]
    if case.path_parameters and "uid" in case.path_parameters and TABLES.get(first) in caller.uids:
        case.path_parameters["uid"] = caller.uids[TABLES[first]][0]
    if case.headers and "If-Match" in case.headers:
        case.headers["If-Match"] = "*"
    if case.headers:
        case.headers.pop("Idempotency-Key", None)
    if case.query:
        case.query.pop("cursor", None)
    _name_real(case.body, caller)


def _name_real(part: Any, caller: Caller) -> None:
    if isinstance(part, dict):
        for name, value in part.items():
            if isinstance(value, str) and FIELDS.get(name) in caller.uids:
                part[name] = caller.uids[FIELDS[name]][0]
            elif isinstance(value, str) and name == "product":
                part[name] = "lychee"
            else:
                _name_real(value, caller)
    elif isinstance(part, list):
        for value in part:
            _name_real(value, caller)


def settings_of(address: str) -> Settings:
    """Settings under which nobody is asked to slow down."""
    most: dict[str, Any] = dict.fromkeys(("rate_per_minute", "guest_rate_per_minute", "login_rate_per_minute"), 1_000_000)
    return Settings(database_url=address, log_level="error", **most)


def _main() -> Iterator[str]:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--examples", type=int, default=20)
    words.add_argument("--only", action="append", default=[], help="part of an operation's name; may be given several times")
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--role", action="append", choices=[role.value for role in Role])
    words.add_argument("--dialect", choices=["sqlite", "postgresql"], default="sqlite")
    words.add_argument("--database", default="", help="address of an empty database, instead of a fresh one of that dialect")
    words.add_argument("--part", type=int, nargs=2, default=(0, 1), metavar=("WHICH", "OF"), help="ask every OFth operation, from WHICH on")
    chosen = words.parse_args()
    with contextlib.nullcontext(chosen.database) if chosen.database else chaos.fresh(chosen.dialect) as address:
        database = Database(address)
        database.upgrade()
        app = create_app(settings_of(address), database)
        app.state.service = Service(settings_of(address), database)
        who = callers(database, [Role(name) for name in chosen.role or [role.value for role in Role]])
        report = ask(app, who, chosen.examples, chosen.only, chosen=chosen.seed, part=tuple(chosen.part))
        for (label, kind), text in report.failures.items():
            yield f"{label} {kind}\n    " + text.replace("\n", "\n    ")
        yield f"{database.dialect}: {dict(sorted(report.roles.items()))}"
        yield f"{report.asked} requests {dict(sorted(report.statuses.items()))}, {len(report.failures)} failures"
        database.close()


if __name__ == "__main__":
    import sys

    for line in _main():
        sys.stdout.write(line + "\n")
