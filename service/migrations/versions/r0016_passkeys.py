"""Passkeys, and accounts whose owner must choose another password."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from service.migrations import ddl

revision = "0016"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, from the file of this database's own dialect."""
    connection = op.get_bind()
    file = Path(__file__).with_name(f"r0016_{connection.dialect.name}.sql")
    ddl.apply(connection, file.read_text(encoding="utf-8").strip())
