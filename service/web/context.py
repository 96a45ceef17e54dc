"""What a page's function is handed: all that a route of the API gets, and the visitor's language, form and way to answer."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Annotated, Any, cast
from urllib.parse import parse_qsl, quote, urlsplit

import orjson
from fastapi import Depends
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from matching.explain.texts import scheme_name
from service.http.admission import CSRF_COOKIE
from service.http.context import RequestContext
from service.http.problems import Problem
from service.models import Role
from service.web import rendering
from service.web.formats import Formats
from service.web.forms import ONCE, TOKEN, Form
from service.web.house import House, house_of
from service.web.texts import LANGUAGES, translations

LANGUAGE_COOKIE, THEME_COOKIE, FLASH_COOKIE = "mca_language", "mca_theme", "mca_said"
THEMES = ("auto", "light", "dark")
LONGEST_FLASH = 1500


@dataclass
class PageContext(RequestContext):
    """One request for a page.

    Attributes
    ----------
    language, theme : as the visitor chose them.
    token : the token against forged requests, for forms.
    form : what was sent, empty for a GET.
    problem : why what was sent can't be done; forms that are shown again say it.
    params, query : of the address.
    accepted : the request's ``Accept-Encoding``.
    reached_at : scheme and host of the request.
    fragment : whether htmx asks, and only a part of the page is wanted.
    flash : what the page before has to say.
    """

    language: str = "vi"
    theme: str = "auto"
    token: str = ""
    form: Form = field(default_factory=Form)
    problem: Problem | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    query: str = ""
    accepted: str = ""
    reached_at: str = ""
    fragment: bool = False
    flash: dict[str, str] | None = None

    @classmethod
    def of(cls, asked: RequestContext, request: Request) -> PageContext:
        """Return the visit that a request is."""
        given = {one.name: getattr(asked, one.name) for one in fields(RequestContext)}
        return cls(**given, **about(request))

    @property
    def back(self) -> str:
        """The page that the address says to go back to."""
        return dict(parse_qsl(self.query)).get("back", "/")[:2000]

    @property
    def signed_in(self) -> bool:
        """Whether somebody has logged in."""
        return self.principal.session_id is not None

    def has_role(self, *roles: Role) -> bool:
        """Tell whether the visitor has one of some roles."""
        return bool(set(roles) & set(self.principal.roles))

    def say(self, text: str, /, **values: Any) -> str:
        """Return a text of the catalogue in the visitor's language."""
        found = translations(self.language).ugettext(text)
        return found % values if values else found

    def say_many(self, one: str, many: str, count: int, /, **values: Any) -> str:
        """Return a text of the catalogue for a number of things."""
        return translations(self.language).ungettext(one, many, count) % {"num": count, **values}

    def scheme(self, code: str) -> str:
        """Return what people call a certificate scheme, or a planting-area code and its market."""
        return scheme_name(code, "vi" if self.language == "vi" else "en")

    @property
    def formats(self) -> Formats:
        """How figures are written in the visitor's language."""
        return Formats(self.language)

    def value(self, name: str, usual: object = "") -> str:
        """Return what a field of a form should hold: what was sent with it, else the usual."""
        if self.form.pairs:
            return self.form.get(name)
        return "" if usual is None else str(usual)

    def checked(self, name: str, value: str = "1", *, usual: bool = False) -> bool:
        """Tell whether a box of a form should be ticked."""
        return value in self.form.all(name) if self.form.pairs else usual

    def faults(self) -> dict[str, list[str]]:
        """Return what is wrong with each field of the form, in the visitor's language."""
        from service.web.error_texts import by_field

        return {} if self.problem is None else by_field(self.problem, self)

    def problem_words(self) -> str:
        """Return what went wrong, and what can be done now."""
        from service.web.error_texts import detail

        return "" if self.problem is None else detail(self.problem, self)

    def problem_title(self) -> str:
        """Return the kind of what went wrong."""
        from service.web.error_texts import title

        return "" if self.problem is None else title(self.problem, self)

    def word(self, value: StrEnum) -> str:
        """Return a word of a closed list, such as a state or a reason."""
        from service.web.labels import of

        return of(value, self)

    def look(self, value: StrEnum) -> tuple[str, str]:
        """Return the colour and the icon that a state is shown in."""
        from service.web.labels import kind

        return kind(value)

    def show(self, template: str, status: int | None = None, headers: dict[str, str] | None = None, **context: Any) -> Response:
        """Return a page.

        Parameters
        ----------
        template : its file below ``templates``.
        status : of the answer; that of the problem, if there is one, where absent.
        """
        from service.web.navigation import entries_for

        faults = self.faults()
        shell = {
            "visit": self,
            "problem": self.problem,
            "faults": faults,
            "entries": entries_for(self),
            "house": self.house,
            "once": secrets.token_urlsafe(15),
        }
        html = rendering.page(template, self.language, {**shell, "hidden": (TOKEN, ONCE), **context})
        code = status or (self.problem.status if self.problem else 200)
        answer = rendering.answer(html, self.accepted, code, {**self.headers, **(headers or {})}, self.tiles)
        if self.flash is not None:
            answer.delete_cookie(FLASH_COOKIE, path="/")
        return answer

    @property
    def house(self) -> House:
        """The association whose pages these are."""
        scope = self.principal.scope
        try:
            return house_of(self.database, scope.association_id if scope else self.principal.association_id)
        except SQLAlchemyError:
            return House()

    @property
    def tiles(self) -> str:
        """The origin that map tiles come from, empty where there are none."""
        parts = urlsplit(getattr(self.settings, "map_tiles", "") or "")
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    def go(self, place: str, said: str = "", kind: str = "good") -> Response:
        """Send the visitor on to another page, which says something first.

        Parameters
        ----------
        place : the address, one of ours.
        said : what the next page says, in the visitor's language already.
        kind : good, info, warn or bad.
        """
        answer = RedirectResponse(own_address(place), 303, self.headers)
        if said:
            set_flash(answer, said, kind, secure=self.secure)
        return answer

    @property
    def origin(self) -> str:
        """Where people reach the service: as the settings say, else as this visitor did."""
        return self.settings.public_url or self.reached_at

    @property
    def secure(self) -> bool:
        """Whether cookies are sent over https alone."""
        return self.settings.public_url.startswith("https://")


