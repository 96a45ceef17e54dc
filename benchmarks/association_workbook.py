"""How long an association's register takes from one workbook to the database: ``python -m benchmarks.association_workbook``.

A workbook of three sheets holds 670 units, 9,000 members and their accounts, 60 rows of it wrong in nine ways. It goes through the pages
as a browser sends it: the file, the cells that are mended, the taking in. The server is warm: it has shown a page before.
"""

from __future__ import annotations

import argparse
import html
import io
import re
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import httpx
import xlsxwriter
from sqlalchemy import func, select

from benchmarks.machine import describe_machine
from benchmarks.service_speed import _serving as serving
from benchmarks.tables import markdown
from catalog.base import now_utc
from catalog.models import Association, Member, Organisation
from catalog.tenancy import Scope
from service.auth import accounts
from service.auth.accounts import UserIn
from service.auth.tokens import new_token, token_hash
from service.db import Database
from service.models import Role, User
from service.models import Session as Login

Row = list[Any]
Place = tuple[int, int, str]
FIRST = (
    "Quế", "Phì", "Giáp", "Đồng", "Tân", "Nam", "Hương", "Làng", "Bình", "Hòa", "Yên", "Phú", "Sơn", "Trung", "Vân", "Thanh", "Kim",
    "Lục", "Biển", "Hồng", "Mỹ", "Cao", "Đại", "Tiên", "Xuân", "Việt",
)  # fmt: skip
SECOND = (
    "Nham", "Điền", "Sơn", "Tâm", "Mộc", "Dương", "Lâm", "Chòi", "Minh", "Thạch", "Bảo", "Quang", "Động", "Khê", "Phượng", "Lộc", "Hà",
    "Giang", "Lương", "Trì", "Viên", "Sỏi", "Phong", "Đức", "Lan", "Thịnh", "Hưng", "Cốc",
)  # fmt: skip
FAMILY = ("Nguyễn", "Trần", "Lê", "Vi", "Hoàng", "Lý", "Giáp", "Thân", "Đỗ", "Phạm", "Nông", "Bùi")
MIDDLE = ("Văn", "Thị", "Đức", "Minh", "Thu", "Ngọc", "Xuân", "Hữu")
GIVEN = ("An", "Bình", "Cường", "Dung", "Hạnh", "Hùng", "Lan", "Mai", "Nam", "Phúc", "Quang", "Sáu", "Thảo", "Tuấn", "Vân", "Yến")
COMMUNES = ("Lục Ngạn, Bắc Ninh", "Kép, Bắc Ninh", "Phì Điền, Lục Ngạn, Bắc Giang", "Giáp Sơn, Lục Ngạn, Bắc Giang")
UNITS, MEMBERS, ACCOUNTS = range(3)


@dataclass
class Made:
    """A workbook, and what belongs into the cells of it that are wrong.

    Attributes
    ----------
    content : the file.
    right : the right text of each wrong cell, by sheet, row and field.
    confirmed : rows that are right although they are asked about, by sheet and row.
    counts : how many units, members and accounts it holds.
    """

    content: bytes
    right: dict[Place, str] = field(default_factory=dict)
    confirmed: set[tuple[int, int]] = field(default_factory=set)
    counts: tuple[int, int, int] = (0, 0, 0)


def unit_rows(n_groups: int, n_cooperatives: int, first: int) -> list[Row]:
    """Return the rows of cooperatives and of groups with the cooperatives that sign for them; their names begin with the first-th."""
    words = [" ".join(pair) for pair in product(FIRST, SECOND)]
    rows: list[Row] = []
    for number in range(n_cooperatives + n_groups):
        is_group = number >= n_cooperatives
        name = f"{'THT' if is_group else 'HTX'} {words[first + number]}"
        sponsor = rows[number % n_cooperatives][1] if is_group else None
        kind = "Tổ hợp tác" if is_group else "Hợp tác xã"
        person = f"Ông {FAMILY[number % 12]} Văn {GIVEN[number % 16]}"
        rows.append(
            [
                number + 1,
                name,
                kind,
                f"0912 {(first + number) // 1000:03} {(first + number) % 1000:03}",
                COMMUNES[number % 4],
                sponsor,
                person,
            ]
        )
    return rows


