"""Spreadsheets as people keep them are taken in, or the right cell is asked about; nothing is saved until all is right."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from buyers.models import DemandLine
from catalog.models import (
    Certificate,
    Driver,
    Grade,
    Lot,
    Member,
    Organisation,
    OrganisationKind,
    Product,
    Side,
    Site,
)
from catalog.sheet_models import HeadingMemory, SheetDraft
from service.models import Role
from service.web.spreadsheets import grid, layout
from service.web.spreadsheets.targets import TARGETS
from tests.service.web import workbooks
from tests.service.web.staging import Stage


class Sender:
    """Somebody who sends files and mends them in the page, without a browser."""

    def __init__(self, stage: Stage, role: Role) -> None:
        session, self.token = stage.log_in(role)
        cookies = {"mca_session": session, "mca_csrf": self.token, "mca_language": "vi"}
        self.client = httpx.Client(
            base_url=stage.address, cookies=cookies, headers={"accept": "text/html"}, timeout=300, follow_redirects=True
        )
        self.page = httpx.Response(200)

    def send(self, kind: str, content: bytes, name: str = "so.xlsx") -> str:
        """Send a file, and return the text of the page that comes of it."""
        file = {"file": (name, content, "application/octet-stream")}
        return self._took(self.client.post(f"/sheets/{kind}", files=file, data={"_csrf": self.token}))

    def answer(self, do: str = "look", **fields: str) -> str:
        """Answer the page: what is chosen in it already, and what is said now."""
        version = re.search(r'name="version" value="(\d+)"', self.page.text)
        data = {"_csrf": self.token, "version": version[1] if version else "", "do": do}
        for name, choices in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', self.page.text, re.DOTALL):
            chosen = re.search(r'<option(?: value="([^"]*)")? selected', choices)
            data[name] = html.unescape(chosen[1] or "") if chosen else ""
        data |= {name.replace("__", "-"): value for name, value in fields.items()}
        return self._took(self.client.post(self.page.url.path, data=data))

    def fields(self, start: str) -> list[str]:
        """The names of the page's fields that start so."""
        return re.findall(rf'name="({start}[^"]*)"', self.page.text)

    def _took(self, page: httpx.Response) -> str:
        self.page = page
        assert page.status_code == 200, page.text[:2000]
        main = re.search(r"<main.*?</main>", page.text, re.DOTALL)
        assert main is not None
        return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main[0])))


@pytest.fixture
def sender(stage: Stage) -> Iterator[Sender]:
    made = Sender(stage, Role.MANAGER)
    yield made
    made.client.close()


@pytest.fixture(scope="module")
def known(stage: Stage) -> dict[str, str]:
    """Names of the stage: a cooperative with one site, a buyer with one, a product, and a carrier that is made for it."""
    with stage.database.write() as session:
        mine = Organisation.association_id == stage.association
        sites = func.count(Site.id)

        def one_of(side: Side) -> str:
            query = select(Organisation.name).join(Site, Site.organisation_id == Organisation.id).where(mine, Organisation.side == side)
            return str(
                session.scalars(query.group_by(Organisation.id, Organisation.name).having(sites == 1).order_by(Organisation.id)).first()
            )

        carrier = Organisation(
            association_id=stage.association, side=Side.LOGISTICS, kind=OrganisationKind.CARRIER, code="nha-xe", name="Nhà xe Hà Thành"
        )
        session.add(carrier)
        two = select(Grade.product_id).where(Grade.rank <= 2).group_by(Grade.product_id).having(func.count() == 2)
        product = session.scalars(select(Product.name).where(Product.id.in_(two)).order_by(Product.id).limit(1)).first()
        return {"cooperative": one_of(Side.SUPPLY), "buyer": one_of(Side.DEMAND), "product": str(product), "carrier": carrier.name}


def count(stage: Stage, model: Any, *conditions: Any) -> int:
    with stage.database.read() as session:
        return session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def test_an_order_book_is_asked_for_its_year_and_rounding_and_grade_and_then_taken(
    sender: Sender, stage: Stage, known: dict[str, str]
) -> None:
    before = count(stage, DemandLine)
    said = sender.send("demands", workbooks.distributor(known["buyer"], known["product"]))
    assert "liên kết đến tệp khác" in said
    assert "thuộc năm nào" in said
    assert "làm tròn" in said
    assert "Nhập vào" not in said
    assert count(stage, DemandLine) == before
    said = sender.answer(year="2027", rounding="nearest")
    said = sender.answer(**dict.fromkeys(sender.fields("default-0-max_grade"), "loại 2"))
    assert "3 dòng có thể nhập" in said, said[:1500]
    assert "1 dòng là dòng tổng" in said
    sender.answer("take")
    assert count(stage, DemandLine) == before + 3
    with stage.database.read() as session:
        lines = session.scalars(select(DemandLine).order_by(DemandLine.id.desc()).limit(3)).all()
        assert sorted(line.quantity_kg for line in lines) == [58, 120, 300]
        assert {f"{line.deliver_from:%d/%m/%Y}" for line in lines} == {"08/06/2027", "09/06/2027"}
        assert {line.bid_vnd_per_kg for line in lines} == {27000, 26500}
        assert any(line.note == "trước 8h30" for line in lines)


