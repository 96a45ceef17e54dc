"""How paper looks: black on white, one font in two weights, four sizes, thin lines, room to sign, a foot that names the page.

A `Sheet` gathers its parts and is laid out twice, so that each foot can say of how many pages it is one. Every text is escaped here;
what is too long wraps, be it one word, but no figure is ever torn apart.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER, TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4, A5
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, LongTable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

from service.paper import fonts
from service.paper.words import Words

LARGE, SMALL = A4, A5
SIZES = {"title": 15.0, "head": 10.5, "text": 8.5, "note": 7.0}
INK, FAINT, RULE, BAND = HexColor("#111111"), HexColor("#555555"), HexColor("#999999"), HexColor("#eeeeee")
MARGIN = 12 * mm
FOOT = 8 * mm
QR_SIDE = 26 * mm
CARD_HEIGHT = 52 * mm
ALIGN = {"left": TA_LEFT, "right": TA_RIGHT, "center": TA_CENTER}
Part = Callable[[], Any]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    head : its heading.
    share : its part of the width, in proportion to the others'.
    align : left, right or center.
    """

    head: str
    share: float
    align: str = "left"


@dataclass(frozen=True)
class Card:
    """A card to cut out.

    Attributes
    ----------
    head : whose it is.
    lines : what stands below, one beneath the other.
    code : what its code says to a camera.
    """

    head: str
    lines: tuple[str, ...]
    code: str


class _Code(Flowable):  # type: ignore[misc]
    """A QR code, drawn as runs of dark squares, which takes a tenth of the time of one square after the other."""

    MASK = 3
    """Any mask can be read; to look for the prettiest takes four times as long."""

    def __init__(self, text: str) -> None:
        super().__init__()
        code = QRCode(None, QRErrorCorrectLevel.M)
        code.addData(text)
        code.version = code.calculate_version()
        code.makeImpl(False, self.MASK)
        self._rows = ["".join("1" if dark else "0" for dark in row) for row in code.modules]
        self.width = self.height = QR_SIDE

    def wrap(self, *_: Any) -> tuple[float, float]:
        """Return its size."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw it with two squares of white on every side; the card itself is white beyond."""
        side = QR_SIDE / (len(self._rows) + 4)
        path = self.canv.beginPath()
        for place, row in enumerate(self._rows):
            for run in re.finditer("1+", row):
                path.rect((run.start() + 2) * side, QR_SIDE - (place + 3) * side, len(run[0]) * side, side)
        self.canv.setFillColor(INK)
        self.canv.drawPath(path, stroke=0, fill=1)


