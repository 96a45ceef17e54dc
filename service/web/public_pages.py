"""What every visitor meets: the door, his language and theme, the first page, files, and what is shown when something goes wrong."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.api import login
from service.api.login import LoginIn
from service.auth.permissions import Permission
from service.auth.sessions import Opened
from service.http.admission import COOKIE, CSRF_COOKIE
from service.http.problems import Problem, Refused, of_refusal
from service.http.routing import PREFIX
from service.web import forms, static
from service.web.context import LANGUAGE_COOKIE, THEME_COOKIE, THEMES, PageContext, PageRequest, own_address
from service.web.navigation import home_of
from service.web.pages import Pages, guest, wants_page
from service.web.registers import guide
from service.web.sign_in import sign_in_page
from service.web.texts import LANGUAGES

pages = Pages("shell")
YEAR_S = 365 * 24 * 3600


@pages.get("/sign-in", public=True)
async def show_sign_in(request: Request) -> Response:
    """Show the door."""
    visit: PageContext = request.state.asked
    return sign_in_page(visit, back=request.query_params.get("back", "/")[:2000])


@pages.post("/sign-in", public=True, audited=False)
async def sign_in(request: Request) -> Response:
    """Log in by password, and go on where one was: at a page, or with the form that was being sent."""
    visit: PageContext = request.state.asked
    form = visit.form
    back, kept, name = form.get("back", "/"), form.get("kept"), form.get("login")[:254]
    try:
        opened = await _proven(request, form, name)
    except Refused as refused:
        visit.problem = of_refusal(refused)
        about: dict[str, Any] = {"kept": kept, "had_files": form.get("had_files") == "1", "login_name": name}
        about["ticket"] = refused.facts.get("ticket") or ""
        return sign_in_page(visit, back=back, status=refused.status_code, **about)
    return go_on(request, visit, opened)


def go_on(request: Request, visit: PageContext, opened: tuple[login.LoggedIn, Opened]) -> Response:
    """Return where somebody goes who has just logged in: to a page, or to the form that was being sent."""
    form, back, kept = visit.form, visit.form.get("back", "/"), visit.form.get("kept")
    answer: Response = RedirectResponse(own_address(back), 303)
    if kept:
        visit.token = opened[1].csrf
        again = forms.unkept(kept)
        answer = visit.show("shell/resume.html", place=own_address(back), again=list(again), had_files=form.get("had_files") == "1")
    login.with_cookies(visit.service, *opened, answer=answer)
    if LANGUAGE_COOKIE not in request.cookies:
        _prefer(visit, answer, LANGUAGE_COOKIE, opened[0].language)
    return answer


async def _proven(request: Request, form: forms.Form, name: str) -> tuple[login.LoggedIn, Opened]:
    """Open a login by the password, or by the code of the second factor where the password has been given before."""
    if form.get("ticket"):
        return await login.prove_second(request, form.get("ticket")[:500], form.get("code")[:20])
    # Blanks around a password count.
    password = next((value for key, value in form.pairs if key == "password"), "")[:1000]
    return await login.prove(request, LoginIn(login=name or "-", password=password or "-"))


@pages.post("/sign-out", may=Permission.OWN_ACCOUNT)
def sign_out(visit: PageRequest) -> Response:
    """Log out."""
    login.end_this_login(visit)
    answer = visit.go("/sign-in", visit.say("You are logged out."), "info")
    for name in (COOKIE, CSRF_COOKIE):
        answer.delete_cookie(name, path="/")
    return answer


@pages.post("/preferences", public=True, audited=False)
async def prefer(request: Request) -> Response:
    """Choose the language or the theme; this browser remembers it."""
    visit: PageContext = request.state.asked
    answer = RedirectResponse(own_address(visit.form.get("back", "/")), 303)
    for name, cookie, known in (("language", LANGUAGE_COOKIE, LANGUAGES), ("theme", THEME_COOKIE, THEMES)):
        if visit.form.get(name) in known:
            _prefer(visit, answer, cookie, visit.form.get(name))
    return answer


def _prefer(visit: PageContext, answer: Response, cookie: str, value: str) -> None:
    answer.set_cookie(cookie, value, max_age=YEAR_S, path="/", httponly=True, samesite="lax", secure=visit.secure)


@pages.get("/", may=Permission.OWN_ACCOUNT)
def show_home(visit: PageRequest) -> Response:
    """Go to where the visitor begins."""
    return visit.go("/guide" if guide.is_wanted(visit) else home_of(visit))


@pages.get("/design", public=True)
async def show_design(request: Request) -> Response:
    """Show every component that pages are made of."""
    visit: PageContext = request.state.asked
    return visit.show("shell/design.html", icons=static.icon_names())


@pages.get("/offline", public=True, mca_static=True)
async def show_offline(request: Request) -> Response:
    """Show what a browser keeps for the time without a connection."""
    visit: PageContext = request.state.asked
    return visit.show("shell/offline.html", headers={"cache-control": "no-cache"})


@pages.get("/static/alive", public=True, mca_static=True)
async def is_alive() -> Response:
    """Say that there is a connection."""
    return Response(status_code=204)


@pages.get("/static/{name}", public=True, mca_static=True)
async def get_file(request: Request, name: str) -> Response:
    """Return a file that pages are made of."""
    return static.serve(name, request.headers.get("accept-encoding", ""))


@pages.get("/sw.js", public=True, mca_static=True)
async def get_service_worker(request: Request) -> Response:
    """Return the worker that shows a page of ours when there is no connection; it must lie at the root to see to all pages."""
    answer = static.serve(static.manifest()["sw.js"], request.headers.get("accept-encoding", ""))
    answer.headers["cache-control"] = "no-cache"
    return answer


def problem_page(request: Request, problem: Problem, headers: dict[str, str] | None = None) -> Response | None:
    """Return the page that says a problem, None where no browser asks for a page.

    Parameters
    ----------
    headers : of the answer.
    """
    if not wants_page(request) or request.url.path.startswith((PREFIX, "/static/")):
        return None
    asked: Any = getattr(request.state, "asked", None)
    visit = asked if isinstance(asked, PageContext) else guest(request.app.state.service, request)
    visit.problem = problem
    template = "shell/problem_part.html" if visit.fragment else "shell/problem.html"
    return visit.show(
        template, problem.status, headers, back=own_address(request.headers.get("referer", "/").partition(request.url.netloc)[2] or "/")
    )
