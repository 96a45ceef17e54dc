"""Paper and ink shared by the drawings, and how they are saved: the same bytes for the same plan, on no screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from matching.model.problem import Problem
from service.drawing.tally import Tally

INK, FAINT_INK, PAPER, GRID = "#1d2530", "#66707c", "#ffffff", "#e9ecef"
RECEIVER, PICKUP = "#1d2530", "#ffffff"
MATCHED, OPEN = "#2a78b5", "#f0f2f4"
WARM_TRUCKS = ("#fdc877", "#f79c42", "#e5701a", "#b84a0b", "#7f2f06")
COLD_TRUCKS = ("#86bfe3", "#4a97cf", "#1f6cb0", "#0b3f7f")
OWNED_TRUCKS = ("#2f9e6e", "#17694a")
CARRIER_INK = "#8a4fb0"

_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": FAINT_INK,
    "ytick.color": INK,
    "svg.fonttype": "path",
    "svg.hashsalt": "mca",
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "hatch.linewidth": 0.6,
}
_PNG_DPI = 160

Draw = Callable[[Figure, Problem, Tally], None]


def save(draw: Draw, problem: Problem, counted: Tally, stem: Path) -> list[Path]:
    """Draw one picture and write it as ``stem``.svg and ``stem``.png."""
    svg, png = stem.with_suffix(".svg"), stem.with_suffix(".png")
    # The defaults come first, so that nobody's own matplotlibrc changes the picture.
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        figure = Figure(figsize=(11.0, 8.2))
        FigureCanvasAgg(figure)
        draw(figure, problem, counted)
        figure.savefig(svg, metadata=_nameless("Date", "Creator"))
        figure.savefig(png, dpi=_PNG_DPI, metadata=_nameless("Software"))
    return [svg, png]


def _nameless(*keys: str) -> dict[str, Any]:
    """Leave out what would change from day to day or from version to version."""
    return dict.fromkeys(keys)
