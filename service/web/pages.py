"""How a page is declared, and what happens around each one; `docs/pages.md` shows it by example.

`Pages` is an `Api` whose answers are pages: the permission is stated at the declaration in the same way, the same tests go over every
route, and the function works in the same transaction with the same audit trail. What is different is what people need:

* who isn't logged in is shown the door to log in by and comes back to where he was, with what he had written;
* the token against forged requests comes with the form, and so does the name of one sending, so that what is sent twice is done once;
* what is refused is shown in words, and the form once more with everything in it (``form=`` names the function that shows it).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import quote

import anyio
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from catalog.errors import Conflict, DomainError
from service.auth import csrf
from service.auth.demands import Demand
from service.auth.permissions import Permission
from service.auth.principal import Principal
from service.http import admission, edge, idempotency, problems
from service.http.bodies import StrictRequest, bounded, too_large, unpacked
from service.http.context import RequestContext
from service.http.naming import name_who
from service.http.problems import Problem, Refused
from service.http.routing import Api, Handler, Route, Rule, perform, rule_of
from service.web import forms
from service.web.context import PageContext
from service.web.sign_in import sign_in_page

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
PATIENCE_S, POLL_S = 8.0, 0.05
"""How long the second of two equal sendings waits for the first."""
SHOWN_AGAIN = frozenset({409, 412, 413, 422})
FormView = Callable[[PageContext], Response]
ShowView = TypeVar("ShowView", bound=Callable[..., Any])


class Pages(Api):
    """The pages of one part of the workbench; each needs ``may=`` a permission, or ``public=True``.

    ``form=`` of a POST names the function that shows the form once more when what was sent is refused, or only is to be seen again.
    ``static=True`` is for files, which anybody may fetch as often as he likes.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name, "")

    def post(self, path: str, *, form: FormView | None = None, **options: Any) -> Callable[[Handler], Handler]:
        """Declare what a form does."""
        return super().post(path, media=FORMS, mca_form=form, **options)

    def register(self, app: FastAPI, prefix: str = "") -> None:
        """Add the pages to an application; they are no part of the API's description."""
        for one in self.declared:
            options = {name: value for name, value in one.options.items() if not name.startswith("mca_") and name != "operation_id"}
            options |= {"response_model": None, "response_class": Response, "include_in_schema": False}
            view, is_static = one.options.get("mca_form"), bool(one.options.get("mca_static"))
            route = PageRoute(prefix + one.path, one.endpoint, methods=[one.method], form_view=view, is_static=is_static, **options)
            app.router.routes.append(route)


class PageRoute(Route):
    """A route that answers with a page.

    Parameters
    ----------
    form_view : shows the form once more.
    is_static : whether it is a file, which anybody may fetch.
    """

    def __init__(
        self, path: str, endpoint: Callable[..., Any], *, form_view: FormView | None = None, is_static: bool = False, **options: Any
    ) -> None:
        self.form_view, self.is_static = form_view, is_static
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what handles a request."""
        inner, rule, view, is_static = APIRoute.get_route_handler(self), rule_of(self), self.form_view, self.is_static

        async def handle(request: Request) -> Response:
            service: admission.Service = request.app.state.service
            limit = rule.body_limit or service.settings.body_limit_kib * 1024
            strict = StrictRequest(request.scope, bounded(unpacked(request, limit), limit))
            if is_static:
                strict.state.asked = guest(service, strict)
                return await inner(strict)
            try:
                asked = await run_in_threadpool(admission.admit, service, strict, rule.may, by_form=rule.writes)
            except Refused as refused:
                if refused.code in set(Demand) and wants_page(strict):
                    return RedirectResponse("/account", 303)
                if refused.status_code != 401 or not wants_page(strict):
                    raise
                return await _log_in_first(service, strict, rule, limit)
            visit = PageContext.of(asked, strict)
            strict.state.asked, visit.rule = visit, rule
            if rule.may not in (None, Permission.OWN_ACCOUNT) and visit.principal.scope is None and wants_page(strict):
                return visit.go(f"/associations?back={quote(strict.url.path)}")
            with service.uploads.hold(visit.by) if rule.takes_long else nullcontext():
                if rule.writes:
                    await _take_form(strict, visit, rule, limit)
                async with service.turns.hold(visit.turn):
                    return await _work(strict, visit, view, inner)

        return handle


def wants_page(request: Request) -> bool:
    """Tell whether a browser asks, and is to be answered with a page."""
    return "text/html" in request.headers.get("accept", "")


def guest(service: admission.Service, request: Request) -> PageContext:
    """Return the visit of somebody who hasn't said who he is."""
    address = request.client.host if request.client else ""
    asked = RequestContext(admission.GUEST, service, getattr(request.state, "request_id", ""), address[:100], request.url.path)
    return PageContext.of(asked, request)


