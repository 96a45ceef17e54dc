"""What somebody must do before anything else: choose another password, or set up a second factor.

A login of such an account may do no more than see to it, on the page of one's own account.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from service.auth.permissions import BOUND_ROLES
from service.models import Passkey, PasswordDemand, Role, SecondFactor, User


class Demand(StrEnum):
    """What is demanded of an account's owner."""

    PASSWORD = "new_password_required"  # noqa: S105  A code, and no password.
    SECOND_FACTOR = "second_factor_missing"


def demand_password(session: Session, user_id: int) -> None:
    """Demand another password of an account's owner."""
    session.merge(PasswordDemand(user_id=user_id))


def password_chosen(session: Session, user_id: int) -> None:
    """Note that the owner has chosen a password."""
    session.execute(delete(PasswordDemand).where(PasswordDemand.user_id == user_id))


def is_staff(roles: Iterable[Role]) -> bool:
    """Return whether somebody works for the association and not for one organisation."""
    return bool(set(roles) - BOUND_ROLES)


def has_second(session: Session, user_id: int) -> bool:
    """Return whether an account has a second factor or a passkey."""
    program = exists().where(SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None))
    return bool(session.scalar(select(program | exists().where(Passkey.user_id == user_id))))


def demand_of(session: Session, user_id: int, roles: Iterable[Role], *, staff_needs_second: bool) -> Demand | None:
    """Return what an account's owner must do first; None where there is nothing.

    Parameters
    ----------
    staff_needs_second : whether the association's people need a second factor; one who logs in elsewhere has it there.
    """
    if session.get(PasswordDemand, user_id) is not None:
        return Demand.PASSWORD
    if not staff_needs_second or not is_staff(roles) or has_second(session, user_id):
        return None
    return Demand.SECOND_FACTOR if session.scalar(select(User.password_hash).where(User.id == user_id)) is not None else None
