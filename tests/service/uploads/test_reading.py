"""Files in every form that people's programs write are read, or refused with the reason."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from service.uploads import csv_text, raw, reading
from service.uploads.cells import Decimal
from service.uploads.errors import UploadTooLarge, UploadUnreadable
from service.uploads.reading import Media, Prepared, Said, prepare
from tests.service.uploads.files import LINE, LINE_HEADER, LOT, LOT_HEADER, changed, csv_of, part_of, with_parts, xlsx_of

SHEET1 = "xl/worksheets/sheet1.xml"


def read(content: bytes, media: Media = Media.CSV, table: str = "lots", **said: Any) -> Prepared:
    return prepare(table, content, media, "lots.csv", Said(**said))


def faults(prepared: Prepared) -> list[str]:
    return [str(issue) for issue in prepared.issues.listed()]


def kg(prepared: Prepared) -> list[int]:
    found: list[int] = prepared.read.parsed["quantity_kg"].tolist()
    return found


def days(prepared: Prepared) -> list[str]:
    return prepared.read.parsed.texts["available_from"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_csv_is_read_whatever_its_separator_and_unicode_encoding(separator: str, encoding: str) -> None:
    text = csv_of(changed(LOT, product="vải sớm", litres_per_kg="2.5"), separator=separator).decode()
    found = read(text.encode(encoding))
    assert (faults(found), kg(found), found.read.guessed) == ([], [1200], {})
    assert found.read.parsed["product"].tolist() == ["vải sớm"]


def test_windows_vietnamese_is_recognised_but_only_as_a_guess() -> None:
    # That encoding has a letter with its own mark as one character, and its tone as another.
    text = csv_of(changed(LOT, product="va\u0309i sơ\u0301m")).decode()
    found = read(text.encode("cp1258"))
    assert found.read.parsed["product"].tolist() == ["vải sớm"]
    assert found.read.guessed == {"encoding": "cp1258"}
    assert read(text.encode("cp1258"), encoding="cp1258").read.guessed == {}


@pytest.mark.parametrize(("content", "said"), [(b"\xff\xfe\xff", None), (b"lot_id\n\xe1\xbb", "utf-8"), (b"a\x98\xd2\x81", None)])
def test_bytes_that_are_no_text_are_refused(content: bytes, said: str | None) -> None:
    with pytest.raises(UploadUnreadable, match=r"CSV UTF-8|a header row"):
        read(content, encoding=said)


def test_numbers_are_read_as_the_file_shows_and_ambiguous_ones_are_errors_of_their_row() -> None:
    agreed = [changed(LOT, quantity_kg="1.200"), changed(LOT, lot_id="l2", quantity_kg="12.500,0")]
    comma = read(csv_of(*agreed, separator=";"))
    assert (faults(comma), kg(comma)) == ([], [1200, 12500])
    for litres in ("2,25", "2.2"):
        other = read(csv_of(changed(LOT, ask_vnd_per_kg="15.000", litres_per_kg=litres), separator=";"))
        assert [issue.column for issue in other.issues.listed()] == ["ask_vnd_per_kg"]
    unclear = read(csv_of(changed(LOT, quantity_kg="1.200", litres_per_kg="2"), separator=";"))
    place, _, expected = faults(unclear)[0].partition("a number")
    assert place == "lots row 2 column quantity_kg: '1.200': "
    assert expected == " that can be read in one way only: 1200, or 1.200? Say which sign the decimals have"
    assert kg(read(csv_of(changed(LOT, quantity_kg="1.200", litres_per_kg="2"), separator=";"), decimal=Decimal.COMMA)) == [1200]
    point = read(csv_of(changed(LOT, quantity_kg="1.200", litres_per_kg="2"), separator=";"), decimal=Decimal.POINT)
    assert [issue.column for issue in point.issues.listed()] == ["quantity_kg"]


def test_every_fault_is_told_with_its_row_and_column() -> None:
    found = read(
        csv_of(
            changed(LOT, quantity_kg=-5),
            changed(LOT, lot_id="l2", available_from="29/02/2027"),
            changed(LOT, lot_id="l2", available_until="2027-06-01"),
            changed(LOT, lot_id="l4", ask_vnd_per_kg="NaN", grade=""),
        )
    )
    assert [(issue.row, issue.column) for issue in found.issues.listed()] == [
        (2, "quantity_kg"), (3, "available_from"), (4, "available_until"), (4, "lot_id"), (5, "ask_vnd_per_kg"), (5, "grade"),
    ]  # fmt: skip


def test_a_header_further_down_is_found_and_said() -> None:
    rows: list[list[Any]] = [["Liên minh hợp tác xã"], [], ["Tuần 23"], LOT_HEADER, LOT]
    found = read("\n".join(",".join(map(str, row)) for row in rows).encode())
    assert (faults(found), found.read.parsed.rows.tolist()) == ([], [5])
    assert "the header is row 4" in found.read.notes


def test_titles_are_forgiven_their_case_and_blanks_but_not_doubled_or_unknown_ones() -> None:
    found = read(csv_of(LOT, header=[title.replace("_", " ").upper() for title in LOT_HEADER]))
    assert faults(found) == []
    doubled = read(csv_of([*LOT, 5, 6], header=[*LOT_HEADER, "grade", "quantity"]))
    assert faults(doubled)[0] == "lots row 1 column grade: 'grade': each column once"
    assert faults(doubled)[1].startswith("lots row 1 column quantity: 'quantity': no column of this name; perhaps quantity_kg")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"name,price\nx,1\n", b"\x00" * 100])
def test_a_file_without_a_header_is_refused(content: bytes) -> None:
    with pytest.raises(UploadUnreadable, match="a header row within the first 20"):
        read(content)


def test_a_quote_that_does_not_close_is_refused() -> None:
    with pytest.raises(UploadUnreadable, match="quotes are closed"):
        read(csv_of(LOT) + b'\n"l2')


def test_formula_marks_of_our_own_exports_are_taken_away_again() -> None:
    found = read(csv_of(changed(LOT, lot_id="'=HYPERLINK(1)"), changed(LOT, lot_id="'quoted")))
    assert found.read.parsed["lot_id"].tolist() == ["=HYPERLINK(1)", "'quoted"]


def test_too_many_rows_stop_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_text, "MOST_ROWS", 10)
    taken: list[str] = []

    def counted(cell: str) -> str:
        taken.append(cell)
        return cell

    monkeypatch.setattr(csv_text, "_meant", counted)
    with pytest.raises(UploadTooLarge, match="at most 10 rows"):
        read(csv_of(*[LOT] * 1000))
    assert len(taken) == 11 * len(LOT)
    monkeypatch.setattr(reading, "MOST_ROWS", 10)
    with pytest.raises(UploadTooLarge, match="at most 10 rows"):
        read(orjson.dumps([{"lot_id": "a"}] * 11), Media.JSON)
    monkeypatch.setattr(reading, "MOST_BYTES", 100)
    with pytest.raises(UploadTooLarge, match="at most 100 bytes"):
        read(csv_of(LOT))


def test_json_is_a_list_of_objects_with_the_same_columns() -> None:
    row = dict(zip(LINE_HEADER, LINE, strict=True)) | {"product": ["lychee", "longan"], "requires": ["VietGAP", "OCOP>=3"]}
    for body in ([row], {"rows": [row]}):
        found = read(orjson.dumps(body), Media.JSON, "demands")
        assert faults(found) == []
        assert found.read.parsed["product"].tolist() == [("lychee", "longan")]
        assert found.read.parsed["requires"].tolist() == [(("VietGAP", 0), ("OCOP", 3))]


def test_json_values_of_a_wrong_kind_are_faults_of_their_cell() -> None:
    row = dict(zip(LOT_HEADER, LOT, strict=True))
    wrong: list[dict[str, Any]] = [{"quantity_kg": 12.5}, {"grade": True}, {"site_id": {"a": 1}}, {"colour": 1}]
    found = read(orjson.dumps([row | {"lot_id": str(n)} | cells for n, cells in enumerate(wrong)]), Media.JSON)
    places = [(issue.row, issue.column) for issue in found.issues.listed()]
    assert {(2, "quantity_kg"), (3, "grade"), (1, "colour")} <= set(places)


@pytest.mark.parametrize("body", [b"{", b"[1]", b'{"rows": 1}', b'{"rows": [], "more": 1}', b"[NaN]"])
def test_json_of_another_shape_is_refused(body: bytes) -> None:
    with pytest.raises(UploadUnreadable, match=r"JSON|a list of objects"):
        read(body, Media.JSON)


def test_a_workbook_is_read_with_its_dates_and_numbers_as_they_are() -> None:
    as_dates = changed(LOT, available_from=(46545, "dd/mm/yyyy"), available_until=(46547, "yyyy-mm-dd"))
    bare = changed(LOT, lot_id=12, available_from=46545, available_until=46547, litres_per_kg=2.125)
    found = read(xlsx_of(LOT_HEADER, LOT, as_dates, bare), Media.XLSX)
    assert faults(found) == ["lots row 3 column lot_id: 'l1': an id that no earlier row has"]
    assert (days(found), kg(found)) == (["2027-06-07"] * 3, [1200] * 3)
    assert found.read.parsed["lot_id"].tolist() == ["l1", "l1", "12"]
    assert found.read.notes == ["read from the sheet 'lots'"]


def test_a_workbook_that_counts_from_1904_is_read_by_its_own_base() -> None:
    bare = changed(LOT, available_from=45083, available_until=45085)
    dated = changed(LOT, lot_id="b", available_from=date(2027, 6, 7), available_until="07/06/2027")
    found = read(xlsx_of(LOT_HEADER, bare, dated, options={"date_1904": True, "default_date_format": "yyyy-mm-dd"}), Media.XLSX)
    assert (faults(found), days(found)) == ([], ["2027-06-07", "2027-06-07"])


def test_a_sheet_of_another_name_is_read_if_it_is_the_only_one() -> None:
    assert kg(read(xlsx_of(LOT_HEADER, LOT, sheet="Trang tính1"), Media.XLSX)) == [1200]


def test_formulas_are_not_run_and_those_without_a_value_are_faults() -> None:
    plain = xlsx_of(LOT_HEADER, changed(LOT, quantity_kg="=600*2", lot_id='=HYPERLINK("http://evil")'))
    sheet = part_of(plain, SHEET1)
    assert b"<f>600*2</f><v>0</v>" in sheet
    bare = with_parts(plain, xl__worksheets__sheet1_dot_xml=sheet.replace(b"<f>600*2</f><v>0</v>", b"<f>600*2</f>"))
    assert [issue.column for issue in read(bare, Media.XLSX).issues.listed() if "never computed" in issue.expected] == ["quantity_kg"]
    computed = with_parts(plain, xl__worksheets__sheet1_dot_xml=sheet.replace(b"<f>600*2</f><v>0</v>", b"<f>600*2</f><v>1200</v>"))
    assert kg(read(computed, Media.XLSX)) == [1200]


def test_merged_cells_in_the_table_are_faults_and_hidden_rows_are_told() -> None:
    plain = xlsx_of(["Mùa vải"], LOT_HEADER, LOT, changed(LOT, lot_id="b"))
    sheet = part_of(plain, SHEET1)
    titled = sheet.replace(b"</sheetData>", b'</sheetData><mergeCells count="1"><mergeCell ref="A1:K1"/></mergeCells>')
    assert faults(read(with_parts(plain, xl__worksheets__sheet1_dot_xml=titled), Media.XLSX)) == []
    inside = sheet.replace(b"</sheetData>", b'</sheetData><mergeCells count="1"><mergeCell ref="A3:A4"/></mergeCells>')
    merged = read(with_parts(plain, xl__worksheets__sheet1_dot_xml=inside), Media.XLSX)
    assert "lots row 3: cells that are not merged: unmerge them and fill each" in faults(merged)
    hidden = sheet.replace(b'<row r="4"', b'<row r="4" hidden="1"')
    found = read(with_parts(plain, xl__worksheets__sheet1_dot_xml=hidden), Media.XLSX)
    assert "1 hidden rows are taken in too: 4" in found.read.notes
    assert found.read.parsed["lot_id"].tolist() == ["l1", "b"]


PLAIN = xlsx_of(LOT_HEADER, LOT)
DTD = b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "an old .xls file or an encrypted one"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "a web page or XML under that name"),
        (b"lot_id,site_id\n", "this file is of another kind"),
        (b"PK\x03\x04" + b"\x00" * 50, "that is whole"),
        (PLAIN[: len(PLAIN) // 2], "that is whole"),
        (with_parts(PLAIN, xl__vbaProject_dot_bin=b"x"), "without macros"),
        (with_parts(PLAIN, xl__embeddings__oleObject1_dot_bin=b"x"), "without macros or embedded objects"),
        (with_parts(PLAIN, xl__externalLinks__externalLink1_dot_xml=b"<x/>"), "doesn't draw on other files"),
        (with_parts(PLAIN, xl__sharedStrings_dot_xml=DTD + part_of(PLAIN, "xl/sharedStrings.xml")[56:]), "definitions of entities"),
        (with_parts(PLAIN, xl__worksheets__sheet1_dot_xml=DTD + part_of(PLAIN, SHEET1)), "definitions of entities"),
        (xlsx_of(["x"]), "a header row"),
    ],
)  # fmt: skip
def test_a_workbook_that_could_do_harm_or_is_none_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(UploadUnreadable, match=reason):
        read(content, Media.XLSX)


def test_a_bomb_is_refused_by_its_directory_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.uploads.workbooks._asked", lambda *_: pytest.fail("the bomb was opened"))
    filler = b"<row/>" * 4_000_000
    with pytest.raises(UploadUnreadable, match="this one is a bomb"):
        read(with_parts(PLAIN, xl__worksheets__sheet2_dot_xml=filler), Media.XLSX)


def test_a_bomb_whose_directory_lies_is_refused_while_it_is_unpacked() -> None:
    bomb = with_parts(PLAIN, xl__worksheets__sheet2_dot_xml=b"<row/>" * 4_000_000)
    size = len(b"<row/>") * 4_000_000
    lying = bomb.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    with pytest.raises(UploadUnreadable, match=r"bomb|that is whole|at most"):
        read(lying, Media.XLSX)


def test_a_reader_that_takes_too_much_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    greedy = tmp_path / "service" / "uploads"
    greedy.mkdir(parents=True)
    for folder in (greedy, greedy.parent):
        (folder / "__init__.py").touch()
    (greedy / "child.py").write_text("import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))\nx = b'x' * (1 << 30)\n")
    monkeypatch.setattr("service.uploads.workbooks.ROOT", tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(UploadUnreadable, match="within 1 GiB of memory and 30 s"):
        read(PLAIN, Media.XLSX)
    (greedy / "child.py").write_text("while True: pass\n")
    monkeypatch.setattr("service.uploads.workbooks.SECONDS", 0.5)
    with pytest.raises(UploadUnreadable, match="within 1 GiB of memory and 30 s"):
        read(PLAIN, Media.XLSX)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".xlsx"] == []


def test_the_limits_are_the_documented_ones() -> None:
    assert (raw.MOST_BYTES, raw.MOST_ROWS) == (50_000_000, 200_000)
