"""What people read: in Vietnamese the trade's one word for each thing and no English, in English no Vietnamese but for names; no codes."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import String, Text, select

from catalog.base import Base
from matching.explain.texts import TEXTS as EXPLAINED
from matching.policy.texts import TEXTS as POLICY
from service.models import Role
from service.web import navigation, texts
from service.web.registers.all import REGISTERS
from tests.service.web.staging import Stage

FORBIDDEN: dict[str, str] = {
    r"đơn hàng": "dòng hàng, đơn đặt hàng, or nhu cầu mua", r"dòng đơn": "dòng hàng", r"nhà cung cấp": "bên bán", r"người mua": "bên mua",
    r"sản phẩm": "mặt hàng", r"chính sách": "nguyên tắc phân bổ", r"tài xế": "lái xe", r"người điều phối": "điều phối viên",
    r"chào hàng": "chào bán, đăng bán", r"mã thị trường": "mã số vùng trồng", r"PUC": "mã số vùng trồng", r"reefer": "xe lạnh",
    r"quá cũ": "hạn dùng còn lại", r"điểm gom|trạm trung chuyển|điểm trung chuyển": "điểm tập kết", r"gọi giao hàng": "gọi hàng",
    r"lần chạy": "lần lập kế hoạch", r"ghim": "giữ cố định", r"quyết toán": "khoản thanh toán", r"lệnh chạy xe": "phiếu lộ trình",
    r"biên nhận": "phiếu nhận hàng", r"cận trên": "mức tốt nhất có thể", r"số gieo": "số khởi đầu", r"huỷ|xoá|khoá": "hủy, xóa, khóa",
    r"₫|‰|tr đ": "đ, triệu đồng, %", r"mức sàn|mức trần": "mức bán tối thiểu, tỷ trọng tối đa",
    r"đúng hạng|hạng tốt hơn|hạng thấp hơn": "loại",
}  # fmt: skip
"""What no Vietnamese text says, and what it says instead; see the glossary."""
VIETNAMESE = re.compile(r"[ăâêôơưĂÂÊÔƠƯ\u1ea0-\u1ef9àáãèéìíòóõùúýÀÁÃÈÉÌÍÒÓÕÙÚÝ]")
OWN_NAMES = ("Tiếng Việt", "Zalo")
UNITS = r"\b(yến|tạ|tấn|quả|thùng|bó)\b"
CODE = re.compile(r"\b(?=[0-9a-hjkmnp-tv-z]*\d)[0-9a-hjkmnp-tv-z]{26}\b")
ENGLISH = re.compile(r"\b(the|and|with|from|your|this|that|is|are|not|lots?|lines?|orders?|suppliers?|buyers?|trucks?|proposals?|doors?)\b")


@pytest.mark.parametrize("texts_of", [EXPLAINED, POLICY], ids=["explain", "policy"])
def test_explanations_follow_the_glossary(texts_of: dict[str, tuple[str, str]]) -> None:
    said = {f"{key}: {words[0]}" for key, words in texts_of.items() for pattern in FORBIDDEN if re.search(pattern, words[0], re.IGNORECASE)}
    assert said == set()


def forms(language: str) -> Iterator[str]:
    """Every text of a language."""
    for message in texts.catalogue(language):
        yield from (str(form) for form in (message.string if isinstance(message.string, (tuple, list)) else [message.string]))


def test_catalogues_follow_the_glossary() -> None:
    for form in forms("vi"):
        for pattern, instead in FORBIDDEN.items():
            assert not re.search(pattern, form, re.IGNORECASE), (form, instead)


def test_english_catalogues_have_no_vietnamese() -> None:
    allowed = (*OWN_NAMES, "12 tạ", "7h-7h30", "Agribank")
    for form in forms("en"):
        plain = form
        for name in (*allowed, "đồng"):
            plain = plain.replace(name, "")
        assert not VIETNAMESE.search(plain), form


WRITTEN = ("name", "note", "code", "issuer", "representative", "title", "source", "driver_name", "value")
"""Columns that hold what people wrote."""


class Reader:
    """Reads pages as somebody of a role, without a browser."""

    def __init__(self, stage: Stage, role: Role, language: str) -> None:
        session, csrf = stage.log_in(role)
        cookies = {"mca_session": session, "mca_csrf": csrf, "mca_language": language}
        headers = {"accept": "text/html"}
        self.client = httpx.Client(base_url=stage.address, cookies=cookies, headers=headers, timeout=120, follow_redirects=True)

    def pages(self, role: Role) -> Iterator[tuple[str, str]]:
        """Yield each place of a role's navigation, the forms of the registers, and the first row that each list leads to."""
        places = [entry.path for entry in navigation.ENTRIES if role in entry.roles]
        if role is Role.MANAGER:
            places += [f"{one.path}{end}" for one in REGISTERS for end in ("", "/new")] + [
                "/sheets/lots",
                "/people/new",
                "/start",
                "/guide",
            ]
        places += {Role.CLERK: ["/lots/new"], Role.PROCUREMENT: ["/orders/new", "/orders/last-week", "/orders"]}.get(role, [])
        with self.client:
            yield from self._read(places)

    def _read(self, places: list[str]) -> Iterator[tuple[str, str]]:
        for place in places:
            if place == "/trail":
                # What was before and after is shown as the columns hold it, for whoever audits.
                continue
            answer = self.client.get(place)
            assert answer.status_code == 200, place
            yield place, answer.text
            row = re.search(r'<main.*?href="(/[a-z/-]+/[0-9a-z]{26})"', answer.text, re.DOTALL)
            if row is not None:
                yield row[1], self.client.get(row[1]).text


