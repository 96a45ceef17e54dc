"""The bar chart of a plan: tonnes wanted, matched and open by product, and the share that is matched."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from matching.model.problem import FloatArray, IntArray, Problem
from service.drawing.paper import FAINT_INK, GRID, INK, MATCHED, OPEN, PAPER
from service.drawing.tally import Tally

_MOST_PRODUCTS = 28


def draw_bars(figure: Figure, problem: Problem, counted: Tally) -> None:
    """Draw the bar chart into an empty figure, the products most wanted on top."""
    rows = np.argsort(-counted.wanted_t, kind="stable")[:_MOST_PRODUCTS]
    rows = rows[counted.wanted_t[rows] > 0]
    tonnes = figure.add_axes((0.15, 0.07, 0.52, 0.80))
    share = figure.add_axes((0.72, 0.07, 0.25, 0.80), sharey=tonnes)
    _draw_tonnes(tonnes, counted, rows)
    _draw_share(share, counted, rows)
    tonnes.set_yticks(np.arange(len(rows)), [problem.product_ids[row] for row in rows])
    tonnes.set_ylim(len(rows) - 0.4, -0.6)
    _headline(figure, counted, len(rows))


def _draw_tonnes(axes: Axes, counted: Tally, rows: IntArray) -> None:
    place = np.arange(len(rows))
    matched, open_t = counted.matched_t[rows], counted.open_t[rows]
    axes.barh(place, matched, color=MATCHED, height=0.66, label="matched")
    axes.barh(place, open_t, left=matched, facecolor=OPEN, edgecolor=FAINT_INK, hatch="////", linewidth=0.6, height=0.66, label="open")
    axes.plot(
        counted.offered_t[rows],
        place,
        linestyle="none",
        marker="D",
        color=INK,
        markeredgecolor=PAPER,
        markersize=5.5,
        label="offered by the cooperatives",
    )
    _clean(axes)
    axes.set_title("Tonnes wanted", loc="left", fontsize=10, weight="bold", pad=10)
    axes.legend(loc="lower right", frameon=False, fontsize=9)
    axes.set_xlim(left=0)


def _draw_share(axes: Axes, counted: Tally, rows: IntArray) -> None:
    """Bars of the matched share, with the tonnes written beside them: small products vanish on the scale of large ones."""
    place = np.arange(len(rows))
    matched, wanted = counted.matched_t[rows], counted.wanted_t[rows]
    axes.barh(place, np.ones(len(rows)), color=OPEN, height=0.66)
    axes.barh(place, matched / np.maximum(wanted, 1e-9), color=MATCHED, height=0.66)
    for at, done, all_t in zip(place.tolist(), matched.tolist(), wanted.tolist()):
        inside = done / max(all_t, 1e-9) > 0.55
        axes.text(
            0.03 if inside else done / all_t + 0.03,
            at,
            f"{_tonnes(done)} of {_tonnes(all_t)} t",
            va="center",
            fontsize=8.2,
            color=PAPER if inside else INK,
        )
    _clean(axes)
    axes.tick_params(axis="y", labelleft=False)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    axes.set_title("Share matched", loc="left", fontsize=10, weight="bold", pad=10)


def _tonnes(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"


def _clean(axes: Axes) -> None:
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)


def _headline(figure: Figure, counted: Tally, shown: int) -> None:
    wanted_t, matched_t = _total(counted.wanted_t), _total(counted.matched_t)
    share = matched_t / wanted_t if wanted_t else 0.0
    hidden = int((counted.wanted_t > 0).sum()) - shown
    figure.text(
        0.03, 0.958, f"{matched_t:,.0f} t of {wanted_t:,.0f} t wanted are matched ({share:.0%})", fontsize=14, weight="bold", va="center"
    )
    note = f"{hidden} products less wanted are not shown" if hidden else "what is open counts under the first product that its line names"
    figure.text(0.03, 0.927, note, fontsize=9, color=FAINT_INK, va="center")


def _total(tonnes: FloatArray) -> float:
    return float(tonnes.sum())