@pytest.mark.parametrize(
    ("made", "kilograms"),
    [(workbooks.dated_serials, [250, 500]), (workbooks.merged_days, [150, 300]), (workbooks.several_sheets, [100, 200])],
    ids=["serials", "merged", "sheets"],
)
def test_other_order_books_are_asked_for_the_grade_alone(
    made: Callable[[str, str], bytes], kilograms: list[int], sender: Sender, stage: Stage, known: dict[str, str]
) -> None:
    sender.send("demands", made(known["buyer"], known["product"]))
    said = sender.answer(**dict.fromkeys(sender.fields(r"default-\d-max_grade"), "loại 2"))
    assert f"{len(kilograms)} dòng có thể nhập" in said, said[:1500]
    sender.answer("take")
    with stage.database.read() as session:
        lines = session.scalars(select(DemandLine).order_by(DemandLine.id.desc()).limit(len(kilograms))).all()
    assert sorted(line.quantity_kg for line in lines) == kilograms


def test_a_harvest_plan_without_accents_becomes_lots(sender: Sender, stage: Stage, known: dict[str, str]) -> None:
    before = count(stage, Lot)
    said = sender.send("lots", workbooks.harvest(known["cooperative"], known["product"]))
    assert "2 dòng có thể nhập" in said, said[:1500]
    said = sender.answer("take")
    if sender.fields("confirm-"):
        said = sender.answer("take", **dict.fromkeys(sender.fields("confirm-"), "1"))
    assert count(stage, Lot) == before + 2, said[:1500]
    with stage.database.read() as session:
        kilograms = session.scalars(select(Lot.quantity_kg).order_by(Lot.id.desc()).limit(2)).all()
    assert sorted(kilograms) == [450, 1200]


def test_a_list_of_cooperatives_and_their_groups_is_taken_and_a_second_time_changes_nothing(sender: Sender, stage: Stage) -> None:
    said = sender.send("organisations", workbooks.cooperatives())
    assert "2 dòng có thể nhập" in said, said[:1500]
    assert "2 dòng mới" in sender.answer("take")
    with stage.database.read() as session:
        group = session.scalars(select(Organisation).where(Organisation.name == "THT Bản Ven")).one()
        sponsor = session.get_one(Organisation, group.sponsor_id)
        assert (sponsor.name, sponsor.phone, group.phone, group.commune_code) == ("HTX Quế Nham", "0912 345 111", "0912 345 113", "07582")
    sender.send("organisations", workbooks.cooperatives())
    assert "0 dòng mới, 0 dòng sửa, 2 dòng giữ nguyên" in sender.answer("take")


def test_members_certificates_sites_and_drivers_are_taken(sender: Sender, stage: Stage, known: dict[str, str]) -> None:
    for kind, content in (
        ("members", workbooks.members(known["cooperative"])), ("papers", workbooks.certificates(known["cooperative"], known["product"])),
        ("sites", workbooks.sites(known["cooperative"])),
        ("drivers", workbooks.trucks(known["carrier"])),
    ):  # fmt: skip
        said = sender.send(kind, content)
        assert "có thể nhập" in said, (kind, said[:1500])
        assert "dòng mới" in sender.answer("take"), kind
    with stage.database.read() as session:
        people = session.scalars(select(Member).where(Member.phone.in_(["0987 000 111", "0987 000 112"])).order_by(Member.phone)).all()
        assert [one.area_m2 for one in people] == [1800, 4000]
        assert session.scalars(select(Certificate.number).where(Certificate.number == "VG-01/2027")).one()
        place = session.scalars(select(Site).where(Site.name == "Sân kho Đồng Giao")).one()
        assert (place.open_from_min, place.open_until_min) == (330, 1020)
        assert session.scalars(select(Driver.phone).where(Driver.name == "Trần Văn Lái")).one() == "0966 111 222"


