"""Communes as they are since July 2025, found by their new names and by the old ones that went into them.

The list is made by `catalog.build_communes`. A commune enters our own table the first time that somebody chooses it.
"""

from __future__ import annotations

import gzip
import heapq
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from sqlalchemy.orm import Session

from catalog import names
from catalog.models import Commune

SINCE = date(2025, 7, 1)
SOURCE = "vietnamadminunits; Nghị quyết sắp xếp đơn vị hành chính cấp xã năm 2025"
LIST = Path(__file__).resolve().parent / "built" / "communes.json.gz"
MOST, NEAREST = 30, 120


@dataclass(frozen=True)
class Found:
    """A commune or ward of today.

    Attributes
    ----------
    code : its national code.
    name : with what it is, such as ``Xã Lục Ngạn``.
    province : its name.
    province_code : of two digits.
    lat, lon : its centre.
    formerly : the old communes that went into it, with their districts.
    """

    code: str
    name: str
    province: str
    province_code: str
    lat: float
    lon: float
    formerly: tuple[str, ...]

    @property
    def full(self) -> str:
        """The name with its province."""
        return f"{self.name}, {self.province}"


@lru_cache(maxsize=1)
def _all() -> tuple[dict[str, Found], list[tuple[str, str]]]:
    """Return every commune by code, and pairs of search key and code: new names, then old ones.

    Raises
    ------
    FileNotFoundError
        If the list hasn't been made.
    """
    if not LIST.is_file():
        raise FileNotFoundError(f"{LIST}: make it by python catalog/build_communes.py")
    rows = json.loads(gzip.decompress(LIST.read_bytes()))
    found = {code: Found(code, name, province, number, lat, lon, tuple(olds)) for code, name, province, number, lat, lon, olds in rows}
    keys = [(names.search_key(one.full), one.code) for one in found.values()]
    keys += [(names.search_key(name), one.code) for one in found.values() for name in one.formerly]
    return found, keys


@lru_cache(maxsize=1)
def _index() -> dict[str, set[int]]:
    """Return the places of the search keys that hold a word, by word."""
    found: dict[str, set[int]] = {}
    for place, (key, _) in enumerate(_all()[1]):
        for word in set(re.split(r"[\s,]+", key)):
            found.setdefault(word, set()).add(place)
    return found


def find(text: str, province_code: str = "") -> list[Found]:
    """Return the communes whose new or old name holds every word of a text, accents or not; the best fits first."""
    words = [word for word in re.split(r"[\s,]+", names.search_key(text)) if word]
    found, keys = _all()
    if words[:1] in (["xa"], ["phuong"]) and len(words) > 1 and not any(_fits(keys, words)):
        words = words[1:]
    if not words:
        return []
    hits = dict.fromkeys(code for key, code in _fits(keys, words) if not province_code or found[code].province_code == province_code)
    order = sorted(hits, key=lambda code: _rank(found[code], names.search_key(text)))
    return [found[code] for code in order[:MOST]]


def exists(code: str) -> bool:
    """Return whether a code is that of a commune of today."""
    return code in _all()[0]


def around(lat: float, lon: float) -> list[Found]:
    """Return the communes whose centres are nearest to a place, the nearest first."""
    scale = math.cos(math.radians(lat))
    every = _all()[0].values()
    return heapq.nsmallest(NEAREST, every, key=lambda one: (one.lat - lat) ** 2 + ((one.lon - lon) * scale) ** 2)


def _fits(keys: list[tuple[str, str]], words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the keys that hold every word; the last one may be a beginning, for it is still being written."""
    index, (*whole, last) = _index(), words
    places = [index.get(word, set()) for word in whole]
    ends = index.get(last) or set().union(*(held for word, held in index.items() if word.startswith(last)))
    return (keys[place] for place in sorted(set.intersection(*places, ends)))


def _rank(one: Found, wanted: str) -> tuple[bool, bool, str]:
    """Sort exact names before names that begin so, and new names before old ones."""
    short = names.search_key(one.name).partition(" ")[2]
    return (short != wanted and names.search_key(one.full) != wanted, wanted not in names.search_key(one.full), one.full)


def remember(session: Session, code: str) -> Commune:
    """Return our row of a commune, made of the list where nobody has chosen it before.

    Raises
    ------
    KeyError
        If there is no such commune.
    """
    row = session.get(Commune, code)
    if row is None:
        one = _all()[0][code]
        row = Commune(code=code, name=one.full, province_code=one.province_code, lat=one.lat, lon=one.lon, valid_from=SINCE, source=SOURCE)
        session.add(row)
        session.flush()
    return row


@lru_cache(maxsize=4096)
def match(text: str) -> list[Found]:
    """Return the communes that a text may mean: those that it names whole, or else those that hold all of its words."""
    found = _all()[0].get(text.strip())
    if found is not None:
        return [found]
    hits = find(text)
    exact = [one for one in hits if names.search_key(text) in {*_names_of(one)}]
    return exact or hits


def of_text(session: Session, text: str) -> Commune:
    """Return the one commune that a text names, by its code, its new name or an old one.

    Raises
    ------
    ValueError
        If it names none, or several.
    """
    plain = text.strip()
    if (row := session.get(Commune, plain)) is not None:
        return row
    if plain in _all()[0]:
        return remember(session, plain)
    best = match(plain)
    if len(best) != 1:
        raise ValueError("one commune: write its province too" if best else "a commune of today, or one that went into it")
    return remember(session, best[0].code)


def _names_of(one: Found) -> Iterator[str]:
    for name in (one.full, one.name, *one.formerly):
        key = names.search_key(name)
        yield key
        yield key.partition(" ")[2]
        yield key.partition(",")[0].partition(" ")[2]
