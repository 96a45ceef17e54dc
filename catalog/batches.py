"""Many organisations or members that come in together: checked against what was read once, and written by a few statements.

The rules are those of `catalog.intake`; a row is refused by the same errors. Nothing is written before `finish`.
"""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy.orm import Session

from catalog import intake
from catalog.base import new_uid
from catalog.checks import check_names
from catalog.errors import AlreadyThere, Invalid, NotFound, fault
from catalog.intake import MemberIn, OrganisationIn
from catalog.models import SIDE_OF, Member, Organisation, OrganisationKind, Side
from catalog.tenancy import Scope, visible


class OrganisationBatch:
    """Organisations that come in together.

    Attributes
    ----------
    codes : the codes that are taken, by side.
    by_uid : every organisation, also those of the batch.
    """

    def __init__(self, session: Session, scope: Scope, by: str) -> None:
        self.session, self.scope, self.by = session, scope, by
        self.by_uid: dict[str, Organisation] = {row.uid: row for row in session.scalars(visible(Organisation, scope))}
        self.codes: dict[Side, set[str]] = defaultdict(set)
        for row in self.by_uid.values():
            self.codes[row.side].add(row.code)
        self.added: list[Organisation] = []

    def add(self, given: OrganisationIn) -> Organisation:
        """Add an organisation; its sponsor, if it has one, may be of the same batch.

        Raises
        ------
        Invalid
            If a text can't be a name, or its sponsor is no cooperative.
        AlreadyThere
            If its code is taken.
        NeedsConfirmation
            If its name has letters of another alphabet.
        """
        check_names(given, "code", "name")
        intake.confirm_name(given.name, confirmed=given.confirmed)
        sponsor = self.sponsor(given.kind, given.sponsor) if given.sponsor else None
        side = SIDE_OF[given.kind]
        if given.code in self.codes[side]:
            raise AlreadyThere(f"the code {given.code!r} is taken")
        values = given.model_dump(exclude={"sponsor", "confirmed"})
        row = Organisation(
            **values,
            uid=new_uid(),
            side=side,
            association_id=self.scope.association_id,
            sponsor_id=sponsor and sponsor.id,
            updated_by=self.by,
        )
        self.codes[side].add(given.code)
        self.by_uid[row.uid] = row
        self.added.append(row)
        return row

    def sponsor(self, kind: OrganisationKind, uid: str) -> Organisation:
        """Return the cooperative that signs for a group.

        Raises
        ------
        Invalid
            If it is none, or what it would sign for is no group.
        """
        found = self.by_uid.get(uid)
        if kind is not OrganisationKind.GROUP:
            raise Invalid([fault("sponsor", uid, "only a group has a sponsor")])
        if found is None or found.kind is not OrganisationKind.COOPERATIVE or found.closed_on is not None:
            raise Invalid([fault("sponsor", uid, "a cooperative")])
        return found

    def finish(self) -> list[Organisation]:
        """Write the organisations and return them."""
        self.session.add_all(self.added)
        self.session.flush()
        added, self.added = self.added, []
        return added


class MemberBatch:
    """Members that come in together.

    Attributes
    ----------
    owners : the number of every organisation, by uid.
    codes : the codes that are taken, by the organisation's number.
    """

    def __init__(self, session: Session, scope: Scope, by: str) -> None:
        self.session, self.by = session, by
        owners = visible(Organisation, scope).with_only_columns(Organisation.uid, Organisation.id)
        self.owners: dict[str, int] = dict(session.execute(owners).all())
        self.codes: dict[int, set[str]] = defaultdict(set)
        for owner, code in session.execute(visible(Member, scope).with_only_columns(Member.organisation_id, Member.code)):
            self.codes[owner].add(code)
        self.added: list[Member] = []

    def next_code(self, organisation: str) -> str:
        """Return the next number that no member of an organisation has."""
        taken = self.codes[self._owner(organisation)]
        number = len(taken) + 1
        while f"{number:03}" in taken:
            number += 1
        return f"{number:03}"

    def add(self, organisation: str, given: MemberIn) -> Member:
        """Add a member to an organisation.

        Raises
        ------
        Invalid
            If a text can't be a name.
        AlreadyThere
            If the code is taken.
        """
        check_names(given, "code", "name")
        owner = self._owner(organisation)
        if given.code in self.codes[owner]:
            raise AlreadyThere(f"the code {given.code!r} is taken")
        row = Member(**given.model_dump(exclude_none=True), uid=new_uid(), organisation_id=owner, updated_by=self.by)
        self.codes[owner].add(given.code)
        self.added.append(row)
        return row

    def _owner(self, organisation: str) -> int:
        if organisation not in self.owners:
            raise NotFound("organisation", organisation)
        return self.owners[organisation]

    def finish(self) -> list[Member]:
        """Write the members and return them."""
        self.session.add_all(self.added)
        self.session.flush()
        added, self.added = self.added, []
        return added
