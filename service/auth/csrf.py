"""Whether a request that bears a cookie was meant by the page that the cookie belongs to.

A browser sends cookies along with requests that other sites make it send. A write by cookie must therefore come from our own origin, as
the browser says, and bear a token that only our own page can read.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from service.auth.tokens import same, token_hash

HEADER = "x-csrf-token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def forged(method: str, headers: Mapping[str, str], csrf_hash: str | None, public_url: str = "") -> bool:
    """Tell whether a request by cookie must be refused.

    Parameters
    ----------
    method, headers : of the request; names of headers in lower case.
    csrf_hash : hash of the token that the login was given.
    public_url : where people reach the service, if that differs from the host that the request names.
    """
    return method not in SAFE and (from_elsewhere(headers, public_url) or not fits(headers.get(HEADER, ""), csrf_hash))


def from_elsewhere(headers: Mapping[str, str], public_url: str = "") -> bool:
    """Tell whether another site's page made the browser ask.

    Parameters
    ----------
    headers : of the request, names in lower case.
    public_url : where people reach the service, if that differs from the host that the request names.
    """
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = headers.get("origin")
    ours = {urlsplit(public_url).netloc, headers.get("host", "")} - {""}
    return origin is not None and urlsplit(origin).netloc not in ours


def from_here(headers: Mapping[str, str], public_url: str = "") -> bool:
    """Tell whether the browser says that a page of ours made it ask; silence isn't enough.

    Parameters
    ----------
    headers : of the request, names in lower case.
    public_url : where people reach the service, if that differs from the host that the request names.
    """
    said = headers.get("sec-fetch-site") == "same-origin" or headers.get("origin", "null") != "null"
    return said and not from_elsewhere(headers, public_url)


def fits(token: str, csrf_hash: str | None) -> bool:
    """Tell whether a token is the one that a login was given.

    Parameters
    ----------
    csrf_hash : hash of the login's token.
    """
    return csrf_hash is not None and same(token_hash(token), csrf_hash)
