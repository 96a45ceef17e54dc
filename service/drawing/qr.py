"""QR codes as SVG, for pages and paper."""

from __future__ import annotations

from markupsafe import Markup
from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

HEAD = Markup('<svg class="qr" role="img" aria-label="{}" viewBox="0 0 {} {}" width="240" height="240" shape-rendering="crispEdges">')
QUIET = 4
"""Modules of white that a reader needs on every side."""


def qr_svg(text: str, label: str) -> Markup:
    """Return the QR code of a text.

    Parameters
    ----------
    label : what the code is, for those who don't see it.
    """
    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    count = code.getModuleCount()
    path = "".join(f"M{x + QUIET} {y + QUIET}h1v1h-1z" for y in range(count) for x in range(count) if code.isDark(y, x))
    side = count + 2 * QUIET
    made = HEAD.format(label, side, side) + Markup('<path fill="#fff" d="M0 0h{}v{}H0z"/>').format(side, side)
    return made + Markup('<path fill="#000" d="{}"/></svg>').format(path)
