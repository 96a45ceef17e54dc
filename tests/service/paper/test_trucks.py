"""Delivery notes and gate slips say in both languages what goes where, on as many pages as it takes, and cameras find the shipment."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from service.paper import trucks
from service.paper.journeys import Goods, Journey, Place, Stop
from service.paper.words import Words
from tests.service.paper.reading import boxes, codes, pages

VI, EN = Words("vi"), Words("en")
CODE = "https://mca.example.vn/shipments/01k4h4m1r3v8w2x5y7z9abcdef"
MORNING = 20976 * 1440 + 5 * 60
"""05:00 on 07/06/2027."""


def journey(farms: int = 2, **changed: object) -> Journey:
    """A truck that fetches lychees from some farms and brings them to two doors."""
    places = {n: Place(f"Hợp tác xã Phì Điền {n}", "xã Phì Điền") for n in range(farms)}
    places |= {100: Place("Siêu thị GO! Bắc Ninh", "phường Võ Cường"), 101: Place("Kho lạnh Hà Nội", "")}
    stops = [Stop(site, MORNING + 20 * n, MORNING + 20 * n + 15) for n, site in enumerate(places)]
    goods = [
        Goods(f"LOT-{n}", f"D-{n}", "Vải thiều", 1 + n % 2, f"Hợp tác xã Phì Điền {n}", "GO!", n, 100 + n % 2, 500 + n)
        for n in range(farms)
    ]
    made = Journey(
        "Liên minh hợp tác xã", "01k4h4m1r3v8w2x5y7z9abcdef", "SH-17", "8t", "", "99C-123.45", "Trần Văn Tùng", "0912 345 678", places,
        tuple(stops), tuple(goods),
    )  # fmt: skip
    return replace(made, **changed)  # type: ignore[arg-type]


def test_a_delivery_note_says_in_vietnamese_what_goes_to_which_door() -> None:
    drive, first, second = pages(trucks.delivery_notes(journey(), VI, CODE))
    assert "Phiếu lộ trình SH-17" in drive
    assert "05:00 05:15 500 kg" in drive
    assert "07/06/2027" in drive
    assert "Tổng cộng 1.001 kg 1.001 kg" in drive
    assert re.search(r"Phiếu giao hàng SH-17 / 1 .*Siêu thị GO! Bắc Ninh, phường Võ Cường.*Vải thiều, loại 1.*LOT-0 500 kg", first)
    assert "LOT-1" not in first
    assert "Kho lạnh Hà Nội" in second
    assert "Người nhận" in second


def test_an_english_note_has_english_words_and_numbers() -> None:
    drive, first, _second = pages(trucks.delivery_notes(journey(), EN, CODE))
    assert "Driver's sheet" in drive
    assert "Total 1,001 kg" in drive
    assert "Received by" in first


def test_every_page_says_of_how_many_it_is_one() -> None:
    shown = pages(trucks.delivery_notes(journey(), VI, CODE))
    assert all(f"{n}/{len(shown)}" in page for n, page in enumerate(shown, 1))


def test_a_trip_of_forty_stops_goes_over_several_pages_with_its_head_on_each() -> None:
    shown = pages(trucks.delivery_notes(journey(farms=38), VI, CODE))
    sheets = [page for page in shown if "Bốc hàng Dỡ hàng" in page]
    assert len(sheets) >= 2
    assert all(any(f"Hợp tác xã Phì Điền {n}, xã" in page for page in sheets) for n in range(38))
    notes = [page for page in shown if "Nơi nhận hàng" in page]
    assert len(notes) == 2


@pytest.mark.parametrize("paper", [trucks.delivery_notes, trucks.gate_slips])
def test_a_camera_reads_the_shipment_off_each_paper(paper: object) -> None:
    assert callable(paper)
    read = codes(paper(journey(), VI, CODE))
    assert read
    assert all(found == [CODE] for found in read)


def test_a_long_name_wraps_within_its_page() -> None:
    long = "Hợptácxãnôngnghiệpdịchvụtổnghợp" * 6
    goods = tuple(replace(one, supplier=long, lot="LOT" * 30) for one in journey().goods)
    content = trucks.delivery_notes(journey(goods=goods), VI, CODE)
    assert max(max(sides) for sides in boxes(content)) <= 0
    assert long in "".join(pages(content)[1].split())


def test_markup_in_a_name_is_printed_as_it_is() -> None:
    goods = tuple(replace(one, supplier="<script>alert(1)</script> & <b>con</b>") for one in journey().goods)
    shown = pages(trucks.delivery_notes(journey(goods=goods), VI, CODE))[1]
    assert "<script>alert(1)</script>&<b>con</b>" in "".join(shown.split())


def test_a_gate_slip_adds_up_what_comes_to_its_gate() -> None:
    many = tuple(replace(one, door=100, kg=kg) for one, kg in zip(journey().goods, (1200, 34)))
    (slip,) = pages(trucks.gate_slips(journey(goods=many), VI, CODE))
    assert "99C-123.45" in slip
    assert "05:40 07/06/2027" in slip
    assert "Vải thiều 2 1.234 kg" in slip


def test_a_truck_of_which_no_plan_says_when_it_stops_has_no_times() -> None:
    stops = tuple(Stop(stop.site) for stop in journey().stops)
    drive = pages(trucks.delivery_notes(journey(stops=stops), VI, CODE))[0]
    assert "–" in drive
    assert not re.search(r"\d\d:\d\d", drive)


def test_the_same_content_gives_the_same_bytes() -> None:
    assert trucks.gate_slips(journey(), VI, CODE) == trucks.gate_slips(journey(), VI, CODE)


def test_a_place_that_is_called_by_its_commune_names_it_once() -> None:
    assert Place("HTX Hương Sơn, Kép", "Kép").text == "HTX Hương Sơn, Kép"
    assert Place("Chũ", "Chũ").text == "Chũ"
    assert Place("HTX Suối Trong", "Chũ").text == "HTX Suối Trong, Chũ"
    assert Place("Kho lạnh Hà Nội", "").text == "Kho lạnh Hà Nội"
