"""Templates into answers: escaped, in the visitor's language, under a strict policy of what the browser may load, and compressed."""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path
from typing import Any

import brotli
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import Response

from service.web import static
from service.web.formats import Formats
from service.web.texts import translations

TEMPLATES = Path(__file__).resolve().parent / "templates"
SMALLEST = 600
"""Answers shorter than this, bytes, aren't worth compressing."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:{tiles}; connect-src 'self'; font-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


@lru_cache(maxsize=4)
def environment(language: str) -> Environment:
    """Return the templates of a language; what a template doesn't know is an error, never an empty place."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"], auto_reload=False,
    )  # fmt: skip
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(Formats(language).filters())
    made.globals.update(asset=static.address, icon=icon)
    return made


def icon(name: str, size: str = "") -> Markup:
    """Return an icon from the sprite; it says nothing to a screen reader, for a text always stands beside it."""
    shown = Markup('<svg class="icon{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>')
    return shown.format(f" icon-{size}" if size else "", static.address("icons.svg"), name)


def page(template: str, language: str, context: dict[str, Any]) -> str:
    """Return a template filled in."""
    return environment(language).get_template(template).render(language=language, **context)


def answer(html: str, accepted: str, status: int = 200, headers: dict[str, str] | None = None, tiles: str = "") -> Response:
    """Return a page as an answer.

    Parameters
    ----------
    accepted : the request's ``Accept-Encoding``.
    tiles : the origin that map tiles come from, if there is one.
    """
    policy = POLICY.format(tiles=f" {tiles}" if tiles else "")
    # Without a referrer a browser would not say that a form comes from our own page either.
    body, more = html.encode(), {**(headers or {}), "content-security-policy": policy, "referrer-policy": "same-origin"}
    admitted = static.codings(accepted)
    if len(body) >= SMALLEST and admitted:
        best = admitted.partition(",")[0]
        body = brotli.compress(body, quality=4) if best == "br" else gzip.compress(body, 5)
        more["content-encoding"] = best
    return Response(body, status, more, "text/html; charset=utf-8")
