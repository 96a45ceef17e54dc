"""The map of a plan: pick-ups, hubs and receivers as marks, trips as lines as wide as their tonnes."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Curve

from matching.model.plan import CARRIER
from matching.model.problem import HUB, FloatArray, Problem
from matching.network.geography import EARTH_KM
from service.drawing.labels import Label, place_labels
from service.drawing.legend import class_colours, draw_legend, line_width, round_down
from service.drawing.paper import FAINT_INK, GRID, INK, OWNED_TRUCKS, PAPER, PICKUP, RECEIVER
from service.drawing.tally import Tally

_LARGEST_MARK_PT = 17.0
_THINNEST_CARRIER_PT = 1.2
_MOST_RECEIVERS, _MOST_PICKUPS = 24, 10


def draw_map(figure: Figure, problem: Problem, counted: Tally) -> None:
    """Draw the map into an empty figure."""
    axes = figure.add_axes((0.015, 0.02, 0.765, 0.90))
    x, y = _project(problem)
    _frame(axes, problem, counted, x, y)
    colours = class_colours(problem)
    _draw_trips(axes, counted, x, y, colours)
    radii = _draw_marks(axes, problem, counted, x, y)
    _name(axes, problem, counted, x, y, radii)
    _scale_bar(axes)
    draw_legend(figure, problem, counted, colours)
    _headline(figure, counted)


def _project(problem: Problem) -> tuple[FloatArray, FloatArray]:
    """Kilometres east and north of the middle of all sites."""
    lat, lon = problem.sites.lat, problem.sites.lon
    middle = float(lat.mean()) if len(lat) else 0.0
    km_per_degree = math.pi * EARTH_KM / 180
    return lon * km_per_degree * math.cos(math.radians(middle)), lat * km_per_degree


def _frame(axes: Axes, problem: Problem, counted: Tally, x: FloatArray, y: FloatArray) -> None:
    """Show every site that the plan uses and every hub."""
    used = (counted.shipped_t > 0) | (counted.received_t > 0) | (problem.sites.kind == HUB)
    used = used if used.any() else np.ones(problem.n_sites, dtype=np.bool_)
    if problem.n_sites:
        _fit(axes, x[used], y[used])
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_facecolor("#fafbfc")
    for spine in axes.spines.values():
        spine.set_color(GRID)


def _fit(axes: Axes, x: FloatArray, y: FloatArray) -> None:
    """Make room for the names round the sites, and a kilometre east as long as a kilometre north."""
    frame = axes.get_window_extent()
    wide_km, high_km = 1.30 * max(float(np.ptp(x)), 2.0), 1.12 * max(float(np.ptp(y)), 2.0)
    km_per_px = max(wide_km / frame.width, high_km / frame.height)
    for limits, of, px in ((axes.set_xlim, x, frame.width), (axes.set_ylim, y, frame.height)):
        middle = (float(of.min()) + float(of.max())) / 2
        limits(middle - km_per_px * px / 2, middle + km_per_px * px / 2)


def _draw_trips(axes: Axes, counted: Tally, x: FloatArray, y: FloatArray, colours: dict[int, str]) -> None:
    """Draw each hop as a gentle curve, the heaviest below."""
    most_t = max(counted.hops.values(), default=1.0)
    for (a, b, vehicle), tonnes in sorted(counted.hops.items(), key=lambda hop: -hop[1]):
        style = (0, (2.0, 1.6)) if vehicle == CARRIER else "solid"
        width = max(line_width(tonnes, most_t), _THINNEST_CARRIER_PT if vehicle == CARRIER else 0.0)
        axes.add_patch(
            PathPatch(
                _bend((x[a], y[a]), (x[b], y[b])),
                facecolor="none",
                edgecolor=colours[vehicle],
                linewidth=width,
                linestyle=style,
                alpha=0.82,
                capstyle="butt" if vehicle == CARRIER else "round",
                zorder=3 + 1 / (2 + width),
            )
        )


def _bend(start: tuple[float, float], end: tuple[float, float]) -> Curve:
    """Curve from one point to the other that leans to its left, so that two directions do not cover each other."""
    (x0, y0), (x1, y1) = start, end
    middle = ((x0 + x1) / 2 - 0.11 * (y1 - y0), (y0 + y1) / 2 + 0.11 * (x1 - x0))
    return Curve([start, middle, end], [Curve.MOVETO, Curve.CURVE3, Curve.CURVE3])


def _draw_marks(axes: Axes, problem: Problem, counted: Tally, x: FloatArray, y: FloatArray) -> FloatArray:
    """Draw the sites; return the radius of each mark in points, shape (n_sites,)."""
    most_t = max(float(counted.shipped_t.max(initial=0)), float(counted.received_t.max(initial=0)), 1e-9)
    hubs = problem.sites.kind == HUB
    received, shipped = counted.received_t > 0, counted.shipped_t > 0
    diameter = 4.5 + _LARGEST_MARK_PT * np.sqrt(np.maximum(counted.received_t, counted.shipped_t) / most_t)
    for chosen, marker, face, edge in (
        (shipped, "o", PICKUP, INK),
        (received, "s", RECEIVER, PAPER),
        (hubs, "^", OWNED_TRUCKS[0], PAPER),
    ):
        size = np.where(hubs, 9.0, diameter)[chosen] ** 2
        axes.scatter(x[chosen], y[chosen], s=size, marker=marker, facecolor=face, edgecolor=edge, linewidth=0.9, zorder=6)
    return np.asarray(np.where(hubs, 6.0, diameter / 2 + 1) * (shipped | received | hubs))


def _name(axes: Axes, problem: Problem, counted: Tally, x: FloatArray, y: FloatArray, radii_pt: FloatArray) -> None:
    """Name the receivers, the hubs and the largest pick-ups."""
    px = axes.figure.dpi / 72
    shown = np.flatnonzero(radii_pt)
    middles, half = axes.transData.transform(np.column_stack([x[shown], y[shown]])), radii_pt[shown, None] * px
    marks = np.hstack([middles - half, middles + half])
    styles = (
        (_outermost(_largest(counted.received_t, _MOST_RECEIVERS), x, y), 8.6, True, INK),
        (np.flatnonzero(problem.sites.kind == HUB).tolist(), 7.6, False, OWNED_TRUCKS[1]),
        (_largest(counted.shipped_t, _MOST_PICKUPS), 7.4, False, "#47515d"),
    )
    labels = [
        Label(_site_name(problem, i), float(x[i]), float(y[i]), float(radii_pt[i] * px), size, bold, colour)
        for sites, size, bold, colour in styles
        for i in sites
    ]
    place_labels(axes, labels, marks)


def _outermost(sites: list[int], x: FloatArray, y: FloatArray) -> list[int]:
    """Sites on the rim first: they have free paper on one side, and those within then see what is left."""
    if not sites:
        return []
    away = np.hypot(x[sites] - np.mean(x[sites]), y[sites] - np.mean(y[sites]))
    return [sites[place] for place in np.argsort(-away, kind="stable")]


def _largest(tonnes: FloatArray, most: int) -> list[int]:
    rows = np.argsort(-tonnes, kind="stable")[:most]
    return [int(row) for row in rows if tonnes[row] > 0]


def _site_name(problem: Problem, site: int) -> str:
    return str(problem.sites.name[site] or problem.sites.id[site])


def _scale_bar(axes: Axes) -> None:
    """Draw a bar of a round number of kilometres, about a sixth of the map wide."""
    x0, x1 = axes.get_xlim()
    y0, y1 = axes.get_ylim()
    length_km = round_down((x1 - x0) / 6)
    left, low = x0 + 0.03 * (x1 - x0), y0 + 0.035 * (y1 - y0)
    axes.plot([left, left + length_km], [low, low], color=INK, linewidth=2.2, solid_capstyle="butt", zorder=10)
    axes.text(left + length_km / 2, low + 0.008 * (y1 - y0), f"{length_km:g} km", ha="center", va="bottom", fontsize=8, zorder=10)


def _headline(figure: Figure, counted: Tally) -> None:
    wanted_t, matched_t = float(counted.wanted_t.sum()), float(counted.matched_t.sum())
    share = matched_t / wanted_t if wanted_t else 0.0
    gates, doors = int((counted.shipped_t > 0).sum()), int((counted.received_t > 0).sum())
    figure.text(
        0.017, 0.966, f"{matched_t:,.0f} t of {wanted_t:,.0f} t wanted are matched ({share:.0%})", fontsize=14, weight="bold", va="center"
    )
    figure.text(
        0.017, 0.937, f"from {gates} gates to {doors} receivers in {counted.n_trips:,} trips", fontsize=10, color=FAINT_INK, va="center"
    )
