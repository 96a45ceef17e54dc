"""The fonts of paper: DejaVu Sans, which has every Vietnamese letter and comes with matplotlib, a locked dependency."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from reportlab.lib.fonts import addMapping
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

PLAIN, BOLD = "mca-plain", "mca-bold"
FILES = {PLAIN: "DejaVuSans.ttf", BOLD: "DejaVuSans-Bold.ttf"}


@lru_cache(maxsize=1)
def ready() -> None:
    """Make the fonts known, once; matplotlib itself is never imported, for that takes longer than a paper."""
    spec = find_spec("matplotlib")
    origin = spec.origin if spec else None
    assert origin is not None, "matplotlib brings the fonts"
    folder = Path(origin).parent / "mpl-data" / "fonts" / "ttf"
    for name, file in FILES.items():
        pdfmetrics.registerFont(TTFont(name, str(folder / file)))
    for is_bold in (0, 1):
        for is_italic in (0, 1):
            addMapping(PLAIN, is_bold, is_italic, BOLD if is_bold else PLAIN)
