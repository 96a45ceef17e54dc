"""The files that pages are made of besides their HTML: where they lie, what they are called, and how they are served."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

from starlette.responses import Response

from catalog.errors import NotFound

BUILT = Path(__file__).resolve().parent / "built"
FOREVER = "public, max-age=31536000, immutable"
KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
REMEDY = "the pages' files are not built yet: run 'make setup', or python service/web/build.py"


@lru_cache(maxsize=1)
def manifest() -> dict[str, str]:
    """Return the name under which each file is served, by the name that pages call it.

    Raises
    ------
    RuntimeError
        If nothing has been built.
    """
    listed = BUILT / "manifest.json"
    if not listed.is_file():
        raise RuntimeError(REMEDY)
    names: dict[str, str] = json.loads(listed.read_text(encoding="utf-8"))
    return names


def address(name: str) -> str:
    """Return the address of a file, such as ``address("app.css")``; it changes whenever the file does."""
    return f"/static/{manifest()[name]}"


@lru_cache(maxsize=256)
def _content(name: str, coding: str) -> tuple[bytes, str]:
    """Return a file in the best coding that the browser takes, and that coding."""
    if name not in manifest().values():
        raise NotFound("file", name)
    best = next((one for one in ("br", "gzip") if one in coding.split(",")), "")
    path = BUILT / (name + {"br": ".br", "gzip": ".gz"}.get(best, ""))
    return path.read_bytes(), best


@lru_cache(maxsize=1)
def icon_names() -> tuple[str, ...]:
    """Return the names of all icons."""
    drawn = (BUILT / manifest()["icons.svg"]).read_text(encoding="utf-8")
    return tuple(re.findall(r'<symbol id="([^"]+)"', drawn))


def serve(name: str, accepted: str) -> Response:
    """Return a file as an answer.

    Parameters
    ----------
    accepted : the request's ``Accept-Encoding``.

    Raises
    ------
    NotFound
        If there is no such file.
    """
    body, coding = _content(name, codings(accepted))
    headers = {"cache-control": FOREVER, "vary": "Accept-Encoding", "cross-origin-resource-policy": "same-origin"}
    if coding:
        headers["content-encoding"] = coding
    return Response(body, media_type=KINDS[Path(name).suffix], headers=headers)


def codings(accepted: str) -> str:
    """Return which of br and gzip a request's ``Accept-Encoding`` admits, as a text such as ``br,gzip``."""
    parts = [part.replace(" ", "").lower().partition(";") for part in accepted.split(",")]
    named = {name for name, _, quality in parts if quality not in {"q=0", "q=0.0"}}
    return ",".join(one for one in ("br", "gzip") if one in named)
