"""PDF as people and cameras see it."""

from __future__ import annotations

import unicodedata
from typing import Any

import pypdfium2
import zxingcpp


def pages(content: bytes) -> list[str]:
    """Return the text of each page, lines joined and blanks evened out."""
    document = pypdfium2.PdfDocument(content)
    texts = [page.get_textpage().get_text_range() for page in document]
    document.close()
    return [unicodedata.normalize("NFC", " ".join(text.replace("\ufffe", "").split())) for text in texts]


def codes(content: bytes) -> list[list[str]]:
    """Return what a camera reads off each page."""
    document = pypdfium2.PdfDocument(content)
    read: list[list[str]] = []
    for page in document:
        picture: Any = page.render(scale=3, grayscale=True).to_numpy()
        read.append([code.text for code in zxingcpp.read_barcodes(picture)])
    document.close()
    return read


def boxes(content: bytes) -> list[tuple[float, float, float, float]]:
    """Return how far each page's print reaches beyond its own edges: left, bottom, right, top; nothing is above zero where all fits."""
    document = pypdfium2.PdfDocument(content)
    found = []
    for page in document:
        width, height = page.get_size()
        text = page.get_textpage()
        signs = [text.get_charbox(n) for n in range(text.count_chars())]
        found.append(
            (max(-s[0] for s in signs), max(-s[1] for s in signs), max(s[2] - width for s in signs), max(s[3] - height for s in signs))
        )
    document.close()
    return found
