"""`compiled`: the one way in which the engine asks for a loop to be compiled to machine code.

Compiled loops are kept on disk next to the module, so that only the first run after installation pays for them. They take
plain arrays and numbers: a table handed over whole would be counted in and out at every call.

numba looks only at the file of the outermost loop, and would keep a loop whose inner functions or constants have changed in
another file. The cache is therefore stamped with the text of every file whose loops the module can call, and with the
definitions of the constants that these files import.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

from matching.loop_cache import LoopCache

F = TypeVar("F", bound=Callable[..., Any])

ROOT = Path(__file__).parent.parent
_IMPORT = re.compile(r"^from (matching\.[\w.]+) import (\([^)]*\)|.*)$", re.MULTILINE)


def compiled(function: F) -> F:
    """Compile a function of arrays and numbers; it then runs without the interpreter's lock."""
    made: Any = numba.njit(nogil=True)(function)
    made._cache = LoopCache(function, content_stamp(ROOT, function.__module__))
    return cast("F", made)


@functools.cache
def content_stamp(root: Path, module: str) -> str:
    """Return the SHA-256 of all that the compiled loops of a module are made from.

    Parameters
    ----------
    root : folder that holds the package `matching`.
    module : dotted name; one that is no file below `root`, such as ``__main__``, is stamped with every file that declares loops.
    """
    texts: dict[str, str] = {}
    if _source(root, module) is None:
        for path in sorted((root / "matching").rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if "@compiled" in text:
                texts[str(path)] = text
    else:
        _collect(root, module, texts)
    return hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()


def _source(root: Path, module: str) -> str | None:
    path = root.joinpath(*module.split(".")).with_suffix(".py")
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _collect(root: Path, module: str, texts: dict[str, str]) -> None:
    """Add the text of a module with loops, of those it imports loops from, and the constants that it imports."""
    text = texts[module] = _source(root, module) or ""
    for origin, names in _IMPORT.findall(text):
        if origin in texts or origin == "matching.compiled":
            continue
        source = _source(root, origin) or ""
        if "@compiled" in source:
            _collect(root, origin, texts)
            continue
        for name in re.findall(r"\b_?[A-Z][A-Z0-9_]*\b", names):
            texts[f"{origin}.{name}"] = "\n".join(_definitions(source, name, set()))


def _definitions(source: str, name: str, seen: set[str]) -> list[str]:
    """Return the lines that define a constant, and those of the constants that they name."""
    seen.add(name)
    lines = re.findall(rf"^[^#\s][^#=\n]*\b{name}\b[^=\n]*=[^=].*$|^{name}\b[^=\n]*=[^=].*$", source, re.MULTILINE)
    for other in re.findall(r"\b_?[A-Z][A-Z0-9_]+\b", " ".join(lines)):
        if other not in seen:
            lines += _definitions(source, other, seen)
    return lines
