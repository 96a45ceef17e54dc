"""Names have one stored form, one Vietnamese order, and are found without accents."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import names

VIETNAMESE = st.text(st.sampled_from("aàáăằâấbcdđeêhioóôơớuưửyỳAĐÂƠ mnH"), min_size=1, max_size=20).filter(str.strip)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Hoà", "hoa"),
        ("Hòa", "hoa"),
        (unicodedata.normalize("NFD", "Hòa"), "hoa"),
        ("Thủ Đức", "thu duc"),
        ("thu duc", "thu duc"),
        ("  ĐỒNG   Kỵ ", "dong ky"),
        ("Uỷ ban", "uy ban"),
        ("Ủy ban", "uy ban"),
    ],
)
def test_a_name_is_found_however_it_is_accented(typed: str, key: str) -> None:
    assert names.search_key(typed) == key


def test_decomposed_and_composed_names_are_stored_alike() -> None:
    composed = "Hợp tác xã Phì Điền"
    decomposed = unicodedata.normalize("NFD", composed)
    assert decomposed != composed
    assert names.clean(decomposed) == names.clean(f"  {composed}  ") == composed


def test_names_sort_as_in_a_vietnamese_dictionary() -> None:
    in_order = ["1 Tháng 5", "An Dương", "Ăn", "Ân", "Bắc", "Dũng", "Đồng", "Êm", "Lang", "Làng", "Lảng", "Lãng", "Láng", "Lạng",
                "Lạng Giang", "O", "Ô", "Ơ", "Út", "Ư", "Xã", "Ý Yên"]  # fmt: skip
    assert sorted(random.Random(1).sample(in_order, len(in_order)), key=names.sort_key) == in_order


def test_a_tone_counts_only_between_words_of_the_same_letters() -> None:
    assert sorted(["lạ b", "la c", "la b"], key=names.sort_key) == ["la b", "lạ b", "la c"]


@pytest.mark.parametrize("bad", ["Hoa\x00", "a\u200bb", "\u202egnp", "\ud800", "line\x07"])
def test_characters_that_hide_or_break_are_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="may not stand in a name"):
        names.clean(bad)


@pytest.mark.parametrize("bad", ["Hoa\x00", "\ud800"])
def test_what_a_database_cannot_store_is_refused_in_any_text(bad: str) -> None:
    with pytest.raises(ValueError, match="may not stand in a text"):
        names.storable(bad)


def test_a_search_takes_wildcards_literally() -> None:
    assert names.like_pattern("50%_\\") == "%50\\%\\_\\\\%"


@given(VIETNAMESE)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_keys_do_not_depend_on_the_form_and_are_plain(name: str) -> None:
    decomposed = unicodedata.normalize("NFD", name)
    assert names.sort_key(decomposed) == names.sort_key(name)
    assert names.search_key(decomposed) == names.search_key(name)
    assert names.search_key(name).isascii()
    assert names.sort_key(name).isascii()


@pytest.mark.parametrize(
    ("name", "foreign"),
    [("Hợp tác xã Phì Điền 2", ""), ("HTX Đồng Tân – số 1", ""), ("НTХ Phì Điền", "НХ"), ("Phì Điền ａ", "ａ"), ("越南公司", "越南公司")],
)
def test_letters_of_other_alphabets_are_seen(name: str, foreign: str) -> None:
    assert names.foreign_letters(name) == foreign
    assert names.foreign_letters(unicodedata.normalize("NFD", name)) == foreign
