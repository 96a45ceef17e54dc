"""Amounts in every unit become whole kilograms, or an error; nothing is guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import quantities
from catalog.models import Unit


@pytest.mark.parametrize(
    ("amount", "unit", "kg"),
    [("2,5", Unit.TA, 250), ("1.234,5", Unit.TAN, 1_234_500), ("1,234.5", Unit.TAN, 1_234_500), ("12", Unit.YEN, 120),
     ("1.234.567", Unit.KG, 1_234_567),
     ("0,001", Unit.TAN, 1), ("12.5", Unit.TA, 1250), (7, Unit.KG, 7), (Decimal("0.5"), Unit.TAN, 500)],
)  # fmt: skip
def test_units_of_mass_convert_exactly(amount: Decimal | int | str, unit: Unit, kg: int) -> None:
    assert quantities.to_kg(amount, unit) == kg


@pytest.mark.parametrize(("pieces", "grams", "kg"), [(3, 500, 2), (1, 499, 0), (333, 1250, 416), (10, 12_000, 120)])
def test_pieces_and_crates_weigh_what_their_product_says(pieces: int, grams: int, kg: int) -> None:
    assert quantities.to_kg(pieces, Unit.QUA, grams) == kg
    assert quantities.to_kg(pieces, Unit.THUNG, grams) == kg


@pytest.mark.parametrize(
    ("amount", "unit", "says"),
    [
        ("2,505", Unit.TA, "two ways: write 2505 or 2,5050"),
        ("1.234", Unit.KG, "two ways"),
        ("2,5051", Unit.TA, "expected whole kilograms, 2,5051 tạ are 250.51 kg"),
        ("-3", Unit.KG, "expected a number such as"),
        ("NaN", Unit.KG, "expected a number such as"),
        ("1e3", Unit.KG, "expected a number such as"),
        ("", Unit.KG, "expected a number such as"),
        ("12kg", Unit.KG, "expected a number such as"),
        (Decimal("NaN"), Unit.KG, "expected a number from 0"),
        (Decimal("Infinity"), Unit.KG, "expected a number from 0"),
        (-1, Unit.KG, "expected a number from 0"),
        (10**30, Unit.KG, "expected a number from 0"),
        (5, Unit.QUA, "no weight per quả"),
    ],
)
def test_what_cannot_be_read_one_way_is_refused(amount: Decimal | int | str, unit: Unit, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        quantities.to_kg(amount, unit)


@pytest.mark.parametrize(
    ("word", "unit"), [("Tấn", Unit.TAN), ("ta", Unit.TA), ("KG", Unit.KG), ("yến", Unit.YEN), ("trái", Unit.QUA), ("thùng", Unit.THUNG)]
)
def test_a_unit_is_known_with_and_without_accents(word: str, unit: Unit) -> None:
    assert quantities.unit_of(word) is unit


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a unit: kg, yến, tạ, tấn, quả, thùng"):
        quantities.unit_of("bushel")


def test_masses_are_shown_as_vietnamese_readers_write_them() -> None:
    assert [quantities.show(12_500), quantities.show(12_500, Unit.TAN), quantities.show(7, Unit.TA)] == ["12.500 kg", "12,5 tấn", "0,07 tạ"]


@given(st.integers(0, 10_000_000), st.sampled_from([Unit.KG, Unit.YEN, Unit.TA, Unit.TAN]))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_what_is_shown_reads_back_or_is_called_ambiguous(kg: int, unit: Unit) -> None:
    shown = quantities.show(kg, unit).removesuffix(f" {unit}")
    try:
        assert quantities.to_kg(shown, unit) == kg
    except ValueError as error:
        assert "two ways" in str(error)  # noqa: PT017  Either outcome is right.


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [("1.200", ",", "1200"), ("1.000.000", ",", "1000000"), ("1,5", ",", "1.5"), ("1,234", ",", "1.234"), ("1,200", ".", "1200"),
     ("1.200", ".", "1.2"), ("12.5", ",", "12.5")],
)  # fmt: skip
def test_who_knows_the_writers_language_reads_its_marks(text: str, mark: str, value: str) -> None:
    assert quantities.number(text, mark) == Decimal(value)
    assert quantities.number(quantities.stated(quantities.number(text, mark))) == Decimal(value)
