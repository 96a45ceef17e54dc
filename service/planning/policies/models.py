"""Policies and their versions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base, Exposed, Keyed, Named, Versioned, between, length, reference


class AllocationPolicy(Exposed, Named, Versioned, Base):
    """A policy under which plans are made; `stated` holds what ``policy.json`` would hold of it."""

    __tablename__ = "allocation_policy"
    __table_args__ = (UniqueConstraint("association_id", "name"),)

    association_id: Mapped[int] = reference("association.id", index=False)
    stated: Mapped[dict[str, Any]] = mapped_column(default=dict)
    retired_on: Mapped[date | None]


class AllocationPolicyVersion(Keyed, Base):
    """What a policy said from a moment on; never changed, so that the runs that cite it can be understood."""

    __tablename__ = "allocation_policy_version"
    __table_args__ = (UniqueConstraint("policy_id", "number"),)

    policy_id: Mapped[int] = reference("allocation_policy.id", index=False)
    number: Mapped[int] = mapped_column(between("number", 1, 1_000_000))
    stated: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sha256: Mapped[str] = mapped_column(length("sha256", 64, 64))
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(length("made_by", 200))
