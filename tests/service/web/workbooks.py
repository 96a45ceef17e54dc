"""Ten workbooks as cooperatives, buyers and associations keep them, made anew for each test."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date
from typing import Any

import xlsxwriter

Rows = Sequence[Sequence[Any]]
Merge = tuple[int, int, int, int, Any]


def book(*sheets: tuple[str, Rows, Sequence[Merge]]) -> bytes:
    """A workbook of sheets: name, rows, and merged blocks with their value."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"default_date_format": "dd/mm/yyyy"}) as made:
        for name, rows, merges in sheets:
            sheet = made.add_worksheet(name)
            for place, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, date):
                        sheet.write_datetime(place, column, cell)
                    elif cell is not None:
                        sheet.write(place, column, cell)
            for first_row, first, last_row, last, value in merges:
                sheet.merge_range(first_row, first, last_row, last, value)
    return file.getvalue()


def with_outside_link(content: bytes) -> bytes:
    """The same workbook with a part that refers to another file."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part, old.read(part))
        new.writestr("xl/externalLinks/externalLink1.xml", "<externalLink/>")
    return out.getvalue()


def distributor(buyer: str, product: str) -> bytes:
    """A distributor's order book: title rows, the date and customer on a group's first row alone, days as text without a year, totals."""
    rows: Rows = [
        ["CÔNG TY RAU QUẢ SẠCH"], ["SỔ ĐẶT HÀNG THÁNG 6"], [],
        ["NGÀY", "KHÁCH HÀNG", "MÃ HÀNG", "SỐ LƯỢNG", "ĐVT", "ĐƠN GIÁ", "GIỜ NHẬN"],
        ["8/6", buyer, product, 57.5, "kg", 27000, "7h-7h30"], [None, None, product, 120, "kg", "26.500", "trước 8h30"],
        ["9/6", buyer, product, "3 tạ", None, "27.000đ", "7h-7h30"], ["Tổng cộng", None, None, 477.5],
    ]  # fmt: skip
    return with_outside_link(book(("T6", rows, ())))


def dated_serials(buyer: str, product: str) -> bytes:
    """Days as bare serials, amounts with their unit in the heading."""
    rows: Rows = [
        ["Ngày giao", "Mặt hàng", "SL (tạ)", "Đơn giá", "Khách hàng"],
        [46546, product, 5, 25000, buyer],
        [46547, product, 2.5, 25000, buyer],
    ]
    return book(("Đơn", rows, ()))


def merged_days(buyer: str, product: str) -> bytes:
    """The day merged over its rows, a group heading per customer, blank amounts where nothing is wanted."""
    rows: Rows = [
        ["ĐƠN HÀNG TUẦN 24"], ["Ngày giao", "Tên hàng", "Số lượng (kg)", "Giá"], [buyer],
        [None, product, 300, 26000], [None, product, None, 26000], [None, product, 150, 26000],
    ]  # fmt: skip
    return book(("Tuần 24", rows, [(3, 0, 5, 0, "08.06.2027"), (2, 0, 2, 3, buyer)]))


def several_sheets(buyer: str, product: str) -> bytes:
    """A sheet for each day, and one with remarks that is no table."""
    rows: Rows = [["Mặt hàng", "SL", "ĐVT", "Đơn giá", "Ngày giao", "Khách"], [product, 2, "tạ", 24000, date(2027, 6, 10), buyer]]
    later: Rows = [["Mặt hàng", "SL", "ĐVT", "Đơn giá", "Ngày giao", "Khách"], [product, 1, "tạ", 24000, date(2027, 6, 11), buyer]]
    return book(("10-6", rows, ()), ("11-6", later, ()), ("Ghi chú", [["Giao trước 7 giờ, gọi anh Tuấn"]], ()))


def harvest(cooperative: str, product: str) -> bytes:
    """A cooperative's harvest plan: names without accents, yến and tạ in cells, grades in words."""
    rows: Rows = [
        ["KẾ HOẠCH THU HOẠCH"], ["HTX", "Mat hang", "Loai", "San luong", "Tu ngay", "Den ngay", "Gia san", "Bao quan"],
        [cooperative, product, "loại 1", "12 tạ", "07/06/2027", "09/06/2027", "18.000", 7],
        [None, None, "2", "45 yến", "07-06-2027", "09-06-2027", 15000, 7],
        ["Cộng", None, None, "16,5 tạ"],
    ]  # fmt: skip
    return book(("Vải", rows, ()))


def cooperatives() -> bytes:
    """An association's list: STT, telephone numbers as amounts without their first zero, groups with their sponsors, old communes."""
    rows: Rows = [
        ["DANH SÁCH HTX, THT NĂM 2027"], [], ["STT", "Tên đơn vị", "Loại hình", "SĐT", "Xã", "HTX đại diện", "Người đại diện"],
        [1, "HTX Quế Nham", "Hợp tác xã", 912345111, "Kép, Bắc Ninh", None, "Ông Vi Văn A"],
        [2, "THT Bản Ven", "Tổ hợp tác", "0912.345.113", "Phì Điền, Lục Ngạn, Bắc Giang", "HTX Quế Nham", "Bà Lý Thị B"],
        ["Tổng cộng: 2"],
    ]  # fmt: skip
    return book(("DS", rows, ()))


def members(cooperative: str) -> bytes:
    """Members under a heading of their cooperative, areas in sào and hectares."""
    rows: Rows = [["Họ và tên", "Điện thoại", "Diện tích (m2)", "HTX"], ["Hoàng Văn Cừ", "0987 000 111", "5 sào", cooperative],
            ["Nông Thị Dự", 987000112, "0,4 ha", None]]  # fmt: skip
    return book(("Thành viên", rows, ()))


def certificates(cooperative: str, product: str) -> bytes:
    """Certificates with their days as text."""
    heading = ["Chứng nhận", "Tên đơn vị", "Cây trồng", "Số", "Ngày cấp", "Ngày hết hạn"]
    rows: Rows = [heading, ["VietGAP", cooperative, product, "VG-01/2027", "1/3/2027", "28/2/2029"]]
    return book(("CN", rows, ()))


def sites(owner: str) -> bytes:
    """Loading places with their hours as people write them."""
    rows: Rows = [["Tên điểm", "Loại", "Đơn vị", "Xã", "Mở cửa", "Đóng cửa", "SĐT"],
            ["Sân kho Đồng Giao", "Điểm lấy hàng", owner, "Lục Ngạn, Bắc Ninh", "5h30", "17 giờ", "0977123456"]]  # fmt: skip
    return book(("Kho", rows, ()))


def trucks(haulier: str) -> bytes:
    """A carrier's drivers, the header in the fifth row."""
    rows: Rows = [
        ["NHÀ XE"],
        [],
        ["Lập ngày 1/6/2027"],
        [],
        ["Họ tên lái xe", "Số điện thoại", "Nhà xe", "Bằng lái"],
        ["Trần Văn Lái", "0966 111 222", haulier, "C"],
    ]
    return book(("Lái xe", rows, ()))
