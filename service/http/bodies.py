"""Bodies of requests: bounded, and read strictly.

A body is counted while it streams in, whatever its length claims to be. JSON is read by orjson, which refuses NaN, infinities, broken
text, halves of surrogate pairs and deep nesting; a name that stands twice in one object is refused on top of that.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from typing import Any

import orjson
from starlette.requests import Request
from starlette.types import Message, Receive

from service.http.problems import ErrorItem, Refused

SLOWEST_S = 30.0
DRAINED = 64 * 1024
"""A refused body up to this size is read to its end, so that the client sees the answer and not a broken connection."""


def too_large(limit: int) -> Refused:
    """Return the refusal of a body that is larger than allowed."""
    return Refused(413, "body_too_large", f"the body is larger than {limit:,} bytes", headers={"Connection": "close"})


def bounded(receive: Receive, limit: int) -> Receive:
    """Return the stream of a body that ends with a refusal beyond `limit` bytes, or when it takes longer than half a minute."""
    taken = 0
    started: float | None = None
    whole = False

    async def counted() -> Message:
        nonlocal taken, started, whole
        if whole:
            return await receive()
        clock = asyncio.get_running_loop().time
        started = clock() if started is None else started
        try:
            message = await asyncio.wait_for(receive(), max(0.001, SLOWEST_S - (clock() - started)))
        except TimeoutError:
            raise Refused(408, "body_too_slow", "the body didn't arrive in time", headers={"Connection": "close"}) from None
        whole = not message.get("more_body", False)
        taken += len(message.get("body", b""))
        if taken > limit:
            await _drain(receive, message)
            raise too_large(limit)
        return message

    return counted


def unpacked(request: Request, limit: int) -> Receive:
    """Return the stream of a request's body, unpacked where it came packed by gzip; never more than just beyond `limit` bytes.

    Raises
    ------
    Refused
        With 415 if it is packed in another way.
    """
    packing = request.headers.get("content-encoding", "identity").strip().lower()
    if packing in {"", "identity"}:
        return request.receive
    if packing not in {"gzip", "x-gzip"}:
        raise Refused(415, "unsupported_encoding", "pack the body with gzip, or not at all", headers={"Accept-Encoding": "gzip"})
    inflater, receive, made = zlib.decompressobj(zlib.MAX_WBITS | 16), request.receive, 0

    async def inflated() -> Message:
        nonlocal made
        message = await receive()
        if message["type"] != "http.request":
            return message
        try:
            content = inflater.decompress(message.get("body", b""), limit + 1 - made)
        except zlib.error:
            raise _bad("the body isn't packed by gzip, as its Content-Encoding says") from None
        made += len(content)
        if made > limit:
            raise too_large(limit)
        more = message.get("more_body", False)
        if not more and not inflater.eof:
            raise _bad("the packed body isn't whole")
        return {**message, "body": content}

    return inflated


async def _drain(receive: Receive, message: Message) -> None:
    rest = DRAINED
    while message.get("more_body") and rest > 0:
        message = await receive()
        rest -= len(message.get("body", b""))


class StrictRequest(Request):
    """A request whose body is JSON in the strict sense."""

    async def json(self) -> Any:
        """Return the body's content.

        Raises
        ------
        Refused
            If it isn't JSON, or two members of one object have one name.
        """
        if not hasattr(self, "_strict"):
            self._strict = parse(await self.body())
        return self._strict


def parse(body: bytes) -> Any:
    """Return the content of a JSON text; see `StrictRequest.json`."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _bad(f"not JSON: {error.msg}, at character {error.pos}") from None
    try:
        json.loads(body, object_pairs_hook=_once, parse_float=float, parse_int=_nothing, parse_constant=_nothing)
    except RecursionError:
        raise _bad("nested too deeply") from None
    except ValueError as error:
        raise _bad(str(error)) from None
    return content


def _once(pairs: list[tuple[str, Any]]) -> None:
    """Refuse an object that says one thing twice."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name stands twice in one object")


def _nothing(_text: str) -> None:
    """Spare the second reading what the first has done."""


def _bad(why: str) -> Refused:
    return Refused(422, "bad_json", why, errors=[ErrorItem(pointer="", message=why)])
