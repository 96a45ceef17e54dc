"""The part of the description that tells receivers what is sent to them: one entry for each kind of event, under `webhooks`."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import datetime
from functools import cache, reduce
from typing import Any, Literal

from fastapi import FastAPI
from pydantic import Field, create_model

from catalog.models import Side
from service.http.glossary import UID
from service.http.shapes import Out
from service.views.events import SHAPES, SHOWN
from service.webhooks.events import BROKERS_ONLY, KINDS, ONE_SIDE

AT = "2027-06-07T05:00:00.000+00:00"
_HEADERS = {
    "webhook-id": ("The same at every attempt: keep it to know doubles. It is the `id` of the body.", UID),
    "webhook-timestamp": ("When this attempt was made, seconds since 1970-01-01.", "1812344400"),
    "webhook-signature": (
        "Signatures by Standard Webhooks, with blanks between them; any one that fits will do.",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
}
_OWNERS = {Side.SUPPLY: "supplier", Side.DEMAND: "buyer"}
_ANSWERS = {
    "2XX": {"description": "It has arrived. Anything else, or no answer within 15 seconds, and it is sent again later."},
    "410": {"description": "Nothing more is wanted: the endpoint is switched off."},
}


class Message(Out):
    """What is sent of an event, in the form of Standard Webhooks."""

    id: str = Field(description="Uid of the event: the `webhook-id` of every attempt.", examples=[UID])
    timestamp: datetime = Field(description="When it happened.", examples=[AT])


def register(app: FastAPI) -> None:
    """Tell an application what it sends; each kind of event gets an entry of its own."""
    for kind, meaning in KINDS.items():
        app.webhooks.add_api_route(
            kind, _receiver(_message(kind, meaning)), methods=["POST"], operation_id="on_" + kind.replace(".", "_"), tags=["webhooks"],
            summary=meaning.rstrip("."), description=f"{meaning} {_heard(kind)}", response_model=None,
        )  # fmt: skip


@cache
def _message(kind: str, meaning: str) -> type[Message]:
    """Return the shape of the message of a kind."""
    words = "What has happened. Where there are several forms, the first is the association's, the others those of whom it concerns."
    fields: dict[str, Any] = {
        "type": (Literal[kind], Field(description="Kind of the event.")),
        "data": (reduce(operator.or_, SHAPES[kind]), Field(description=words)),
    }
    name = "".join(word.title() for word in kind.split("."))
    return create_model(f"{name}Event", __base__=Message, __module__=__name__, __doc__=meaning, **fields)


def _receiver(message: type[Message]) -> Callable[..., None]:
    """Return a function that takes a message; it is only looked at, and never called."""

    def receive(event: Any) -> None:
        raise NotImplementedError("receivers take events, the service sends them")

    receive.__annotations__ = {"event": message, "return": None}
    return receive


def _heard(kind: str) -> str:
    """Return who hears of a kind, as a sentence."""
    if kind in BROKERS_ONLY:
        return "Only the association's endpoints hear of it."
    side = ONE_SIDE.get(kind.partition(".")[0])
    others = "organisations that it concerns" if side is None else f"{_OWNERS[side]} whose it is"
    return f"The association's endpoints hear of it, and those of the {others}."


def complete(document: dict[str, Any], example_of: Callable[[dict[str, Any], dict[str, Any]], Any]) -> None:
    """Add to each kind's entry its headers, what may be answered, and an example of each form of its data.

    Parameters
    ----------
    document : of OpenAPI, with everything but that.
    example_of : puts an example of a schema together, given the schemas that it names.
    """
    schemas = document["components"]["schemas"]
    for kind, entry in document.get("webhooks", {}).items():
        operation = entry["post"]
        operation["security"], operation["responses"] = [], {code: dict(answer) for code, answer in _ANSWERS.items()}
        operation["parameters"] = [
            {"name": name, "in": "header", "required": True, "description": words, "schema": {"type": "string"}, "example": shown}
            for name, (words, shown) in _HEADERS.items()
        ]
        content = operation["requestBody"]["content"]["application/json"]
        content["examples"] = {shape.__name__: _example(kind, shape, example_of, schemas) for shape in SHAPES[kind]}


def _example(kind: str, shape: type[Out], example_of: Callable[..., Any], schemas: dict[str, Any]) -> dict[str, Any]:
    data = example_of(schemas[shape.__name__], schemas) | SHOWN.get(kind, {})
    return {"summary": schemas[shape.__name__]["description"], "value": {"id": UID, "type": kind, "timestamp": AT, "data": data}}
