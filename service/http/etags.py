"""Versions of rows as entity tags: `ETag: W/"3"` comes with a row, `If-Match: W/"3"` goes with a change of it."""

from __future__ import annotations

import re

from service.http.problems import ErrorItem, Refused

_TAG = re.compile(r'(?:W/)?"([1-9]\d{0,14})"', re.ASCII)
PATTERN = r'^(\*|(W/)?"[1-9][0-9]{0,14}")$'


def tag(version: int) -> str:
    """Return the entity tag of a version."""
    return f'W/"{version}"'


def expected(if_match: str | None) -> int | None:
    """Return the version that a change was made on; None for ``*``, which is whatever version there is.

    Raises
    ------
    Refused
        With 428 if the request doesn't say, with 422 if it says something that no row is ever tagged with.
    """
    if if_match is None or not if_match.strip():
        raise Refused(428, "if_match_required", 'send the ETag that you have seen as If-Match, such as If-Match: W/"3"')
    if if_match.strip() == "*":
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        wrong = ErrorItem(pointer="header/If-Match", message='an ETag such as W/"3", or *')
        raise Refused(422, "invalid_request", "1 fault", errors=[wrong])
    return int(found[1])


def unchanged(if_none_match: str | None, current: str) -> bool:
    """Tell whether the client has the current version already."""
    if not if_none_match:
        return False
    known = [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return "*" in known or current.removeprefix("W/") in known
