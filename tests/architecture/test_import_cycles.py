"""No two modules need each other, imports inside functions and for type checking included."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("matching", "catalog", "buyers", "service", "benchmarks")

KNOWN_CYCLES: frozenset[frozenset[str]] = frozenset(
    map(
        frozenset,
        (
            ("service.http.admission", "service.http.context"),
            (
                "service.planning.pins.bulk",
                "service.planning.pins.single",
                "service.planning.proposals.bulk",
                "service.planning.proposals.decisions",
                "service.planning.proposals.selection",
            ),
            ("service.planning.proposals.bulk_revert", "service.planning.proposals.undo"),
            ("service.web.context", "service.web.error_texts", "service.web.labels", "service.web.navigation"),
        ),
    )
)
"""Cycles that are still to be removed. The list may only become shorter."""


def module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(text: str, modules: set[str]) -> Iterator[str]:
    """Modules that a source file imports anywhere; `from package import module` counts as an import of the module alone."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found = full if full in modules else node.module
                if found in modules:
                    yield found


def import_graph(root: Path, rooms: tuple[str, ...]) -> dict[str, set[str]]:
    paths = {module_name(path, root): path for room in rooms for path in sorted((root / room).rglob("*.py"))}
    names = set(paths)
    return {name: set(imported_modules(path.read_text(encoding="utf-8"), names)) - {name} for name, path in paths.items()}


def cycles(graph: dict[str, set[str]]) -> set[frozenset[str]]:
    """Groups of modules that reach each other (strongly connected components of more than one), by Tarjan's algorithm without recursion."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: set[frozenset[str]] = set()
    for start in graph:
        if start in index:
            continue
        index[start] = low[start] = len(index)
        stack.append(start)
        work = [(start, iter(sorted(graph[start])))]
        while work:
            node, ahead = work[-1]
            following = next(ahead, None)
            if following is not None:
                if following not in index:
                    index[following] = low[following] = len(index)
                    stack.append(following)
                    work.append((following, iter(sorted(graph[following]))))
                elif following in stack:
                    low[node] = min(low[node], index[following])
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[node])
            if low[node] == index[node]:
                members = set(stack[stack.index(node) :])
                del stack[stack.index(node) :]
                if len(members) > 1:
                    found.add(frozenset(members))
    return found


def test_a_cycle_is_found_however_it_is_hidden(tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    files = {
        "__init__": "",
        "a": "from room import b\n",
        "b": "def later() -> None:\n    from room.c import thing\n",
        "c": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from room.a import other\n",
        "d": "import room.a\n",
    }
    for name, text in files.items():
        (tmp_path / "room" / f"{name}.py").write_text(text, encoding="utf-8")
    assert cycles(import_graph(tmp_path, ("room",))) == {frozenset({"room.a", "room.b", "room.c"})}


def test_no_modules_import_each_other() -> None:
    found = cycles(import_graph(ROOT, ROOMS))
    assert sorted(sorted(group) for group in found - KNOWN_CYCLES) == []
    assert sorted(sorted(group) for group in KNOWN_CYCLES - found) == [], "a cycle is gone: take it off the list"
