"""Photographs of what doors received, one to a receipt."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as StarletteRefusal
from starlette.formparsers import MultiPartException
from starlette.responses import Response

from catalog.errors import Invalid, fault
from service.api.shipments import PhotoKind, ReceiptOut, receipts_out
from service.auth.permissions import Permission
from service.http.context import Reading, Uid, Writing
from service.http.problems import Refused
from service.http.routing import Api, transact
from service.photographs import LARGEST_BYTES, NotAPhotograph, plain
from service.planning.fulfilment import receipts

api = Api("photographs", "What doors photograph of the goods that they receive.")
ENVELOPE_BYTES = 64 * 1024
"""What a form may add to the file that it carries."""
FORM = "multipart/form-data"
TAKEN = (*(kind.value for kind in PhotoKind), FORM)
PICTURE = {"type": "string", "format": "binary"}
BODY = {
    "requestBody": {
        "required": True,
        "description": f"The picture, up to {LARGEST_BYTES // 1_000_000} MB, as it is or in a form.",
        "content": {
            FORM: {"schema": {"type": "object", "properties": {"file": PICTURE}, "required": ["file"]}},
            **{kind.value: {"schema": PICTURE} for kind in PhotoKind},
        },
    }
}
PICTURES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture.", "content": {kind.value: {"schema": PICTURE} for kind in PhotoKind}}
}


@api.put(
    "/receipts/{uid}/photo",
    may=Permission.RECEIPTS_WRITE,
    body_limit=LARGEST_BYTES + ENVELOPE_BYTES,
    media=TAKEN,
    audited=False,
    openapi_extra=BODY,
)
async def put_receipt_photo(asked: Writing, uid: Uid, request: Request) -> ReceiptOut:
    """Put a photograph to a receipt of one's own door: JPEG, PNG or WebP.

    A receipt takes one; the same picture again changes nothing, another one is refused. What the telephone noted in it, such as the place,
    isn't kept.
    """
    content, name = await _picture(request)
    try:
        picture = await run_in_threadpool(plain, content)
    except NotAPhotograph as error:
        raise Invalid([fault("file", name, str(error))]) from None

    def put() -> ReceiptOut:
        done = receipts.attach_photo(asked.session, asked.scope, uid, picture, asked.act("photographed"))
        return receipts_out(asked, [done])[0]

    return await transact(asked, put)  # type: ignore[no-any-return]


@api.get("/receipts/{uid}/photo", may=Permission.RECEIPTS_READ, responses=PICTURES, response_class=Response)
def get_receipt_photo(asked: Reading, uid: Uid) -> Response:
    """Return the photograph to a receipt."""
    row = receipts.photo_of(asked.session, asked.scope, uid)
    return Response(row.content, 200, {**asked.headers, "content-disposition": f'inline; filename="{row.uid}"'}, row.media_type)


async def _picture(request: Request) -> tuple[bytes, str]:
    """Return the picture that a request brings, and what it is called."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in TAKEN:
        raise Refused(415, "unsupported_media_type", f"send {' or '.join(TAKEN)}", headers={"Accept": ", ".join(TAKEN)})
    if kind != FORM:
        return await request.body(), ""
    try:
        async with request.form(max_files=1, max_fields=1, max_part_size=ENVELOPE_BYTES) as form:
            file = form.get("file")
            if file is None or isinstance(file, str):
                raise Invalid([fault("file", "", "a form with one file, named file")])
            return await file.read(), file.filename or ""
    except (MultiPartException, StarletteRefusal) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(422, "bad_form", "not a form with one file") from None
