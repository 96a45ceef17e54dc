"""The outermost layer: every answer gets its request id and its headers of safety, every failure its shape, every request its log line.

It also turns away what is more than one process can take on.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog.base import new_uid
from catalog.errors import Conflict, DomainError
from service import logs
from service.auth.failures import place_of
from service.auth.oidc import OidcFailed
from service.auth.passwords import Busy
from service.http import denials, framing, problems
from service.http.admission import Service
from service.http.database_errors import refusal
from service.http.naming import name_who

REQUEST_ID = "x-request-id"
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,100}")
_FULL = ("database or disk is full", "no space left on device", "disk i/o error", "could not extend file")
_FULL_STATE = "53100"
"""PostgreSQL's code of a full disk, whose words follow the server's language."""
_AWAY, _CLOSE = {"Retry-After": "2"}, {"Connection": "close"}
SAFETY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "private, no-store",
    "vary": "Authorization, Cookie, Accept-Encoding",
}
"""Headers of every answer that doesn't say otherwise itself."""
HTTPS_ONLY = "max-age=31536000; includeSubDomains"
log = logs.get(__name__)


class Edge:
    """The layer itself; see the module."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._under_way = 0
        self._by_address: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
        request_id = given if _SANE_ID.fullmatch(given) else new_uid()
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        peer, connections = scope.get("client"), _service(scope).connections
        connections.begin(peer)
        scope["client"] = framing.client_of(scope, _service(scope).proxies)
        address = _place(scope)
        self._under_way += 1
        self._by_address[address] += 1
        try:
            await self._answer(scope, receive, self._dressed(scope, send, request_id))
        finally:
            connections.end(peer)
            self._under_way -= 1
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]
            structlog.contextvars.clear_contextvars()

    async def _answer(self, scope: Scope, receive: Receive, send: Callable[[Message], Any]) -> None:
        problem, headers = self._refusal(scope)
        if problem is not None:
            await _said(Request(scope), problem, headers)(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            await _options(scope)(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope, send = framing.as_get(scope, send)
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except framing.HeadAnswered:
            return
        except ClientDisconnect:
            # Nobody is there to be told; what was begun has been rolled back.
            log.info("went away", method=scope["method"], path=scope["path"])
        except Exception as error:
            # Whatever it is, the client gets an answer and the log the reason.
            log.error("failed", method=scope["method"], path=scope["path"], exc_info=error)
            if not started:
                await _said(Request(scope), problems.plain(500, "internal", "something went wrong on our side"))(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[problems.Problem | None, dict[str, str]]:
        """Return why a request isn't even begun, and the headers of that answer."""
        settings, address = _service(scope).settings, _place(scope)
        if self._under_way > settings.most_requests:
            return problems.plain(503, "busy", "too many requests at once: try again in a moment"), _AWAY | _CLOSE
        if self._by_address[address] > settings.address_requests:
            many = "too many requests from one address at once: wait for their answers"
            return problems.plain(429, "too_many_at_once", many), _AWAY | _CLOSE
        return framing.ambiguity(scope), _CLOSE

    def _dressed(self, scope: Scope, send: Send, request_id: str) -> Callable[[Message], Any]:
        """Return a `send` that adds the headers that every answer has, and logs the answer."""
        began = time.monotonic()
        secure = _service(scope).settings.public_url.startswith("https://")

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id
                for name, value in (SAFETY | scope["state"].get("rate", {})).items():
                    headers.setdefault(name, value)
                if secure:
                    headers["strict-transport-security"] = HTTPS_ONLY
                took = round((time.monotonic() - began) * 1000, 1)
                log.info("answered", method=scope["method"], path=scope["path"], status=message["status"], ms=took)
            await send(message)

        return dressed


def _place(scope: Scope) -> str:
    """Return the address, or the network of an IPv6 address, that requests are counted by."""
    return place_of(scope["client"][0], None) if scope["client"] else ""


def _service(scope: Scope) -> Service:
    service: Service = scope["app"].state.service
    return service


