"""Invitations to accounts as cards: cut out, handed over, and opened with a telephone's camera by people without e-mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from service.paper.sheet import Card, Sheet
from service.paper.words import Words


@dataclass(frozen=True)
class Invitation:
    """One card.

    Attributes
    ----------
    name, login, organisation : of the account.
    link : by which its owner chooses a password.
    """

    name: str
    login: str
    organisation: str
    link: str


def cards_pdf(invitations: Sequence[Invitation], house: str, phone: str, until: date, words: Words) -> bytes:
    """Return invitations as PDF, ten cards on a page of A4.

    Parameters
    ----------
    house, phone : the association's name and whom to call; the number may be empty.
    until : last day of the links.
    """
    sheet = Sheet(words, words.say("Invitations"), house)
    whom = words.say("Questions: %(phone)s", phone=phone) if phone else ""
    sheet.cards([_card(one, house, whom, until, words) for one in invitations])
    return sheet.pdf()


def _card(one: Invitation, house: str, whom: str, until: date, words: Words) -> Card:
    lines = (
        one.organisation or house,
        words.say("Login: %(login)s", login=one.login),
        words.say("Point the telephone's camera at the code and choose a password."),
        words.say("Good until %(day)s. For you alone.", day=words.day(until)),
        whom,
    )
    return Card(one.name, lines, one.link)
