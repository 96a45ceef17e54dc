"""Vietnamese names: one stored form, one order, and a search that forgives missing accents.

``sort_key`` puts names in the order of a Vietnamese dictionary and ``search_key`` makes "Hoà", "Hòa" and "hoa" equal, both without
asking the database for a collation or an extension, so that SQLite and PostgreSQL agree.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
TONES = ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")
"""No tone, huyền, hỏi, ngã, sắc, nặng: the order of a Vietnamese dictionary."""
_LETTER_MARKS = "\u0306\u0302\u031b"  # breve, circumflex and horn make a letter, not a tone
_RANK = {letter: f"{place:02d}" for place, letter in enumerate(ALPHABET, start=10)}
_FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}


def clean(text: str) -> str:
    """Return the stored form of a name: NFC, no doubled or outer blanks.

    Raises
    ------
    ValueError
        If the text holds control, zero-width, direction-changing or unassigned characters.
    """
    for character in text:
        if unicodedata.category(character) in _FORBIDDEN and character not in "\t\n\r":
            raise ValueError(f"character U+{ord(character):04X} may not stand in a name")
    return " ".join(unicodedata.normalize("NFC", text).split())


def storable(text: str) -> str:
    """Return a free text in NFC, its line breaks kept.

    Raises
    ------
    ValueError
        If it holds what a database can't store: NUL and other control characters, halves of a surrogate pair.
    """
    for character in text:
        if unicodedata.category(character) in {"Cc", "Cs"} and character not in "\t\n\r":
            raise ValueError(f"character U+{ord(character):04X} may not stand in a text")
    return unicodedata.normalize("NFC", text)


def _split(character: str) -> tuple[str, str]:
    """Return the base letter of the Vietnamese alphabet and the tone of one lower-case character."""
    parts = unicodedata.normalize("NFD", character)
    letter = parts[0] + "".join(mark for mark in parts[1:] if mark in _LETTER_MARKS)
    tone = "".join(mark for mark in parts[1:] if mark in TONES)
    return unicodedata.normalize("NFC", letter), tone


def foreign_letters(name: str) -> str:
    """Return the letters of a name that aren't Latin ones, each once: some of them look like ours and aren't found under them."""
    letters = (c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c).startswith("L"))
    return "".join(dict.fromkeys(c for c in letters if not unicodedata.name(c, "").startswith("LATIN ")))


@lru_cache(maxsize=65536)
def sort_key(name: str) -> str:
    """Return a text whose byte order is the Vietnamese dictionary order of names: letters first, then each syllable's tone."""
    words = unicodedata.normalize("NFC", name).lower().split()
    letters = "00".join("".join(_RANK.get(_split(c)[0]) or _other(c) for c in word) for word in words)
    return f"{letters} {''.join(map(_tone, words))}"


def _tone(word: str) -> str:
    """Return the place of a syllable's tone; a syllable has one, wherever it is written."""
    return str(max(TONES.index(_split(c)[1][:1]) for c in word))


def _other(character: str) -> str:
    """Rank what is no Vietnamese letter: digits and signs before every letter, other scripts last."""
    code = f"{ord(character):06x}"
    return f"01{code}" if ord(character) < 0x80 else f"99{code}"


@lru_cache(maxsize=65536)
def search_key(name: str) -> str:
    """Return the name in lower case without accents, Đ as d, blanks single: what a hurried person types."""
    plain = unicodedata.normalize("NFD", name.lower().replace("đ", "d"))
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(unicodedata.normalize("NFC", letters).split())


def like_pattern(wanted: str) -> str:
    r"""Return a ``LIKE ... ESCAPE '\'`` pattern that finds `wanted` anywhere in a search key, wildcards taken literally."""
    escaped = search_key(wanted).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
