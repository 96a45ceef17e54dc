"""The service in process, on both databases, with callers of every role.

``client_as(Role.CLERK)`` is a person of the market's cooperative, ``client_as(Role.PROCUREMENT)`` of its buyer, other roles belong to the
association; ``client_as(role, organisation)`` binds to an organisation, ``client_as(role, market=other)`` to another association.
Paths are below ``/api/v1``: ``client_as(Role.CLERK).get("/lots")``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.orm import Session as DbSession

from catalog.base import now_utc
from catalog.models import Organisation
from service.app import create_app
from service.auth import keys
from service.auth.tokens import new_token, token_hash
from service.db import Database
from service.http.admission import Service
from service.http.routing import PREFIX
from service.models import Role, RoleGrant, Session, User
from service.settings import Settings
from tests.sample_market import Market

with warnings.catch_warnings():
    # Starlette would rather have httpx's successor, which other packages of ours don't speak yet.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient


PAGES = "http://mca.test"
"""Where pages are, which have no prefix."""


class World:
    """Two associations, each with a cooperative, a buyer, their sites and one product, and a lot and a line."""

    def __init__(self, session: DbSession) -> None:
        self.ours, self.theirs = Market(session, "ours"), Market(session, "theirs")
        self.lots = {market: market.lot() for market in (self.ours, self.theirs)}
        self.lines = {market: market.line() for market in (self.ours, self.theirs)}


class Caller:
    """Somebody who calls the API, with what proves who he is; a page has its whole address, `PAGES` and the path."""

    def __init__(self, client: TestClient, headers: dict[str, str], uid: str = "") -> None:
        self.client, self.headers, self.uid = client, headers, uid

    def request(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> httpx.Response:
        """Send a request to a path below the prefix."""
        self.client.cookies.clear()
        place = path if path.startswith(("/api", "/healthz", "/readyz", "/metrics", "http:")) else PREFIX + path
        answer: httpx.Response = self.client.request(method, place, headers={**self.headers, **(headers or {})}, **options)
        return answer

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> httpx.Response:
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> httpx.Response:
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", path, **options)


ClientAs = Callable[..., Caller]


@pytest.fixture
def settings(database_address: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings under which no test meets a rate limit by accident."""
    most = 1_000_000
    rates: dict[str, Any] = {"rate_per_minute": most, "guest_rate_per_minute": most, "login_rate_per_minute": most}
    key = tmp_path_factory.getbasetemp() / "mca.key"
    quiet: dict[str, Any] = {"log_level": "error", "remember_seconds": 0, "search_processes": 0, "key_file": str(key)}
    return Settings(database_url=database_address, **quiet, **rates)


@pytest.fixture(scope="session")
def one_app(sqlite_template: Path) -> FastAPI:
    """The application, put together once: its routes take longer to build than most tests."""
    address = f"sqlite:///{sqlite_template}"
    return create_app(Settings(database_url=address, log_level="error"), Database(address))


@pytest.fixture
def app(one_app: FastAPI, settings: Settings, database: Database) -> FastAPI:
    """The application on the test's database."""
    one_app.state.service = Service(settings, database)
    return one_app


def client_of(app: FastAPI) -> TestClient:
    """A client of an application that has been started already."""
    return TestClient(app, raise_server_exceptions=False, base_url="http://localhost")


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """A client that shows nothing of who it is."""
    with TestClient(app, raise_server_exceptions=False, base_url="http://mca.test") as opened:
        yield opened


@pytest.fixture
def guest(client: TestClient) -> Caller:
    """Somebody who isn't logged in."""
    return Caller(client, {})


@pytest.fixture
def world(database: Database) -> World:
    """Two associations with rows of their own."""
    with database.write() as session:
        return World(session)


def log_in(session: DbSession, user: User) -> tuple[str, str]:
    """Give a user a login; return its token and its CSRF token."""
    token, csrf = new_token(), new_token()
    ends = now_utc() + timedelta(hours=1)
    session.add(Session(user_id=user.id, token_hash=token_hash(token), csrf_hash=token_hash(csrf), expires_at=ends))
    return token, csrf


def of_role(role: Role, market: Market) -> Organisation | None:
    """The organisation that a person of a role belongs to."""
    return {Role.CLERK: market.cooperative, Role.PROCUREMENT: market.buyer}.get(role)


def add_user(session: DbSession, role: Role, market: Market | None, organisation: Organisation | None = None, **more: Any) -> User:
    """Add a user of a role."""
    bound = organisation or (of_role(role, market) if market else None)
    who = {"association_id": market and market.association.id, "organisation_id": bound.id if bound else None}
    user = User(login=more.pop("login", f"{role}-{new_token()[:8]}@example.vn"), name=f"Người {role}", **who, **more)
    session.add(user)
    session.flush()
    session.add(RoleGrant(user_id=user.id, role=role, granted_by="test"))
    session.flush()
    return user


@pytest.fixture
def client_as(client: TestClient, database: Database, world: World) -> ClientAs:
    """Make a caller who is logged in as a role; by API key with ``key=True``."""

    def make(role: Role, organisation: Organisation | None = None, *, market: Market | None = world.ours, key: bool = False) -> Caller:
        with database.write() as session:
            if key:
                assert market is not None
                bound = organisation or of_role(role, market)
                row, text = keys.issue(session, market.association.id, bound.id if bound else None, "test", role, by="test")
                return Caller(client, {"authorization": f"Bearer {text}"}, row.uid)
            user = add_user(session, role, market, organisation)
            token, csrf = log_in(session, user)
        return Caller(client, {"cookie": f"mca_session={token}", "x-csrf-token": csrf}, user.uid)

    return make
