"""The only place where an amount changes its unit: tấn, tạ, yến, kg, and per product quả and thùng, to whole kilograms.

Amounts are decimal numbers, never binary fractions, and what isn't a whole number of kilograms is refused, not rounded: 2.5 tạ are
250 kg, 2.505 tạ are an error. Pieces and crates are the exception, as nobody can know the weight of 333 pomelos to the kilogram: they
round half up.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from catalog.base import MAX_KG
from catalog.models import Unit
from catalog.names import search_key

KG_PER: dict[Unit, int] = {Unit.KG: 1, Unit.YEN: 10, Unit.TA: 100, Unit.TAN: 1000}
GRAMS_PER_KG = 1000
COUNTED = (Unit.QUA, Unit.THUNG, Unit.BO)
_WORDS = {"kg": Unit.KG, "kilogam": Unit.KG, "can": Unit.KG, "yen": Unit.YEN, "ta": Unit.TA, "tan": Unit.TAN, "t": Unit.TAN,
          "tonne": Unit.TAN, "qua": Unit.QUA, "trai": Unit.QUA, "thung": Unit.THUNG, "bo": Unit.BO}  # fmt: skip
_GROUPED_DOTS = re.compile(r"[1-9]\d{0,2}(\.\d{3})+(,\d+)?$")
_GROUPED_COMMAS = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?$")
_PLAIN = re.compile(r"\d+([.,]\d+)?$")


def unit_of(word: str) -> Unit:
    """Return the unit that a word names, with or without accents.

    Raises
    ------
    ValueError
        If it names none.
    """
    found = _WORDS.get(search_key(word).rstrip("."))
    if found is None:
        raise ValueError(f"expected a unit: {', '.join(Unit)}")
    return found


def number(text: str, decimal_mark: str | None = None) -> Decimal:
    """Return the number that a Vietnamese or an English reader sees.

    ``1.234,5`` and ``1,234.5`` are both 1234.5 and ``12,5`` and ``12.5`` are both 12.5. A single mark before exactly three digits
    could be either kind: who knows the writer's decimal mark says it, and otherwise the text is refused.

    Parameters
    ----------
    decimal_mark : the mark before decimals in the writer's language, ``,`` in Vietnamese; None where nobody knows.

    Raises
    ------
    ValueError
        If the text is no number, or an ambiguous one.
    """
    plain = unicodedata.normalize("NFKC", text).replace(" ", "").replace("_", "")
    if re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", plain):
        if decimal_mark is not None:
            return Decimal(plain.replace(",", ".") if plain[-4] == decimal_mark else plain[:-4] + plain[-3:])
        raise ValueError(f"{text!r} can be read in two ways: write {plain[:-4]}{plain[-3:]} or {plain[:-4]},{plain[-3:]}0")
    if _GROUPED_DOTS.match(plain):
        plain = plain.replace(".", "").replace(",", ".")
    elif _GROUPED_COMMAS.match(plain):
        plain = plain.replace(",", "")
    elif _PLAIN.match(plain):
        plain = plain.replace(",", ".")
    else:
        raise ValueError("expected a number such as 1234 or 12,5")
    return Decimal(plain)


def to_kg(amount: Decimal | int | str, unit: Unit, grams: int | None = None) -> int:
    """Return an amount in whole kilograms.

    Parameters
    ----------
    amount : a number, or a text that `number` reads.
    unit : its unit.
    grams : what one piece or crate weighs, g; needed for quả and thùng.

    Raises
    ------
    ValueError
        If the amount is negative, no number, over the largest mass, no whole number of kilograms, or its unit has no weight.
    """
    value = _exact(amount)
    if unit in COUNTED:
        if grams is None:
            raise ValueError(f"this product has no weight per {unit}")
        kg = (value * grams / GRAMS_PER_KG).quantize(Decimal(1), ROUND_HALF_UP)
    else:
        kg = value * KG_PER[unit]
    if kg != kg.to_integral_value():
        raise ValueError(f"expected whole kilograms, {amount} {unit} are {kg.normalize():f} kg")
    return int(kg)


def _exact(amount: Decimal | int | str) -> Decimal:
    try:
        value = number(amount) if isinstance(amount, str) else Decimal(amount)
    except InvalidOperation as error:
        raise ValueError("expected a number") from error
    if not value.is_finite() or not 0 <= value <= MAX_KG:
        raise ValueError(f"expected a number from 0 to {MAX_KG}")
    return value


def stated(value: Decimal) -> str:
    """Return a number as a text that `number` reads in one way, whoever asks."""
    whole, _, decimals = f"{value.normalize():f}".partition(".")
    return whole + (f",{decimals}{'0' * (len(decimals) == 3)}" if decimals else "")


def show(kg: int, unit: Unit = Unit.KG) -> str:
    """Return a mass as a Vietnamese reader writes it: ``12.500 kg``, ``12,5 tấn``."""
    value = Decimal(kg) / KG_PER[unit]
    whole, _, decimals = f"{value:f}".partition(".")
    decimals = decimals.rstrip("0")
    return f"{int(whole):,}".replace(",", ".") + (f",{decimals}" if decimals else "") + f" {unit}"
