"""Every failure in one shape: problem details of RFC 9457 with a stable `code`.

A use-case raises an error of its own room; here it gets its status. `say` gives a status to an error of another part of the service.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from buyers.errors import ContractExceeded
from catalog.errors import AlreadyImported, Conflict, DomainError, Fault, Invalid, NeedsConfirmation, NotFound, Stale
from service.planning.errors import ManyRefused, PinsConflict

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 50
TITLES = {
    400: "The request can't be read", 401: "Log in first", 403: "Not allowed", 404: "There is no such thing", 405: "Not done here",
    406: "Not to be had in that form", 408: "The request took too long", 409: "Somebody was first", 410: "No longer there",
    412: "Changed meanwhile", 413: "Too large", 415: "Not understood in that form", 422: "Something in it is wrong",
    428: "Say which version you have seen", 429: "Too many requests", 431: "Too large", 500: "Our fault", 501: "Not set up",
    503: "Busy, or resting", 507: "Out of space",
}  # fmt: skip


class ErrorItem(BaseModel):
    """One thing that is wrong: where, and what should stand there."""

    model_config = ConfigDict(extra="forbid")

    pointer: str | None = Field(
        default=None, description="Where in the body, as a JSON pointer; or `query/`, `path/` or `header/` and a name.",
        examples=["/quantity_kg"],
    )  # fmt: skip
    table: str | None = Field(default=None, description="The table of an upload.", examples=["lots"])
    row: int | None = Field(default=None, description="The row as a spreadsheet shows it; the first record is row 2.", examples=[2])
    column: str | None = Field(default=None, description="The column of an upload.", examples=["quantity_kg"])
    value: str | None = Field(default=None, description="What stands there, shortened; never a secret.", examples=["-5"])
    message: str = Field(description="What should stand there.", examples=["a number from 1 to 10,000,000"])


class Problem(BaseModel):
    """What went wrong, in the shape of RFC 9457."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="A name of this kind of problem that never changes.", examples=["urn:mca:problem:invalid"])
    title: str = Field(description="The kind of problem in words.", examples=["Something in it is wrong"])
    status: int = Field(description="The status of the answer.", examples=[422])
    detail: str = Field(description="This occurrence in words.", examples=["1 fault"])
    code: str = Field(description="What programs may rely on; it never changes.", examples=["invalid"])
    request_id: str | None = Field(default=None, description="Names this request in our logs.", examples=["01k4h4m1r3"])
    errors: list[ErrorItem] = Field(
        default_factory=list, description=f"Each thing that is wrong, up to {MOST_ERRORS}.",
        examples=[[{"pointer": "/quantity_kg", "message": "a number from 1 to 10,000,000"}]],
    )  # fmt: skip
    who: str | None = Field(default=None, description="Who was first, where somebody was.", examples=["Nguyễn Thị Lan"])
    when: str | None = Field(default=None, description="When that was, RFC 3339.", examples=["2027-06-07T05:00:00+00:00"])
    facts: dict[str, int | str | None] = Field(
        default_factory=dict, description="Figures of this kind of problem, such as `left_kg` or the current `version`.",
        examples=[{"left_kg": 250}],
    )  # fmt: skip


