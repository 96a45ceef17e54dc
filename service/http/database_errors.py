"""What the database refused, in the words of the domain.

The use-cases look before they write, and their own errors say more. Between looking and writing somebody else may have been faster,
though, and then it is a constraint of the database that refuses. Its name tells which.
"""

from __future__ import annotations

import re

from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError

from catalog.errors import AlreadyThere, Conflict, DomainError, Invalid, fault
from service.planning.errors import LineOvercommitted, LotOvercommitted

_CHECK = re.compile(r"ck_[a-z0-9_]+")
_UNIQUE_SQLITE = re.compile(r"UNIQUE constraint failed: ([a-z_., ]+)")
_UNIQUE_POSTGRESQL = re.compile(r"uq_[a-z0-9_]+")
_BUSY = ("lock timeout", "deadlock detected", "database is locked", "could not serialize")


def refusal(error: Exception) -> DomainError | None:
    """Return what an error of the database means to the one who asked, None if it means nothing to him.

    Parameters
    ----------
    error : what a flush or a commit raised.
    """
    if isinstance(error, StaleDataError):
        return Conflict("somebody else has changed this meanwhile")
    if isinstance(error, IntegrityError):
        return _of_constraint(str(error.orig))
    if isinstance(error, OperationalError) and any(sign in str(error.orig) for sign in _BUSY):
        return Conflict("somebody else is changing this right now")
    return None


def _of_constraint(message: str) -> DomainError:
    check = _CHECK.search(message)
    if check is not None:
        return _of_check(check[0])
    if _UNIQUE_SQLITE.search(message) or _UNIQUE_POSTGRESQL.search(message):
        return AlreadyThere("this is there already")
    if "never rewritten" in message or "ledger alone" in message:
        return Conflict(message.splitlines()[0])
    return Conflict("other rows rest on this one, or one that it names isn't there")


def _of_check(name: str) -> DomainError:
    if name.startswith("ck_lot_balance_"):
        return LotOvercommitted("more of the lot is promised than this would leave", 0)
    if name.startswith("ck_line_balance_"):
        return LineOvercommitted("more is promised to the line than this would leave", 0)
    return Invalid([fault(name.removeprefix("ck_"), "", "a value that the database admits")])
