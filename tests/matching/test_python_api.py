"""The documented Python API: every block of its page runs, and every name that it exports exists."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import matching
from matching.io.frames import problem_from_frames
from matching.model.errors import BadInput
from tests.matching.builders import build_problem, filled_tables

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python-api.md"


def test_every_block_of_the_page_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    assert len(blocks) >= 6
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)


def test_the_notebook_runs_from_top_to_bottom() -> None:
    cells = json.loads((PAGE.parent / "season.ipynb").read_text(encoding="utf-8"))["cells"]
    names: dict[str, Any] = {}
    for number, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)
    assert names["solution"].plan.allocations.kg.sum() > 0
    assert names["price"].cost_vnd > 0
    assert names["changes"] != []


def test_every_exported_name_exists() -> None:
    assert sorted(matching.__all__) == sorted(set(matching.__all__))
    assert all(getattr(matching, name) is not None for name in matching.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = matching.nothing


def test_frames_and_a_folder_of_one_content_give_one_problem() -> None:
    frames = {name: pd.DataFrame(rows) for name, rows in filled_tables(lots=[{}, {"indivisible": "yes"}]).items() if rows}
    lots = frames["lots"].assign(indivisible=[False, True], quantity_kg=[1000.0, 1000.0])
    typed = frames | {"lots": lots.assign(available_from=dt.date(2027, 6, 7))}
    expected = build_problem(lots=[{}, {"indivisible": "yes"}]).digest()
    assert problem_from_frames(frames).digest() == expected
    assert problem_from_frames(typed).digest() == expected


def test_missing_cells_take_the_default_and_strange_tables_are_refused() -> None:
    frames = {name: pd.DataFrame(rows) for name, rows in filled_tables().items() if rows}
    blank = frames | {"lots": frames["lots"].assign(min_take_kg=np.nan, available_from=pd.Series([pd.NaT]))}
    with pytest.raises(BadInput, match="lots row 2 column available_from"):
        problem_from_frames(blank)
    with pytest.raises(BadInput, match="lot: no table of this name; perhaps lots"):
        problem_from_frames({("lot" if name == "lots" else name): frame for name, frame in frames.items()})


def test_the_page_names_what_is_exported() -> None:
    text = PAGE.read_text(encoding="utf-8")
    functions = [name for name in matching.__all__ if name[0].islower()]
    assert [name for name in functions if name not in text] == []
