"""Accounts that come in together, without passwords: checked against what was read once, and written by a few statements."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.base import new_uid
from catalog.errors import AlreadyThere, NotFound
from catalog.models import Organisation
from catalog.tenancy import Scope, visible
from service.auth import accounts
from service.auth.accounts import UserIn
from service.models import Role, RoleGrant, User


class AccountBatch:
    """Accounts of an association that come in together; the rules are those of `accounts.add_user`.

    Attributes
    ----------
    logins : of every account there is, whoever's.
    """

    def __init__(self, session: Session, scope: Scope, by: str, giver: Iterable[Role]) -> None:
        self.session, self.scope, self.by, self.giver = session, scope, by, tuple(giver)
        self.logins: set[str] = set(session.scalars(select(User.login)))
        self.homes: dict[str, Organisation] = {row.uid: row for row in session.scalars(visible(Organisation, scope))}
        self.added: list[tuple[User, tuple[Role, ...]]] = []

    def add(self, given: UserIn) -> User:
        """Add an account; it has no password until its owner follows a link.

        Raises
        ------
        Invalid
            If it would have a role that the maker can't give, or one that doesn't fit its organisation.
        AlreadyThere
            If the login is taken.
        """
        accounts.check_roles(given.roles, self.giver)
        accounts.check_name(given.name)
        login = given.login.lower()
        if login in self.logins:
            raise AlreadyThere(f"the login {login!r} is taken")
        home = self._home(given.organisation)
        accounts.check_home(given.roles, home, self.scope)
        row = User(
            uid=new_uid(), association_id=self.scope.association_id, organisation_id=home and home.id, login=login, name=given.name,
            phone=given.phone, language=given.language, updated_by=self.by,
        )  # fmt: skip
        self.logins.add(login)
        self.added.append((row, given.roles))
        return row

    def _home(self, uid: str | None) -> Organisation | None:
        if uid is not None and uid not in self.homes:
            raise NotFound("organisation", uid)
        return self.homes[uid] if uid is not None else None

    def finish(self) -> list[User]:
        """Write the accounts with their roles and return them."""
        self.session.add_all(row for row, _ in self.added)
        self.session.flush()
        grants = [RoleGrant(user_id=row.id, role=role, granted_by=self.by) for row, roles in self.added for role in dict.fromkeys(roles)]
        self.session.add_all(grants)
        self.session.flush()
        added, self.added = [row for row, _ in self.added], []
        return added
