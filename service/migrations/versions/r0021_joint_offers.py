"""Joint offers: lots of several suppliers that fill one line together, and which promises are part of one."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from service.migrations import ddl

revision = "0021"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the file of this database's own dialect."""
    connection = op.get_bind()
    file = Path(__file__).with_name(f"r0021_{connection.dialect.name}.sql")
    ddl.apply(connection, file.read_text(encoding="utf-8"))
