"""Spreadsheets on their way in, and what their headings mean to those who keep them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base, Exposed, Versioned, length, reference


class SheetDraft(Exposed, Versioned, Base):
    """A spreadsheet that somebody sent in and that isn't taken in yet: its cells, what its columns were taken for, and what was mended."""

    __tablename__ = "sheet_draft"

    association_id: Mapped[int] = reference("association.id")
    organisation_id: Mapped[int | None] = reference("organisation.id")
    kind: Mapped[str] = mapped_column(length("kind", 40))
    file_name: Mapped[str] = mapped_column(length("file_name", 255))
    sha256: Mapped[str] = mapped_column(length("sha256", 64, 64))
    content: Mapped[bytes] = mapped_column(length("content", 50_000_000))
    said: Mapped[dict[str, Any]] = mapped_column(default=dict)


class HeadingMemory(Base):
    """What the headings of one organisation's spreadsheets mean, as its people have confirmed."""

    __tablename__ = "heading_memory"
    __table_args__ = (UniqueConstraint("association_id", "organisation_id", "kind", "heading"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    association_id: Mapped[int] = reference("association.id", index=False)
    organisation_id: Mapped[int | None] = reference("organisation.id")
    kind: Mapped[str] = mapped_column(length("kind", 40))
    heading: Mapped[str] = mapped_column(length("heading", 300))
    field: Mapped[str] = mapped_column(length("field", 60, 0))