class Sheet:
    """A paper in the making.

    Parameters
    ----------
    title : what it is, in its language; also the document's title.
    house : who issues it, at the top of the first page and in each foot.
    size : `LARGE` or `SMALL`.
    """

    def __init__(self, words: Words, title: str, house: str, size: tuple[float, float] = LARGE) -> None:
        fonts.ready()
        self.words, self.title_text, self.house, self.size = words, title, house, size
        self.width = size[0] - 2 * MARGIN
        self._parts: list[Part] = []

    def title(self, title: str, number: str = "", about: str = "", code: str = "") -> None:
        """Begin with what this is, its number, a line about it, and a code for cameras."""
        said = [_text(self.house, "note", color=FAINT), _text(title, "title", bold=True)]
        said += [_text(number, "head")] if number else []
        said += [_text(about, "text", color=FAINT)] if about else []

        def made() -> Any:
            cells = [[[one() for one in said], _code(code)]] if code else [[[one() for one in said]]]
            widths = [self.width - QR_SIDE - 2 * mm, QR_SIDE + 2 * mm] if code else [self.width]
            return Table(cells, widths, style=[("VALIGN", (0, 0), (-1, -1), "TOP"), *_BARE, ("ALIGN", (-1, 0), (-1, 0), "RIGHT")])

        self._parts.append(made)
        self.gap(2)

    def heading(self, text: str) -> None:
        """Add a heading of a part."""
        self.gap(2)
        self._parts.append(_text(text, "head", bold=True))
        self.gap(1)

    def text(self, text: str, size: str = "text") -> None:
        """Add a paragraph."""
        self._parts.append(_text(text, size))

    def facts(self, pairs: Sequence[tuple[str, str]], columns: int = 2) -> None:
        """Add names with their values, some beside each other; those without a value are left out."""
        cells = [_text_pair(name, value) for name, value in pairs if value]
        rows = [cells[n : n + columns] for n in range(0, len(cells), columns)]

        def made() -> Any:
            filled = [[*(cell() for cell in row), *[""] * (columns - len(row))] for row in rows]
            return Table(filled, [self.width / columns] * columns, style=[("VALIGN", (0, 0), (-1, -1), "TOP"), *_BARE])

        if rows:
            self._parts.append(made)
            self.gap(2)

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]], total: Sequence[str] | None = None) -> None:
        """Add a table whose head stands on every page that it reaches; the last row may add up the others."""
        whole = sum(column.share for column in columns)
        widths = [self.width * column.share / whole for column in columns]

        def made() -> Any:
            head = [_text(column.head, "note", bold=True, align=column.align)() for column in columns]
            body = [[_text(cell, "text", align=c.align)() for cell, c in zip(row, columns)] for row in rows]
            last = [[_text(cell, "text", align=c.align, bold=True)() for cell, c in zip(total, columns)]] if total else []
            style = [*_RULED, *([("LINEABOVE", (0, -1), (-1, -1), 0.9, INK)] if total else [])]
            return LongTable([head, *body, *last], widths, repeatRows=1, style=style, splitInRow=1)

        self._parts.append(made)

    def signatures(self, names: Sequence[str]) -> None:
        """Add room for signatures side by side, never torn from each other."""
        hint = self.words.say("(sign, full name)")

        def made() -> Any:
            heads = [
                [_text(name, "text", bold=True, align="center")(), _text(hint, "note", align="center", color=FAINT)()] for name in names
            ]
            table = Table([heads, [""] * len(names)], [self.width / len(names)] * len(names), [None, 18 * mm], style=_BARE)
            return KeepTogether([Spacer(1, 4 * mm), table])

        self._parts.append(made)

    def blanks(self, names: Sequence[str]) -> None:
        """Add names with a line after each, to be filled in by hand."""

        def made() -> Any:
            cells = [[_text(name, "text")() for name in names]]
            lines = [("LINEBELOW", (n, 0), (n, 0), 0.4, RULE) for n in range(len(names))]
            return Table(
                cells, [self.width / len(names)] * len(names), [9 * mm], style=[*_BARE, ("VALIGN", (0, 0), (-1, -1), "BOTTOM"), *lines]
            )

        self._parts.append(made)

    def cards(self, cards: Sequence[Card], columns: int = 2) -> None:
        """Add cards to cut out, side by side, none of them torn between two pages."""
        width = self.width / columns
        drawn = [(card, _Code(card.code)) for card in cards]

        def made() -> Any:
            cells = [_card(card, code, width) for card, code in drawn]
            rows = [cells[n : n + columns] for n in range(0, len(cells), columns)]
            filled = [[*row, *[""] * (columns - len(row))] for row in rows]
            return Table(filled, [width] * columns, [CARD_HEIGHT] * len(filled), style=_CUT)

        if cards:
            self._parts.append(made)

    def gap(self, millimetres: float) -> None:
        """Leave some room."""
        self._parts.append(lambda: Spacer(1, millimetres * mm))

    def next_page(self) -> None:
        """Go on with a new page."""
        self._parts.append(PageBreak)

    def pdf(self) -> bytes:
        """Return the paper as PDF; the same content gives the same bytes."""
        return self._laid(self._laid_pages(0)[1])

    def _laid(self, pages: int) -> bytes:
        return self._laid_pages(pages)[0]

    def _laid_pages(self, pages: int) -> tuple[bytes, int]:
        out = io.BytesIO()
        document = SimpleDocTemplate(
            out, pagesize=self.size, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN + FOOT / 2,
            title=self.title_text, author=self.house, lang=self.words.language, invariant=1,
        )  # fmt: skip

        def foot(canvas: Any, _document: Any) -> None:
            canvas.setFont(fonts.PLAIN, SIZES["note"])
            canvas.setFillColor(FAINT)
            canvas.drawRightString(self.size[0] - MARGIN, FOOT, f"{canvas.getPageNumber()}/{pages}")
            canvas.drawString(MARGIN, FOOT, _clipped(f"{self.house} · {self.title_text}", self.width - 20 * mm))

        document.build([part() for part in self._parts], onFirstPage=foot, onLaterPages=foot)
        return out.getvalue(), document.page


