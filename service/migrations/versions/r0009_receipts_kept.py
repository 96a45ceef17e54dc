"""Receipts are never deleted, and so never replaced."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SQLITE = "CREATE TRIGGER receipt_not_deleted BEFORE DELETE ON receipt BEGIN SELECT RAISE(ABORT, 'receipt is never rewritten'); END"
POSTGRESQL = "CREATE TRIGGER receipt_not_deleted BEFORE DELETE ON receipt FOR EACH ROW EXECUTE FUNCTION mca_never_rewritten()"


def upgrade() -> None:
    """Create the trigger."""
    connection = op.get_bind()
    connection.exec_driver_sql(SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL)
