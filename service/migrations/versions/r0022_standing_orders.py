"""Orders that are placed again every week until a day."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from service.migrations import ddl

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the file of this database's own dialect."""
    connection = op.get_bind()
    file = Path(__file__).with_name(f"r0022_{connection.dialect.name}.sql")
    ddl.apply(connection, file.read_text(encoding="utf-8"))
