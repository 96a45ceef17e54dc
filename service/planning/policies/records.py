"""Use-cases: keep a policy, change it, and find what it said at some version."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.errors import AlreadyThere
from catalog.tenancy import Scope, check_version, find, visible
from matching.policy import policy_of
from service.db import now
from service.planning.policies.models import AllocationPolicy, AllocationPolicyVersion


def add_policy(session: Session, scope: Scope, name: str, stated: Mapping[str, Any], by: str) -> AllocationPolicy:
    """Keep a new policy; its name stands in what it states, too.

    Raises
    ------
    BadInput
        If it contradicts itself.
    AlreadyThere
        If another one has its name.
    """
    _require_free(session, scope, name)
    row = AllocationPolicy(association_id=scope.association_id, name=name, stated=_checked(name, stated), updated_by=by)
    session.add(row)
    session.flush()
    _write_down(session, row, by)
    return row


def change_policy(
    session: Session,
    scope: Scope,
    uid: str,
    by: str,
    version: int | None,
    *,
    name: str | None = None,
    stated: Mapping[str, Any] | None = None,
    retired_on: date | None = None,
) -> AllocationPolicy:
    """Change a policy; what it says from now on is another version, and runs of before keep theirs.

    Raises
    ------
    Stale
        If it has changed since `version`.
    BadInput
        If it contradicts itself.
    """
    row = find(session, scope, AllocationPolicy, uid, lock=True)
    check_version(row, version)
    if name is not None and name != row.name:
        _require_free(session, scope, name)
        row.name = name
    row.stated = _checked(row.name, row.stated if stated is None else stated)
    row.retired_on, row.updated_by = retired_on, by
    session.flush()
    latest = versions_of(session, row)[0]
    if latest.stated != row.stated:
        _write_down(session, row, by, latest.number + 1)
    return row


def versions_of(session: Session, row: AllocationPolicy) -> list[AllocationPolicyVersion]:
    """Return the versions of a policy, the latest first."""
    query = select(AllocationPolicyVersion).where(AllocationPolicyVersion.policy_id == row.id)
    return list(session.scalars(query.order_by(AllocationPolicyVersion.number.desc())))


def usable_policies(session: Session, scope: Scope) -> list[AllocationPolicy]:
    """Return the policies that are in use, by name."""
    query = visible(AllocationPolicy, scope).where(AllocationPolicy.retired_on.is_(None))
    return list(session.scalars(query.order_by(AllocationPolicy.sort_key, AllocationPolicy.id)))


def _checked(name: str, stated: Mapping[str, Any]) -> dict[str, Any]:
    return policy_of({**stated, "name": name}).as_json()


def _require_free(session: Session, scope: Scope, name: str) -> None:
    taken = session.scalars(visible(AllocationPolicy, scope).where(AllocationPolicy.name == name)).first()
    if taken is not None:
        raise AlreadyThere(f"a policy of the name {name!r} is kept already", taken.updated_by, taken.updated_at)


def _write_down(session: Session, row: AllocationPolicy, by: str, number: int = 1) -> None:
    made = AllocationPolicyVersion(
        policy_id=row.id, number=number, stated=row.stated, sha256=policy_of(row.stated).digest(), made_at=now(session), made_by=by
    )
    session.add(made)
    session.flush()
