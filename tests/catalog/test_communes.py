"""Communes are found by their names since July 2025 and by the old ones, with accents or without."""

from __future__ import annotations

import pytest

from catalog import communes


@pytest.mark.parametrize("text", ["Lục Ngạn, Bắc Ninh", "luc ngan, bac ninh", "Phì Điền, Lục Ngạn, Bắc Giang", "07582"])
def test_a_commune_is_found_by_its_new_name_an_old_one_and_its_code(text: str) -> None:
    assert [one.code for one in communes.match(text)] == ["07582"]


def test_an_old_commune_is_named_with_the_new_one_it_went_into() -> None:
    found = communes.match("Lục Ngạn, Bắc Ninh")[0]
    assert "Xã Giáp Sơn, Lục Ngạn, Bắc Giang" in found.formerly
    assert found.full == "Xã Lục Ngạn, Bắc Ninh"
    assert 21 < found.lat < 22


def test_a_name_that_several_communes_bear_is_not_decided() -> None:
    assert len(communes.match("Tân Thành")) > 1


def test_what_is_no_commune_finds_none() -> None:
    assert communes.match("Xã Không Có Thật") == []
    assert communes.find("   ") == []