_BARE = [("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 4), ("TOPPADDING", (0, 0), (-1, -1), 0),
         ("BOTTOMPADDING", (0, 0), (-1, -1), 1)]  # fmt: skip
_RULED = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("BACKGROUND", (0, 0), (-1, 0), BAND), ("LINEBELOW", (0, 0), (-1, 0), 0.9, INK),
          ("LINEBELOW", (0, 1), (-1, -1), 0.3, RULE), ("LEFTPADDING", (0, 0), (-1, -1), 3), ("RIGHTPADDING", (0, 0), (-1, -1), 3),
          ("TOPPADDING", (0, 0), (-1, -1), 2), ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5)]  # fmt: skip


_CUT = [("GRID", (0, 0), (-1, -1), 0.3, RULE, 0, (2, 2)), ("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("LEFTPADDING", (0, 0), (-1, -1), 8),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2)]  # fmt: skip


def _card(card: Card, code: _Code, width: float) -> Table:
    said = [_text(card.head, "head", bold=True)(), *(_text(line, "text")() for line in card.lines if line)]
    widths = [width - QR_SIDE - 5 * mm, QR_SIDE + 1 * mm]
    return Table([[said, code]], widths, style=[("VALIGN", (0, 0), (-1, -1), "MIDDLE"), *_BARE])


def _style(size: str, bold: bool, align: str, color: Any) -> ParagraphStyle:
    points = SIZES[size]
    name = fonts.BOLD if bold else fonts.PLAIN
    return ParagraphStyle(
        size,
        fontName=name,
        fontSize=points,
        leading=points * 1.3,
        alignment=ALIGN[align],
        textColor=color,
        splitLongWords=int(align == "left"),
    )


def _text(text: str, size: str, *, bold: bool = False, align: str = "left", color: Any = INK) -> Part:
    return lambda: Paragraph(escape(text).replace("\n", "<br/>"), _style(size, bold, align, color))


def _text_pair(name: str, value: str) -> Part:
    said = f'<font size="{SIZES["note"]}" color="#555555">{escape(name)}</font><br/>{escape(value)}'
    return lambda: Paragraph(said, _style("text", bold=False, align="left", color=INK))


def _code(text: str) -> Drawing:
    """Return a QR code with the quiet zone that cameras want."""
    widget = QrCodeWidget(text, barLevel="M", barBorder=2)
    left, bottom, right, top = widget.getBounds()
    drawing = Drawing(QR_SIDE, QR_SIDE, transform=[QR_SIDE / (right - left), 0, 0, QR_SIDE / (top - bottom), 0, 0])
    drawing.add(widget)
    return drawing


def _clipped(text: str, width: float) -> str:
    """Return a text cut to a width of the foot."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    if stringWidth(text, fonts.PLAIN, SIZES["note"]) <= width:
        return text
    while text and stringWidth(f"{text}…", fonts.PLAIN, SIZES["note"]) > width:
        text = text[:-1]
    return f"{text}…"
