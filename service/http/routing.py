"""How a route is declared, and what happens around each one.

To add a route
--------------
1. In ``service/api/<thing>.py`` make ``api = Api("things", "One sentence about them.")`` and add it to `service.app.APIS`.
2. Declare the function, a plain ``def``, with the permission that it needs (`service.auth.permissions`)::

       @api.patch("/things/{uid}", may=Permission.THINGS_WRITE)
       def change_thing(asked: Writing, uid: Uid, given: ThingChange) -> ThingOut:
           '''Change a thing.

           What isn't named stays.
           '''
           row = find(asked.session, asked.scope, Thing, uid)
           was = before(row)
           row = things.change(asked.session, asked.scope, uid, given, asked.by, asked.version)
           asked.did("thing.change", row, was, given.reason)
           return thing_out(row)

   The name of the function is the operation's id, its docstring the description, its return annotation the answer's schema.
3. ``asked: Reading`` (GET) comes with a session that can't write, ``asked: Writing`` with one that is committed after the function, all
   or nothing. Every write notes what it did (`RequestContext.did`), or the route says ``audited=False``; forgetting it is a failure.
4. PATCH and DELETE need ``If-Match``; say ``if_match=True`` for a POST that does, ``if_match=False`` for one that doesn't.
   `RequestContext.version` is what was stated; use-cases refuse a stale one.
5. Raise errors of the domain; `problems.say` gives a new kind its status. Rows that the scope doesn't see aren't found, and that is all.
6. A model with a ``version`` is answered with its ETag, one with a ``uid`` from a POST with its Location. ``status=202`` and the like say
   another status than 200 (201 for POST, 204 where nothing is returned).
7. Fields and parameters need a description and an example: with ``Field(description=, examples=)``, or once for every model in
   `service.http.glossary`.

Around each route, in this order: who asks (401), whether he may (403), how often (429), whether a page of ours made the browser ask (403),
the version (428), the body's size and form (413, 415, 422), then one transaction with the kept answer, the function, the audit trail.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from fastapi import FastAPI, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from service.auth.permissions import Permission
from service.http import admission, etags, idempotency
from service.http.bodies import StrictRequest, bounded, too_large, unpacked
from service.http.context import RequestContext
from service.http.problems import ErrorItem, Refused

PREFIX = "/api/v1"
Handler = TypeVar("Handler", bound=Callable[..., Any])
Responder = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True)
class Rule:
    """What holds for one route.

    Attributes
    ----------
    may : who may call it; None for everybody.
    writes : whether it changes something.
    if_match : whether it needs the version that it changes.
    audited : whether it must leave a mark in the audit trail.
    secret : whether its answer holds a secret.
    body_limit : largest body, bytes; None for the usual.
    media : the types of body that it takes.
    status : of a good answer.
    open_query : whether its address may bear parameters that it doesn't know, because others make them up.
    takes_long : whether it needs one of the few places for uploads.
    """

    may: Permission | None
    writes: bool
    if_match: bool
    audited: bool
    secret: bool
    body_limit: int | None
    media: tuple[str, ...]
    status: int
    open_query: bool = False
    takes_long: bool = False


@dataclass(frozen=True)
class Declared:
    """A route as it was declared."""

    method: str
    path: str
    endpoint: Callable[..., Any]
    options: dict[str, Any]


class Api:
    """The routes of one thing; each needs ``may=`` a permission, or ``public=True``."""

    def __init__(self, tag: str, description: str) -> None:
        self.tag, self.description = tag, description
        self.declared: list[Declared] = []

    def get(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declare what reads."""
        return self._route("GET", path, writes=False, **options)

    def post(self, path: str, *, writes: bool = True, **options: Any) -> Callable[[Handler], Handler]:
        """Declare what adds or does something; ``writes=False`` for a question with a body."""
        return self._route("POST", path, writes=writes, **options)

    def put(self, path: str, *, if_match: bool = False, **options: Any) -> Callable[[Handler], Handler]:
        """Declare what states something whole."""
        return self._route("PUT", path, writes=True, if_match=if_match, **options)

    def patch(self, path: str, *, if_match: bool = True, **options: Any) -> Callable[[Handler], Handler]:
        """Declare what changes something."""
        return self._route("PATCH", path, writes=True, if_match=if_match, **options)

    def delete(self, path: str, *, if_match: bool = True, **options: Any) -> Callable[[Handler], Handler]:
        """Declare what takes something away."""
        return self._route("DELETE", path, writes=True, if_match=if_match, **options)

    def _route(
        self,
        method: str,
        path: str,
        *,
        writes: bool,
        may: Permission | None = None,
        public: bool = False,
        if_match: bool = False,
        audited: bool | None = None,
        secret: bool = False,
        body_limit: int | None = None,
        media: tuple[str, ...] = ("application/json",),
        status: int | None = None,
        open_query: bool = False,
        takes_long: bool = False,
        **options: Any,
    ) -> Callable[[Handler], Handler]:
        if (may is None) != public:
            raise TypeError(f"{method} {path}: say who may call it, may=Permission..., or public=True")

        def declare(function: Handler) -> Handler:
            shown = typing.get_type_hints(function).get("return")
            nothing = shown is type(None)
            code = status or (204 if nothing else 201 if method == "POST" and writes else 200)
            rule = Rule(
                may, writes, if_match, writes if audited is None else audited, secret, body_limit, media, code, open_query, takes_long
            )
            endpoint = _around(function, rule)
            model = None if nothing or shown is None or (inspect.isclass(shown) and issubclass(shown, Response)) else shown
            more = {"response_model": model, "status_code": code, "tags": [self.tag], "operation_id": function.__name__, **options}
            self.declared.append(Declared(method, path, endpoint, more))
            return function

        return declare

    def register(self, app: FastAPI, prefix: str = PREFIX) -> None:
        """Add the routes to an application, each on its own and in the order of declaration."""
        for one in self.declared:
            app.router.routes.append(Route(prefix + one.path, one.endpoint, methods=[one.method], **one.options))


