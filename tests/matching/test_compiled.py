"""What is kept of compiled loops must not outlive a change of the loops they call."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from matching.compiled import content_stamp

INNER = "from matching.compiled import compiled\n@compiled\ndef inner(x):\n    return x + {}\n"
OUTER = "from matching.compiled import compiled\nfrom inner import inner\n@compiled\ndef outer(x):\n    return inner(x)\nprint(outer(1))\n"


def test_a_loop_is_compiled_anew_when_an_inner_one_changes_in_another_file(tmp_path: Path) -> None:
    package = tmp_path / "matching"
    package.mkdir()
    (package / "__init__.py").touch()
    for name in ("compiled.py", "loop_cache.py"):
        (package / name).write_bytes((Path(__file__).parents[2] / "matching" / name).read_bytes())
    printed = []
    for added in (1, 1, 5):
        (package / "inner.py").write_text(INNER.format(added), encoding="utf-8")
        (package / "outer.py").write_text(OUTER.replace("from inner", "from matching.inner"), encoding="utf-8")
        # Python's own cache goes by time and length, which two texts written within a second may share.
        run = subprocess.run([sys.executable, "-B", "-m", "matching.outer"], cwd=tmp_path, capture_output=True, text=True, check=True)
        printed.append(run.stdout.strip())
    assert printed == ["2", "2", "6"]


def test_the_stamp_follows_the_loops_and_constants_of_a_module_and_nothing_else(tmp_path: Path) -> None:
    package = tmp_path / "matching"
    package.mkdir()
    texts = {
        "loops": "from matching.values import (\n    LIMIT,\n)\nfrom matching.inner import inner\n@compiled\n",
        "inner": "@compiled\n",
        "values": "BASE = 2\nLIMIT, OTHER = BASE * 3, 1\nFREE = 1\n",
        "elsewhere": "@compiled\n",
    }

    def stamp(**changed: str) -> str:
        for name, text in (texts | changed).items():
            (package / f"{name}.py").write_text(text, encoding="utf-8")
        content_stamp.cache_clear()
        return content_stamp(tmp_path, "matching.loops")

    first = stamp()
    assert stamp() == first
    assert stamp(elsewhere="@compiled \n") == first
    assert stamp(values=texts["values"].replace("FREE = 1", "FREE = 2")) == first
    assert stamp(values=texts["values"].replace("BASE = 2", "BASE = 4")) != first
    assert stamp(inner="@compiled \n") != first
    assert stamp(loops=texts["loops"] + "\n") != first
