"""Small pictures for tests, and what a telephone writes into them."""

from __future__ import annotations

import struct
import zlib

NOTED = b"21.3731N 106.5432E Telefon"
FLAT = bytes([255]) * 64
JPEG = b"".join(
    [
        bytes.fromhex("ffd8ffe000104a46494600010100000100010000"),
        *(bytes.fromhex("ffdb0043") + bytes([number]) + FLAT for number in (0, 1)),
        bytes.fromhex("ffc00011080002000203012200021101031101ffc4001500010100000000000000000000000000000001"),
        bytes.fromhex("ffc40014100100000000000000000000000000000000ffc4001501010100000000000000000000000000000102"),
        bytes.fromhex("ffc40014110100000000000000000000000000000000ffda000c03010002110311003f008005bfffd9"),
    ]
)
WEBP = bytes.fromhex("524946462e0000005745425056503820220000007001009d012a020002000cc0ce25a0027401400000feda260bb47e2eec4719240000")


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a part of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG_START = b"\x89PNG\r\n\x1a\n"
PNG_HEAD = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
PNG_REST = chunk(b"IDAT", zlib.compress(b"\0\x7f")) + chunk(b"IEND", b"")
PNG = PNG_START + PNG_HEAD + PNG_REST


def notes(orientation: int = 1, order: str = "<") -> bytes:
    """Return Exif notes of a maker, an orientation and a place."""
    start = b"II*\0" if order == "<" else b"MM\0*"
    rows = [
        struct.pack(f"{order}HHII", 0x010F, 2, len(NOTED), 50),
        struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0),
        struct.pack(f"{order}HHII", 0x8825, 4, 1, 50),
    ]
    return start + struct.pack(f"{order}IH", 8, len(rows)) + b"".join(rows) + bytes(4) + NOTED


def segment(kind: int, data: bytes) -> bytes:
    """Return a segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, kind, len(data) + 2) + data


def jpeg(orientation: int = 1, order: str = "<") -> bytes:
    """Return a JPEG as a telephone makes it: with notes, a comment, a preview and a film behind its end."""
    noted = [
        segment(0xE1, b"Exif\0\0" + notes(orientation, order)),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + NOTED),
        segment(0xE2, b"MPF\0" + NOTED),
        segment(0xED, b"Photoshop 3.0\0" + NOTED),
        segment(0xFE, NOTED),
    ]
    return JPEG[:2] + b"".join(noted) + JPEG[2:] + b"ftypmp42" + NOTED


def png(orientation: int = 1) -> bytes:
    """Return a PNG with notes."""
    noted = chunk(b"eXIf", notes(orientation)) + chunk(b"tEXt", b"Comment\0" + NOTED) + chunk(b"iTXt", b"XML:com.adobe.xmp" + NOTED)
    return PNG_START + PNG_HEAD + noted + PNG_REST + NOTED


def webp(orientation: int = 1) -> bytes:
    """Return a WebP with notes."""
    parts = [(b"VP8X", bytes([0x0C, 0, 0, 0, 1, 0, 0, 1, 0, 0])), (b"EXIF", b"Exif\0\0" + notes(orientation)), (b"XMP ", NOTED)]
    packed = b"".join(kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in parts)
    body = b"WEBP" + packed + WEBP[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body