def member_rows(units: Sequence[Row], n_members: int, first: int, random: Random) -> list[Row]:
    """Return the rows of members; the unit stands in the first row of its members alone."""
    rows: list[Row] = []
    for number in range(n_members):
        unit = units[number * len(units) // n_members][1]
        is_first = number == 0 or unit != units[(number - 1) * len(units) // n_members][1]
        name = f"{random.choice(FAMILY)} {random.choice(MIDDLE)} {random.choice(GIVEN)}"
        joined = date(2020, 1, 1) + timedelta(days=number % 2000)
        rows.append(
            [unit if is_first else None, name, f"0987{first * 100 + number:06}", f"{random.randint(2, 20)} sào", f"{joined:%d/%m/%Y}"]
        )
    return rows


def account_rows(units: Sequence[Row], members: Sequence[Row], n_accounts: int) -> list[Row]:
    """Return the rows of accounts: one for each unit's telephone, then one for each member's."""
    rows = [[unit[6].removeprefix("Ông "), unit[3], "Cán bộ HTX", unit[1]] for unit in units]
    home = ""
    for member in members:
        home = member[0] or home
        rows.append([member[1], member[2], "Cán bộ HTX", home])
    return rows[:n_accounts]


def make(
    n_groups: int = 503, n_cooperatives: int = 167, n_members: int = 9000, n_accounts: int = 9670, n_wrong: int = 60, first: int = 0
) -> Made:
    """Return a workbook of an association, some of its rows wrong in nine ways in turn.

    Parameters
    ----------
    first : number of the first unit's name, so that two workbooks may have nothing in common.
    """
    random = Random(1)
    units = unit_rows(n_groups, n_cooperatives, first)
    members = member_rows(units, n_members, first, random)
    people = account_rows(units, members, n_accounts)
    made = Made(b"", counts=(len(units), len(members), len(people)))
    _spoil(made, (units, members, people), n_cooperatives, n_wrong)
    file = io.BytesIO()
    headings = (
        ("DANH SÁCH HTX, THT", ["STT", "Tên đơn vị", "Loại hình", "SĐT", "Xã", "HTX đại diện", "Người đại diện"]),
        ("THÀNH VIÊN", ["Thuộc HTX", "Họ và tên", "Điện thoại", "Diện tích (m2)", "Ngày gia nhập"]),
        ("TÀI KHOẢN", ["Cán bộ", "Điện thoại", "Vai trò", "Đơn vị"]),
    )
    with xlsxwriter.Workbook(file, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        for (title, heading), rows in zip(headings, (units, members, people), strict=True):
            sheet = book.add_worksheet(title.capitalize())
            sheet.write_string(0, 0, title)
            for place, row in enumerate([heading, *rows], 2):
                for column, cell in enumerate(row):
                    if cell is not None:
                        sheet.write(place, column, cell)
    made.content = file.getvalue()
    return made


TOP = 3
"""Rows above the first one of each sheet."""
WAYS: tuple[tuple[int, int, str, Any], ...] = (
    (UNITS, 3, "phone", "0912"), (UNITS, 4, "commune_code", "Xã Không Có"), (UNITS, 2, "kind", "Công ty ma"),
    (UNITS, 5, "sponsor", "HTX Lạ Hoắc"), (MEMBERS, 1, "name", None), (MEMBERS, 2, "phone", "không có"),
    (MEMBERS, 3, "area_m2", "khoảng năm sào"), (MEMBERS, 4, "joined_on", "31/02/2025"),
    (ACCOUNTS, 3, "organisation", "HTX Xa Lắc"),
)  # fmt: skip
"""Sheet, column, field and what stands there instead of what belongs there."""


def _spoil(made: Made, sheets: Sequence[list[Row]], first_group: int, n_wrong: int) -> None:
    """Spoil some rows, each in one way."""
    for number in range(n_wrong):
        sheet, column, name, wrong = WAYS[number % len(WAYS)]
        rows = sheets[sheet]
        start = first_group if name == "sponsor" else 0
        place = start + (number * 7 + 1) % (len(rows) - start)
        while (sheet, place + TOP) in {where[:2] for where in made.right}:
            place = start + (place + 1 - start) % (len(rows) - start)
        made.right[sheet, place + TOP, name] = str(rows[place][column])
        rows[place][column] = wrong


class Sender:
    """Sends a workbook through the pages as a browser does, and mends what is asked for.

    Attributes
    ----------
    took_s : seconds of each step.
    asked : cells that the page asked for.
    """

    def __init__(self, client: httpx.Client, csrf: str) -> None:
        self.client, self.csrf = client, csrf
        self.took_s: dict[str, float] = {}
        self.asked: list[str] = []
        self.last = ""

    def take(self, made: Made) -> str:
        """Send, mend and take in; return the page at the end.

        Raises
        ------
        RuntimeError
            If the page asks for a cell that is right, or doesn't take the file in.
        """
        file = {"file": ("hoi-vien.xlsx", made.content, "application/octet-stream")}
        page = self._step("send", "/sheets/organisations", {}, file)
        for turn in range(1, 10):
            mended = self._mended(page.text, made)
            if not mended:
                break
            page = self._step(f"mend {turn}", page.url.path, {"do": "look", **mended})
        for turn in range(1, 10):
            page = self._step(f"take {turn}", page.url.path, {"do": "take", **self._mended(page.text, made)})
            if "/sheets/drafts/" not in page.url.path:
                return page.text
        raise RuntimeError(_words(page.text)[:3000])

    def _mended(self, text: str, made: Made) -> dict[str, str]:
        """Return the right text of every cell that the page asks for."""
        answers = {}
        for name in re.findall(r'name="(cell-[^"]+)"', text):
            _, sheet, row, field_name = name.split("-")
            self.asked.append(name)
            try:
                answers[name] = made.right[int(sheet), int(row), field_name]
            except KeyError:
                raise RuntimeError(f"{name} is asked for: {_words(text)[:3000]}") from None
        return answers

    def _step(self, name: str, path: str, data: dict[str, str], files: Any = None) -> httpx.Response:
        version = "" if files else re.search(r'name="version" value="(\d+)"', self.last)
        began = time.perf_counter()
        page = self.client.post(path, data={"_csrf": self.csrf, "version": version[1] if version else "", **data}, files=files)
        self.took_s[name] = time.perf_counter() - began
        if page.status_code != 200:
            raise RuntimeError(f"{path} answers {page.status_code}: {_words(page.text)[:1000]}")
        self.last = page.text
        return page


def _words(text: str) -> str:
    main = re.search(r"<main.*?</main>", text, re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main[0] if main else text)))


class Base:
    """A database with an association and its manager alone."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder}/association.db"
        self.database = Database(self.url)
        self.database.upgrade()
        self.token, self.csrf = new_token(), new_token()
        with self.database.write() as session:
            association = Association(code="bench", name="Liên minh")
            session.add(association)
            session.flush()
            given = UserIn(login="manager@bench.example", name="Phạm Văn Quân", roles=(Role.MANAGER,))
            user = accounts.add_user(session, Scope(association.id), given, None, "bench", [Role.ADMINISTRATOR])
            lasts = now_utc() + timedelta(hours=1)
            session.add(Login(user_id=user.id, token_hash=token_hash(self.token), csrf_hash=token_hash(self.csrf), expires_at=lasts))
        self.database.tune()

    def counts(self) -> tuple[int, int, int]:
        """Return how many organisations, members and accounts of organisations there are."""
        with self.database.read() as session:
            counted = [session.scalar(select(func.count()).select_from(model)) or 0 for model in (Organisation, Member)]
            people = session.scalar(select(func.count()).select_from(User).where(User.organisation_id.is_not(None))) or 0
        return counted[0], counted[1], people


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; exit status 1 if it takes longer than two minutes."""
    parser = argparse.ArgumentParser("python -m benchmarks.association_workbook", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--limit", type=float, default=120.0, help="seconds that it may take")
    parser.add_argument("--small", action="store_true", help="a tenth of everything")
    given = parser.parse_args(arguments)
    print(markdown([{"machine": key, "": value} for key, value in describe_machine().items()]), flush=True)
    tenth = {"n_groups": 50, "n_cooperatives": 17, "n_members": 900, "n_accounts": 967, "n_wrong": 18}
    made = make(**tenth) if given.small else make()
    with tempfile.TemporaryDirectory() as folder:
        base = Base(Path(folder))
        with serving("benchmarks.pages:pages_app", {"MCA_DATABASE_URL": base.url}) as port:
            cookies = {"mca_session": base.token, "mca_csrf": base.csrf, "mca_language": "vi"}
            headers = {"accept": "text/html"}
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}", headers=headers, cookies=cookies, timeout=600, follow_redirects=True
            ) as client:
                client.get("/organisations")
                sender = Sender(client, base.csrf)
                sender.take(made)
        counts = base.counts()
    if counts != made.counts:
        raise RuntimeError(f"{counts} rows instead of {made.counts}")
    rows = [{"step": name, "s": round(took, 1)} for name, took in sender.took_s.items()]
    total, used = sum(sender.took_s.values()), resource.getrusage(resource.RUSAGE_CHILDREN)
    processor_s = round(used.ru_utime + used.ru_stime, 1)
    rows += [{"step": "together", "s": round(total, 1)}, {"step": "processor, with the start of the server", "s": processor_s}]
    title = f"{counts[0]:,} units, {counts[1]:,} members, {counts[2]:,} accounts, {len(sender.asked)} cells mended"
    print(f"\n## {title}\n\n{markdown(rows)}", flush=True)
    return 1 if total > given.limit else 0


if __name__ == "__main__":
    sys.exit(main())