async def _log_in_first(service: admission.Service, request: StrictRequest, rule: Rule, limit: int) -> Response:
    """Show the door, and keep what was written: an address to come back to, or a form to go on with."""
    visit = guest(service, request)
    if not rule.writes:
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return sign_in_page(visit, back=back, expired="mca_session" in request.cookies, status=401)
    _check_kind(request, limit)
    form = await forms.read(request)
    if not csrf.from_here(request.headers, service.settings.public_url):
        return sign_in_page(visit, status=401)
    return sign_in_page(visit, back=request.url.path, expired=True, status=401, kept=forms.kept(form), had_files=bool(form.files))


def _check_kind(request: Request, limit: int) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    if kind not in FORMS and (kind or has_body):
        raise Refused(415, "unsupported_media_type", f"send {' or '.join(FORMS)}", headers={"Accept": ", ".join(FORMS)})
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length[:20]) > limit:
        raise too_large(limit)


async def _take_form(request: StrictRequest, visit: PageContext, rule: Rule, limit: int) -> None:
    """Read the form, check that our own page sent it, and claim this sending by its name."""
    _check_kind(request, limit)
    visit.form = replace(await forms.read(request), language=visit.language)
    if rule.may is not None:
        admission.check_token(visit.principal, visit.form.get(forms.TOKEN) or request.headers.get("x-csrf-token", ""))
        once = visit.form.get(forms.ONCE)
        if once:
            key, content, address = {idempotency.HEADER: once}, visit.form.digest().encode(), request.url
            visit.claim = idempotency.claimed(visit.claimant, request.method, address.path, key, content, address.query, rule.secret)


async def _work(
    request: Request, visit: PageContext, view: FormView | None, inner: Callable[[Request], Coroutine[Any, Any, Response]]
) -> Response:
    """Do what the form asks for; where that is refused, or the form is only to be seen again, show it with everything in it."""
    if view is not None and forms.AGAIN in visit.form:
        return await _shown(visit, view)
    await _let_twin_pass(visit)
    try:
        return await inner(request)
    except (DomainError, Refused, ValidationError, SQLAlchemyError) as error:
        problem = await problem_of(visit.service, error, visit.principal)
        if view is None or problem.status not in SHOWN_AGAIN or not wants_page(request):
            raise
        visit.problem = problem
        problem.request_id = visit.request_id
        return await _shown(visit, view)


async def _let_twin_pass(visit: PageContext) -> None:
    """Wait a moment where the same sending is being worked on: the second click of two is answered as the first."""
    for _ in range(round(PATIENCE_S / POLL_S)):
        if not idempotency.is_running(visit.claim):
            return
        await anyio.sleep(POLL_S)


async def problem_of(service: admission.Service, error: Exception, asker: Principal) -> Problem:
    """Return what an error says to a visitor."""
    if isinstance(error, DomainError):
        problem = problems.of_domain(error)
        if isinstance(error, Conflict):
            await name_who(service, problem, asker)
        return problem
    if isinstance(error, ValidationError):
        return problems.of_validation(error)
    return problems.of_refusal(error) if isinstance(error, Refused) else edge.of_database(error)[0]


async def _shown(visit: PageContext, view: FormView) -> Response:
    """Show a form within a session that can't write."""
    visit.deeds.clear()
    rule = replace(visit.rule, writes=False, status=200)
    return await run_in_threadpool(perform, visit, rule, lambda: view(visit))
