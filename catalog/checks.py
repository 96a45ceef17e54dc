"""Checks of what is given that many tables share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from catalog import names
from catalog.errors import Fault, Invalid, fault
from catalog.given import Given


def raise_faults(faults: Sequence[Fault]) -> None:
    """Raise all faults at once, if there are any.

    Raises
    ------
    Invalid
        Naming each of them.
    """
    if faults:
        raise Invalid(sorted(faults))


def check_names(given: Given, *fields: str) -> None:
    """Refuse texts with characters that no name holds.

    Raises
    ------
    Invalid
        Naming each of them.
    """
    raise_faults(bad_names(given, *fields))


def bad_names(given: Given, *fields: str) -> list[Fault]:
    """Return a fault for each text with characters that no name holds."""
    return [one for field in fields for one in bad_text(field, getattr(given, field))]


def bad_text(field: str, text: str) -> list[Fault]:
    """Return a fault for a text that is empty or has characters that no name holds."""
    try:
        clean = names.clean(text)
    except ValueError as error:
        return [fault(field, ascii(text), str(error))]
    return [] if clean else [fault(field, text, "a text")]


def bad_window(given: Given, first: str, last: str, least: date, most: date) -> list[Fault]:
    """Return a fault where a window is upside down or out of bounds."""
    start, end = getattr(given, first), getattr(given, last)
    return [] if least <= start <= end <= most else [upside_down(first, last, start, end)]


def upside_down(first: str, last: str, start: date, end: date) -> Fault:
    """Return the fault of a window."""
    return fault(f"{first},{last}", f"{start}..{end}", "a window that doesn't end before it starts, in this century")
