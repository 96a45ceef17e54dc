"""Pins that can't be kept together, whatever trucks do: sets of which none can be left out, by CP-SAT.

Formulation
    x[w] kilograms, whole, on each way w of a pinned pair
    quantities, indivisible lots, numbers of suppliers, and what sites, trucks and carriers handle by date    (`matching.bounds.volumes`)
    Σ x of a pinned pair ≥ its kilograms                                                                      a condition for each pin

Minimums are let go, since goods that nobody pinned may help to reach them; all that is kept only grows tighter with further goods. Pins
that conflict here are thus refused before any trip is searched, and no pin that some plan keeps is.
"""

from __future__ import annotations

import numpy as np

from matching.bounds.model import Model
from matching.bounds.volumes import volumes_model
from matching.bounds.ways import find_ways
from matching.model.errors import BadInput
from matching.model.problem import PIN, IntArray, Problem
from matching.model.subset import subset
from matching.optimizer import ALWAYS, SecondsLeft, conflicting_conditions
from matching.pairs.pins import pin_issue, pinned_rows

TEXT = (
    "a pin that can be kept together with the others named here: quantities, indivisible lots, numbers of suppliers, or what sites, "
    "trucks and carriers handle by date, leave room for all of them but one"
)
ALONE = "a pin that quantities and what sites, trucks and carriers handle by date leave room for"


def require_pins_agree(problem: Problem, seconds_left: SecondsLeft) -> None:
    """Refuse pins that conflict, by sets of which none can be left out and that have none in common.

    Raises
    ------
    BadInput
        One issue for each pin of a conflict.
    """
    issues = [
        pin_issue(problem, row, TEXT if len(rows) > 1 else ALONE) for rows in find_pin_conflicts(problem, seconds_left) for row in rows
    ]
    if issues:
        raise BadInput(sorted(issues))


def find_pin_conflicts(problem: Problem, seconds_left: SecondsLeft) -> list[list[int]]:
    """Return sets of decisions' rows that can't be kept together though any fewer of each can; none has a row in common with another."""
    pins, found = pinned_rows(problem), list[list[int]]()
    while len(pins):
        core = _conflict(problem, pins, seconds_left)
        if len(core) == 0:
            break
        found.append(core.tolist())
        pins = np.setdiff1d(pins, core)
    return found


def _conflict(problem: Problem, pins: IntArray, seconds_left: SecondsLeft) -> IntArray:
    """Pins of one conflict, rows of the decisions; none where there is none, or none was found in time."""
    d = problem.decisions
    lots, lines = np.unique(d.lot[pins]), np.unique(d.line[pins])
    part = _without_minimums(subset(problem, lots, lines).problem)
    ways, width = find_ways(part), len(lines)
    wanted = np.searchsorted(lots, d.lot[pins]) * width + np.searchsorted(lines, d.line[pins])
    ways = ways.take(np.isin(ways.lot * width + ways.line, wanted))
    model = _whole(volumes_model(part, ways))
    n_rows, condition, keys = model.n_rows, list[int](), ways.lot * width + ways.line
    for pin, key in zip(pins.tolist(), wanted.tolist(), strict=True):
        columns = np.flatnonzero(keys == key).tolist()
        if columns:
            model.row(columns, [1.0] * len(columns), float(d.kg[pin]), np.inf)
            condition.append(pin)
    core = conflicting_conditions(model.program(), np.array([ALWAYS] * n_rows + condition, dtype=np.int64), seconds_left)
    return np.zeros(0, dtype=np.int64) if core is None else core


def _without_minimums(part: Problem) -> Problem:
    """Return a problem without minimums and pins."""
    lots, lines, d = part.lots, part.lines, part.decisions
    none = np.zeros_like
    return part.replace(
        lots=lots.replace(min_take_kg=none(lots.kg)),
        lines=lines.replace(min_fill_kg=none(lines.kg), min_supplier_kg=none(lines.kg)),
        decisions=d.replace(kg=np.where(d.kind == PIN, 0, d.kg)),
    )


def _whole(model: Model) -> Model:
    """Let every column be whole, and nothing be gained."""
    model.whole, model.gain = [1] * len(model.whole), [0.0] * len(model.gain)
    return model
