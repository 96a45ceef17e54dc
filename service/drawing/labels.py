"""Place names beside points so that no name covers another name or a point, and each is seen to belong to its own point.

Every name has some 160 candidate boxes round its point. Boxes are rows (left, bottom, right, top) in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from matching.model.problem import BoolArray, FloatArray
from service.drawing.paper import INK, PAPER

_ANGLES = np.radians((0, 180, 25, -25, 155, -155, 50, -50, 130, -130, 75, -75, 105, -105, 90, -90))
_STEPS_PX = np.array((0.0, 5.0, 11.0, 18.0, 27.0, 38.0, 52.0, 70.0, 92.0, 120.0))
_ANGLE, _AWAY_PX = (grid.ravel() for grid in np.meshgrid(_ANGLES, _STEPS_PX))
_PAD_PX = 2.5
_LEADER_FROM_PX = 5.0
_ALONG = np.linspace(0.0, 1.0, 25)[:, None]
# What a place costs, in pixels of distance that would be as bad.
_TURNED_ROUND, _NEARER_TO_ANOTHER, _LEADER_CROSSES = 9.0, 26.0, 30.0


class Label(NamedTuple):
    """A name to be placed.

    Attributes
    ----------
    x, y : the point in data units.
    radius_px : room that the point's own mark takes.
    size : of the letters, in points.
    """

    text: str
    x: float
    y: float
    radius_px: float
    size: float
    bold: bool
    colour: str


def place_labels(axes: Axes, labels: Sequence[Label], marks: FloatArray) -> None:
    """Write the names, the first one first; a name that finds no free place is left out.

    Parameters
    ----------
    marks : boxes that no name may cover, shape (n_marks, 4).
    """
    taken = marks
    for label in labels:
        taken = np.vstack([taken, _place(axes, label, marks, taken)])


def _place(axes: Axes, label: Label, marks: FloatArray, taken: FloatArray) -> FloatArray:
    """Write one name; return the boxes that it and its leader take."""
    weight = "bold" if label.bold else "normal"
    text = axes.text(
        label.x, label.y, label.text, fontsize=label.size, weight=weight, color=label.colour, ha="center", va="center", zorder=9
    )
    text.set_bbox({"facecolor": PAPER, "alpha": 0.75, "edgecolor": "none", "pad": 0.4})
    size, point = text.get_window_extent(), np.asarray(axes.transData.transform((label.x, label.y)))
    boxes = _boxes_beside(point, label.radius_px, size.width, size.height)
    cost = _cost(boxes, point, label.radius_px, np.asarray(axes.get_window_extent().extents), marks, taken)
    best = int(np.argmin(cost))
    if np.isinf(cost[best]):
        text.remove()
        return np.empty((0, 4))
    box = boxes[best]
    x, y = axes.transData.inverted().transform((box[:2] + box[2:]) / 2)
    text.set_position((float(x), float(y)))
    return np.vstack([box, _lead(axes, point, label.radius_px, box)]) if _AWAY_PX[best] >= _LEADER_FROM_PX else box[None]


def _boxes_beside(point: FloatArray, radius: float, width: float, height: float) -> FloatArray:
    """Candidates: boxes whose edge touches a circle round a point, for each distance and direction."""
    away = radius + _AWAY_PX + _PAD_PX
    x = point[0] + away * np.cos(_ANGLE) + width / 2 * np.sign(np.cos(_ANGLE).round(9))
    y = point[1] + away * np.sin(_ANGLE) + height / 2 * np.sign(np.sin(_ANGLE).round(9))
    half_wide, half_high = width / 2 + _PAD_PX, height / 2 + 1
    return np.column_stack([x - half_wide, y - half_high, x + half_wide, y + half_high])


def _cost(boxes: FloatArray, point: FloatArray, radius: float, frame: FloatArray, marks: FloatArray, taken: FloatArray) -> FloatArray:
    """How bad each candidate is: far, turned inward, nearer to another point, its leader crossing; infinite where taken."""
    outward = np.arctan2(*(point - (frame[:2] + frame[2:]) / 2)[::-1])
    turned = np.abs((_ANGLE - outward + np.pi) % (2 * np.pi) - np.pi)
    others = marks[~_holds(marks, point)]
    to_others = np.array([_distance(boxes, middle) for middle in (others[:, :2] + others[:, 2:]) / 2]).reshape(-1, len(boxes))
    nearer = ((to_others - (others[:, 2:3] - others[:, :1]) / 2) < _distance(boxes, point) - radius + 3).any(axis=0)
    crosses = (_AWAY_PX >= _LEADER_FROM_PX) & _crosses(boxes, point, taken[~_holds(taken, point)])
    cost = _AWAY_PX + _TURNED_ROUND * turned + _NEARER_TO_ANOTHER * nearer + _LEADER_CROSSES * crosses
    within = (boxes[:, :2] >= frame[:2]).all(axis=1) & (boxes[:, 2:] <= frame[2:]).all(axis=1)
    return np.where(within & ~_overlaps(boxes, taken), cost, np.inf)


def _holds(boxes: FloatArray, point: FloatArray) -> BoolArray:
    return np.asarray((boxes[:, :2] <= point).all(axis=1) & (point <= boxes[:, 2:]).all(axis=1))


def _overlaps(boxes: FloatArray, taken: FloatArray) -> BoolArray:
    """Does each box overlap any taken one?"""
    a, b = boxes[:, None], taken[None]
    apart = (a[..., :2] >= b[..., 2:]) | (b[..., :2] >= a[..., 2:])
    return np.asarray((~np.asarray(apart.any(axis=2))).any(axis=1))


def _distance(boxes: FloatArray, point: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.norm(np.clip(point, boxes[:, :2], boxes[:, 2:]) - point, axis=1))


def _crosses(boxes: FloatArray, point: FloatArray, others: FloatArray) -> BoolArray:
    """Would the line from a point to each box run over a mark or a name?"""
    ends = np.clip(point, boxes[:, :2], boxes[:, 2:])
    way = point + _ALONG[:, None] * (ends - point)
    outside = (way[:, :, None] < others[:, :2]) | (way[:, :, None] > others[:, 2:])
    return np.asarray((~np.asarray(outside.any(axis=3))).any(axis=(0, 2)))


def _lead(axes: Axes, point: FloatArray, radius: float, box: FloatArray) -> FloatArray:
    """Draw the line from the edge of a point's mark to the nearest place on the box of its name; return what it covers."""
    near = np.clip(point, box[:2], box[2:])
    start = point + (near - point) * min(1.0, radius / max(1e-9, float(np.linalg.norm(near - point))))
    ends = axes.transData.inverted().transform([start, near])
    axes.plot(ends[:, 0], ends[:, 1], color=INK, linewidth=0.8, zorder=8, solid_capstyle="round")
    way = start + _ALONG * (near - start)
    return np.hstack([way - 1, way + 1])
