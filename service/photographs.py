"""Photographs that people take of goods: what kind they are, and without what a telephone writes into them beside the picture.

A telephone notes where, when and with what a picture was taken. None of that is kept: the picture itself stays as it is, byte for byte, and
of the notes only what it takes to show it upright and in its colours.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

LARGEST_BYTES = 8_000_000
KINDS = ("image/jpeg", "image/png", "image/webp")
_MARK = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")
"""A mark within the picture of a JPEG: what is neither a stuffed byte nor a restart."""
_JPEG_START, _JPEG_END, _JPEG_SCAN, _JPEG_NOTES, _JPEG_PROFILE, _JPEG_COMMENT = 0xD8, 0xD9, 0xDA, 0xE1, 0xE2, 0xFE
_JPEG_KEPT_APPS = (0xE0, 0xEE)
"""How large the dots are, and how the colours are coded."""
_EXIF, _ORIENTATION, _SHORT, _MOST_NOTES = b"Exif\0\0", 0x0112, 3, 200
_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"bKGD", b"pHYs"}
)  # fmt: skip
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_WEBP_DRAWN = frozenset({b"VP8 ", b"VP8L", b"ANMF"})
_WEBP_TURNED, _WEBP_NOTES = 0b0000_1000, 0b0000_1100
"""Bits of a WebP's head that announce Exif notes, and notes of any kind."""


class NotAPhotograph(ValueError):
    """It is no JPEG, PNG or WebP, or not a whole one, or too large."""

    def __init__(self) -> None:
        super().__init__(f"a photograph: JPEG, PNG or WebP of at most {LARGEST_BYTES // 1_000_000} MB")


@dataclass(frozen=True)
class Photograph:
    """A picture without notes.

    Attributes
    ----------
    media_type : one of `KINDS`, by what it is and not by what it was called.
    """

    media_type: str
    content: bytes


def plain(content: bytes) -> Photograph:
    """Return a photograph without what was noted in it.

    Raises
    ------
    NotAPhotograph
        If it is none.
    """
    if len(content) > LARGEST_BYTES:
        raise NotAPhotograph
    try:
        if content.startswith(b"\xff\xd8\xff"):
            return Photograph(KINDS[0], b"".join(_jpeg(content)))
        if content.startswith(_PNG_START):
            return Photograph(KINDS[1], b"".join(_png(content)))
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return Photograph(KINDS[2], _webp(content))
    except (struct.error, IndexError):
        raise NotAPhotograph from None
    raise NotAPhotograph


def _jpeg(content: bytes) -> Iterator[bytes]:
    """Yield the parts of a JPEG that are kept; what follows its end, such as a film, isn't."""
    yield content[:2]
    place, drawn = 2, False
    while True:
        mark = _MARK.match(content, place)
        if mark is None:
            raise NotAPhotograph
        kind, start = mark[1][0], mark.end()
        if kind == _JPEG_END:
            if not drawn:
                raise NotAPhotograph
            yield b"\xff\xd9"
            return
        (length,) = struct.unpack_from(">H", content, start)
        end = start + length
        if length < 2 or end > len(content) or kind == _JPEG_START:
            raise NotAPhotograph
        yield _jpeg_part(kind, content[start + 2 : end])
        if kind == _JPEG_SCAN:
            after = _MARK.search(content, end)
            if after is None:
                raise NotAPhotograph
            yield content[end : after.start()]
            end, drawn = after.start(), True
        place = end


def _jpeg_part(kind: int, data: bytes) -> bytes:
    """Return a segment of a JPEG as it is kept."""
    if kind == _JPEG_NOTES:
        turned = _turned(data.removeprefix(_EXIF)) if data.startswith(_EXIF) else b""
        return _segment(kind, _EXIF + turned) if turned else b""
    is_note = kind == _JPEG_COMMENT or 0xE0 <= kind <= 0xEF
    is_kept = kind in _JPEG_KEPT_APPS or (kind == _JPEG_PROFILE and data.startswith(b"ICC_PROFILE\0"))
    return b"" if is_note and not is_kept else _segment(kind, data)


def _segment(kind: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, kind, len(data) + 2) + data


def _turned(notes: bytes) -> bytes:
    """Return notes that say how to turn a picture and nothing else; empty if Exif notes don't say, or it needn't be turned."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(notes[:4])
    if order is None:
        return b""
    try:
        (first,) = struct.unpack_from(f"{order}I", notes, 4)
        (count,) = struct.unpack_from(f"{order}H", notes, first)
        for number in range(min(count, _MOST_NOTES)):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", notes, first + 2 + 12 * number)
            if tag == _ORIENTATION and kind == _SHORT and 2 <= value <= 8:
                return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, _SHORT, 1, value, 0, 0)
    except struct.error:
        return b""
    return b""


def _png(content: bytes) -> Iterator[bytes]:
    """Yield the parts of a PNG that are kept."""
    yield _PNG_START
    place = len(_PNG_START)
    while True:
        (length,) = struct.unpack_from(">I", content, place)
        kind, end = content[place + 4 : place + 8], place + 12 + length
        (checksum,) = struct.unpack_from(">I", content, end - 4)
        if zlib.crc32(content[place + 4 : end - 4]) != checksum:
            raise NotAPhotograph
        if kind in _PNG_KEPT:
            yield content[place:end]
        elif kind == b"eXIf":
            yield _png_part(kind, _turned(content[place + 8 : end - 4]))
        if kind == b"IEND":
            return
        place = end


def _png_part(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) if data else b""


def _webp(content: bytes) -> bytes:
    """Return a WebP with the parts that are kept."""
    parts = list(_webp_parts(content))
    turned = next((_turned(data.removeprefix(_EXIF)) for kind, data in parts if kind == b"EXIF"), b"")
    kept = [(kind, data) for kind, data in parts if kind in _WEBP_KEPT]
    if not any(kind in _WEBP_DRAWN for kind, _ in kept):
        raise NotAPhotograph
    flags = _WEBP_TURNED if turned else 0
    kept = [(kind, _flagged(data, flags) if kind == b"VP8X" else data) for kind, data in kept]
    kept += [(b"EXIF", turned)] if turned else []
    body = b"WEBP" + b"".join(kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _webp_parts(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and the content of each part of a WebP."""
    (size,) = struct.unpack_from("<I", content, 4)
    place, until = 12, 8 + size
    if until > len(content):
        raise NotAPhotograph
    while place < until:
        (length,) = struct.unpack_from("<I", content, place + 4)
        data = content[place + 8 : place + 8 + length]
        if len(data) != length:
            raise NotAPhotograph
        yield content[place : place + 4], data
        place += 8 + length + length % 2


def _flagged(data: bytes, flags: int) -> bytes:
    """Return the head of a WebP that says which notes it has."""
    return bytes([data[0] & ~_WEBP_NOTES | flags]) + data[1:]
