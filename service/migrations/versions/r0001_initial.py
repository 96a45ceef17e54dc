"""The first schema: supply, demand, planning, the ledger, accounts and the audit trail."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from service.migrations import ddl

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything, from the file of this database's own dialect."""
    connection = op.get_bind()
    file = Path(__file__).with_name(f"r0001_{connection.dialect.name}.sql")
    ddl.apply(connection, file.read_text(encoding="utf-8"))