def rule_of(route: Any) -> Rule:
    """Return what holds for a route of an application."""
    rule: Rule = route.endpoint.mca_rule
    return rule


def _around(function: Callable[..., Any], rule: Rule) -> Callable[..., Any]:
    """Return the function with its transaction around it; one that is ``async`` sees to its own."""
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        endpoint: Any = function
    else:

        @functools.wraps(function)
        def endpoint(**given: Any) -> Response:
            asked = next((value for value in given.values() if isinstance(value, RequestContext)), None)
            if asked is None:
                return present(function(**given), rule, None)
            return perform(asked, rule, lambda: function(**given))

    endpoint.mca_rule = rule
    return endpoint  # type: ignore[no-any-return]


_ABOUT_ACCESS = frozenset({Permission.ACCOUNTS_WRITE, Permission.KEYS_WRITE, Permission.OWN_ACCOUNT, Permission.ORGANISATIONS_WRITE})


async def transact(asked: RequestContext, work: Callable[[], Any]) -> Any:
    """Do the work of an ``async`` route as that of a plain one is done: in a transaction, once for one ``Idempotency-Key``, audited."""
    return await run_in_threadpool(perform, asked, asked.rule, work)


def perform(asked: RequestContext, rule: Rule, work: Callable[[], Any]) -> Response:
    """Do the work of a route in a transaction of its kind, and return the answer."""
    if not rule.writes:
        with asked.database.read() as session:
            asked._session = session
            return present(work(), rule, asked)
    try:
        return _write(asked, rule, work)
    finally:
        if rule.may in _ABOUT_ACCESS:
            asked.service.memory.forget()


def _write(asked: RequestContext, rule: Rule, work: Callable[[], Any]) -> Response:
    claim = asked.claim
    with idempotency.alone(claim), asked.database.write() as session:
        asked._session = session
        asked.deeds.clear()
        kept = idempotency.find_reply(session, claim, timedelta(hours=asked.settings.reply_hours)) if claim else None
        if kept is not None:
            return kept
        response = present(work(), rule, asked)
        if rule.audited and not asked.deeds:
            raise RuntimeError("a write that leaves no mark in the audit trail")
        if claim is not None:
            session.flush()
            idempotency.keep_reply(session, claim, response)
        asked.flush_deeds()
        return response


