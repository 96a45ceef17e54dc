"""Reading vehicle routing instances in the TSPLIB format that CVRPLIB uses.

The cost of an edge is the rounded Euclidean distance (``EUC_2D``), the one rounded up (``CEIL_2D``), or a matrix (``EXPLICIT``).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.converters.numbers import Whole

HEADER = re.compile(r"([A-Z_]+)\s*:\s*(.*)")
UNSUPPORTED = ("DISTANCE", "SERVICE_TIME", "TIME_WINDOW_SECTION", "PICKUP_AND_DELIVERY_SECTION", "BACKHAUL_SECTION")


@dataclass(frozen=True, eq=False)
class Routing:
    """A capacitated vehicle routing problem; node 0 is the depot.

    Attributes
    ----------
    capacity : of each vehicle.
    n_vehicles : most vehicles, None for as many as pay.
    demand : of each node, 0 at the depot, shape (n_nodes,).
    distance : from node to node, shape (n_nodes, n_nodes).
    place : coordinates of the nodes, shape (n_nodes, 2); zeros where the file has none.
    """

    capacity: int
    n_vehicles: int | None
    demand: Whole
    distance: Whole
    place: npt.NDArray[np.float64]


def read_routing(text: str) -> Routing:
    """Read a ``.vrp`` file.

    Raises
    ------
    ValueError : where the text is not such a file, or asks for something that cannot be told in the exchange format.
    """
    headers, sections = _parts(text)
    for name in UNSUPPORTED:
        if name in headers or name in sections:
            raise ValueError(f"{name} cannot be told in the exchange format")
    n = int(_header(headers, "DIMENSION"))
    demand_of = {int(node): int(wanted) for node, wanted in _rows(sections, "DEMAND_SECTION", 2)}
    nodes = _depot_first(sections, list(demand_of))
    if len(nodes) != n:
        raise ValueError(f"{len(nodes)} nodes have a demand, but DIMENSION is {n}")
    place = _places(sections, nodes)
    rank = [sorted(nodes).index(node) for node in nodes]
    distance = _distance(headers, sections, place, rank)
    vehicles = headers.get("VEHICLES")
    demand = np.array([demand_of[node] for node in nodes], dtype=np.int64)
    return Routing(int(_header(headers, "CAPACITY")), int(vehicles) if vehicles else None, demand, distance, place)


def _parts(text: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Split a file into its headers and the words of its sections."""
    headers: dict[str, str] = {}
    sections: dict[str, list[str]] = {}
    words: list[str] | None = None
    for line in map(str.strip, text.splitlines()):
        header = HEADER.fullmatch(line)
        if line.removesuffix(":").strip().endswith("_SECTION"):
            words = sections.setdefault(line.removesuffix(":").strip(), [])
        elif header:
            headers[header[1]] = header[2].strip()
        elif line == "EOF":
            break
        elif words is not None:
            words.extend(line.split())
        elif line:
            raise ValueError(f"{line!r} is neither a header nor in a section")
    return headers, sections


def _header(headers: dict[str, str], name: str) -> str:
    if name not in headers:
        raise ValueError(f"{name} is missing")
    return headers[name]


def _rows(sections: dict[str, list[str]], name: str, width: int) -> list[list[float]]:
    """Return the rows of a section as numbers."""
    if name not in sections:
        raise ValueError(f"{name} is missing")
    values = [float(word) for word in sections[name]]
    if len(values) % width:
        raise ValueError(f"{name} is cut off")
    return [values[k : k + width] for k in range(0, len(values), width)]


def _depot_first(sections: dict[str, list[str]], nodes: list[int]) -> list[int]:
    """Put the depot before the customers."""
    depots = [int(word) for word in sections.get("DEPOT_SECTION", []) if word != "-1"]
    if len(depots) != 1 or depots[0] not in nodes:
        raise ValueError("there must be one depot, a node with a demand of 0")
    return depots + [node for node in nodes if node != depots[0]]


def _places(sections: dict[str, list[str]], nodes: list[int]) -> npt.NDArray[np.float64]:
    """Coordinates of the nodes, zeros where there are none."""
    if "NODE_COORD_SECTION" not in sections:
        return np.zeros((len(nodes), 2))
    at = {int(node): (x, y) for node, x, y in _rows(sections, "NODE_COORD_SECTION", 3)}
    return np.array([at[node] for node in nodes])


def _distance(
    headers: dict[str, str],
    sections: dict[str, list[str]],
    place: npt.NDArray[np.float64],
    rank: list[int],
) -> Whole:
    """Distances between the nodes; ``rank`` is each one's place in a matrix of the file."""
    kind = _header(headers, "EDGE_WEIGHT_TYPE")
    if kind == "EXPLICIT":
        matrix = _matrix(_header(headers, "EDGE_WEIGHT_FORMAT"), sections, len(rank))
        return np.asarray(matrix[np.ix_(rank, rank)], dtype=np.int64)
    straight: npt.NDArray[np.float64] = np.hypot(*(place[:, None, :] - place[None, :, :]).transpose(2, 0, 1))
    if kind == "EUC_2D":
        return np.floor(straight + 0.5).astype(np.int64)
    if kind == "CEIL_2D":
        return np.ceil(straight).astype(np.int64)
    raise ValueError(f"EDGE_WEIGHT_TYPE {kind} is none of EUC_2D, CEIL_2D, EXPLICIT")


def _matrix(form: str, sections: dict[str, list[str]], n: int) -> Whole:
    """Read an explicit matrix, whole or one triangle of it."""
    if "EDGE_WEIGHT_SECTION" not in sections:
        raise ValueError("EDGE_WEIGHT_SECTION is missing")
    values = [int(word) for word in sections["EDGE_WEIGHT_SECTION"]]
    cells = {
        "FULL_MATRIX": [(i, j) for i in range(n) for j in range(n)],
        "LOWER_ROW": [(i, j) for i in range(n) for j in range(i)],
        "LOWER_DIAG_ROW": [(i, j) for i in range(n) for j in range(i + 1)],
        "UPPER_ROW": [(i, j) for i in range(n) for j in range(i + 1, n)],
        "UPPER_DIAG_ROW": [(i, j) for i in range(n) for j in range(i, n)],
    }
    if form not in cells:
        raise ValueError(f"EDGE_WEIGHT_FORMAT {form} is none of {', '.join(cells)}")
    if len(values) != len(cells[form]):
        raise ValueError(f"EDGE_WEIGHT_SECTION has {len(values)} numbers, expected {len(cells[form])}")
    matrix = np.zeros((n, n), dtype=np.int64)
    for (i, j), value in zip(cells[form], values):
        matrix[i, j] = value
        if form != "FULL_MATRIX":
            matrix[j, i] = value
    return matrix


def kilometres_per_degree() -> float:
    """Kilometres of one degree along a meridian of a sphere of 6371.0088 km."""
    return math.pi * 6371.0088 / 180