def test_a_faulty_cell_is_mended_in_the_page_and_nothing_is_saved_before(sender: Sender, stage: Stage, known: dict[str, str]) -> None:
    rows = [
        ["Họ và tên", "Điện thoại", "HTX"],
        ["Lò Văn Một", "12", known["cooperative"]],
        ["Lò Thị Hai", "0911222333", "HTX khong co that"],
    ]
    before = count(stage, Member)
    said = sender.send("members", workbooks.book(("A", rows, ())))
    assert "2 ô cần sửa" in said
    assert "A B2" in said
    assert count(stage, Member) == before
    sender.answer(**{"cell-0-1-phone": "0911222334", "cell-0-2-organisation": known["cooperative"]})
    sender.answer("take")
    assert count(stage, Member) == before + 2


def test_a_corrected_heading_is_remembered(sender: Sender, stage: Stage, known: dict[str, str]) -> None:
    rows = [["Họ và tên", "HTX", "Liên lạc"], ["Vàng A Páo", known["cooperative"], "0933 444 555"]]
    sender.send("members", workbooks.book(("A", rows, ())))
    sender.answer(**{"column-0-2": "phone"})
    assert count(stage, HeadingMemory, HeadingMemory.heading == "Liên lạc", HeadingMemory.field == "phone") == 1
    there = count(stage, SheetDraft)
    sender.answer("discard")
    assert count(stage, SheetDraft) == there - 1
    sender.send("members", workbooks.book(("A", rows, ())))
    sender.answer("take")
    assert count(stage, Member, Member.phone == "0933 444 555") == 1


def test_a_register_goes_out_as_a_workbook_and_comes_back_unchanged(sender: Sender, stage: Stage) -> None:
    content = sender.client.get("/sheets/organisations/workbook").content
    said = sender.send("organisations", content)
    assert "có thể nhập" in said, said[:1500]
    assert "0 dòng mới, 0 dòng sửa" in sender.answer("take")


def test_a_book_of_another_year_is_asked_which_year_is_meant(sender: Sender, stage: Stage, known: dict[str, str]) -> None:
    heading = ["Ngày giao", "Mặt hàng", "SL (kg)", "Đơn giá", "Khách hàng"]
    content = workbooks.book(("T6", [heading, ["08/06/2019", known["product"], 120, 25000, known["buyer"]]], ()))
    sender.send("demands", content)
    said = sender.answer(**dict.fromkeys(sender.fields("default-0-max_grade"), "loại 2"))
    assert "Các ngày này đã qua" in said
    assert "1 dòng có thể nhập" not in said
    year = re.findall(r'<option value="(\d{4})">', sender.page.text)[-1]
    said = sender.answer(past=year)
    assert "1 dòng có thể nhập" in said, said[:1500]
    sender.answer("take")
    with stage.database.read() as session:
        assert session.scalars(select(DemandLine.deliver_from).order_by(DemandLine.id.desc()).limit(1)).one() == date(int(year), 6, 8)


@pytest.mark.parametrize("kind", sorted(TARGETS))
@pytest.mark.parametrize("language", ["vi", "en"])
def test_an_untouched_template_comes_back_in_either_language_without_a_fault(kind: str, language: str, sender: Sender) -> None:
    sender.client.cookies.set("mca_language", language, domain=sender.client.base_url.host)
    content = sender.client.get(f"/sheets/{kind}/template").content
    sender.client.cookies.set("mca_language", "vi", domain=sender.client.base_url.host)
    said = sender.send(kind, content)
    assert "cần sửa" not in said
    assert "Đã hiểu 0 dòng" in said, said[:800]


def test_an_edited_template_of_lots_is_taken(sender: Sender, stage: Stage, known: dict[str, str]) -> None:
    before = count(stage, Lot)
    template = grid.read(sender.client.get("/sheets/lots/template").content, "mau.xlsx").grids[0]
    heading = [grid.text_of(cell) for cell in template.rows[0]]
    assert [text for text in heading if re.search("[a-z] [a-z]+ing|Amount|Grade", text)] == []
    filled = {"product": known["product"], "grade": "loại 2", "amount": "12 tạ", "ask_vnd_per_kg": 18000}
    with stage.database.read() as session:
        places = select(Site.name).join(Organisation, Organisation.id == Site.organisation_id).order_by(Site.id)
        place = session.scalars(places.where(Organisation.name == known["cooperative"]).limit(1)).one()
    filled |= {"organisation": known["cooperative"], "available_from": date(2028, 6, 8), "site": place, "shelf_life_days": 7}
    table = layout.find(template, TARGETS["lots"].fields, {})
    row = [filled.get(table.columns.get(place, "")) for place in range(len(heading))]
    said = sender.send("lots", workbooks.book((template.name, [heading, row], ())))
    assert "1 dòng có thể nhập" in said, said[:1500]
    said = sender.answer("take")
    if sender.fields("confirm-"):
        said = sender.answer("take", **dict.fromkeys(sender.fields("confirm-"), "1"))
    assert count(stage, Lot) == before + 1, said[:2000]
