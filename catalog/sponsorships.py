"""Who signs for a group: proposed by one side, agreed by both, from a day to a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from pydantic import Field
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from catalog.errors import Invalid, fault
from catalog.given import Given
from catalog.models import Organisation, OrganisationKind, Sponsorship
from catalog.tenancy import Scope, check_version, find, visible


class SponsorshipIn(Given):
    """A cooperative that is to sign for a group (uids) from a day on."""

    group: str = Field(max_length=26)
    sponsor: str = Field(max_length=26)
    valid_from: date
    valid_until: date | None = None


def propose(session: Session, scope: Scope, given: SponsorshipIn, by: str, today: date) -> Sponsorship:
    """Propose a sponsor; the association's own people agree for both, an organisation for itself.

    Raises
    ------
    Invalid
        If the two aren't a group and a cooperative that are in business, or the days overlap those of another sponsor.
    """
    group = find(session, scope, Organisation, given.group)
    sponsor = _sponsor(session, scope, given.sponsor)
    faults = []
    if group.kind is not OrganisationKind.GROUP:
        faults.append(fault("group", given.group, "a cooperative group"))
    if sponsor is None or sponsor.kind is not OrganisationKind.COOPERATIVE or sponsor.closed_on is not None:
        faults.append(fault("sponsor", given.sponsor, "a cooperative"))
    if given.valid_until is not None and given.valid_until < given.valid_from:
        faults.append(fault("valid_until", given.valid_until, "a window that doesn't end before it starts"))
    if faults or sponsor is None:
        raise Invalid(faults)
    _refuse_overlap(session, group, given)
    row = Sponsorship(
        association_id=scope.association_id, group_id=group.id, sponsor_id=sponsor.id, valid_from=given.valid_from,
        valid_until=given.valid_until, updated_by=by,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return agree(session, scope, row, by, today)


def begin_many(
    session: Session, association_id: int, pairs: Sequence[tuple[Organisation, Organisation]], by: str, today: date
) -> list[Sponsorship]:
    """Let cooperatives sign for groups that are new from today on; the association agrees for both sides.

    Parameters
    ----------
    pairs : each group, which has no sponsor yet, with its cooperative.
    """
    rows = [
        Sponsorship(
            association_id=association_id, group_id=group.id, sponsor_id=sponsor.id, valid_from=today, agreed_by_group=by,
            agreed_by_sponsor=by, updated_by=by,
        )
        for group, sponsor in pairs
    ]  # fmt: skip
    session.add_all(rows)
    for group, sponsor in pairs:
        group.sponsor_id = sponsor.id
    session.flush()
    return rows


def _sponsor(session: Session, scope: Scope, uid: str) -> Organisation | None:
    """Return the cooperative of a uid; a group may name one whose rows it doesn't see."""
    mine = Organisation.association_id == scope.association_id
    return session.scalars(select(Organisation).where(mine, Organisation.uid == uid)).one_or_none()


def _refuse_overlap(session: Session, group: Organisation, given: SponsorshipIn) -> None:
    later = or_(Sponsorship.valid_until.is_(None), Sponsorship.valid_until >= given.valid_from)
    query = select(Sponsorship).where(Sponsorship.group_id == group.id, later)
    if given.valid_until is not None:
        query = query.where(Sponsorship.valid_from <= given.valid_until)
    if session.scalars(query.limit(1)).first() is not None:
        raise Invalid([fault("valid_from", given.valid_from, "days on which the group has no other sponsor")])


def agree(session: Session, scope: Scope, row: Sponsorship, by: str, today: date) -> Sponsorship:
    """Agree to a sponsorship for whom the scope speaks for; from its first day on the sponsor signs for the group."""
    if scope.organisation_id in (None, row.group_id) and row.agreed_by_group is None:
        row.agreed_by_group = by
    if scope.organisation_id in (None, row.sponsor_id) and row.agreed_by_sponsor is None:
        row.agreed_by_sponsor = by
    row.updated_by = by
    session.flush()
    refresh(session, scope.association_id, today)
    return row


def end(session: Session, scope: Scope, uid: str, last: date, by: str, version: int | None, today: date) -> Sponsorship:
    """Let a sponsorship end with a day; what the sponsor has signed stays signed.

    Raises
    ------
    Invalid
        If it would end before it starts.
    """
    row = find(session, scope, Sponsorship, uid, lock=True)
    check_version(row, version)
    if last < row.valid_from:
        raise Invalid([fault("valid_until", last, "a window that doesn't end before it starts")])
    row.valid_until, row.updated_by = last, by
    session.flush()
    refresh(session, scope.association_id, today)
    return row


def leave(session: Session, organisation: Organisation, by: str, first: date, today: date) -> list[Sponsorship]:
    """End every sponsorship of a cooperative that goes out of business on a day; its groups have no sponsor from then on."""
    query = select(Sponsorship).where(or_(Sponsorship.sponsor_id == organisation.id, Sponsorship.group_id == organisation.id))
    rows = list(session.scalars(query.where(or_(Sponsorship.valid_until.is_(None), Sponsorship.valid_until >= first))))
    for row in rows:
        if row.valid_from >= first:
            # It never begins: what was agreed to is taken back.
            row.agreed_by_sponsor = None
        row.valid_until, row.updated_by = max(row.valid_from, first - timedelta(days=1)), by
    session.flush()
    refresh(session, organisation.association_id, today)
    return rows


def refresh(session: Session, association_id: int, today: date) -> int:
    """Let each group that has dated sponsors point at the one of today; return how many changed."""
    rows = list(session.scalars(select(Sponsorship).where(Sponsorship.association_id == association_id)))
    holds = {
        row.group_id: row.sponsor_id
        for row in rows
        if row.agreed_by_group
        and row.agreed_by_sponsor
        and row.valid_from <= today
        and (row.valid_until is None or row.valid_until >= today)
    }
    groups = session.scalars(select(Organisation).where(Organisation.id.in_({row.group_id for row in rows}))).all()
    changed = [group for group in groups if group.sponsor_id != holds.get(group.id)]
    for group in changed:
        group.sponsor_id = holds.get(group.id)
    session.flush()
    return len(changed)


def of(session: Session, scope: Scope, organisation: Organisation) -> list[Sponsorship]:
    """Return the sponsorships of a group or a cooperative, the latest first."""
    mine = or_(Sponsorship.group_id == organisation.id, Sponsorship.sponsor_id == organisation.id)
    return list(session.scalars(visible(Sponsorship, scope).where(mine).order_by(Sponsorship.valid_from.desc(), Sponsorship.id.desc())))
