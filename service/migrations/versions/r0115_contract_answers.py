"""Why a side declined a contract, or a change of one; what hubs take for handling from a day on."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from service.migrations import ddl

revision = "0115"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the file of this database's own dialect."""
    connection = op.get_bind()
    file = Path(__file__).with_name(f"r0115_{connection.dialect.name}.sql")
    ddl.apply(connection, file.read_text(encoding="utf-8"))
