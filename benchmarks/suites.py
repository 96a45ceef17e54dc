"""The suites of measurements: each makes a list of rows, one dict for each line of its table."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.child import measure, measure_again
from benchmarks.classics import facilities_text, fixed_charge_text, routing_text, transportation_text
from benchmarks.converters import KINDS, convert_text
from benchmarks.instances import SHAPES, scaled_nation, write_instance
from benchmarks.peers.optional import has_library
from benchmarks.peers.volumes import PEERS
from benchmarks.tasks import CONTENDERS, STAGES, WHOLE_MODELS

Row = dict[str, Any]
EXACT_SHARE = 1e-6
LOOSE_SHARE = 1e-4
"""Shares of the worth by which an exact method and a first-order method may differ from the engine's volumes."""


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes
    ----------
    shapes, small_shapes : instances of the tables; small ones are also given to the monolithic models and slow peers.
    sizes, growing : numbers of lots, and stages, of the growth curve.
    limit_s : seconds of every run with trips.
    timeout_s : after which a measurement is given up.
    repeat : measurements of which the median is taken.
    peers, classes : solvers of volumes, and classes of published instances, that are looked at.
    parts_lots : lots of the country that is planned part by part, 0 for none.
    warm : load compiled loops before the watch starts.
    """

    shapes: Sequence[str]
    small_shapes: Sequence[str]
    sizes: Sequence[int]
    routing_sizes: Sequence[int]
    limit_s: float
    timeout_s: float
    repeat: int
    growing: Sequence[str] = ("read", "funnel", "volumes")
    peers: Sequence[str] = tuple(PEERS)
    classes: Sequence[str] = tuple(KINDS)
    parts_lots: int = 0
    warm: bool = True
    seed: int = 1

    def measure(self, task: str, **arguments: Any) -> Row:
        """Measure a task once."""
        return measure(task, self.timeout_s, warm=self.warm, **arguments)

    def again(self, task: str, times: int, **arguments: Any) -> Row:
        """Measure a task several times and take the median."""
        return measure_again(task, times, self.timeout_s, warm=self.warm, **arguments)


SMOKE = Effort(
    ("commune",),
    ("commune",),
    (300, 1000),
    (15,),
    1.0,
    60.0,
    1,
    ("volumes",),
    ("OR-Tools min-cost flow", "highspy"),
    ("transportation", "cvrp"),
    warm=False,
)
WHOLE = Effort(
    ("commune", "district", "province", "season"),
    ("commune", "district"),
    (1000, 3162, 10_000, 31_623, 100_000),
    (100, 200),
    60.0,
    900.0,
    3,
    parts_lots=100_000,
)


@contextmanager
def instance(effort: Effort, shape: str, n_lots: int | None = None) -> Iterator[str]:
    """Make an instance, read it, and remove it in the end."""
    with tempfile.TemporaryDirectory() as folder:
        write_instance(Path(folder), SHAPES[shape] if n_lots is None else scaled_nation(n_lots), effort.seed)
        effort.measure("read", folder=folder)
        yield folder


def stages(effort: Effort) -> list[Row]:
    """Time and memory of every stage on every shape."""
    rows = []
    for shape in effort.shapes:
        with instance(effort, shape) as folder:
            for stage in STAGES:
                more = {"limit_s": effort.limit_s, "seed": effort.seed} if stage == "trips" else {}
                times = 1 if stage == "trips" else effort.repeat
                made = effort.again(stage, times, folder=folder, **more)
                rows.append({"shape": shape, "stage": stage} | _figures(made))
    return rows


def quality(effort: Effort) -> list[Row]:
    """Worth, bound and gap of every way of planning, at equal time."""
    rows = []
    for shape in effort.shapes:
        names = [*CONTENDERS, *(WHOLE_MODELS if shape in effort.small_shapes else ())]
        with instance(effort, shape) as folder:
            made = {name: effort.measure("contender", folder=folder, name=name, limit_s=effort.limit_s, seed=effort.seed) for name in names}
        full = made["full"].get("objective_vnd")
        rows += [
            {"shape": shape, "way": name, "share_of_full": _share(one.get("objective_vnd"), full)} | _figures(one)
            for name, one in made.items()
        ]
    return rows


def volumes(effort: Effort) -> list[Row]:
    """Return the engine's volumes and every peer's on the same problem.

    Raises
    ------
    ArithmeticError : where a peer's worth differs from the engine's.
    """
    rows: list[Row] = []
    for shape in effort.shapes:
        with instance(effort, shape) as folder:
            ours = effort.again("volumes", effort.repeat, folder=folder)
            pairs = effort.again("volumes_pairs", effort.repeat, folder=folder)
            rows.append({"shape": shape, "solver": "engine, pairs included"} | _figures(ours))
            rows.append({"shape": shape, "solver": "pairs by whole arrays, for the peers"} | _figures(pairs))
            for name in effort.peers:
                if has_library(PEERS[name][0]):
                    made = effort.again("volumes_peer", effort.repeat, folder=folder, name=name)
                    require_equal(name, ours["objective_vnd"], made)
                    rows.append(
                        {"shape": shape, "solver": name, "times_engine": _share(made.get("seconds"), ours["seconds"])} | _figures(made)
                    )
    return rows


def require_equal(name: str, ours_vnd: int, made: Row) -> None:
    """Raise if a peer solved the problem to another worth.

    Raises
    ------
    ArithmeticError : naming both.
    """
    if "failed" in made:
        return
    allowed = max(1.0, (LOOSE_SHARE if name == "PDLP" else EXACT_SHARE) * abs(ours_vnd))
    if abs(made["objective_vnd"] - ours_vnd) > allowed:
        raise ArithmeticError(f"{name} finds {made['objective_vnd']:.0f} VND where the engine finds {ours_vnd}")


def growth(effort: Effort) -> list[Row]:
    """Time of reading, funnel and volumes over the number of lots."""
    rows: list[Row] = []
    for n_lots in effort.sizes:
        with instance(effort, "nation", n_lots) as folder:
            made = {stage: effort.again(stage, effort.repeat, folder=folder) for stage in effort.growing}
        rows.extend({"lots": n_lots, "stage": stage} | _figures(one) for stage, one in made.items())
    return rows


def workers(effort: Effort) -> list[Row]:
    """Time of one pass over all parts of a country, by one worker process and by two, which make the same plan."""
    rows: list[Row] = []
    if effort.parts_lots:
        with instance(effort, "nation", effort.parts_lots) as folder:
            for n in (1, 2):
                made = effort.measure("in_parts", folder=folder, workers=n, iterations=1, seed=effort.seed)
                times = _share(rows[0].get("seconds"), made.get("seconds")) if rows else None
                rows.append({"lots": effort.parts_lots, "workers": n, "times_one": times} | _figures(made))
    return rows


def exponents(rows: Sequence[Row], least_lots: int = 0) -> dict[str, float]:
    """Fit seconds = c × lots^e by least squares of logarithms, and return e of each stage."""
    made = {}
    for stage in dict.fromkeys(row["stage"] for row in rows):
        points = [
            (row["lots"], row["seconds"]) for row in rows if row["stage"] == stage and row.get("seconds") and row["lots"] >= least_lots
        ]
        if len(points) >= 2:
            made[stage] = _slope(np.log(np.array(points, dtype=np.float64)))
    return made


def _slope(points: npt.NDArray[np.float64]) -> float:
    """Slope of the straight line through points, shape (n, 2), by least squares."""
    apart = points - points.mean(axis=0)
    return float(apart[:, 0] @ apart[:, 1] / (apart[:, 0] @ apart[:, 0]))


def classics(effort: Effort) -> list[Row]:
    """Random instances of the published classes: cost of the engine's plan, and of routing libraries on the routing ones."""
    n = 100 if effort.limit_s > 10 else 8
    cases: list[tuple[str, str, str]] = [
        (f"transportation {n} × {n}", "transportation", transportation_text(n, n, effort.seed)),
        (f"fixed charges {n} × {n}", "fixed-charge", fixed_charge_text(n, n, effort.seed)),
        (f"facilities {n // 2} × {n // 2}", "facilities", facilities_text(n // 2, n // 2, effort.seed)),
        *((f"routing, {size} customers", "cvrp", routing_text(size, effort.seed)) for size in effort.routing_sizes),
        *(
            (f"split routing, {size} customers", "sdvrp", routing_text(size, effort.seed, lots_per_tour=3.0))
            for size in effort.routing_sizes[:1]
        ),
    ]
    return [row for case in cases if case[1] in effort.classes for row in _classic(effort, *case)]


def _classic(effort: Effort, title: str, kind: str, text: str) -> Iterator[Row]:
    made = convert_text(kind, text)
    with tempfile.TemporaryDirectory() as folder:
        made.write(Path(folder))
        found = effort.measure("published", folder=folder, limit_s=effort.limit_s, seed=effort.seed)
    costs = {
        name: made.known_cost_of(found[f"{key}_vnd"])
        for name, key in (("cost", "objective"), ("at_least", "bound"))
        if f"{key}_vnd" in found
    }
    yield {"instance": title, "solver": "engine", **costs} | {key: found[key] for key in ("seconds", "peak_mib", "failed") if key in found}
    if kind == "cvrp":
        for name, needs in (("PyVRP", "pyvrp"), ("OR-Tools routing", "ortools")):
            if has_library(needs):
                yield {"instance": title, "solver": name} | effort.measure("routing_peer", text=text, name=name, limit_s=effort.limit_s)


def _figures(made: Row) -> Row:
    """Figures of a measurement, with the gap where there is a bound."""
    row = {
        key: value
        for key, value in made.items()
        if key in ("seconds", "peak_mib", "objective_vnd", "bound_vnd", "lanes", "pairs", "failed")
    }
    if row.get("bound_vnd") is not None and row.get("objective_vnd") is not None:
        row["gap"] = (row["bound_vnd"] - row["objective_vnd"]) / max(1, abs(row["bound_vnd"]))
    return row


def _share(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole or not math.isfinite(part) else part / whole


SUITES: dict[str, Callable[[Effort], list[Row]]] = {
    "stages": stages,
    "quality": quality,
    "volumes": volumes,
    "growth": growth,
    "workers": workers,
    "classics": classics,
}
"""Every suite by name."""
