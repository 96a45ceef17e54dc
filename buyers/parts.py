"""What orders and contracts have in common: finding buyers and doors, checking days and codes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.base import FIRST_DAY, LAST_DAY
from catalog.errors import AlreadyThere, Fault, Invalid, fault
from catalog.models import Organisation, Side, Site, SiteKind
from catalog.tenancy import Row, Scope, find, visible


def find_buyer(session: Session, scope: Scope, uid: str) -> Organisation:
    """Return a buyer that the scope sees."""
    buyer = find(session, scope, Organisation, uid)
    if buyer.side is not Side.DEMAND:
        raise Invalid([fault("buyer", uid, "the uid of a buyer")])
    return buyer


def find_door(session: Session, scope: Scope, buyer: Organisation, uid: str) -> Site:
    """Return a site where the buyer receives."""
    site = session.scalars(visible(Site, scope).where(Site.uid == uid)).one_or_none()
    if site is None or site.kind is not SiteKind.BUYER or site.organisation_id not in (None, buyer.id):
        raise Invalid([fault("site", uid, "the uid of a site where this buyer receives")])
    return site


def bad_window(first: date, last: date, fields: str = "deliver_from,deliver_until") -> list[Fault]:
    """Return a fault for days that end before they start, or lie in another century."""
    sane = FIRST_DAY <= first <= last <= LAST_DAY
    return [] if sane else [fault(fields, f"{first}..{last}", "a window that doesn't end before it starts, in this century")]


def code_of(given: Any) -> dict[str, str]:
    """Return the code if one is given; else the row takes its uid."""
    return {} if given.code is None else {"code": given.code}


def is_taken(session: Session, scope: Scope, model: Any, code: str) -> Any:
    """Return the row of the association that bears a code, if there is one."""
    return session.scalars(select(model).where(model.association_id == scope.association_id, model.code == code)).first()


def refuse_taken(session: Session, scope: Scope, model: Any, code: str | None) -> None:
    """Refuse a code that another row bears; says who wrote that."""
    taken = code and is_taken(session, scope, model, code)
    if taken:
        raise AlreadyThere(f"the code {code!r} is taken", taken.updated_by, taken.updated_at)


def raise_faults(faults: Sequence[Fault]) -> None:
    """Raise faults as one refusal, if there are any."""
    if faults:
        raise Invalid(sorted(faults))


def add(session: Session, row: Row) -> Row:
    """Add a row and give it its number."""
    session.add(row)
    session.flush()
    return row
