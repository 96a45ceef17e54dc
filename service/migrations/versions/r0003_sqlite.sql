CREATE TABLE association_rule (
  id INTEGER NOT NULL,
  association_id INTEGER NOT NULL,
  valid_from TEXT NOT NULL,
  fee_per_mille INTEGER NOT NULL CONSTRAINT ck_association_rule_fee_per_mille_range CHECK (fee_per_mille BETWEEN 0 AND 1000),
  freight_risk TEXT NOT NULL CONSTRAINT ck_association_rule_freight_risk_known CHECK (freight_risk IN ('association', 'buyer', 'shared')),
  added_at TEXT NOT NULL,
  added_by TEXT NOT NULL CONSTRAINT ck_association_rule_added_by_length CHECK (length(added_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_association_rule PRIMARY KEY (id),
  CONSTRAINT fk_association_rule_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT ck_association_rule_valid_from_date CHECK (valid_from = date(valid_from))
)
 STRICT
-- next
CREATE INDEX ix_association_rule_association_id_valid_from_id ON association_rule (association_id, valid_from, id)
-- next
CREATE TABLE account_entry (
  id INTEGER NOT NULL,
  association_id INTEGER NOT NULL,
  document TEXT NOT NULL CONSTRAINT ck_account_entry_document_known CHECK (document IN ('shipment', 'settlement', 'payment')),
  document_id INTEGER NOT NULL CONSTRAINT ck_account_entry_document_id_range CHECK (document_id BETWEEN 1 AND 1000000000000000),
  account TEXT NOT NULL CONSTRAINT ck_account_entry_account_known CHECK (account IN ('buyers', 'suppliers', 'freight', 'handling', 'fees', 'carriers', 'hubs', 'cash')),
  organisation_id INTEGER,
  vnd INTEGER NOT NULL CONSTRAINT ck_account_entry_vnd_range CHECK (vnd BETWEEN -18000000000000000 AND 18000000000000000),
  at TEXT NOT NULL,
  booked_by TEXT NOT NULL CONSTRAINT ck_account_entry_booked_by_length CHECK (length(booked_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_account_entry PRIMARY KEY (id),
  CONSTRAINT fk_account_entry_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_account_entry_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_account_entry_association_id_account_id ON account_entry (association_id, account, id)
-- next
CREATE INDEX ix_account_entry_document_document_id ON account_entry (document, document_id)
-- next
CREATE INDEX ix_account_entry_organisation_id ON account_entry (organisation_id)
-- next
CREATE TABLE terms (
  id INTEGER NOT NULL,
  association_id INTEGER NOT NULL,
  promise_id INTEGER NOT NULL,
  item_id INTEGER,
  version INTEGER NOT NULL CONSTRAINT ck_terms_version_range CHECK (version BETWEEN 1 AND 1000000),
  lot_id INTEGER NOT NULL,
  line_id INTEGER NOT NULL,
  supplier_id INTEGER NOT NULL,
  buyer_id INTEGER NOT NULL,
  product_id INTEGER NOT NULL,
  grade INTEGER NOT NULL CONSTRAINT ck_terms_grade_range CHECK (grade BETWEEN 1 AND 100),
  kg INTEGER NOT NULL CONSTRAINT ck_terms_kg_range CHECK (kg BETWEEN 1 AND 10000000),
  pickup_on TEXT,
  delivery_on TEXT,
  price_vnd_per_kg INTEGER NOT NULL CONSTRAINT ck_terms_price_vnd_per_kg_range CHECK (price_vnd_per_kg BETWEEN 0 AND 1000000000),
  floor_vnd_per_kg INTEGER NOT NULL CONSTRAINT ck_terms_floor_vnd_per_kg_range CHECK (floor_vnd_per_kg BETWEEN 0 AND 1000000000),
  surcharge_vnd INTEGER NOT NULL CONSTRAINT ck_terms_surcharge_vnd_range CHECK (surcharge_vnd BETWEEN 0 AND 9000000000000000),
  buyer_vnd INTEGER NOT NULL CONSTRAINT ck_terms_buyer_vnd_range CHECK (buyer_vnd BETWEEN 0 AND 18000000000000000),
  freight_vnd INTEGER NOT NULL CONSTRAINT ck_terms_freight_vnd_range CHECK (freight_vnd BETWEEN 0 AND 9000000000000000),
  hub_vnd INTEGER NOT NULL CONSTRAINT ck_terms_hub_vnd_range CHECK (hub_vnd BETWEEN 0 AND 9000000000000000),
  fee_vnd INTEGER NOT NULL CONSTRAINT ck_terms_fee_vnd_range CHECK (fee_vnd BETWEEN 0 AND 9000000000000000),
  supplier_vnd INTEGER NOT NULL CONSTRAINT ck_terms_supplier_vnd_range CHECK (supplier_vnd BETWEEN 0 AND 18000000000000000),
  fee_per_mille INTEGER NOT NULL CONSTRAINT ck_terms_fee_per_mille_range CHECK (fee_per_mille BETWEEN 0 AND 1000),
  handling_vnd_per_kg REAL NOT NULL CONSTRAINT ck_terms_handling_vnd_per_kg_range CHECK (handling_vnd_per_kg BETWEEN 0 AND 1000000000000.0),
  freight_risk TEXT NOT NULL CONSTRAINT ck_terms_freight_risk_known CHECK (freight_risk IN ('association', 'buyer', 'shared')),
  why TEXT NOT NULL CONSTRAINT ck_terms_why_length CHECK (length(why) BETWEEN 1 AND 1000),
  made_at TEXT NOT NULL,
  made_by TEXT NOT NULL CONSTRAINT ck_terms_made_by_length CHECK (length(made_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_terms PRIMARY KEY (id),
  CONSTRAINT uq_terms_promise_id_version UNIQUE (promise_id, version),
  CONSTRAINT uq_terms_item_id_version UNIQUE (item_id, version),
  CONSTRAINT ck_terms_buyer_pays_price CHECK (buyer_vnd = kg * price_vnd_per_kg + surcharge_vnd),
  CONSTRAINT ck_terms_parts_add_up CHECK (buyer_vnd = freight_vnd + hub_vnd + fee_vnd + supplier_vnd),
  CONSTRAINT ck_terms_pickup_before_delivery CHECK (pickup_on <= delivery_on),
  CONSTRAINT fk_terms_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_terms_promise_id FOREIGN KEY(promise_id) REFERENCES promise (id) ON DELETE RESTRICT,
  CONSTRAINT fk_terms_item_id FOREIGN KEY(item_id) REFERENCES proposal_item (id) ON DELETE RESTRICT,
  CONSTRAINT fk_terms_lot_id FOREIGN KEY(lot_id) REFERENCES lot (id) ON DELETE RESTRICT,
  CONSTRAINT fk_terms_line_id FOREIGN KEY(line_id) REFERENCES demand_line (id) ON DELETE RESTRICT,
  CONSTRAINT fk_terms_supplier_id FOREIGN KEY(supplier_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_terms_buyer_id FOREIGN KEY(buyer_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_terms_product_id FOREIGN KEY(product_id) REFERENCES product (id) ON DELETE RESTRICT,
  CONSTRAINT ck_terms_pickup_on_date CHECK (pickup_on = date(pickup_on)),
  CONSTRAINT ck_terms_delivery_on_date CHECK (delivery_on = date(delivery_on))
)
 STRICT
-- next
CREATE INDEX ix_terms_association_id ON terms (association_id)
-- next
CREATE TABLE amendment (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_amendment_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  item_id INTEGER NOT NULL,
  terms_id INTEGER NOT NULL,
  proposed_by_side TEXT NOT NULL CONSTRAINT ck_amendment_proposed_by_side_known CHECK (proposed_by_side IN ('supply', 'demand', 'logistics')),
  kg INTEGER NOT NULL CONSTRAINT ck_amendment_kg_range CHECK (kg BETWEEN 1 AND 10000000),
  pickup_on TEXT,
  delivery_on TEXT,
  price_vnd_per_kg INTEGER NOT NULL CONSTRAINT ck_amendment_price_vnd_per_kg_range CHECK (price_vnd_per_kg BETWEEN 0 AND 1000000000),
  surcharge_vnd INTEGER NOT NULL CONSTRAINT ck_amendment_surcharge_vnd_range CHECK (surcharge_vnd BETWEEN 0 AND 9000000000000000),
  freight_vnd INTEGER NOT NULL CONSTRAINT ck_amendment_freight_vnd_range CHECK (freight_vnd BETWEEN 0 AND 9000000000000000),
  reason TEXT NOT NULL CONSTRAINT ck_amendment_reason_length CHECK (length(reason) BETWEEN 1 AND 1000),
  state TEXT NOT NULL CONSTRAINT ck_amendment_state_known CHECK (state IN ('open', 'agreed', 'declined', 'withdrawn')),
  supply_agreed_at TEXT,
  supply_agreed_by TEXT CONSTRAINT ck_amendment_supply_agreed_by_length CHECK (length(supply_agreed_by) BETWEEN 1 AND 200),
  demand_agreed_at TEXT,
  demand_agreed_by TEXT CONSTRAINT ck_amendment_demand_agreed_by_length CHECK (length(demand_agreed_by) BETWEEN 1 AND 200),
  answer_note TEXT NOT NULL CONSTRAINT ck_amendment_answer_note_length CHECK (length(answer_note) BETWEEN 0 AND 2000),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_amendment_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_amendment_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_amendment PRIMARY KEY (id),
  CONSTRAINT ck_amendment_pickup_before_delivery CHECK (pickup_on <= delivery_on),
  CONSTRAINT uq_amendment_uid UNIQUE (uid),
  CONSTRAINT fk_amendment_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_amendment_item_id FOREIGN KEY(item_id) REFERENCES proposal_item (id) ON DELETE RESTRICT,
  CONSTRAINT fk_amendment_terms_id FOREIGN KEY(terms_id) REFERENCES terms (id) ON DELETE RESTRICT,
  CONSTRAINT ck_amendment_pickup_on_date CHECK (pickup_on = date(pickup_on)),
  CONSTRAINT ck_amendment_delivery_on_date CHECK (delivery_on = date(delivery_on))
)
 STRICT
-- next
CREATE INDEX ix_amendment_association_id_state_created_at_id ON amendment (association_id, state, created_at, id)
-- next
CREATE INDEX ix_amendment_item_id ON amendment (item_id)
-- next
CREATE UNIQUE INDEX uq_amendment_item_id_open ON amendment (item_id) WHERE state = 'open'
-- next
CREATE TABLE terms_answer (
  id INTEGER NOT NULL,
  terms_id INTEGER NOT NULL,
  side TEXT NOT NULL CONSTRAINT ck_terms_answer_side_known CHECK (side IN ('supply', 'demand', 'logistics')),
  answer TEXT NOT NULL CONSTRAINT ck_terms_answer_answer_known CHECK (answer IN ('confirmed', 'declined', 'objected')),
  channel TEXT NOT NULL CONSTRAINT ck_terms_answer_channel_known CHECK (channel IN ('system', 'telephone', 'zalo', 'in_person')),
  note TEXT NOT NULL CONSTRAINT ck_terms_answer_note_length CHECK (length(note) BETWEEN 0 AND 2000),
  at TEXT NOT NULL,
  said_by TEXT NOT NULL CONSTRAINT ck_terms_answer_said_by_length CHECK (length(said_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_terms_answer PRIMARY KEY (id),
  CONSTRAINT fk_terms_answer_terms_id FOREIGN KEY(terms_id) REFERENCES terms (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_terms_answer_terms_id ON terms_answer (terms_id)
-- next
CREATE TRIGGER terms_not_changed BEFORE UPDATE ON terms BEGIN SELECT RAISE(ABORT, 'terms is never rewritten'); END
-- next
CREATE TRIGGER terms_answer_not_changed BEFORE UPDATE ON terms_answer BEGIN SELECT RAISE(ABORT, 'terms_answer is never rewritten'); END
-- next
CREATE TRIGGER account_entry_not_changed BEFORE UPDATE ON account_entry BEGIN SELECT RAISE(ABORT, 'account_entry is never rewritten'); END
-- next
CREATE TRIGGER terms_not_deleted BEFORE DELETE ON terms BEGIN SELECT RAISE(ABORT, 'terms is never rewritten'); END
-- next
CREATE TRIGGER terms_answer_not_deleted BEFORE DELETE ON terms_answer BEGIN SELECT RAISE(ABORT, 'terms_answer is never rewritten'); END
-- next
CREATE TRIGGER account_entry_not_deleted BEFORE DELETE ON account_entry BEGIN SELECT RAISE(ABORT, 'account_entry is never rewritten'); END
