"""The legend of the map, and the colours and widths that it explains."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from matching.model.plan import CARRIER
from matching.model.problem import HUB, NO_BASE, Problem
from service.drawing.paper import CARRIER_INK, COLD_TRUCKS, FAINT_INK, INK, OWNED_TRUCKS, PAPER, PICKUP, RECEIVER, WARM_TRUCKS
from service.drawing.tally import Tally

_WIDEST_PT, _THINNEST_PT = 9.0, 0.5


def line_width(tonnes: float, most_t: float) -> float:
    """Width in points of a line for ``tonnes`` where the heaviest one carries ``most_t``."""
    return max(_THINNEST_PT, _WIDEST_PT * tonnes / most_t)


def class_colours(problem: Problem) -> dict[int, str]:
    """Colour of each vehicle class: cold trucks blue, warm ones orange, owned ones green, darker with payload."""
    vehicles, colours = problem.vehicles, {CARRIER: CARRIER_INK}
    owned = vehicles.base_site != NO_BASE
    for chosen, shades in (
        (owned, OWNED_TRUCKS),
        (~owned & vehicles.refrigerated, COLD_TRUCKS),
        (~owned & ~vehicles.refrigerated, WARM_TRUCKS),
    ):
        rows = np.flatnonzero(chosen)
        rows = rows[np.argsort(vehicles.payload_kg[rows], kind="stable")]
        for rank, row in enumerate(rows.tolist()):
            colours[row] = shades[_shade(rank, len(rows), len(shades))]
    return colours


def _shade(rank: int, n: int, n_shades: int) -> int:
    """Spread ``n`` classes over the shades, the first always the lightest."""
    return rank if n <= n_shades else rank * n_shades // n


def round_down(value: float) -> float:
    """Largest 1, 2 or 5 times a power of ten that is not above a value."""
    power = 10.0 ** math.floor(math.log10(max(value, 1e-9)))
    return power * max(step for step in (1, 2, 5) if step * power <= value * (1 + 1e-9))


def draw_legend(figure: Figure, problem: Problem, counted: Tally, colours: dict[int, str]) -> None:
    """Explain colours, widths and marks to the right of the map."""
    by_class = {v: sum(t for (_, _, w), t in counted.hops.items() if w == v) for v in colours}
    order = sorted((v for v in colours if by_class[v] > 0), key=lambda v: (v == CARRIER, _family(problem, v), v))
    classes = [
        (
            _class_name(problem, v),
            Line2D([], [], color=colours[v], linewidth=2 if v == CARRIER else 4.5, linestyle=":" if v == CARRIER else "-"),
        )
        for v in order
    ]
    most_t = max(counted.hops.values(), default=1.0)
    widths = [
        (f"{t:g} t", Line2D([], [], color=FAINT_INK, linewidth=line_width(t, most_t)))
        for t in (round_down(most_t / 10), round_down(most_t / 3), round_down(most_t))
    ]
    marks = [
        ("pick-up", Line2D([], [], marker="o", color="none", markerfacecolor=PICKUP, markeredgecolor=INK, markersize=9)),
        ("receiver", Line2D([], [], marker="s", color="none", markerfacecolor=RECEIVER, markeredgecolor=PAPER, markersize=10)),
    ]
    if (problem.sites.kind == HUB).any():
        marks.append(
            ("hub", Line2D([], [], marker="^", color="none", markerfacecolor=OWNED_TRUCKS[0], markeredgecolor=PAPER, markersize=10))
        )
    top = 0.905
    for title, rows in (("Vehicle class", classes), ("Tonnes on one road", widths), ("Places, sized by tonnes", marks)):
        top = _block(figure, title, rows, top)


def _family(problem: Problem, vehicle: int) -> tuple[int, int]:
    vehicles = problem.vehicles
    family = 2 if vehicles.base_site[vehicle] != NO_BASE else int(vehicles.refrigerated[vehicle])
    return family, int(vehicles.payload_kg[vehicle])


def _class_name(problem: Problem, vehicle: int) -> str:
    return "carrier, by the kg" if vehicle == CARRIER else str(problem.vehicles.id[vehicle])


def _block(figure: Figure, title: str, rows: list[tuple[str, Line2D]], top: float) -> float:
    """Draw one block of the legend; return where the next one begins."""
    if not rows:
        return top
    box = figure.legend(
        [mark for _, mark in rows], [name for name, _ in rows], title=title, loc="upper left", bbox_to_anchor=(0.785, top),
        frameon=False, alignment="left", labelspacing=0.75, handlelength=2.4, borderaxespad=0.0, fontsize=8.6, title_fontsize=9.4,
    )  # fmt: skip
    box.get_title().set_fontweight("bold")
    height_px = box.get_window_extent(figure.canvas.get_renderer()).height  # type: ignore[attr-defined]
    return top - float(height_px / figure.bbox.height) - 0.028
