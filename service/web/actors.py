"""The names of those who have done something: people, keys, and the machines that act where nobody does."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from service.models import ApiKey, User
from service.web.context import PageContext
from service.web.texts import mark

MACHINES: dict[str, str] = {
    "system": mark("the system"), "command line": mark("the command line"), "migration": mark("the system"),
}  # fmt: skip
"""Who acts where nobody does."""


def actor_names(visit: PageContext, actors: Iterable[str]) -> dict[str, str]:
    """Return what people call users and keys, by the uids that rows name them by; what has no name is left out."""
    asked = set(actors)
    named = {actor: visit.say(words) for actor, words in MACHINES.items()}
    for uid, name in (User.uid, User.name), (ApiKey.uid, ApiKey.label):
        named |= dict(visit.session.execute(select(uid, name).where(uid.in_(asked))).all())
    return named