def about(request: Request) -> dict[str, Any]:
    """Return what a request says of its visitor, whoever that is."""
    language, theme = request.cookies.get(LANGUAGE_COOKIE, ""), request.cookies.get(THEME_COOKIE, "")
    return {
        "language": language if language in LANGUAGES else LANGUAGES[0],
        "theme": theme if theme in THEMES else THEMES[0],
        "token": request.cookies.get(CSRF_COOKIE, "")[:200],
        "params": dict(request.path_params),
        "query": request.url.query,
        "reached_at": f"{request.url.scheme}://{request.url.netloc}"[:300],
        "accepted": request.headers.get("accept-encoding", ""),
        "fragment": request.headers.get("hx-request") == "true" and request.headers.get("hx-request-type", "partial") == "partial",
        "flash": _flash(request.cookies.get(FLASH_COOKIE, "")),
    }


def set_flash(answer: Response, said: str, kind: str = "good", *, secure: bool = False) -> None:
    """Let the next page say something, once."""
    packed = quote(orjson.dumps({"said": said[:LONGEST_FLASH], "kind": kind}).decode())
    answer.set_cookie(FLASH_COOKIE, packed, max_age=60, path="/", httponly=True, samesite="lax", secure=secure)


def _flash(cookie: str) -> dict[str, str] | None:
    from urllib.parse import unquote

    try:
        found = orjson.loads(unquote(cookie)) if cookie else None
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("said"), str):
        return None
    kind = found.get("kind") if found.get("kind") in {"good", "info", "warn", "bad"} else "info"
    return {"said": found["said"][:LONGEST_FLASH], "kind": str(kind)}


def own_address(place: str) -> str:
    """Return an address of ours; what leads elsewhere leads home instead."""
    plain = place.startswith("/") and not place.startswith(("//", "/\\")) and all(sign.isprintable() for sign in place)
    parts = urlsplit(place) if plain else None
    return place if parts is not None and not parts.netloc and not parts.scheme and "\\" not in place else "/"


async def _visit(request: Request) -> PageContext:
    return cast(PageContext, request.state.asked)


PageRequest = Annotated[PageContext, Depends(_visit)]
"""A request for a page, as its function takes it."""
