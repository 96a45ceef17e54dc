"""What hubs take for handling, from a day on; a promise keeps the rate of the day it was made."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.base import MAX_RATE
from catalog.errors import Invalid, fault
from catalog.models import Site, SiteKind
from catalog.tenancy import Scope, find
from service.days import VIETNAM
from service.planning.journal import Journal, before
from service.planning.ledger.transitions import Act
from service.planning.terms.models import HandlingRate


def rates_of(session: Session, association_id: int) -> list[tuple[HandlingRate, Site]]:
    """Return every rate that was ever stated with its hub, the newest day first."""
    r = HandlingRate
    query = select(r, Site).join(Site, Site.id == r.site_id).where(r.association_id == association_id)
    return [(rate, site) for rate, site in session.execute(query.order_by(r.valid_from.desc(), r.id.desc()).limit(500))]


def state_handling(session: Session, scope: Scope, site_uid: str, vnd_per_kg: float, valid_from: date, act: Act) -> HandlingRate:
    """State what a hub takes from a day on; where the day is today, it holds at once.

    Raises
    ------
    Invalid
        If the day has passed, the rate is none, or the site is no hub.
    """
    site = find(session, scope, Site, site_uid, lock=True)
    faults = []
    if site.kind is not SiteKind.HUB:
        faults.append(fault("site", site.code, "a hub"))
    if not 0 <= vnd_per_kg <= MAX_RATE:
        faults.append(fault("vnd_per_kg", vnd_per_kg, "a rate that is not negative"))
    if valid_from < act.at.astimezone(VIETNAM).date():
        faults.append(fault("valid_from", valid_from, "today or later"))
    if faults:
        raise Invalid(faults)
    row = HandlingRate(
        association_id=scope.association_id, site_id=site.id, valid_from=valid_from, vnd_per_kg=vnd_per_kg, added_at=act.at,
        added_by=act.actor,
    )  # fmt: skip
    session.add(row)
    session.flush()
    with Journal(session, scope.association_id, act) as journal:
        journal.note("site.handling", site, {}, {"handling_vnd_per_kg": vnd_per_kg, "valid_from": str(valid_from)})
    apply_due(session, act)
    return row


def apply_due(session: Session, act: Act, association_id: int | None = None) -> int:
    """Let hubs take what was stated for a day that has come; return how many statements those are.

    Parameters
    ----------
    association_id : whose hubs; None for every association's.
    """
    r = HandlingRate
    query = select(r).where(r.is_applied.is_(False), r.valid_from <= act.at.astimezone(VIETNAM).date())
    query = query if association_id is None else query.where(r.association_id == association_id)
    due = session.scalars(query.order_by(r.valid_from, r.id)).all()
    for rate in due:
        site = session.get_one(Site, rate.site_id, with_for_update={"key_share": True}, populate_existing=True)
        was = before(site)
        site.handling_vnd_per_kg, site.updated_by, rate.is_applied = rate.vnd_per_kg, act.actor, True
        session.flush()
        with Journal(session, rate.association_id, act) as journal:
            journal.note("site.change", site, was)
    return len(due)
