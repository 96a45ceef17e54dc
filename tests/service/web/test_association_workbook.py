"""An association's units, members and accounts come in with one workbook, and people without e-mail get cards."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import func, select

from benchmarks import association_workbook as made
from catalog.models import Member, Organisation, OrganisationKind, Sponsorship
from service.models import AuditEvent, LoginLink, Role, User
from tests.service.paper.reading import codes, pages
from tests.service.web import workbooks
from tests.service.web.staging import Stage


@pytest.fixture
def client(stage: Stage) -> Iterator[tuple[httpx.Client, str]]:
    session, csrf = stage.log_in(Role.MANAGER)
    cookies = {"mca_session": session, "mca_csrf": csrf, "mca_language": "vi"}
    with httpx.Client(base_url=stage.address, cookies=cookies, headers={"accept": "text/html"}, timeout=300, follow_redirects=True) as held:
        yield held, csrf


def counts(stage: Stage) -> tuple[int, ...]:
    with stage.database.read() as session:
        rows = (Organisation, Member, User, Sponsorship, AuditEvent)
        return tuple(session.scalar(select(func.count()).select_from(model)) or 0 for model in rows)


def test_units_members_and_accounts_of_one_workbook_are_taken_once_its_wrong_cells_are_mended(
    client: tuple[httpx.Client, str], stage: Stage
) -> None:
    book = made.make(n_groups=6, n_cooperatives=3, n_members=40, n_accounts=49, n_wrong=9)
    before = counts(stage)
    sender = made.Sender(*client)
    sender.take(book)
    assert len(sender.asked) == 9, sender.asked
    after = counts(stage)
    units, members, accounts, sponsored, told = (new - old for new, old in zip(after, before, strict=True))
    assert (units, members, accounts, sponsored) == (9, 40, 49, 6)
    # Each row has an event of its own, and so has the workbook.
    assert told == units + members + accounts + sponsored + 1
    with stage.database.read() as session:
        groups = session.scalars(
            select(Organisation).where(Organisation.kind == OrganisationKind.GROUP, Organisation.name.like("THT Quế%"))
        )
        assert all(group.sponsor_id is not None for group in groups)


def test_the_same_workbook_once_more_changes_nothing(client: tuple[httpx.Client, str], stage: Stage) -> None:
    book = made.make(n_groups=2, n_cooperatives=1, n_members=5, n_accounts=8, n_wrong=0, first=20)
    made.Sender(*client).take(book)
    before = counts(stage)
    said = made.Sender(*client).take(book)
    assert counts(stage)[:4] == before[:4]
    assert re.search(r"0 dòng mới, 0 dòng sửa, 16 dòng giữ nguyên", said), said


def test_two_members_of_one_name_are_two_people_and_one_on_file_is_asked_about(client: tuple[httpx.Client, str], stage: Stage) -> None:
    with stage.database.read() as session:
        home = session.scalars(select(Organisation.name).where(Organisation.kind == OrganisationKind.COOPERATIVE).limit(1)).one()
    heading = ["Họ và tên", "Điện thoại", "HTX"]
    rows = [heading, ["Giáp Thị Trùng", "0977000001", home], ["Giáp Thị Trùng", "0977000002", home]]
    held, csrf = client

    def send(content: bytes, **more: str) -> str:
        page = held.post("/sheets/members", files={"file": ("a.xlsx", content)}, data={"_csrf": csrf})
        version = re.search(r'name="version" value="(\d+)"', page.text)
        assert version is not None
        return held.post(page.url.path, data={"_csrf": csrf, "version": version[1], "do": "take", **more}).text

    def named() -> int:
        with stage.database.read() as session:
            return session.scalar(select(func.count()).select_from(Member).where(Member.name == "Giáp Thị Trùng")) or 0

    send(workbooks.book(("A", rows, ())))
    assert named() == 2
    third = workbooks.book(("A", [heading, ["Giáp Thị Trùng", "0977000003", home]], ()))
    assert "Đã có thành viên cùng tên" in send(third)
    assert named() == 2
    send(third, **{"confirm-0-1": "1"})
    assert named() == 3


def test_cards_invite_people_without_e_mail_and_each_code_leads_to_a_password_once(client: tuple[httpx.Client, str], stage: Stage) -> None:
    made.Sender(*client).take(made.make(n_groups=2, n_cooperatives=2, n_members=10, n_accounts=14, n_wrong=0, first=40))
    held, csrf = client
    assert "thẻ mời" in held.get("/people?state=uninvited").text
    before = stage_links(stage)
    answer = held.post("/people/cards", data={"_csrf": csrf, "state": "uninvited", "days": "14"})
    assert answer.headers["content-type"] == "application/pdf"
    printed, read = stage_links(stage) - before, codes(answer.content)
    assert printed >= 12
    assert [len(page) for page in read] == [10] * (printed // 10) + [printed % 10] * (printed % 10 > 0)
    assert "Tên đăng nhập: 0987004000" in " ".join(pages(answer.content))
    invited = held.get(read[0][0])
    assert "Tên đăng nhập của bạn là" in invited.text
    again = held.post("/people/cards", data={"_csrf": csrf, "state": "uninvited", "days": "14"})
    assert "đã có mật khẩu hoặc thẻ mời" in again.text


def stage_links(stage: Stage) -> int:
    with stage.database.read() as session:
        return session.scalar(select(func.count()).select_from(LoginLink).where(LoginLink.used_at.is_(None))) or 0
