"""Plans begin as drafts and are published; an item put to both sides keeps the facts that it rests on."""

# ruff: noqa: E501
# The definitions stand as the database keeps them.

from __future__ import annotations

from alembic import op

from service.migrations import ddl

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PLAN_SQLITE = """
CREATE TABLE "plan" (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_plan_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  run_id INTEGER,
  state TEXT NOT NULL CONSTRAINT ck_plan_state_known CHECK (state IN ('draft', 'current', 'superseded')),
  input_digest TEXT NOT NULL CONSTRAINT ck_plan_input_digest_length CHECK (length(input_digest) BETWEEN 64 AND 64),
  objective_vnd INTEGER NOT NULL CONSTRAINT ck_plan_objective_vnd_range CHECK (objective_vnd BETWEEN -9000000000000000 AND 9000000000000000),
  bound_vnd INTEGER CONSTRAINT ck_plan_bound_vnd_range CHECK (bound_vnd BETWEEN -9000000000000000 AND 9000000000000000),
  status TEXT NOT NULL CONSTRAINT ck_plan_status_length CHECK (length(status) BETWEEN 1 AND 40),
  termination TEXT NOT NULL CONSTRAINT ck_plan_termination_length CHECK (length(termination) BETWEEN 1 AND 40),
  seconds REAL NOT NULL CONSTRAINT ck_plan_seconds_range CHECK (seconds BETWEEN 0 AND 1000000000000.0),
  seed INTEGER NOT NULL CONSTRAINT ck_plan_seed_range CHECK (seed BETWEEN 0 AND 2147483647),
  engine TEXT NOT NULL CONSTRAINT ck_plan_engine_length CHECK (length(engine) BETWEEN 1 AND 100),
  figures TEXT NOT NULL,
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_plan_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_plan_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  published_at TEXT,
  published_by TEXT CONSTRAINT ck_plan_published_by_length CHECK (length(published_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_plan PRIMARY KEY (id),
  CONSTRAINT uq_plan_uid UNIQUE (uid),
  CONSTRAINT fk_plan_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT uq_plan_run_id UNIQUE (run_id),
  CONSTRAINT fk_plan_run_id FOREIGN KEY(run_id) REFERENCES run (id) ON DELETE RESTRICT
)
 STRICT
"""
BASIS_SQLITE = """
CREATE TABLE proposal_basis (
  item_id INTEGER NOT NULL,
  facts TEXT NOT NULL,
  changed TEXT,
  CONSTRAINT pk_proposal_basis PRIMARY KEY (item_id),
  CONSTRAINT fk_proposal_basis_item_id FOREIGN KEY(item_id) REFERENCES proposal_item (id) ON DELETE RESTRICT
)
 STRICT
"""
BASIS_POSTGRESQL = """
CREATE TABLE proposal_basis (
  item_id BIGINT NOT NULL,
  facts JSON NOT NULL,
  changed JSON,
  CONSTRAINT pk_proposal_basis PRIMARY KEY (item_id),
  CONSTRAINT fk_proposal_basis_item_id FOREIGN KEY(item_id) REFERENCES proposal_item (id) ON DELETE RESTRICT
)
"""
POSTGRESQL = (
    "ALTER TABLE plan DROP CONSTRAINT ck_plan_state_known",
    "ALTER TABLE plan ADD CONSTRAINT ck_plan_state_known CHECK (state IN ('draft', 'current', 'superseded'))",
    "ALTER TABLE plan ADD COLUMN published_at TIMESTAMP WITH TIME ZONE",
    'ALTER TABLE plan ADD COLUMN published_by TEXT COLLATE "C"',
    "ALTER TABLE plan ADD CONSTRAINT ck_plan_published_by_length CHECK (length(published_by) BETWEEN 1 AND 200)",
)
ONE_IN_FORCE = "CREATE UNIQUE INDEX uq_plan_association_id_in_force ON {plan} (association_id) WHERE state = 'current'"
PUBLISHED = (
    "UPDATE plan SET published_at = created_at, published_by = updated_by WHERE status <> 'relaxed'",
    "UPDATE plan SET state = 'draft' WHERE status = 'relaxed'",
)
"""Every plan so far was put in force by its run; plans of volumes alone never were."""


def upgrade() -> None:
    """Let a plan be a draft, say when and by whom it was published, and keep the basis of each item."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for column in ("published_at", "published_by"):
            connection.exec_driver_sql(f"ALTER TABLE plan ADD COLUMN {column} TEXT")
        ddl.redefine(connection, PLAN_SQLITE)
        statements: tuple[str, ...] = (ONE_IN_FORCE.format(plan='"plan"'), BASIS_SQLITE)
    else:
        statements = (*POSTGRESQL, ONE_IN_FORCE.format(plan="plan"), BASIS_POSTGRESQL)
    ddl.apply(connection, ddl.SEPARATOR.join([*(one.strip() for one in statements), *PUBLISHED]))
