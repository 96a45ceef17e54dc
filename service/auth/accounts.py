"""People's accounts: made by an administrator or a manager, never with a default password, and never beyond what the maker may do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from catalog import names
from catalog.base import now_utc
from catalog.changes import may
from catalog.errors import AlreadyThere, Conflict, Invalid, fault
from catalog.given import Given, Name
from catalog.models import Organisation, Side
from catalog.tenancy import Scope, check_version, find
from service.auth import demands, failures, passkeys, passwords, second_factor, sessions
from service.auth.permissions import BOUND_ROLES
from service.models import Role, RoleGrant, User

LOGIN = r"^[A-Za-z0-9._%+-]+(@[A-Za-z0-9.-]+)?$"
SIDES = {Role.CLERK: Side.SUPPLY, Role.PROCUREMENT: Side.DEMAND}
GRANTABLE: dict[Role, frozenset[Role]] = {
    Role.ADMINISTRATOR: frozenset(Role) - {Role.PARTNER},
    Role.MANAGER: frozenset({Role.CLERK, Role.PROCUREMENT, Role.BROKER, Role.AUDITOR, Role.MANAGER}),
}
"""Who may give which roles; a partner is a key and no person."""


NewPassword = Annotated[str, StringConstraints(strip_whitespace=False, min_length=passwords.LEAST, max_length=passwords.MOST)]
Password = Annotated[str, StringConstraints(strip_whitespace=False, min_length=1, max_length=passwords.MOST)]
"""Blanks of a password count."""


class UserIn(Given):
    """A new account; `organisation` is the uid of a clerk's cooperative or a purchaser's company."""

    login: str = Field(min_length=3, max_length=254, pattern=LOGIN)
    name: str = Name
    roles: tuple[Role, ...] = Field(min_length=1, max_length=7)
    organisation: str | None = Field(default=None, max_length=26)
    phone: str | None = Field(default=None, min_length=1, max_length=40)
    language: str = Field(default="vi", pattern="^(vi|en)$")
    oidc_subject: str | None = Field(default=None, min_length=1, max_length=500)


class UserChange(Given):
    """What changes of an account; the roles are stated whole."""

    name: str = may(min_length=1, max_length=200)
    roles: tuple[Role, ...] = may(min_length=1, max_length=7)
    phone: str | None = may(min_length=1, max_length=40)
    language: str = may(pattern="^(vi|en)$")
    active: bool = may()
    oidc_subject: str | None = may(min_length=1, max_length=500)


def add_user(session: Session, scope: Scope | None, given: UserIn, password_hash: str | None, by: str, giver: Iterable[Role]) -> User:
    """Add an account.

    Parameters
    ----------
    scope : the association that it belongs to; None for one that serves all of them.
    password_hash : of the password, hashed beforehand; without one it logs in through another organisation's accounts alone.
    giver : roles of the one who makes it.

    Raises
    ------
    Invalid
        If it would have a role that the maker can't give, or one that doesn't fit its organisation.
    AlreadyThere
        If the login is taken.
    """
    check_roles(given.roles, giver)
    login = given.login.lower()
    check_name(given.name)
    if session.scalars(select(User.id).where(User.login == login)).first() is not None:
        raise AlreadyThere(f"the login {login!r} is taken")
    organisation = find(session, scope, Organisation, given.organisation) if scope and given.organisation else None
    check_home(given.roles, organisation, scope)
    user = User(
        association_id=scope and scope.association_id, organisation_id=organisation and organisation.id, login=login, name=given.name,
        password_hash=password_hash, phone=given.phone, language=given.language, oidc_subject=given.oidc_subject, updated_by=by,
    )  # fmt: skip
    session.add(user)
    session.flush()
    set_roles(session, user, given.roles, by)
    return user


def by_login(session: Session, login: str) -> User | None:
    """Return the account of a login, or of a telephone number that one account alone has."""
    found = session.scalars(select(User).where(User.login == login.lower())).one_or_none()
    number = phone_key(login)
    if found is not None or number is None:
        return found
    stored: Any = User.phone
    for sign in (" ", ".", "-", "(", ")"):
        stored = func.replace(stored, sign, "")
    written = [number, f"+84{number[1:]}", f"0084{number[1:]}", f"84{number[1:]}"]
    owners = session.scalars(select(User).where(stored.in_(written)).limit(2)).all()
    return owners[0] if len(owners) == 1 else None


def phone_key(given: str) -> str | None:
    """Return a Vietnamese telephone number as ten or eleven digits from 0 on, None if it is none."""
    digits = re.sub(r"[\s().-]", "", given)
    digits = re.sub(r"^(\+84|0084|84)(?=[1-9])", "0", digits)
    return digits if re.fullmatch(r"0[1-9]\d{8,9}", digits, re.ASCII) else None


def check_roles(roles: Iterable[Role], giver: Iterable[Role]) -> None:
    """Refuse roles that somebody can't give.

    Raises
    ------
    Invalid
        Naming each of them.
    """
    allowed = frozenset[Role]().union(*(GRANTABLE.get(role, frozenset()) for role in giver))
    faults = [fault("roles", role, "a role that you may give") for role in roles if role not in allowed]
    if faults:
        raise Invalid(faults)


def check_home(roles: Iterable[Role], organisation: Organisation | None, scope: Scope | None) -> None:
    """Refuse roles that don't fit where an account belongs.

    Raises
    ------
    Invalid
        Naming each fault.
    """
    bound = set(roles) & BOUND_ROLES
    faults = []
    if bound and (organisation is None or any(SIDES[role] is not organisation.side for role in bound)):
        faults.append(fault("organisation", organisation.uid if organisation else "", "a clerk's cooperative, a purchaser's company"))
    if organisation is not None and set(roles) - BOUND_ROLES:
        faults.append(fault("roles", ", ".join(sorted(set(roles) - BOUND_ROLES)), "a clerk or a purchaser, for an organisation's account"))
    if scope is None and set(roles) != {Role.ADMINISTRATOR}:
        faults.append(fault("roles", ", ".join(sorted(roles)), "an administrator alone, for an account without an association"))
    if faults:
        raise Invalid(faults)


def set_roles(session: Session, user: User, roles: Iterable[Role], by: str) -> None:
    """State what an account may do."""
    session.execute(delete(RoleGrant).where(RoleGrant.user_id == user.id))
    session.add_all(RoleGrant(user_id=user.id, role=role, granted_by=by) for role in dict.fromkeys(roles))
    session.flush()


def change_user(
    session: Session,
    scope: Scope,
    uid: str,
    given: UserChange,
    by: str,
    giver: Iterable[Role],
    version: int | None,
) -> User:
    """Change an account; new roles or its closing end its logins."""
    user = find(session, scope, User, uid, lock=True)
    check_version(user, version)
    held = tuple(session.scalars(select(RoleGrant.role).where(RoleGrant.user_id == user.id)))
    check_roles(held, giver)
    values: dict[str, Any] = given.model_dump(exclude_unset=True, exclude={"roles"})
    if "name" in values:
        check_name(given.name)
    if "roles" in given.model_fields_set:
        check_roles(given.roles, giver)
        home = session.get(Organisation, user.organisation_id) if user.organisation_id else None
        check_home(given.roles, home, scope)
        set_roles(session, user, given.roles, by)
    if "roles" in given.model_fields_set or values.get("active") is False:
        sessions.revoke_all(session, user.id)
    for name, value in {**values, "updated_by": by, "updated_at": now_utc()}.items():
        setattr(user, name, value)
    session.flush()
    return user


def to_relink(session: Session, scope: Scope, uid: str, giver: Iterable[Role]) -> User:
    """Return an account, locked, for whose password a link may be made.

    Nobody but an administrator makes one for staff of the association who have a password already: whoever holds the link could log in
    as them.

    Raises
    ------
    Conflict
        If the account is closed, or has a password that an administrator alone may end.
    """
    user = find(session, scope, User, uid, lock=True)
    held = tuple(session.scalars(select(RoleGrant.role).where(RoleGrant.user_id == user.id)))
    check_roles(held, giver)
    if not user.active:
        raise Conflict("this account is closed")
    if user.password_hash is not None and not set(held) <= BOUND_ROLES and Role.ADMINISTRATOR not in set(giver):
        raise Conflict("this person works for the association: an administrator alone may end the password")
    return user


def erase_user(session: Session, scope: Scope, uid: str, by: str, version: int | None) -> User:
    """Erase what is personal of an account and close it; the trail keeps its uid, which says nothing of the person.

    Raises
    ------
    Conflict
        If it has been erased before.
    """
    user = find(session, scope, User, uid, lock=True)
    check_version(user, version)
    if user.erased_at is not None:
        raise Conflict("this account has been erased already")
    sessions.revoke_all(session, user.id)
    user.name, user.login, user.phone = f"Đã xóa {user.uid[-6:]}", f"erased-{user.uid}", None
    second_factor.take_away(session, user.id)
    passkeys.forget(session, user.id)
    demands.password_chosen(session, user.id)
    failures.forget(session, user.id)
    user.password_hash, user.oidc_subject, user.active, user.erased_at, user.updated_by = None, None, False, now_utc(), by
    session.flush()
    return user


def check_name(name: str) -> None:
    """Refuse a text with characters that no name holds.

    Raises
    ------
    Invalid
        If it has any, or is empty.
    """
    try:
        clean = names.clean(name)
    except ValueError as error:
        raise Invalid([fault("name", ascii(name), str(error))]) from None
    if not clean:
        raise Invalid([fault("name", name, "a name")])
