"""The words that people see: whole in both languages, filled alike, and none left over."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from catalog.models import Unit
from service.web import error_texts, labels, texts
from service.web.formats import Formats, day_of_text


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_no_text_lacks_its_words(language: str) -> None:
    assert list(texts.missing(language)) == []


def test_no_words_are_left_of_texts_that_nobody_uses() -> None:
    used = {text if isinstance(text, str) else text[0] for text in texts.used()}
    for language in texts.LANGUAGES:
        known = {message.id if isinstance(message.id, str) else message.id[0] for message in texts.catalogue(language) if message.id}
        assert known - used == set()


def test_words_have_the_same_places_as_their_texts() -> None:
    def places(text: str) -> set[str]:
        return set(re.findall(r"%\((\w+)\)", text))

    for language in texts.LANGUAGES:
        for message in texts.catalogue(language):
            if isinstance(message.id, str) and message.id:
                assert places(str(message.string)) == places(message.id), message.id


def test_every_text_with_a_per_cent_sign_can_be_filled_in() -> None:
    """A template fills in each text whether it has places or not, so a bare sign would break its page."""
    for language in texts.LANGUAGES:
        for message in texts.catalogue(language):
            parts: tuple[Any, ...] = (message.id, message.string)
            for form in (one for part in parts for one in ((part,) if isinstance(part, str) else part or ()) if one):
                filled = form % dict.fromkeys(re.findall(r"%\((\w+)\)", form), "1")
                assert "%(" not in filled, form


def test_every_state_and_reason_has_its_words() -> None:
    for kind, known in labels.WORDS.items():
        assert set(known) == {value.value for value in kind}


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (Formats("vi").kg(1234.5), "1.234,5\u00a0kg"),
        (Formats("en").kg(1234.5), "1,234.5\u00a0kg"),
        (Formats("vi").mass(1200), "12\u00a0tạ"),
        (Formats("vi").mass(12500), "12,5\u00a0tấn"),
        (Formats("vi").mass(745), "745\u00a0kg"),
        (Formats("vi").amount(Decimal("3.5"), Unit.YEN), "3,5\u00a0yến"),
        (Formats("vi").vnd(27000), "27.000\u00a0đ"),
        (Formats("vi").millions(812_500_000), "812,5\u00a0triệu đồng"),
        (Formats("vi").percent(0.978), "97,8%"),
        (Formats("en").percent(0.978), "97.8%"),
        (Formats("vi").day(date(2027, 6, 7)), "07/06/2027"),
        (Formats("vi").days(date(2027, 6, 7), date(2027, 6, 10)), "07/06\u00a0– 10/06/2027"),
        (Formats("en").day(date(2027, 6, 7)), "7 Jun 2027"),
        (Formats("en").days(date(2027, 6, 7), date(2027, 6, 10)), "7 Jun\u00a0– 10 Jun 2027"),
        (Formats("en").mass(1200), "1,200\u00a0kg"),
        (Formats("vi").weekday(date(2027, 6, 7)), "Thứ Hai 07/06"),
        (Formats("vi").moment(datetime(2027, 6, 7, 23, 30, tzinfo=UTC)), "06:30 08/06/2027"),
        (Formats("vi").clock(1825), "06:25"),
        (Formats("vi").number(-1234567), "-1.234.567"),
        (Formats("vi").kg(None), "–"),
    ],
)
def test_figures_are_written_as_people_here_write_them(shown: str, wanted: str) -> None:
    assert shown == wanted


@pytest.mark.parametrize("text", ["07/06/2027", "7-6-2027", "7.6.2027", "2027-06-07"])
def test_a_day_is_understood_however_it_is_written(text: str) -> None:
    assert day_of_text(text) == date(2027, 6, 7)


@pytest.mark.parametrize("text", ["31/02/2027", "mai", "06/2027", "2027-13-01", ""])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a day such as 07/06/2027"):
        day_of_text(text)


def test_each_pattern_of_a_refusal_finds_what_it_is_for() -> None:
    assert all(re.compile(pattern) for pattern, _ in error_texts.WORDS)
    said = "expected whole kilograms, 2.505 tạ are 250.5 kg"
    found = next(re.fullmatch(pattern, said) for pattern, _ in error_texts.WORDS if re.fullmatch(pattern, said))
    assert found is not None
    assert found.groupdict() == {"what": "2.505 tạ", "kg": "250.5"}