class Refused(HTTPException):
    """A refusal by the HTTP side itself, for what no room knows of."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[ErrorItem] = (),
        facts: Mapping[str, int | str | None] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.code, self.errors, self.facts = code, list(errors), dict(facts or {})


_STATUS: dict[type[DomainError], int] = {
    NotFound: 404, Invalid: 422, NeedsConfirmation: 422, Stale: 412, Conflict: 409, ContractExceeded: 409, DomainError: 422,
}  # fmt: skip
_FACTS = (
    "left_kg", "version", "uid", "field", "current", "compensation", "missing_vnd", "floor_vnd", "supplier_vnd", "difference_vnd",
)  # fmt: skip


def say(error: type[DomainError], status: int) -> None:
    """Give an error of another part its status; without one, it has that of the class that it is a kind of."""
    _STATUS[error] = status


def status_of(error: DomainError) -> int:
    """Return the status of an error."""
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def of_domain(error: DomainError) -> Problem:
    """Return what a use-case's error says."""
    status = status_of(error)
    facts = {name: getattr(error, name) for name in _FACTS if getattr(error, name, None) is not None}
    problem = Problem(**_head(status, error.code), detail=str(error), facts=facts)
    if isinstance(error, Invalid):
        problem.detail = f"{len(error.faults)} fault{'s' * (len(error.faults) != 1)}"
        problem.errors = [item for one in error.faults[:MOST_ERRORS] for item in of_fault(one)]
    if isinstance(error, NeedsConfirmation):
        problem.errors = [ErrorItem(pointer=f"/{name}", message=error.doubt) for name in error.field.split(",")]
    if isinstance(error, Conflict):
        problem.who, problem.when = error.who, None if error.when is None else error.when.isoformat()
    if isinstance(error, ManyRefused):
        shown = list(error.refusals.items())[:MOST_ERRORS]
        problem.errors = [ErrorItem(pointer="/items", value=uid, message=f"{one.code}: {one}"[:1000]) for uid, one in shown]
    if isinstance(error, PinsConflict):
        pins = zip(error.pins, error.pairs, strict=True)
        problem.errors = [ErrorItem(pointer="/decisions", value=uid, message=pair) for uid, pair in pins]
    if isinstance(error, AlreadyImported):
        problem.facts["uid"] = error.uid
    return problem


def of_fault(one: Fault) -> list[ErrorItem]:
    """Return a fault as items, one for each field that it names."""
    where: dict[str, Any] = {"row": one.row} if one.row else {}
    return [
        ErrorItem(
            pointer=f"/{name.strip()}", column=name.strip() if one.row else None, value=one.value or None, message=one.expected, **where
        )
        for name in one.field.split(",")
    ]


def of_refusal(error: HTTPException) -> Problem:
    """Return what the HTTP side's refusal says."""
    if isinstance(error, Refused):
        return Problem(**_head(error.status_code, error.code), detail=str(error.detail), errors=error.errors, facts=error.facts)
    codes = {404: "not_found", 405: "method_not_allowed"}
    detail = "there is nothing at this address" if error.status_code == 404 else str(error.detail)
    return Problem(**_head(error.status_code, codes.get(error.status_code, "bad_request")), detail=detail)


def of_validation(error: RequestValidationError | ValidationError) -> Problem:
    """Return what a body or a parameter breaks of the description; what was sent is not repeated."""
    found = list(error.errors() if isinstance(error, RequestValidationError) else error.errors(include_input=False, include_url=False))
    items = [ErrorItem(pointer=_pointer(one["loc"]), message=_words(one["msg"])) for one in found[:MOST_ERRORS]]
    code = "invalid" if all(map(_is_beyond_description, found)) else "invalid_request"
    return Problem(**_head(422, code), detail=f"{len(found)} fault{'s' * (len(found) != 1)}", errors=items)


_BOUNDS = {"ge", "gt", "le", "lt"}


def _is_beyond_description(one: Mapping[str, Any]) -> bool:
    """Tell what no description can say: that a whole contradicts itself, or an instant lies too far away. The catalogue refuses that."""
    bounds = [value for name, value in one.get("ctx", {}).items() if name in _BOUNDS and isinstance(value, (date, str))]
    return bool(bounds) or (len(one["loc"]) == 1 and one["type"] == "value_error")


def _words(message: str) -> str:
    return message.encode("utf-8", "backslashreplace").decode()[:300]


def _pointer(place: Iterable[int | str]) -> str:
    """Return a JSON pointer into the body, or the name of a parameter."""
    source, *rest = [_words(str(part)).replace("~", "~0").replace("/", "~1")[:100] for part in place] or ["body"]
    return "".join(f"/{part}" for part in rest) if source == "body" else "/".join([source, *rest])


def plain(status: int, code: str, detail: str, **facts: int | str | None) -> Problem:
    """Return a problem made by hand."""
    return Problem(**_head(status, code), detail=detail, facts=facts)


def _head(status: int, code: str) -> dict[str, Any]:
    return {"type": f"urn:mca:problem:{code}", "title": TITLES.get(status, "Refused"), "status": status, "code": code}


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer that says a problem."""
    content = problem.model_dump_json(exclude_none=True, exclude_defaults=True)
    return Response(content, problem.status, dict(headers or {}), MEDIA_TYPE)
