"""Run migrations on the connection that `service.db.Database.upgrade` hands over; there is no other way in."""

from __future__ import annotations

from alembic import context

from service.all_tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
