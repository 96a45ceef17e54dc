"""For any problem: folder and workbook agree, and a corrupted cell is refused at its place or read as another problem."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching.io import input_sha256, read_problem
from matching.model.errors import BadInput
from tests.matching.builders import filled_tables, write_folder, write_workbook

RUNS = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None)
ID = (
    st.text(st.sampled_from("abcXYZ019-_ .ăđÊ/#"), min_size=1, max_size=6)
    .map(str.strip)
    .filter(lambda text: text and not text[0].isdigit())
)
YES = st.sampled_from(["yes", "no", ""])
WHOLE = st.integers(0, 10**7)
RATE = st.integers(0, 10**8).map(lambda n: n / 1000)
DAYS = st.lists(st.integers(1, 28), min_size=2, max_size=2).map(lambda days: [f"2027-06-{day:02d}" for day in sorted(days)])
CLOCK = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))
PRODUCT = st.sampled_from(["lychee", "longan", "pomelo"])
REQUIRES = st.lists(st.sampled_from(["VietGAP", "OCOP>=3", "PUC:CN"]), max_size=3).map(";".join)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[dict[str, str]]]:
    """Tables of a valid input, of every kind and up to four rows each."""
    sites = draw(st.lists(ID, min_size=1, max_size=4, unique=True))
    lots = draw(st.lists(ID, max_size=4, unique=True))
    lines = draw(st.lists(ID, max_size=4, unique=True))
    site = st.sampled_from(sites)
    pairs = st.lists(st.tuples(st.sampled_from(lots), st.sampled_from(lines)), max_size=3, unique=True) if lots and lines else st.just([])
    return filled_tables(
        sites=[draw(_site(name)) for name in sites],
        lots=[draw(_lot(name, site)) for name in lots],
        demands=[draw(_line(name, site)) for name in lines],
        vehicles=[{"volume_l": draw(RATE), "refrigerated": draw(YES), "base_site": draw(st.sampled_from(["", *sites]))}],
        certificates=[{"product": draw(PRODUCT), "level": draw(st.integers(0, 5))} for _ in range(draw(st.integers(0, 2)))],
        lanes=[
            {"from_site": a, "to_site": b, "km": draw(RATE), "cold": draw(YES)}
            for a, b in draw(st.lists(st.tuples(site, site), max_size=3, unique=True))
        ],
        decisions=[{"lot_id": lot, "line_id": line} for lot, line in draw(pairs)],
        settings={"detour_factor": draw(RATE) + 1},
    )


def _site(name: str) -> st.SearchStrategy[dict[str, Any]]:
    kind = st.sampled_from(["cooperative", "hub", "buyer", "depot"])
    degrees = st.integers(-90000, 90000).map(lambda n: n / 1000)
    return st.fixed_dictionaries(
        {
            "site_id": st.just(name),
            "kind": kind,
            "lat": degrees,
            "lon": degrees,
            "open_from": CLOCK,
            "open_until": CLOCK,
            "opening_vnd": WHOLE,
        }
    )


def _lot(name: str, site: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    return DAYS.flatmap(
        lambda days: st.fixed_dictionaries(
            {
                "lot_id": st.just(name), "site_id": site, "product": PRODUCT, "quantity_kg": WHOLE, "cold": YES, "indivisible": YES,
                "available_from": st.just(days[0]), "available_until": st.just(days[1]), "litres_per_kg": RATE,
            }
        )
    )  # fmt: skip


def _line(name: str, site: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    return DAYS.flatmap(
        lambda days: st.fixed_dictionaries(
            {
                "line_id": st.just(name), "site_id": site, "requires": REQUIRES, "quantity_kg": WHOLE, "bid_vnd_per_kg": WHOLE,
                "deliver_from": st.just(days[0]), "deliver_until": st.just(days[1]),
            }
        )
    )  # fmt: skip


@given(tables())
@RUNS
def test_a_folder_and_its_workbook_have_the_same_digest(given_tables: dict[str, list[dict[str, str]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        one = write_folder(Path(folder) / "in", given_tables)
        two = write_workbook(Path(folder) / "in.xlsx", given_tables)
        assert input_sha256(one) == input_sha256(two)


CORRUPT = st.sampled_from(
    ["", " ", "-1", "1.5", "x", "NaN", "1e400", "1.234,5", "2027-02-30", "25:00", "a;b", ">=", "9" * 20, "\x00", "\x07", "yes", "0"]
)


@given(tables(), st.data())
@RUNS
def test_a_corrupted_cell_is_refused_in_its_table_or_reads_as_some_problem(
    given_tables: dict[str, list[dict[str, str]]], data: st.DataObject
) -> None:
    table = data.draw(st.sampled_from([name for name, rows in given_tables.items() if rows]))
    n = data.draw(st.integers(0, len(given_tables[table]) - 1))
    column = data.draw(st.sampled_from(sorted(given_tables[table][n])))
    given_tables[table][n][column] = data.draw(CORRUPT)
    with tempfile.TemporaryDirectory() as folder:
        write_folder(Path(folder), given_tables)
        try:
            assert read_problem(Path(folder)).n_sites == len(given_tables["sites"])
        except BadInput as refused:
            places = {(issue.table, issue.row) for issue in refused.issues}
            # A changed id may also leave the rows that refer to it without their partner, while its own row stays right.
            assert (table, n + 2) in places or column in ("site_id", "lot_id", "line_id", "class_id")