def read(page: str) -> str:
    """What people read of a page: texts and labels, without addresses and values."""
    body = re.sub(r"<(script|style|svg|option)\b.*?</\1>", " ", re.sub(r"^.*?<body[^>]*>", "", page, flags=re.DOTALL), flags=re.DOTALL)
    labels = " ".join(re.findall(r'(?:aria-label|placeholder|data-label)="([^"]*)"', body))
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body) + " " + labels))


@pytest.fixture(scope="module")
def names(stage: Stage) -> list[str]:
    """Every text in the database, the longest first: names and what people wrote, which no catalogue translates."""
    found: set[str] = set()
    with stage.database.read() as session:
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                if isinstance(column.type, (String, Text)) and column.name in WRITTEN:
                    texts_of = session.scalars(select(column).distinct())
                    found |= {text for text in texts_of if text and not CODE.fullmatch(text)}
    return sorted(found, key=len, reverse=True)


def without(text: str, names: list[str]) -> str:
    for name in names:
        text = text.replace(name, " ")
    return text


ROLES = (Role.CLERK, Role.PROCUREMENT, Role.MANAGER)


@pytest.mark.parametrize("role", ROLES)
def test_vietnamese_pages_say_the_trades_words_and_no_english(role: Role, stage: Stage, names: list[str]) -> None:
    wrong = []
    for place, page in Reader(stage, role, "vi").pages(role):
        said = without(read(page), names)
        wrong += [
            (place, found[0], instead) for pattern, instead in FORBIDDEN.items() if (found := re.search(pattern, said, re.IGNORECASE))
        ]
        wrong += [(place, said[max(0, found.start() - 30) : found.end() + 30], "Vietnamese") for found in ENGLISH.finditer(said)][:3]
        wrong += [(place, found[0], "a short number") for found in CODE.finditer(said)][:1]
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_english_pages_have_no_vietnamese_but_names(role: Role, stage: Stage, names: list[str]) -> None:
    wrong = []
    for place, page in Reader(stage, role, "en").pages(role):
        said = without(read(page), [*names, *OWN_NAMES, "đồng"])
        said = re.sub(UNITS, " ", said)
        wrong += [(place, said[max(0, found.start() - 30) : found.end() + 30]) for found in VIETNAMESE.finditer(said)][:2]
    assert wrong == []
