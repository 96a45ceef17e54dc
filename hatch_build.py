"""Compile the engine's Cython modules, at installation and, by `python hatch_build.py`, whenever their source has changed.

A wheel also carries what the pages are made of, which `service/web/build.py` fetches, the communes of `catalog/build_communes.py`, and
the loops that numba compiles, in a form for every processor of this machine's kind: a container without a folder to write in starts with
them at once.

Cython writes C below `build/`; a C compiler turns that into one shared library next to its source, where an editable install finds
it. The flags name no processor: a library made here runs on every machine of the same kind and gives the same plans there.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
FETCHERS = ("service/web/build.py", "catalog/build_communes.py")
MODULES = ("matching/search/trips/_core.pyx",)
FLAGS = ("-O2", "-g0", "-w", "-fPIC", "-fwrapv", "-fno-strict-aliasing", "-ffp-contract=off")
"""Whole numbers wrap, and no two roundings are fused into one, whatever the compiler and the processor."""
LINK_FLAGS = ("-undefined", "dynamic_lookup") if sys.platform == "darwin" else ("-lm",)
SEASON = "service/season"
"""What the loops are tried on."""
LOOP = re.compile(r"def (\w+)")
SMALLEST = '#include <math.h>\n#include <stdio.h>\nint mca_probe(double x) { return printf("%f", floor(x)); }\n'


class CustomBuildHook(BuildHookInterface[Any]):
    """What hatchling calls before it packs a wheel or makes an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile every module and have it packed; a source distribution carries only their source."""
        if self.target_name != "wheel":
            return
        made = [str(compile_module(module).relative_to(ROOT)) for module in MODULES]
        build_data.update(pure_python=False, infer_tag=True)
        build_data["artifacts"] += made
        if version != "editable":
            fetched = [path for script in FETCHERS for path in _fetched_by(script)]
            build_data["artifacts"] += [str(path.relative_to(ROOT)) for path in fetched]
            # What lies in __pycache__ is left out unless it is named.
            build_data["force_include"] |= {str(path): str(path.relative_to(ROOT)) for path in compile_loops()}


def _fetched_by(script: str) -> list[Path]:
    """Let a script fetch and lay out its files, and return them."""
    spec = importlib.util.spec_from_file_location(f"mca_{Path(script).stem}", ROOT / script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: list[Path] = module.build()
    return made


def compile_module(module: str) -> Path:
    """Compile one module, unless its library is up to date, and return the library; a failure says what is missing."""
    source, suffix = ROOT / module, sysconfig.get_config_var("EXT_SUFFIX")
    library, build = source.with_name(source.stem + suffix), ROOT / "build" / "compiled"
    build.mkdir(parents=True, exist_ok=True)
    stamp = build / f"{library.name}.sha256"
    ingredients = _ingredients(source)
    if not (library.is_file() and stamp.is_file() and stamp.read_text(encoding="ascii") == ingredients + _sha256(library)):
        _compile(module, build / f"{library.name}.c", library)
        stamp.write_text(ingredients + _sha256(library), encoding="ascii")
    return library


def compile_loops() -> list[Path]:
    """Have numba compile the engine's other loops, unless they lie there already, and return the files that hold them."""
    _run([sys.executable, "-m", "matching.warmup", SEASON], NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="")
    return sorted(path for module in sorted((ROOT / "matching").rglob("*.py")) for path in _files_of_loops(module))


def _files_of_loops(module: Path) -> list[Path]:
    """Return the files that hold the loops of a module as its text is now; older ones may lie beside them."""
    lines = module.read_text(encoding="utf-8").splitlines()
    loops = [f"{module.stem}.{LOOP.findall(lines[n])[0]}-{n}." for n in range(1, len(lines)) if lines[n - 1] == "@compiled"]
    return [path for loop in loops for path in (module.parent / "__pycache__").glob(f"{loop}*.nb[ci]")]


def _compile(module: str, c_file: Path, library: Path) -> None:
    include, command = _include_folder(), compiler()
    # What is made takes the old library's place whole: a process that has the old one open keeps it.
    fresh = library.with_name(f"{library.name}.new")
    _run([sys.executable, "-m", "cython", "-3", module, "-o", str(c_file)])
    _run([*command, *FLAGS, f"-I{include}", "-shared", str(c_file), "-o", str(fresh), *LINK_FLAGS])
    fresh.replace(library)


def _ingredients(source: Path) -> str:
    """What decides about a library: its source and what that includes, this file, Cython and the compiler."""
    parts = [source, *sorted(source.parent.glob("*.pxi")), Path(__file__)]
    tools = [importlib.metadata.version("cython"), sys.version, *compiler()]
    return " ".join([*map(_sha256, parts), hashlib.sha256(repr(tools).encode()).hexdigest(), ""])


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _include_folder() -> str:
    """Folder of Python's own C headers."""
    folder = sysconfig.get_path("include")
    if not (Path(folder) / "Python.h").is_file():
        raise SystemExit(
            f"Python.h is not in {folder}: this Python came without its C headers, and part of the engine is compiled.\n"
            "On Debian or Ubuntu: apt-get install python3-dev. Or name another Python: make setup PYTHON=/path/to/python3"
        )
    return folder


@functools.cache
def compiler() -> tuple[str, ...]:
    """Return the first command that compiles and links a small program: what CC names, the machine's own, or the zig package's."""
    for command in _candidates():
        if _works(command):
            return command
    raise SystemExit(
        "No C compiler works here, and part of the engine is compiled. Any of these helps: apt-get install gcc libc6-dev,\n"
        "xcode-select --install, or pip install --require-hashes -r requirements-compiler.lock"
    )


def _candidates() -> list[tuple[str, ...]]:
    named = tuple(shlex.split(os.environ.get("CC", "")))
    commands = [named] if named else []
    commands += [(name,) for name in ("cc", "gcc", "clang") if shutil.which(name)]
    if importlib.util.find_spec("ziglang"):
        # Zig would else compile for the very processor that it runs on, and stop a program at what C leaves undefined.
        commands.append((sys.executable, "-m", "ziglang", "cc", "-mcpu=baseline", "-fno-sanitize=undefined"))
    return commands


def _works(command: tuple[str, ...]) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "probe.c"
        probe.write_text(SMALLEST, encoding="ascii")
        call = [*command, *FLAGS, "-shared", str(probe), "-o", str(probe.with_suffix(".so")), *LINK_FLAGS]
        try:
            return subprocess.run(call, capture_output=True, check=False, env=_environment()).returncode == 0
        except OSError:
            return False


def _run(call: list[str], **variables: str) -> None:
    done = subprocess.run(call, capture_output=True, text=True, check=False, cwd=ROOT, env=_environment() | variables)
    if done.returncode != 0:
        raise SystemExit(f"{shlex.join(call)} failed with status {done.returncode}:\n{done.stdout}{done.stderr}")


def _environment() -> dict[str, str]:
    """The caller's environment; what zig keeps between runs stays inside the project, not in somebody's home."""
    cache = str(ROOT / "build" / "zig")
    return {"ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache} | dict(os.environ)


def main(arguments: list[str]) -> int:
    """Compile every module; with `--loops` numba's loops; with `--has-compiler` only tell whether something here can."""
    if arguments == ["--has-compiler"]:
        compiler()
        return 0
    if arguments == ["--loops"]:
        compile_loops()
        return 0
    for module in MODULES:
        compile_module(module)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
