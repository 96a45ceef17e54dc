"""Draw a plan: a map of its trips, and the tonnes wanted, matched and open by product."""

from __future__ import annotations

from pathlib import Path

from matching.model.plan import Plan
from matching.model.problem import Problem
from service.drawing.bars import draw_bars
from service.drawing.map import draw_map
from service.drawing.paper import save
from service.drawing.tally import tally

__all__ = ["draw_plan"]


def draw_plan(problem: Problem, plan: Plan, folder: Path) -> list[Path]:
    """Draw a plan into ``map.svg``, ``map.png``, ``products.svg`` and ``products.png``.

    Parameters
    ----------
    folder : made if need be; drawings of the same names in it are replaced.

    Returns
    -------
    list of Path
        What was written. The same plan gives the same bytes with the same version of matplotlib.
    """
    folder.mkdir(parents=True, exist_ok=True)
    counted = tally(problem, plan)
    return [path for name, draw in (("map", draw_map), ("products", draw_bars)) for path in save(draw, problem, counted, folder / name)]
