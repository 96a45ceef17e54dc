"""Which pages stand in the navigation, for whom; the first of somebody's entries is where he begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from service.models import Role
from service.web.texts import mark

if TYPE_CHECKING:
    from service.web.context import PageContext


@dataclass(frozen=True)
class Entry:
    """A place in the navigation.

    Attributes
    ----------
    path : its address; pages below it belong to it.
    label : its name in English, a text of the catalogue; short, for it stands below an icon on a phone.
    icon : its icon's name.
    roles : who has it in his navigation. What he may do there is the route's business, not this one's.
    """

    path: str
    label: str
    icon: str
    roles: frozenset[Role]


_CLERK, _BUYER = frozenset({Role.CLERK}), frozenset({Role.PROCUREMENT})
_BROKER = frozenset({Role.BROKER, Role.MANAGER})
_HOUSE = frozenset({Role.MANAGER, Role.AUDITOR})
ENTRIES: tuple[Entry, ...] = (
    Entry("/today", mark("Today"), "home", _CLERK | _BUYER | _BROKER | frozenset({Role.ADMINISTRATOR})),
    Entry("/lots", mark("My lots"), "box", _CLERK),
    Entry("/demand", mark("Demand"), "cart", _BUYER),
    Entry("/offers", mark("Proposals"), "bell", _CLERK | _BUYER),
    Entry("/sales", mark("Sales and payments"), "money", _CLERK),
    Entry("/certificates", mark("Certificates"), "certificate", _CLERK),
    Entry("/deliveries", mark("Deliveries"), "truck", _BUYER),
    Entry("/fill", mark("Fill rate"), "chart", _BUYER),
    Entry("/plans", mark("Plans"), "table", _BROKER | frozenset({Role.AUDITOR})),
    Entry("/promises", mark("Promises"), "handshake", _BROKER),
    Entry("/contracts", mark("Contracts"), "document", _CLERK | _BUYER),
    Entry("/runs", mark("Runs"), "play", _BROKER),
    Entry("/shipments", mark("Shipments"), "truck", _BROKER | _HOUSE),
    Entry("/money", mark("Settlements"), "money", _BROKER),
    Entry("/season", mark("Season"), "chart", _BROKER | _HOUSE),
    Entry("/registers", mark("Registers"), "store", _CLERK | _BUYER | _BROKER | _HOUSE | frozenset({Role.ADMINISTRATOR})),
    Entry("/people", mark("Accounts"), "people", _HOUSE),
    Entry("/trail", mark("Trail"), "list", _HOUSE),
    Entry("/rules", mark("Settings"), "settings", _BROKER | _HOUSE),
)


@dataclass(frozen=True)
class Shown:
    """An entry as it is shown to somebody."""

    path: str
    label: str
    icon: str
    here: bool


def entries_for(visit: PageContext) -> list[Shown]:
    """Return the entries of a visitor, in his language."""
    roles = set(visit.principal.roles)
    if Role.ADMINISTRATOR in roles:
        # An administrator works as a manager in the association that is his, or that he has chosen.
        roles |= {Role.MANAGER} if visit.principal.scope is not None else set()
    mine = [entry for entry in ENTRIES if entry.roles & roles]
    return [Shown(one.path, visit.say(one.label), one.icon, _is_at(visit.path, one.path)) for one in mine]


def home_of(visit: PageContext) -> str:
    """Return where a visitor begins."""
    if visit.principal.scope is None:
        return "/associations"
    mine = entries_for(visit)
    return mine[0].path if mine else "/account"


def _is_at(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")