def present(out: Any, rule: Rule, asked: RequestContext | None) -> Response:
    """Return what a route's function returned as an answer."""
    if isinstance(out, Response):
        return out
    headers = dict(asked.headers) if asked else {}
    version = getattr(out, "version", None)
    if isinstance(version, int):
        headers["etag"] = etags.tag(version)
        if asked is not None and not rule.writes and etags.unchanged(asked.if_none_match, headers["etag"]):
            return Response(status_code=304, headers=headers)
    if asked is not None and rule.status == 201 and "location" not in headers and isinstance(getattr(out, "uid", None), str):
        headers["location"] = f"{asked.path.rstrip('/')}/{out.uid}"
    if out is None:
        return Response(status_code=rule.status if rule.status != 200 else 204, headers=headers)
    assert isinstance(out, BaseModel), "a route returns a model, a response or nothing"
    return Response(out.model_dump_json(by_alias=True), rule.status, headers, "application/json")


class Route(APIRoute):
    """A route of the service: admits, bounds and reads a request before FastAPI takes it apart."""

    def get_route_handler(self) -> Responder:
        """Return what handles a request."""
        inner = super().get_route_handler()
        rule = rule_of(self)
        known = _parameters(self)
        single = known - _lists(self)
        takes_body = self.body_field is not None

        async def handle(request: Request) -> Response:
            service: admission.Service = request.app.state.service
            limit = rule.body_limit or service.settings.body_limit_kib * 1024
            strict = StrictRequest(request.scope, bounded(unpacked(request, limit), limit))
            asked = await run_in_threadpool(admission.admit, service, strict, rule.may)
            strict.state.asked, asked.rule = asked, rule
            if not rule.open_query:
                _check_query(strict, known, single)
            if rule.if_match:
                etags.expected(asked.if_match)
            if takes_body or rule.writes:
                await _check_body(strict, rule, limit, takes_body)
            # The body is read by whoever has his place, for many large ones at once would fill the memory; and before his turn comes.
            with service.uploads.hold(asked.by) if rule.takes_long else nullcontext():
                body = await strict.body() if takes_body or rule.writes else b""
                if rule.writes and idempotency.HEADER in strict.headers:
                    asked.claim = idempotency.claimed(
                        asked.claimant, strict.method, strict.url.path, strict.headers, body, strict.url.query, rule.secret
                    )
                async with service.turns.hold(asked.turn):
                    return await inner(strict)

        return handle


def _parameters(route: APIRoute) -> frozenset[str]:
    """Return the names of the query's parameters that a route knows."""
    return frozenset(field.alias for field in get_flat_params(route.dependant) if isinstance(field.field_info, params.Query))


def _lists(route: APIRoute) -> frozenset[str]:
    """Return the names of the query's parameters that may stand there several times."""
    fields = get_flat_params(route.dependant)
    queries = [one for one in fields if isinstance(one.field_info, params.Query)]
    return frozenset(one.alias for one in queries if _is_list(one.field_info.annotation))


def _is_list(kind: Any) -> bool:
    return typing.get_origin(kind) in {list, tuple, set, frozenset} or any(map(_is_list, typing.get_args(kind)))


def _check_query(request: Request, known: frozenset[str], single: frozenset[str]) -> None:
    """Refuse a parameter that the route doesn't know: a misspelt filter would show everything."""
    repeated = [name for name in single if len(request.query_params.getlist(name)) > 1]
    if repeated:
        errors = [ErrorItem(pointer=f"query/{name}", message="this once") for name in sorted(repeated)]
        raise Refused(422, "repeated_parameter", "a parameter that stands twice in the address", errors=errors)
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        errors = [ErrorItem(pointer="query/" + ascii(name)[1:-1][:100], message="no such parameter") for name in unknown[:50]]
        raise Refused(422, "unknown_parameter", "a parameter that this address doesn't know", errors=errors)


async def _check_body(request: StrictRequest, rule: Rule, limit: int, takes_body: bool) -> None:
    """Refuse a body by what its headers say, before it is read."""
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length[:20]) > limit:
        raise too_large(limit)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    has_body = (length not in {"", "0"}) or "transfer-encoding" in request.headers
    if takes_body and has_body and kind not in rule.media:
        raise Refused(415, "unsupported_media_type", f"send {' or '.join(rule.media)}", headers={"Accept": ", ".join(rule.media)})
