ALTER TABLE contract ADD COLUMN declined_because TEXT DEFAULT '' NOT NULL CONSTRAINT ck_contract_declined_because_length CHECK (length(declined_because) BETWEEN 0 AND 1000)
-- next
-- restate contract
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
  declined_because TEXT DEFAULT '' NOT NULL CONSTRAINT ck_contract_declined_because_length CHECK (length(declined_because) BETWEEN 0 AND 1000),
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
-- next
ALTER TABLE contract_change ADD COLUMN answer_note TEXT DEFAULT '' NOT NULL CONSTRAINT ck_contract_change_answer_note_length CHECK (length(answer_note) BETWEEN 0 AND 1000)
-- next
-- restate contract_change
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
  answer_note TEXT DEFAULT '' NOT NULL CONSTRAINT ck_contract_change_answer_note_length CHECK (length(answer_note) BETWEEN 0 AND 1000),
  CONSTRAINT pk_contract_change PRIMARY KEY (id),
  CONSTRAINT ck_contract_change_answer_whole CHECK ((answered_at IS NULL) = (agreed IS NULL)),
  CONSTRAINT uq_contract_change_uid UNIQUE (uid),
  CONSTRAINT fk_contract_change_contract_id FOREIGN KEY(contract_id) REFERENCES contract (id) ON DELETE RESTRICT,
  CONSTRAINT ck_contract_change_agreed_flag CHECK (agreed IN (0, 1))
)
 STRICT
-- next
CREATE TABLE handling_rate (
  id INTEGER NOT NULL,
  association_id INTEGER NOT NULL,
  site_id INTEGER NOT NULL,
  valid_from TEXT NOT NULL,
  vnd_per_kg REAL NOT NULL CONSTRAINT ck_handling_rate_vnd_per_kg_range CHECK (vnd_per_kg BETWEEN 0 AND 1000000000000.0),
  is_applied INTEGER NOT NULL,
  added_at TEXT NOT NULL,
  added_by TEXT NOT NULL CONSTRAINT ck_handling_rate_added_by_length CHECK (length(added_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_handling_rate PRIMARY KEY (id),
  CONSTRAINT fk_handling_rate_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_handling_rate_site_id FOREIGN KEY(site_id) REFERENCES site (id) ON DELETE RESTRICT,
  CONSTRAINT ck_handling_rate_valid_from_date CHECK (valid_from = date(valid_from)),
  CONSTRAINT ck_handling_rate_is_applied_flag CHECK (is_applied IN (0, 1))
)
 STRICT
-- next
CREATE INDEX ix_handling_rate_association_id_is_applied_valid_from_id ON handling_rate (association_id, is_applied, valid_from, id)
-- next
CREATE INDEX ix_handling_rate_site_id ON handling_rate (site_id)
