"""What is kept of a photograph: the picture, how it is turned, and nothing of where, when and with what it was taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.photographs import LARGEST_BYTES, NotAPhotograph, Photograph, plain
from tests.service.pictures import JPEG, NOTED, PNG, PNG_START, WEBP, jpeg, notes, png, segment, webp

CLEAN = {"image/jpeg": JPEG, "image/png": PNG, "image/webp": WEBP}


@pytest.mark.parametrize("kind", CLEAN)
def test_a_picture_without_notes_stays_as_it_is(kind: str) -> None:
    assert plain(CLEAN[kind]) == Photograph(kind, CLEAN[kind])


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_photograph_of_a_telephone_loses_its_notes_and_stays_upright(order: str) -> None:
    assert NOTED in jpeg()
    assert plain(jpeg(1, order)).content == JPEG
    turned = plain(jpeg(6, order)).content
    upright = segment(0xE1, b"Exif\0\0MM\0*" + bytes.fromhex("00000008000101120003000000010006000000000000"))
    assert turned == JPEG[:2] + upright + JPEG[2:]


def test_a_png_and_a_webp_lose_their_notes_and_stay_upright() -> None:
    assert plain(png()).content == PNG
    for made in (png(8), webp(8)):
        kept = plain(made).content
        assert NOTED not in kept
        assert b"MM\0*" in kept
    assert NOTED not in plain(webp()).content
    assert plain(webp()).content[20] == 0
    assert plain(webp(8)).content[20] == 0b1000


@pytest.mark.parametrize("orientation", [0, 1, 9, 65535])
def test_an_orientation_that_says_nothing_is_not_kept(orientation: int) -> None:
    assert plain(jpeg(orientation)).content == JPEG


@pytest.mark.parametrize("make", [jpeg, png, webp])
def test_what_has_been_cleaned_once_is_clean(make: type) -> None:
    once = plain(make(3))
    assert plain(once.content) == once


@pytest.mark.parametrize(
    "content",
    [
        b"", b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a", b"\xff\xd8\xff", b"\xff\xd8\xff\xd9", JPEG[:-2],
        JPEG[:100], JPEG[:2] + JPEG, PNG_START, PNG[:-12], PNG.replace(b"IDAT", b"IDAX"), PNG_START + b"\xff\xff\xff\xffIHDR",
        WEBP[:12], WEBP[:-2], b"RIFF\x04\0\0\0WAVE", b"RIFF\x04\0\0\0WEBP", JPEG + bytes(LARGEST_BYTES),
    ],
)  # fmt: skip
def test_what_is_no_whole_photograph_is_refused(content: bytes) -> None:
    with pytest.raises(NotAPhotograph, match="JPEG, PNG or WebP of at most 8 MB"):
        plain(content)


@given(st.data())
def test_whatever_has_been_damaged_is_taken_without_its_notes_or_refused(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from([jpeg(6), png(6), webp(6)])))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        kept = plain(bytes(content))
    except NotAPhotograph:
        return
    assert kept.media_type in CLEAN
    assert plain(kept.content) == kept


def test_notes_that_lead_nowhere_are_no_obstacle() -> None:
    for broken in (b"II*\0", b"MM\0*\xff\xff\xff\xff", notes()[:20], b"II*\0\x08\0\0\0\xff\xff", b"nonsense"):
        assert plain(JPEG[:2] + segment(0xE1, b"Exif\0\0" + broken) + JPEG[2:]).content == JPEG
