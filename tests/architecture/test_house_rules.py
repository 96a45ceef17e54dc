"""Rules that the code base sets itself and that no off-the-shelf tool checks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("matching", "catalog", "buyers", "service", "benchmarks", "tests")
LONGEST_FILE = 600
INSIDE_ORTOOLS = {"pybind11_abseil"}
"""Modules that OR-Tools' wheel brings along."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def sources(*rooms: str) -> list[Path]:
    return [path for room in rooms for path in sorted((ROOT / room).rglob("*.py"))]


def unseeded_generators(text: str) -> list[int]:
    """Lines on which a random generator is made without a seed."""
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    makers = {"default_rng", "RandomState", "SeedSequence", "PCG64", "Random"}
    return [call.lineno for call in calls if _name(call.func) in makers and not call.args and not call.keywords]


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def imported_packages(text: str) -> set[str]:
    """Top-level names of what a file imports, wherever in the file it does."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def package_names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~\[; ]", requirement, maxsplit=1)[0] for requirement in requirements}


def wanted_in(lock: str) -> set[str]:
    """Packages that a lock file must pin: the compiler and node have one of their own."""
    group = lock.removeprefix("requirements").removesuffix(".lock").removeprefix("-")
    if group:
        return package_names(PROJECT["dependency-groups"][group])
    extras = PROJECT["project"]["optional-dependencies"].values()
    return package_names(PROJECT["project"]["dependencies"]).union(*map(package_names, extras))


def banned_uses(code: str) -> str:
    """What ruff says about ``code`` as if it stood in the engine."""
    command = [sys.executable, "-m", "ruff", "check", "--select", "TID251", "--stdin-filename", str(ROOT / "matching/_probe.py"), "-"]
    return subprocess.run(command, input=code, capture_output=True, text=True, check=False, cwd=ROOT).stdout


def test_every_file_can_be_read_in_one_sitting() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in sources(*ROOMS)}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_the_search_for_unseeded_randomness_finds_it() -> None:
    assert unseeded_generators("rng = np.random.default_rng()\nok = np.random.default_rng(seed)\n") == [1]


def test_the_engine_draws_no_random_number_without_a_seed() -> None:
    found = {
        str(path.relative_to(ROOT)): unseeded_generators(path.read_text(encoding="utf-8")) for path in sources("matching", "benchmarks")
    }
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import time\n",
        "from time import monotonic\n",
        "import random\n",
        "import os\nprint(os.environ)\n",
        "from os import getenv\n",
        "from datetime import datetime\nprint(datetime.now())\n",
        "import datetime\nprint(datetime.date.today())\n",
        "import numpy as np\nnp.random.seed(1)\n",
    ],
)
def test_clock_environment_and_global_randomness_are_banned_from_the_engine(code: str) -> None:
    assert "TID251" in banned_uses(code)


def test_a_seeded_generator_is_not_banned() -> None:
    assert "TID251" not in banned_uses("import numpy as np\nrng = np.random.default_rng(7)\nprint(rng.random())\n")


def test_every_dependency_has_its_line_and_every_line_its_dependency() -> None:
    listed = re.findall(r"^\| ([a-z0-9-]+) \|", (ROOT / "docs/dependencies.md").read_text(encoding="utf-8"), re.MULTILINE)
    declared = package_names(PROJECT["project"]["dependencies"])
    for extra in [*PROJECT["project"]["optional-dependencies"].values(), *PROJECT["dependency-groups"].values()]:
        declared |= package_names(extra)
    assert sorted(name for name in listed if name != "package") == sorted(declared)


def test_nothing_is_imported_that_is_not_declared() -> None:
    declared = package_names(PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["cluster"])
    declared |= package_names(PROJECT["project"]["optional-dependencies"]["oidc"])
    ours = {name.removesuffix("-cffi").replace("-", "_") for name in declared} | set(ROOMS) | set(sys.stdlib_module_names) | INSIDE_ORTOOLS
    shipped = sources(*(room for room in ROOMS if room != "tests"))
    strangers = {str(path.relative_to(ROOT)): imported_packages(path.read_text(encoding="utf-8")) - ours for path in shipped}
    assert {name: packages for name, packages in strangers.items() if packages} == {}


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-compiler.lock", "requirements-node.lock", "requirements-communes.lock"]
)
def test_a_lock_pins_every_dependency_with_hashes_and_names_no_host(name: str) -> None:
    lock = (ROOT / name).read_text(encoding="utf-8")
    pinned = dict.fromkeys(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
    assert wanted_in(name) <= set(pinned)
    assert lock.count("--hash=sha256:") >= len(pinned)
    assert not re.search(r"https?:|--index|--find-links|--extra-index", lock)


def test_what_builds_the_project_is_pinned_as_well() -> None:
    assert package_names(PROJECT["build-system"]["requires"]) <= wanted_in("requirements.lock")


def test_make_help_lists_every_public_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    documented = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert documented == set(phony.group(1).split())


def test_every_page_that_the_documents_point_to_is_there() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    links = {(page, link) for page in pages for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))}
    missing = sorted(f"{page.relative_to(ROOT)} -> {link}" for page, link in links if not (page.parent / link).exists())
    assert missing == []
