"""The words that people see: gettext catalogues, Vietnamese first, English second, read from ``service/web/locale`` at start.

Templates and code name each text by its English words: ``{{ _("My lots") }}``, ``visit.say("%(count)s rows", count=3)``, and `mark` for
words that stand in a table of constants. Each part of the workbench has its own files, ``locale/vi/<part>.po`` and
``locale/en/<part>.po``; `python -m service.web.texts` adds what is new to ``new.po`` in both. A test refuses what one of the two lacks.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from babel.support import Translations

HERE = Path(__file__).resolve().parent
LOCALE = HERE / "locale"
PAPER = HERE.parent / "paper"
"""What is printed takes its words from the same catalogues."""
LANGUAGES = ("vi", "en")
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "say": None,
    "say_many": (1, 2),
    "mark": None,
}
BESIDE = (HERE.parent / "paper",)
"""Other folders whose code names texts."""
OPTIONS = {"**.html": {"silent": "false", "encoding": "utf-8"}}
METHODS = [("**.html", "jinja2"), ("**.py", "python")]


def mark(text: str) -> str:
    """Return a text as it is, noted for the catalogues; it is translated where it is shown."""
    return text


@lru_cache(maxsize=4)
def translations(language: str) -> Translations:
    """Return the texts of a language.

    Parameters
    ----------
    language : one of `LANGUAGES`.
    """
    packed = io.BytesIO()
    write_mo(packed, catalogue(language))
    packed.seek(0)
    return Translations(packed)


def catalogue(language: str) -> Catalog:
    """Return everything that the files of a language hold, as one catalogue."""
    whole = Catalog(locale=language)
    for path in sorted((LOCALE / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id:
                    whole[message.id] = message
    return whole


def used() -> dict[str | tuple[str, ...], str]:
    """Return every text that templates and code name, and where the first use of it stands."""
    found: dict[str | tuple[str, ...], str] = {}
    for folder in (HERE, *BESIDE):
        for name, line, text, *_ in extract_from_dir(folder, METHODS, OPTIONS, KEYWORDS, directory_filter=lambda _: True):
            found.setdefault(text, f"{folder.name}/{name}:{line}")
    return found


def missing(language: str) -> Iterator[tuple[str | tuple[str, ...], str]]:
    """Yield each text that is used and that a language has no words for, and where it is used."""
    known = catalogue(language)
    for text, place in used().items():
        key = text if isinstance(text, str) else text[0]
        message = known.get(key)
        if message is None or not _whole(message):
            yield text, place


def _whole(message: Message) -> bool:
    forms = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return bool(forms) and all(forms)


def add_missing() -> int:
    """Add what is missing to ``new.po`` of each language, in English with its own words; return how many texts still want words."""
    wanting = 0
    for language in LANGUAGES:
        path = LOCALE / language / "new.po"
        fresh = Catalog(locale=language, fuzzy=False)
        if path.exists():
            with path.open("rb") as file:
                fresh = read_po(file, locale=language)
        for text, place in missing(language):
            file_name, _, line = place.rpartition(":")
            fresh.add(text, text if language == "en" else None, locations=[(file_name, int(line))])
            wanting += language != "en"
        if len(fresh):
            with path.open("wb") as out:
                write_po(out, fresh, width=140, omit_header=False, no_location=False, sort_output=True)
    return wanting


if __name__ == "__main__":
    sys.stdout.write(f"{add_missing()} texts want Vietnamese words: see {(LOCALE / 'vi' / 'new.po').relative_to(HERE.parents[1])}\n")
