"""Holidays of an association."""

from __future__ import annotations

from datetime import date

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base, Keyed, length, reference


class Holiday(Keyed, Base):
    """A date on which the sites of an association that keep holidays are closed."""

    __tablename__ = "holiday"
    __table_args__ = (UniqueConstraint("association_id", "day"),)

    association_id: Mapped[int] = reference("association.id", index=False)
    day: Mapped[date]
    name: Mapped[str] = mapped_column(length("name", 200))
