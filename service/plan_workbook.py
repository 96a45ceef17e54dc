"""A plan as one Excel workbook for people: summary, suppliers, buyers, allocations, trips with stops, what stays open, and a map.

Numbers are written as numbers, dates as dates and clock times as times, so that a reader can sort, filter and add them up.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import xlsxwriter
from xlsxwriter.workbook import Workbook

from matching.explain.texts import say as reason_text
from matching.model.plan import CARRIER, LOT, Plan, Result
from matching.model.problem import IntArray, Problem
from matching.texts import Language, register, say
from service.report import Report, product_label

DAY_ZERO, INSTANT_ZERO = date(1970, 1, 1), datetime(1970, 1, 1)  # noqa: DTZ001
FORMATS = {"kg": "#,##0", "vnd": "#,##0", "count": "#,##0", "km": "#,##0.0", "share": "0.0%", "price": "#,##0.0", "day": "dd/mm/yyyy",
           "time": "hh:mm dd/mm/yyyy", "text": "@"}  # fmt: skip
NARROWEST, WIDEST = 8, 48

register(
    {
        "workbook.summary": ("Tóm tắt", "Summary"),
        "workbook.suppliers": ("Bên bán", "Suppliers"),
        "workbook.buyers": ("Bên mua", "Buyers"),
        "workbook.allocations": ("Phân bổ", "Allocations"),
        "workbook.trips": ("Chuyến xe", "Trips"),
        "workbook.stops": ("Điểm dừng", "Stops"),
        "workbook.open": ("Chưa khớp", "Unmatched"),
        "workbook.map": ("Bản đồ", "Map"),
        "workbook.figure": ("Chỉ tiêu", "Figure"),
        "workbook.value": ("Giá trị", "Value"),
        "workbook.worth": ("Lợi ích ròng (đ)", "Net benefit (đ)"),
        "workbook.bound": ("Mức tốt nhất có thể (đ)", "Best possible (đ)"),
        "workbook.gap": ("Kém mức tốt nhất tối đa", "At most below the best possible"),
        "workbook.goods": ("Hàng: giá mua trừ giá sàn (đ)", "Goods: bid less floor price (đ)"),
        "workbook.freight": ("Cước vận chuyển (đ)", "Freight (đ)"),
        "workbook.penalties": ("Tiền phạt giao thiếu (đ)", "Shortage penalties (đ)"),
        "workbook.fees": ("Phí bốc xếp và mở điểm (đ)", "Handling and openings (đ)"),
        "workbook.offered": ("Chào bán (kg)", "Offered (kg)"),
        "workbook.wanted": ("Cần mua (kg)", "Wanted (kg)"),
        "workbook.matched": ("Đã khớp (kg)", "Matched (kg)"),
        "workbook.unmatched": ("Chưa khớp (kg)", "Unmatched (kg)"),
        "workbook.share": ("Tỷ lệ", "Share"),
        "workbook.trip_count": ("Số chuyến xe", "Trips"),
        "workbook.supplier": ("Bên bán", "Supplier"),
        "workbook.buyer": ("Bên mua", "Buyer"),
        "workbook.floor_value": ("Theo giá sàn (đ)", "At floor prices (đ)"),
        "workbook.bid_value": ("Theo giá mua (đ)", "At bids (đ)"),
        "workbook.lot": ("Lô", "Lot"),
        "workbook.line": ("Dòng hàng", "Line"),
        "workbook.product": ("Mặt hàng", "Product"),
        "workbook.grade": ("Loại", "Grade"),
        "workbook.kg": ("Khối lượng (kg)", "Mass (kg)"),
        "workbook.pickup": ("Ngày lấy hàng", "Pick-up date"),
        "workbook.delivery": ("Ngày giao", "Delivery date"),
        "workbook.from": ("Điểm lấy hàng", "Loading place"),
        "workbook.to": ("Nơi nhận hàng", "Receiving site"),
        "workbook.ask": ("Giá sàn (đ/kg)", "Floor price (đ/kg)"),
        "workbook.bid": ("Giá mua (đ/kg)", "Bid (đ/kg)"),
        "workbook.trip": ("Chuyến", "Trip"),
        "workbook.class": ("Loại xe", "Truck class"),
        "workbook.carrier": ("gửi ghép", "carrier"),
        "workbook.km": ("Quãng đường (km)", "Distance (km)"),
        "workbook.cost": ("Cước (đ)", "Freight (đ)"),
        "workbook.load_share": ("Tải sử dụng", "Load"),
        "workbook.stop": ("Thứ tự", "Stop"),
        "workbook.place": ("Điểm dừng", "Place"),
        "workbook.arrive": ("Đến", "Arrives"),
        "workbook.depart": ("Đi", "Leaves"),
        "workbook.loaded": ("Xếp lên (kg)", "Loaded (kg)"),
        "workbook.unloaded": ("Dỡ xuống (kg)", "Unloaded (kg)"),
        "workbook.goods_here": ("Lô hàng", "Lots"),
        "workbook.side": ("Cung hay cầu", "Supply or demand"),
        "workbook.side.lot": ("lô", "lot"),
        "workbook.side.line": ("dòng hàng", "line"),
        "workbook.code": ("Mã", "Code"),
        "workbook.reason": ("Lý do", "Reason"),
    }
)


@dataclass(frozen=True)
class Sheet:
    """One table of the workbook.

    Attributes
    ----------
    code : of its name and, with ``columns``, of its headings in the catalogue.
    columns : heading's code and kind of cell, a key of `FORMATS`.
    """

    code: str
    columns: tuple[tuple[str, str], ...]
    rows: Sequence[Sequence[Any]]


def write_plan_workbook(file: Path, problem: Problem, result: Result, report: Report, language: Language) -> None:
    """Write a plan as a workbook, whole or not at all.

    Raises
    ------
    OSError
        If the file cannot be written; an earlier file of this name is then left as it was.
    """
    content = plan_workbook(problem, result, report, language)
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".", suffix=".xlsx", delete=False) as part:
        part.write(content)
    Path(part.name).replace(file)


def plan_workbook(problem: Problem, result: Result, report: Report, language: Language) -> bytes:
    """Return a plan as the bytes of an ``.xlsx`` workbook."""
    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, options) as book:
        formats = {kind: book.add_format({"num_format": code, "valign": "top"}) for kind, code in FORMATS.items()}
        for sheet in _sheets(problem, result, report, language):
            _write_sheet(book, sheet, formats, language)
        if len(result.plan.trips.vehicle):
            _add_map(book, problem, result, language)
    return file.getvalue()


def _sheets(problem: Problem, result: Result, report: Report, language: Language) -> list[Sheet]:
    return [
        Sheet("summary", (("figure", "text"), ("value", "count")), _summary(report, language)),
        _parties(problem, result, "suppliers"),
        _parties(problem, result, "buyers"),
        _allocations(problem, result),
        _trips(problem, result, language),
        _stops(problem, result),
        _open(problem, result, language),
    ]


def _write_sheet(book: Workbook, sheet: Sheet, formats: dict[str, Any], language: Language) -> None:
    page = book.add_worksheet(say(f"workbook.{sheet.code}", language))
    heading = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    for column, (code, kind) in enumerate(sheet.columns):
        title = say(f"workbook.{code}", language)
        page.write_string(0, column, title, heading)
        shown = [len(_shown(row[column], kind)) for row in sheet.rows]
        page.set_column(column, column, min(WIDEST, max(NARROWEST, len(title), *shown, 0) + 2))
    for number, row in enumerate(sheet.rows, 1):
        for column, (value, (_, kind)) in enumerate(zip(row, sheet.columns, strict=True)):
            _write_cell(page, number, column, value, formats[_kind(value, kind)])
    page.freeze_panes(1, 0)
    if sheet.rows:
        page.autofilter(0, 0, len(sheet.rows), len(sheet.columns) - 1)
    page.repeat_rows(0)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.print_area(0, 0, max(1, len(sheet.rows)), len(sheet.columns) - 1)


def _write_cell(page: Any, row: int, column: int, value: Any, form: Any) -> None:
    if value is None:
        return
    if isinstance(value, (date, datetime)):
        page.write_datetime(row, column, value, form)
    elif isinstance(value, str):
        page.write_string(row, column, value, form)
    else:
        page.write_number(row, column, value, form)


def _kind(value: Any, kind: str) -> str:
    """Return the kind of a cell: in the summary a share stands among whole numbers."""
    return "share" if kind == "count" and isinstance(value, float) else kind


def _shown(value: Any, kind: str) -> str:
    if isinstance(value, datetime):
        return "00:00 00/00/0000"
    if isinstance(value, date):
        return "00/00/0000"
    return value if isinstance(value, str) else "" if value is None else f"{value:,.0f}" + (".0" if kind in ("km", "price") else "")


def _summary(report: Report, language: Language) -> list[tuple[str, Any]]:
    figures = {
        "worth": report.objective_vnd,
        "bound": report.bound_vnd,
        "gap": None if report.gap is None else float(report.gap),
        "goods": report.goods_vnd,
        "freight": -report.freight_vnd,
        "penalties": -report.short_vnd,
        "fees": -report.other_vnd,
        "offered": report.offered_kg,
        "wanted": report.wanted_kg,
        "matched": report.matched_kg,
        "unmatched": report.wanted_kg - report.matched_kg,
        "trip_count": report.trips,
    }
    return [(say(f"workbook.{code}", language), value) for code, value in figures.items()]


def _parties(problem: Problem, result: Result, side: str) -> Sheet:
    """Return what each supplier offers and sells, or each buyer wants and gets."""
    a, selling = result.plan.allocations, side == "suppliers"
    names = problem.supplier_ids if selling else problem.buyer_ids
    owner, total = (problem.lots.supplier, problem.lots.kg) if selling else (problem.lines.buyer, problem.lines.kg)
    mine = owner[a.lot if selling else a.line]
    price = problem.lots.ask_vnd_per_kg[a.lot] if selling else problem.lines.bid_vnd_per_kg[a.line]
    all_kg, matched, value = _sum(owner, total, len(names)), _sum(mine, a.kg, len(names)), _sum(mine, a.kg * price, len(names))
    rows = [
        (name, int(kg), int(got), int(kg - got), float(got / kg) if kg else None, int(vnd))
        for name, kg, got, vnd in zip(names, all_kg, matched, value, strict=True)
    ]
    worth = "floor_value" if selling else "bid_value"
    columns = (("supplier" if selling else "buyer", "text"), ("offered" if selling else "wanted", "kg"), ("matched", "kg"))
    return Sheet(side, (*columns, ("unmatched", "kg"), ("share", "share"), (worth, "vnd")), sorted(rows, key=lambda row: -row[2]))


def _sum(index: IntArray, amount: IntArray, n: int) -> IntArray:
    total = np.zeros(n, dtype=np.int64)
    np.add.at(total, index, amount)
    return total


def _site(problem: Problem, row: int) -> str:
    return str(problem.sites.name[row]) or str(problem.sites.id[row])


def _day(number: int) -> date:
    return DAY_ZERO + timedelta(days=int(number))


def _allocations(problem: Problem, result: Result) -> Sheet:
    a, lots, lines = result.plan.allocations, problem.lots, problem.lines
    dated = len(a.pickup_day) == len(a.lot)
    rows = [
        (
            str(lots.id[lot]), problem.supplier_ids[lots.supplier[lot]], problem.product_ids[lots.product[lot]], int(lots.grade[lot]),
            str(lines.id[line]), problem.buyer_ids[lines.buyer[line]], int(kg), _day(a.pickup_day[n]) if dated else None,
            _day(a.delivery_day[n]) if dated else None, _site(problem, lots.site[lot]), _site(problem, lines.site[line]),
            int(lots.ask_vnd_per_kg[lot]), int(lines.bid_vnd_per_kg[line]),
        )
        for n, (lot, line, kg) in enumerate(zip(a.lot, a.line, a.kg, strict=True))
    ]  # fmt: skip
    columns = ("lot", "text"), ("supplier", "text"), ("product", "text"), ("grade", "count"), ("line", "text"), ("buyer", "text")
    places = ("kg", "kg"), ("pickup", "day"), ("delivery", "day"), ("from", "text"), ("to", "text"), ("ask", "vnd"), ("bid", "vnd")
    return Sheet("allocations", (*columns, *places), rows)


def _trips(problem: Problem, result: Result, language: Language) -> Sheet:
    plan = result.plan
    carried = _sum(plan.legs.trip, plan.allocations.kg[plan.legs.allocation], len(plan.trips.vehicle))
    rows = []
    for n, (vehicle, km, cost) in enumerate(zip(plan.trips.vehicle, plan.trips.km, plan.trips.cost_vnd, strict=True)):
        hired = vehicle != CARRIER
        name = str(problem.vehicles.id[vehicle]) if hired else say("workbook.carrier", language)
        share = float(carried[n] / problem.vehicles.payload_kg[vehicle]) if hired else None
        rows.append((f"t{n + 1}", name, int(carried[n]), share, float(km), int(cost)))
    return Sheet("trips", (("trip", "text"), ("class", "text"), ("kg", "kg"), ("load_share", "share"), ("km", "km"), ("cost", "vnd")), rows)


def _stops(problem: Problem, result: Result) -> Sheet:
    """Return each truck's stops with what is loaded and unloaded there, in the order of the journey."""
    s, plan = result.plan.stops, result.plan
    loaded = _at_stops(problem, plan, plan.legs.from_site)
    unloaded = _at_stops(problem, plan, plan.legs.to_site)
    rows = []
    for trip, seq, site, at, off in zip(s.trip, s.seq, s.site, s.arrive_min, s.depart_min, strict=True):
        here = int(trip), int(site)
        on, down = loaded.get(here, {}), unloaded.get(here, {})
        vehicle = str(problem.vehicles.id[plan.trips.vehicle[trip]])
        times = INSTANT_ZERO + timedelta(minutes=int(at)), INSTANT_ZERO + timedelta(minutes=int(off))
        goods = "; ".join(dict.fromkeys([*on, *down]))
        rows.append((f"t{trip + 1}", vehicle, int(seq), _site(problem, site), *times, sum(on.values()), sum(down.values()), goods))
    columns = ("trip", "text"), ("class", "text"), ("stop", "count"), ("place", "text"), ("arrive", "time"), ("depart", "time")
    return Sheet("stops", (*columns, ("loaded", "kg"), ("unloaded", "kg"), ("goods_here", "text")), rows)


