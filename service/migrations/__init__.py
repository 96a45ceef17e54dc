"""Alembic's migrations. Each revision works on SQLite and on PostgreSQL, in one transaction."""
