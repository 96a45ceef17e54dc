"""What other programs write of a valid table is read as the same table, and sums that can't stay exact are refused."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pandas as pd
import pytest

from matching.io import read_problem
from matching.model.errors import BadInput
from tests.matching.builders import COOPERATIVE, build_problem, tiny_folder

HUGE = 3_000_000_000_000_000


def faults(folder: Path) -> list[tuple[str, str]]:
    with pytest.raises(BadInput, match="input") as caught:
        read_problem(folder)
    return [(issue.table, issue.column) for issue in caught.value.issues]


def test_a_folder_that_pandas_has_read_and_written_is_the_same_problem(tmp_path: Path) -> None:
    """Columns with an empty cell become floating-point numbers there."""
    sites = [{**COOPERATIVE, "throughput_kg_per_day": 8000, "open_from": "05:00"}, {"site_id": "b1", "kind": "buyer"}]
    folder = tiny_folder(tmp_path / "given", sites=sites, lots=[{"min_take_kg": 40}, {}], demands=[{"max_suppliers": 2}, {}])
    before = read_problem(folder).digest()
    for file in folder.glob("*.csv"):
        pd.read_csv(file).to_csv(file, index=False)
    assert "8000.0" in (folder / "sites.csv").read_text(encoding="utf-8")
    assert read_problem(folder).digest() == before


def test_clock_times_with_seconds_and_midnight_instants_are_times_and_dates() -> None:
    given = build_problem(sites=[{**COOPERATIVE, "open_from": "05:00:00"}, {"site_id": "b1", "kind": "buyer"}],
                          lots=[{"available_from": "2027-06-07T00:00:00", "available_until": "2027-06-09 00:00:00"}])  # fmt: skip
    plain = build_problem(sites=[{**COOPERATIVE, "open_from": "05:00"}, {"site_id": "b1", "kind": "buyer"}])
    assert given.digest() == plain.digest()


@pytest.mark.parametrize(("table", "column", "cell"), [
    ("sites", "open_from", "05:00:30"), ("lots", "available_from", "2027-06-07T05:00:00"), ("lots", "quantity_kg", "1.000"),
])  # fmt: skip
def test_what_would_lose_something_is_refused(tmp_path: Path, table: str, column: str, cell: str) -> None:
    row = {**COOPERATIVE, column: cell} if table == "sites" else {column: cell}
    rows = [row, {"site_id": "b1", "kind": "buyer"}] if table == "sites" else [row]
    assert (table, column) in faults(tiny_folder(tmp_path, **{table: rows}))


def test_letters_and_their_marks_are_read_composed() -> None:
    apart = unicodedata.normalize("NFD", "dứa")
    given = build_problem(lots=[{"product": apart}], demands=[{"product": "dứa"}])
    assert given.product_ids == ("dứa",)
    assert given.digest() == build_problem(lots=[{"product": "dứa"}], demands=[{"product": "dứa"}]).digest()


def test_ids_that_are_equal_once_composed_are_used_twice(tmp_path: Path) -> None:
    lots = [{"lot_id": "dứa"}, {"lot_id": unicodedata.normalize("NFD", "dứa")}]
    with pytest.raises(BadInput, match="composed"):
        read_problem(tiny_folder(tmp_path, lots=lots))


def test_sums_that_can_not_stay_exact_are_refused(tmp_path: Path) -> None:
    assert ("lots", "quantity_kg") in faults(tiny_folder(tmp_path / "kg", lots=[{"quantity_kg": HUGE, "ask_vnd_per_kg": 1}] * 4))
    dear = [{"quantity_kg": 1000, "bid_vnd_per_kg": HUGE // 1000}] * 4
    assert ("demands", "bid_vnd_per_kg") in faults(tiny_folder(tmp_path / "vnd", demands=dear))
    assert read_problem(tiny_folder(tmp_path / "fits", demands=dear[:3])).n_lines == 3