def _at_stops(problem: Problem, plan: Plan, site: IntArray) -> dict[tuple[int, int], dict[str, int]]:
    """Return the kilograms of each lot by trip and site, where ``site`` is an end of each leg."""
    found: dict[tuple[int, int], dict[str, int]] = {}
    a, legs = plan.allocations, plan.legs
    for trip, place, allocation in zip(legs.trip.tolist(), site.tolist(), legs.allocation.tolist(), strict=True):
        lot = str(problem.lots.id[a.lot[allocation]])
        goods = found.setdefault((trip, place), {})
        goods[lot] = goods.get(lot, 0) + int(a.kg[allocation])
    return found


def _open(problem: Problem, result: Result, language: Language) -> Sheet:
    r, rows = result.reasons, []
    for subject, row, kg, reason in zip(r.subject, r.index, r.open_kg, r.reason, strict=True):
        offers = subject == LOT
        name = str(problem.lots.id[row]) if offers else str(problem.lines.id[row])
        product = problem.product_ids[problem.lots.product[row]] if offers else product_label(problem, int(row))
        rows.append((say(f"workbook.side.{subject}", language), name, product, int(kg), _reason(str(reason), language)))
    columns = ("side", "text"), ("code", "text"), ("product", "text"), ("unmatched", "kg"), ("reason", "text")
    return Sheet("open", columns, sorted(rows, key=lambda one: (one[0], -one[3])))


def _reason(code: str, language: Language) -> str:
    try:
        return reason_text(f"reason.{code}", language)
    except KeyError:
        return code


def _add_map(book: Workbook, problem: Problem, result: Result, language: Language) -> None:
    from service.drawing import draw_plan

    page = book.add_worksheet(say("workbook.map", language))
    with tempfile.TemporaryDirectory() as folder:
        draw_plan(problem, result.plan, Path(folder))
        picture = io.BytesIO((Path(folder) / "map.png").read_bytes())
    page.insert_image(0, 0, "map.png", {"image_data": picture, "x_scale": 0.6, "y_scale": 0.6})
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 1)