def _named(problem: problems.Problem, request_id: str, headers: dict[str, str] | None = None) -> Response:
    problem.request_id = request_id
    return problems.answer(problem, headers)


def install(app: FastAPI) -> None:
    """Put the layer around an application, and give each kind of error its answer."""
    app.add_exception_handler(DomainError, _on_domain)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(SQLAlchemyError, _on_database)
    app.add_exception_handler(Busy, _on_busy)
    app.add_exception_handler(OidcFailed, _on_oidc)
    app.add_middleware(Edge)


def _said(request: Request, problem: problems.Problem, headers: dict[str, str] | None = None) -> Response:
    """Return what the one who asks is told: a page for a browser at an address of the pages, problem details for all others."""
    shown = _page(request, problem, headers)
    return _named(problem, request.state.request_id, headers) if shown is None else shown


def _page(request: Request, problem: problems.Problem, headers: dict[str, str] | None = None) -> Response | None:
    show: Callable[..., Response | None] | None = getattr(request.app.state, "problem_page", None)
    problem.request_id = request.state.request_id
    return None if show is None else show(request, problem, headers)


async def _on_domain(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    problem = problems.of_domain(error)
    if isinstance(error, Conflict):
        asked = getattr(request.state, "asked", None)
        await name_who(_service(request.scope), problem, asked and asked.principal)
    stale = problem.code == "stale" and "version" in problem.facts
    said = _said(request, problem, {"ETag": f'W/"{problem.facts["version"]}"'} if stale else None)
    said.background = denials.noting(request, error)
    return said


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(allowed_at(request.app, request.scope)))
    return _said(request, problems.of_refusal(error), headers)


async def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, (RequestValidationError, ValidationError))
    return _said(request, problems.of_validation(error))


async def _on_database(request: Request, error: Exception) -> Response:
    problem, headers = of_database(error)
    if problem.status >= 500:
        log.error("database", path=request.url.path, exc_info=error)
    return _said(request, problem, headers)


async def _on_busy(request: Request, _error: Exception) -> Response:
    return _said(request, problems.plain(503, "busy", "too many logins at once: try again in a moment"), _AWAY)


async def _on_oidc(request: Request, error: Exception) -> Response:
    log.warning("oidc", exc_info=error)
    return _said(request, problems.plain(401, "wrong_login", "the other organisation's account can't be used: begin the login anew"))


def of_database(error: Exception) -> tuple[problems.Problem, dict[str, str]]:
    """Return what a failure of the database means to the one who asks."""
    known = refusal(error)
    if known is not None:
        return problems.of_domain(known), {"Retry-After": "1"} if "right now" in str(known) else {}
    cause = error.orig if isinstance(error, DBAPIError) else error
    text = str(cause).lower()
    if getattr(cause, "sqlstate", None) == _FULL_STATE or any(sign in text for sign in _FULL):
        return problems.plain(507, "disk_full", "the disk is full: nothing was written"), {}
    away = isinstance(error, PoolTimeout) or (isinstance(error, DBAPIError) and (error.connection_invalidated or _is_away(error)))
    if away:
        return problems.plain(503, "database_away", "the database can't be reached: try again in a moment"), dict(_AWAY)
    if isinstance(error, StaleDataError):
        return problems.plain(409, "conflict", "somebody else has changed this meanwhile"), {}
    return problems.plain(500, "internal", "something went wrong on our side"), {}


def _is_away(error: DBAPIError) -> bool:
    return type(error).__name__ in {"OperationalError", "InterfaceError"}


def allowed_at(app: FastAPI, scope: Scope) -> set[str]:
    """Return every method that some route takes at an address."""
    found: set[str] = set()
    for route in app.router.routes:
        if route.matches(scope)[0] is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return found | {"OPTIONS"} | ({"HEAD"} if "GET" in found else set()) if found else found


def _options(scope: Scope) -> Response:
    """Return which methods an address takes."""
    found = allowed_at(scope["app"], scope)
    if not found:
        return _said(Request(scope), problems.plain(404, "not_found", "there is nothing at this address"))
    return Response(status_code=204, headers={"Allow": ", ".join(sorted(found))})
