"""Contracts are signed by both sides and changed by agreement; a call-off may come to nothing."""

# ruff: noqa: E501
# The definitions stand as the database keeps them.

from __future__ import annotations

from alembic import op

from service.migrations import ddl

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CONTRACT_SQLITE = """
CREATE TABLE contract (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_contract_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  organisation_id INTEGER NOT NULL,
  supplier_id INTEGER,
  code TEXT NOT NULL CONSTRAINT ck_contract_code_length CHECK (length(code) BETWEEN 1 AND 100),
  product_id INTEGER NOT NULL,
  max_grade INTEGER NOT NULL CONSTRAINT ck_contract_max_grade_range CHECK (max_grade BETWEEN 1 AND 100),
  quantity_kg INTEGER NOT NULL CONSTRAINT ck_contract_quantity_kg_range CHECK (quantity_kg BETWEEN 1 AND 10000000000),
  called_kg INTEGER NOT NULL,
  price_vnd_per_kg INTEGER NOT NULL CONSTRAINT ck_contract_price_vnd_per_kg_range CHECK (price_vnd_per_kg BETWEEN 0 AND 1000000000),
  short_vnd_per_kg INTEGER NOT NULL CONSTRAINT ck_contract_short_vnd_per_kg_range CHECK (short_vnd_per_kg BETWEEN 0 AND 1000000000),
  payment_days INTEGER CONSTRAINT ck_contract_payment_days_range CHECK (payment_days BETWEEN 0 AND 3650),
  valid_from TEXT NOT NULL,
  valid_until TEXT NOT NULL,
  status TEXT NOT NULL CONSTRAINT ck_contract_status_known CHECK (status IN ('draft', 'active', 'closed', 'cancelled')),
  evidence_id INTEGER,
  note TEXT NOT NULL CONSTRAINT ck_contract_note_length CHECK (length(note) BETWEEN 0 AND 2000),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_contract_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_contract_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  buyer_signed_at TEXT,
  buyer_signed_by TEXT CONSTRAINT ck_contract_buyer_signed_by_length CHECK (length(buyer_signed_by) BETWEEN 1 AND 200),
  supplier_signed_at TEXT,
  supplier_signed_by TEXT CONSTRAINT ck_contract_supplier_signed_by_length CHECK (length(supplier_signed_by) BETWEEN 1 AND 200),
  changes_asked INTEGER DEFAULT '0' NOT NULL CONSTRAINT ck_contract_changes_asked_range CHECK (changes_asked BETWEEN 0 AND 1000000000),
  CONSTRAINT pk_contract PRIMARY KEY (id),
  CONSTRAINT uq_contract_association_id_code UNIQUE (association_id, code),
  CONSTRAINT ck_contract_called_within_agreed CHECK (called_kg BETWEEN 0 AND quantity_kg),
  CONSTRAINT ck_contract_valid_from_before_valid_until CHECK (valid_from <= valid_until AND valid_from >= '1900-01-01' AND valid_until <= '2200-12-31'),
  CONSTRAINT uq_contract_uid UNIQUE (uid),
  CONSTRAINT fk_contract_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_contract_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_contract_supplier_id FOREIGN KEY(supplier_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_contract_product_id FOREIGN KEY(product_id) REFERENCES product (id) ON DELETE RESTRICT,
  CONSTRAINT ck_contract_valid_from_date CHECK (valid_from = date(valid_from)),
  CONSTRAINT ck_contract_valid_until_date CHECK (valid_until = date(valid_until)),
  CONSTRAINT fk_contract_evidence_id FOREIGN KEY(evidence_id) REFERENCES evidence (id) ON DELETE RESTRICT
)
 STRICT
"""
CALL_OFF_SQLITE = """
CREATE TABLE call_off (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_call_off_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  contract_id INTEGER NOT NULL,
  site_id INTEGER NOT NULL,
  code TEXT NOT NULL CONSTRAINT ck_call_off_code_length CHECK (length(code) BETWEEN 1 AND 100),
  quantity_kg INTEGER NOT NULL CONSTRAINT ck_call_off_quantity_kg_range CHECK (quantity_kg BETWEEN 0 AND 10000000),
  deliver_from TEXT NOT NULL,
  deliver_until TEXT NOT NULL,
  status TEXT NOT NULL CONSTRAINT ck_call_off_status_known CHECK (status IN ('draft', 'active', 'closed', 'cancelled')),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_call_off_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_call_off_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_call_off PRIMARY KEY (id),
  CONSTRAINT uq_call_off_contract_id_code UNIQUE (contract_id, code),
  CONSTRAINT ck_call_off_deliver_from_before_deliver_until CHECK (deliver_from <= deliver_until AND deliver_from >= '1900-01-01' AND deliver_until <= '2200-12-31'),
  CONSTRAINT uq_call_off_uid UNIQUE (uid),
  CONSTRAINT fk_call_off_contract_id FOREIGN KEY(contract_id) REFERENCES contract (id) ON DELETE RESTRICT,
  CONSTRAINT fk_call_off_site_id FOREIGN KEY(site_id) REFERENCES site (id) ON DELETE RESTRICT,
  CONSTRAINT ck_call_off_deliver_from_date CHECK (deliver_from = date(deliver_from)),
  CONSTRAINT ck_call_off_deliver_until_date CHECK (deliver_until = date(deliver_until))
)
 STRICT
"""
CHANGE_SQLITE = """
CREATE TABLE contract_change (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_contract_change_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  contract_id INTEGER NOT NULL,
  terms TEXT NOT NULL,
  side TEXT NOT NULL CONSTRAINT ck_contract_change_side_known CHECK (side IN ('supply', 'demand', 'logistics')),
  reason TEXT NOT NULL CONSTRAINT ck_contract_change_reason_length CHECK (length(reason) BETWEEN 0 AND 1000),
  asked_at TEXT NOT NULL,
  asked_by TEXT NOT NULL CONSTRAINT ck_contract_change_asked_by_length CHECK (length(asked_by) BETWEEN 1 AND 200),
  answered_at TEXT,
  answered_by TEXT CONSTRAINT ck_contract_change_answered_by_length CHECK (length(answered_by) BETWEEN 1 AND 200),
  agreed INTEGER,
  CONSTRAINT pk_contract_change PRIMARY KEY (id),
  CONSTRAINT ck_contract_change_answer_whole CHECK ((answered_at IS NULL) = (agreed IS NULL)),
  CONSTRAINT uq_contract_change_uid UNIQUE (uid),
  CONSTRAINT fk_contract_change_contract_id FOREIGN KEY(contract_id) REFERENCES contract (id) ON DELETE RESTRICT,
  CONSTRAINT ck_contract_change_agreed_flag CHECK (agreed IN (0, 1))
)
 STRICT
"""
CHANGE_POSTGRESQL = """
CREATE TABLE contract_change (
  id BIGSERIAL NOT NULL,
  uid TEXT COLLATE "C" NOT NULL CONSTRAINT ck_contract_change_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  contract_id BIGINT NOT NULL,
  terms JSON NOT NULL,
  side TEXT NOT NULL CONSTRAINT ck_contract_change_side_known CHECK (side IN ('supply', 'demand', 'logistics')),
  reason TEXT COLLATE "C" NOT NULL CONSTRAINT ck_contract_change_reason_length CHECK (length(reason) BETWEEN 0 AND 1000),
  asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
  asked_by TEXT COLLATE "C" NOT NULL CONSTRAINT ck_contract_change_asked_by_length CHECK (length(asked_by) BETWEEN 1 AND 200),
  answered_at TIMESTAMP WITH TIME ZONE,
  answered_by TEXT COLLATE "C" CONSTRAINT ck_contract_change_answered_by_length CHECK (length(answered_by) BETWEEN 1 AND 200),
  agreed BOOLEAN,
  CONSTRAINT pk_contract_change PRIMARY KEY (id),
  CONSTRAINT ck_contract_change_answer_whole CHECK ((answered_at IS NULL) = (agreed IS NULL)),
  CONSTRAINT uq_contract_change_uid UNIQUE (uid),
  CONSTRAINT fk_contract_change_contract_id FOREIGN KEY(contract_id) REFERENCES contract (id) ON DELETE RESTRICT
)
"""
INDEXES = (
    "CREATE INDEX ix_contract_change_contract_id ON contract_change (contract_id)",
    "CREATE UNIQUE INDEX uq_contract_change_contract_id_open ON contract_change (contract_id) WHERE answered_at IS NULL",
)
POSTGRESQL = (
    "ALTER TABLE contract ADD COLUMN buyer_signed_at TIMESTAMP WITH TIME ZONE",
    'ALTER TABLE contract ADD COLUMN buyer_signed_by TEXT COLLATE "C"',
    "ALTER TABLE contract ADD COLUMN supplier_signed_at TIMESTAMP WITH TIME ZONE",
    'ALTER TABLE contract ADD COLUMN supplier_signed_by TEXT COLLATE "C"',
    "ALTER TABLE contract ADD COLUMN changes_asked BIGINT DEFAULT '0' NOT NULL",
    "ALTER TABLE contract ADD CONSTRAINT ck_contract_buyer_signed_by_length CHECK (length(buyer_signed_by) BETWEEN 1 AND 200)",
    "ALTER TABLE contract ADD CONSTRAINT ck_contract_supplier_signed_by_length CHECK (length(supplier_signed_by) BETWEEN 1 AND 200)",
    "ALTER TABLE contract ADD CONSTRAINT ck_contract_changes_asked_range CHECK (changes_asked BETWEEN 0 AND 1000000000)",
    "ALTER TABLE call_off DROP CONSTRAINT ck_call_off_quantity_kg_range",
    "ALTER TABLE call_off ADD CONSTRAINT ck_call_off_quantity_kg_range CHECK (quantity_kg BETWEEN 0 AND 10000000)",
)
SUMS = (
    "UPDATE demand_line SET quantity_kg = (SELECT promised_kg FROM line_balance WHERE line_id = demand_line.id) WHERE status = 'cancelled' AND call_off_id IS NOT NULL",
    "UPDATE call_off SET quantity_kg = coalesce((SELECT quantity_kg FROM demand_line WHERE call_off_id = call_off.id), 0)",
    "UPDATE contract SET quantity_kg = (SELECT sum(c.quantity_kg) FROM call_off c WHERE c.contract_id = contract.id) WHERE quantity_kg < (SELECT sum(c.quantity_kg) FROM call_off c WHERE c.contract_id = contract.id)",
    "UPDATE contract SET called_kg = coalesce((SELECT sum(c.quantity_kg) FROM call_off c WHERE c.contract_id = contract.id), 0)",
    "UPDATE contract SET buyer_signed_at = created_at, buyer_signed_by = updated_by, supplier_signed_at = created_at, supplier_signed_by = updated_by WHERE status <> 'draft'",
)
"""Contracts so far were in force at once; what their lines say is what has been called."""


def upgrade() -> None:
    """Add signatures, changes that wait for an answer, and sums that hold."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for column in ("buyer_signed_at TEXT", "buyer_signed_by TEXT", "supplier_signed_at TEXT", "supplier_signed_by TEXT",
                       "changes_asked INTEGER NOT NULL DEFAULT '0'"):  # fmt: skip
            connection.exec_driver_sql(f"ALTER TABLE contract ADD COLUMN {column}")
        ddl.redefine(connection, CONTRACT_SQLITE)
        ddl.redefine(connection, CALL_OFF_SQLITE)
        statements: tuple[str, ...] = (CHANGE_SQLITE, *INDEXES)
    else:
        statements = (*POSTGRESQL, CHANGE_POSTGRESQL, *INDEXES)
    ddl.apply(connection, ddl.SEPARATOR.join([*(one.strip() for one in statements), *SUMS]))
