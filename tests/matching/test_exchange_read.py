"""A folder or workbook reads as the problem that it describes, in whatever dress spreadsheets save it."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matching.io import input_sha256, read_problem
from matching.model.errors import BadInput
from matching.model.problem import ANY_PRODUCT, BUYER, COOPERATIVE, FORBID, NO_BASE, NO_LIMIT, NO_ZONE, PIN
from tests.matching.builders import build_problem, filled_tables, tiny_folder, write_folder, write_workbook

EVERYTHING: dict[str, Any] = {
    "sites": [
        {"site_id": "c1", "name": "Hợp tác xã Lục Ngạn, số 1", "stop_minutes": 15, "minutes_per_tonne": 12.5,
         "open_from": "04:30", "open_until": "24:00"},
        {"site_id": "h1", "kind": "hub", "opening_vnd": 500000, "throughput_kg_per_day": 20000, "handling_vnd_per_kg": 120.5},
        {"site_id": "b1", "kind": "buyer", "max_vehicle_kg": 5000, "zone": "inner", "open_from": "20:00", "open_until": "05:00"},
        {"site_id": "p1", "kind": "depot"},
    ],
    "lots": [
        {"cold": "yes", "indivisible": "yes", "cut_on_pickup": "no", "min_take_kg": 100, "litres_per_kg": 2.2},
        {"product": "longan"},
    ],
    "demands": [{"product": "lychee;pomelo", "requires": "VietGAP;OCOP>=3",
                 "max_suppliers": 2, "min_supplier_kg": 50, "short_vnd_per_kg": 700}, {}],
    "vehicles": [{"refrigerated": "yes", "volume_l": 7500, "count_per_day": 3, "max_stops": 6, "max_hours": 10.5,
                  "base_site": "p1"}, {"vnd_per_km": 9000}],
    "certificates": [{"valid_until": "9999-12-31"}, {"scheme": "OCOP", "level": 4, "product": "lychee"}],
    "access": [{}],
    "lanes": [{"km": 62.5, "minutes": 90}, {"to_site": "h1", "vnd_per_kg": 900.5, "capacity_kg": 800,
               "transit_days": 1, "cold": "yes", "fixed_vnd": 20000}],
    "decisions": [{}, {"lot_id": "lot2", "decision": "pin", "kg": 300}],
    "settings": {"detour_factor": 1.4, "horizon_from": "2027-06-01"},
}  # fmt: skip


def test_every_column_reaches_the_problem() -> None:
    p = build_problem(**EVERYTHING)
    assert p.sites.name[0] == "Hợp tác xã Lục Ngạn, số 1"
    assert (p.sites.open_from_min[0], p.sites.open_until_min[2], p.sites.stop_min[0], p.sites.min_per_tonne[0]) == (270, 300, 15.0, 12.5)
    assert (p.sites.opening_vnd[1], p.sites.throughput_kg_per_day[1], p.sites.handling_vnd_per_kg[1]) == (500000, 20000, 120.5)
    assert (p.sites.max_vehicle_kg[2], p.sites.zone_names[p.sites.zone[2]], p.sites.zone[0]) == (5000, "inner", NO_ZONE)
    assert (p.lots.cold[0], p.lots.indivisible[0], p.lots.cut_on_pickup[0], p.lots.min_take_kg[0], p.lots.litres_per_kg[0]) == (
        True,
        True,
        False,
        100,
        2.2,
    )
    assert [p.product_ids[n] for n in p.lines.product[p.lines.product_start[0] : p.lines.product_start[1]]] == ["lychee", "pomelo"]
    schemes = [p.scheme_ids[n] for n in p.lines.require_scheme[p.lines.require_start[0] : p.lines.require_start[1]]]
    assert list(zip(schemes, p.lines.require_level.tolist(), strict=True)) == [("VietGAP", 0), ("OCOP", 3)]
    assert (p.lines.max_suppliers[0], p.lines.min_supplier_kg[0], p.lines.short_vnd_per_kg[0]) == (2, 50, 700)
    v = p.vehicles
    assert (v.refrigerated[0], v.volume_l[0], v.count_per_day[0], v.max_stops[0], v.max_hours[0], v.base_site[0]) == (
        True,
        7500.0,
        3,
        6,
        10.5,
        3,
    )
    assert (v.band_start.tolist(), v.band_km.tolist(), v.band_vnd_per_km.tolist()) == (
        [0, 3, 4],
        [0, 30, 100, 0],
        [20000, 14000, 9000, 9000],
    )
    assert (p.certificates.product.tolist(), p.certificates.level.tolist()) == ([ANY_PRODUCT, p.product_ids.index("lychee")], [0, 4])
    assert (p.access.zone.tolist(), p.access.closed_from_min.tolist(), p.access.closed_until_min.tolist()) == ([0], [360], [540])
    assert (p.roads.km[0], p.roads.minutes[0], p.roads.vnd_per_kg[1], p.roads.fixed_vnd[1]) == (62.5, 90.0, 900.5, 20000)
    assert (p.roads.capacity_kg[1], p.roads.transit_days[1], p.roads.cold[1]) == (800, 1, True)
    assert (p.decisions.kind.tolist(), p.decisions.kg.tolist(), p.decisions.lot.tolist()) == ([FORBID, PIN], [0, 300], [0, 1])
    assert p.detour_factor == 1.4
    assert p.horizon_from_day == (date(2027, 6, 1) - date(1970, 1, 1)).days


def test_absent_columns_and_empty_cells_take_the_defaults() -> None:
    p = build_problem(lanes=[{}], vehicles=[{"volume_l": ""}])
    assert (p.sites.kind.tolist(), p.sites.open_from_min[0], p.sites.open_until_min[0]) == ([COOPERATIVE, BUYER], 0, 1440)
    assert (p.sites.max_vehicle_kg[0], p.sites.throughput_kg_per_day[0], p.sites.zone[0]) == (NO_LIMIT, NO_LIMIT, NO_ZONE)
    assert (p.lots.cut_on_pickup[0], p.lots.indivisible[0], p.lots.cold[0], p.lots.litres_per_kg[0]) == (True, False, False, 2.0)
    assert (p.vehicles.volume_l[0], p.vehicles.max_stops[0], p.vehicles.max_hours[0], p.vehicles.base_site[0]) == (
        math.inf,
        5,
        12.0,
        NO_BASE,
    )
    assert (p.lines.max_suppliers[0], p.lines.min_fill_kg[0], p.lines.require_start.tolist()) == (NO_LIMIT, 0, [0, 0])
    assert np.isnan([p.roads.km[0], p.roads.minutes[0], p.roads.vnd_per_kg[0]]).all()
    assert (p.detour_factor, p.horizon_until_day - p.horizon_from_day) == (1.3, 3)


def test_tables_without_rows_make_an_empty_problem_on_day_zero() -> None:
    p = build_problem(sites=[], lots=[], demands=[], vehicles=[])
    assert (p.n_sites, p.n_lots, p.n_lines, p.n_classes, p.horizon_from_day, p.horizon_until_day) == (0, 0, 0, 0, 0, 0)


def test_a_horizon_beyond_every_date_stays_in_order() -> None:
    late = build_problem(settings={"horizon_from": "2028-01-01"})
    early = build_problem(settings={"horizon_until": "2026-01-01"})
    assert late.horizon_from_day == late.horizon_until_day
    assert early.horizon_from_day == early.horizon_until_day


@pytest.mark.parametrize(
    "dress",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"\n", b"\r\n").replace(b"\r\r", b"\r"),
        lambda data: data.rstrip(b"\r\n"),
        lambda data: data + b"\r\n\r\n   \r\n",
        lambda data: data.replace(b"lychee", b'"lychee"').replace(b"lot1", b" lot1  "),
        lambda data: b"".join(line + b",,\r\n" for line in data.splitlines()),
    ],
    ids=["byte order mark", "CRLF", "no last newline", "blank lines at the end", "quotes and blanks", "empty columns at the end"],
)
def test_what_spreadsheets_do_to_a_csv_file_does_not_matter(tmp_path: Path, dress) -> None:  # type: ignore[no-untyped-def]
    folder = tiny_folder(tmp_path / "in")
    plain = input_sha256(folder)
    lots = folder / "lots.csv"
    lots.write_bytes(dress(lots.read_bytes()))
    assert input_sha256(folder) == plain


def test_a_quoted_name_may_hold_commas_quotes_and_newlines(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path, sites=[{"site_id": "c1", "name": 'a "b", c\nd'}, {"site_id": "b1"}])
    assert read_problem(folder).sites.name[0] == 'a "b", c\nd'


def test_ids_keep_their_case_and_their_leading_zeros() -> None:
    p = build_problem(lots=[{"lot_id": "007"}, {"lot_id": "a"}, {"lot_id": "A"}])
    assert p.lots.id.tolist() == ["007", "a", "A"]


def test_the_order_of_columns_does_not_matter(tmp_path: Path) -> None:
    tables = filled_tables(**EVERYTHING)
    turned = {name: [dict(reversed(row.items())) for row in rows] for name, rows in tables.items()}
    assert input_sha256(write_folder(tmp_path / "a", tables)) == input_sha256(write_folder(tmp_path / "b", turned))


def test_a_folder_and_a_workbook_with_the_same_content_have_the_same_digest(tmp_path: Path) -> None:
    tables = filled_tables(**EVERYTHING)
    assert input_sha256(write_folder(tmp_path / "in", tables)) == input_sha256(write_workbook(tmp_path / "in.xlsx", tables))


def test_readme_and_plan_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path)
    for name in ("README.md", "stops.csv", "trips.csv", "notes.csv", "lots (1).csv", "plan.json"):
        (folder / name).write_text("anything")
    assert read_problem(folder).n_lots == 1


def test_a_digest_changes_with_any_figure() -> None:
    assert build_problem().digest() != build_problem(lots=[{"quantity_kg": 1001}]).digest()
    assert build_problem().digest() == build_problem().digest()


def test_input_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"a folder of CSV tables or an \.xlsx workbook"):
        read_problem(tmp_path / "nowhere")
