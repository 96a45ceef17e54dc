CREATE TABLE association_rule (
  id BIGSERIAL NOT NULL,
  association_id BIGINT NOT NULL,
  valid_from DATE NOT NULL,
  fee_per_mille BIGINT NOT NULL CONSTRAINT ck_association_rule_fee_per_mille_range CHECK (fee_per_mille BETWEEN 0 AND 1000),
  freight_risk TEXT NOT NULL CONSTRAINT ck_association_rule_freight_risk_known CHECK (freight_risk IN ('association', 'buyer', 'shared')),
  added_at TIMESTAMP WITH TIME ZONE NOT NULL,
  added_by TEXT COLLATE "C" NOT NULL CONSTRAINT ck_association_rule_added_by_length CHECK (length(added_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_association_rule PRIMARY KEY (id),
  CONSTRAINT fk_association_rule_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT
)
-- next
CREATE INDEX ix_association_rule_association_id_valid_from_id ON association_rule (association_id, valid_from, id)
-- next
CREATE TABLE account_entry (
  id BIGSERIAL NOT NULL,
  association_id BIGINT NOT NULL,
  document TEXT NOT NULL CONSTRAINT ck_account_entry_document_known CHECK (document IN ('shipment', 'settlement', 'payment')),
  document_id BIGINT NOT NULL CONSTRAINT ck_account_entry_document_id_range CHECK (document_id BETWEEN 1 AND 1000000000000000),
  account TEXT NOT NULL CONSTRAINT ck_account_entry_account_known CHECK (account IN ('buyers', 'suppliers', 'freight', 'handling', 'fees', 'carriers', 'hubs', 'cash')),
  organisation_id BIGINT,
  vnd BIGINT NOT NULL CONSTRAINT ck_account_entry_vnd_range CHECK (vnd BETWEEN -18000000000000000 AND 18000000000000000),
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  booked_by TEXT COLLATE "C" NOT NULL CONSTRAINT ck_account_entry_booked_by_length CHECK (length(booked_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_account_entry PRIMARY KEY (id),
  CONSTRAINT fk_account_entry_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_account_entry_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT
)
-- next
CREATE INDEX ix_account_entry_association_id_account_id ON account_entry (association_id, account, id)
-- next
CREATE INDEX ix_account_entry_document_document_id ON account_entry (document, document_id)
-- next
CREATE INDEX ix_account_entry_organisation_id ON account_entry (organisation_id)
-- next
CREATE TABLE terms (
  id BIGSERIAL NOT NULL,
  association_id BIGINT NOT NULL,
  promise_id BIGINT NOT NULL,
  item_id BIGINT,
  version BIGINT NOT NULL CONSTRAINT ck_terms_version_range CHECK (version BETWEEN 1 AND 1000000),
  lot_id BIGINT NOT NULL,
  line_id BIGINT NOT NULL,
  supplier_id BIGINT NOT NULL,
  buyer_id BIGINT NOT NULL,
  product_id BIGINT NOT NULL,
  grade BIGINT NOT NULL CONSTRAINT ck_terms_grade_range CHECK (grade BETWEEN 1 AND 100),
  kg BIGINT NOT NULL CONSTRAINT ck_terms_kg_range CHECK (kg BETWEEN 1 AND 10000000),
  pickup_on DATE,
  delivery_on DATE,
  price_vnd_per_kg BIGINT NOT NULL CONSTRAINT ck_terms_price_vnd_per_kg_range CHECK (price_vnd_per_kg BETWEEN 0 AND 1000000000),
  floor_vnd_per_kg BIGINT NOT NULL CONSTRAINT ck_terms_floor_vnd_per_kg_range CHECK (floor_vnd_per_kg BETWEEN 0 AND 1000000000),
  surcharge_vnd BIGINT NOT NULL CONSTRAINT ck_terms_surcharge_vnd_range CHECK (surcharge_vnd BETWEEN 0 AND 9000000000000000),
  buyer_vnd BIGINT NOT NULL CONSTRAINT ck_terms_buyer_vnd_range CHECK (buyer_vnd BETWEEN 0 AND 18000000000000000),
  freight_vnd BIGINT NOT NULL CONSTRAINT ck_terms_freight_vnd_range CHECK (freight_vnd BETWEEN 0 AND 9000000000000000),
  hub_vnd BIGINT NOT NULL CONSTRAINT ck_terms_hub_vnd_range CHECK (hub_vnd BETWEEN 0 AND 9000000000000000),
  fee_vnd BIGINT NOT NULL CONSTRAINT ck_terms_fee_vnd_range CHECK (fee_vnd BETWEEN 0 AND 9000000000000000),
  supplier_vnd BIGINT NOT NULL CONSTRAINT ck_terms_supplier_vnd_range CHECK (supplier_vnd BETWEEN 0 AND 18000000000000000),
  fee_per_mille BIGINT NOT NULL CONSTRAINT ck_terms_fee_per_mille_range CHECK (fee_per_mille BETWEEN 0 AND 1000),
  handling_vnd_per_kg DOUBLE PRECISION NOT NULL CONSTRAINT ck_terms_handling_vnd_per_kg_range CHECK (handling_vnd_per_kg BETWEEN 0 AND 1000000000000.0),
  freight_risk TEXT NOT NULL CONSTRAINT ck_terms_freight_risk_known CHECK (freight_risk IN ('association', 'buyer', 'shared')),
  why TEXT COLLATE "C" NOT NULL CONSTRAINT ck_terms_why_length CHECK (length(why) BETWEEN 1 AND 1000),
  made_at TIMESTAMP WITH TIME ZONE NOT NULL,
  made_by TEXT COLLATE "C" NOT NULL CONSTRAINT ck_terms_made_by_length CHECK (length(made_by) BETWEEN 1 AND 200),
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
  CONSTRAINT fk_terms_product_id FOREIGN KEY(product_id) REFERENCES product (id) ON DELETE RESTRICT
)
-- next
CREATE INDEX ix_terms_association_id ON terms (association_id)
-- next
CREATE TABLE amendment (
  id BIGSERIAL NOT NULL,
  uid TEXT COLLATE "C" NOT NULL CONSTRAINT ck_amendment_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id BIGINT NOT NULL,
  item_id BIGINT NOT NULL,
  terms_id BIGINT NOT NULL,
  proposed_by_side TEXT NOT NULL CONSTRAINT ck_amendment_proposed_by_side_known CHECK (proposed_by_side IN ('supply', 'demand', 'logistics')),
  kg BIGINT NOT NULL CONSTRAINT ck_amendment_kg_range CHECK (kg BETWEEN 1 AND 10000000),
  pickup_on DATE,
  delivery_on DATE,
  price_vnd_per_kg BIGINT NOT NULL CONSTRAINT ck_amendment_price_vnd_per_kg_range CHECK (price_vnd_per_kg BETWEEN 0 AND 1000000000),
  surcharge_vnd BIGINT NOT NULL CONSTRAINT ck_amendment_surcharge_vnd_range CHECK (surcharge_vnd BETWEEN 0 AND 9000000000000000),
  freight_vnd BIGINT NOT NULL CONSTRAINT ck_amendment_freight_vnd_range CHECK (freight_vnd BETWEEN 0 AND 9000000000000000),
  reason TEXT COLLATE "C" NOT NULL CONSTRAINT ck_amendment_reason_length CHECK (length(reason) BETWEEN 1 AND 1000),
  state TEXT NOT NULL CONSTRAINT ck_amendment_state_known CHECK (state IN ('open', 'agreed', 'declined', 'withdrawn')),
  supply_agreed_at TIMESTAMP WITH TIME ZONE,
  supply_agreed_by TEXT COLLATE "C" CONSTRAINT ck_amendment_supply_agreed_by_length CHECK (length(supply_agreed_by) BETWEEN 1 AND 200),
  demand_agreed_at TIMESTAMP WITH TIME ZONE,
  demand_agreed_by TEXT COLLATE "C" CONSTRAINT ck_amendment_demand_agreed_by_length CHECK (length(demand_agreed_by) BETWEEN 1 AND 200),
  answer_note TEXT COLLATE "C" NOT NULL CONSTRAINT ck_amendment_answer_note_length CHECK (length(answer_note) BETWEEN 0 AND 2000),
  version BIGINT DEFAULT '1' NOT NULL CONSTRAINT ck_amendment_version_positive CHECK (version >= 1),
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_by TEXT COLLATE "C" NOT NULL CONSTRAINT ck_amendment_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_amendment PRIMARY KEY (id),
  CONSTRAINT ck_amendment_pickup_before_delivery CHECK (pickup_on <= delivery_on),
  CONSTRAINT uq_amendment_uid UNIQUE (uid),
  CONSTRAINT fk_amendment_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_amendment_item_id FOREIGN KEY(item_id) REFERENCES proposal_item (id) ON DELETE RESTRICT,
  CONSTRAINT fk_amendment_terms_id FOREIGN KEY(terms_id) REFERENCES terms (id) ON DELETE RESTRICT
)
-- next
CREATE INDEX ix_amendment_association_id_state_created_at_id ON amendment (association_id, state, created_at, id)
-- next
CREATE INDEX ix_amendment_item_id ON amendment (item_id)
-- next
CREATE UNIQUE INDEX uq_amendment_item_id_open ON amendment (item_id) WHERE state = 'open'
-- next
CREATE TABLE terms_answer (
  id BIGSERIAL NOT NULL,
  terms_id BIGINT NOT NULL,
  side TEXT NOT NULL CONSTRAINT ck_terms_answer_side_known CHECK (side IN ('supply', 'demand', 'logistics')),
  answer TEXT NOT NULL CONSTRAINT ck_terms_answer_answer_known CHECK (answer IN ('confirmed', 'declined', 'objected')),
  channel TEXT NOT NULL CONSTRAINT ck_terms_answer_channel_known CHECK (channel IN ('system', 'telephone', 'zalo', 'in_person')),
  note TEXT COLLATE "C" NOT NULL CONSTRAINT ck_terms_answer_note_length CHECK (length(note) BETWEEN 0 AND 2000),
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  said_by TEXT COLLATE "C" NOT NULL CONSTRAINT ck_terms_answer_said_by_length CHECK (length(said_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_terms_answer PRIMARY KEY (id),
  CONSTRAINT fk_terms_answer_terms_id FOREIGN KEY(terms_id) REFERENCES terms (id) ON DELETE RESTRICT
)
-- next
CREATE INDEX ix_terms_answer_terms_id ON terms_answer (terms_id)
-- next
CREATE TRIGGER terms_not_changed BEFORE UPDATE OR DELETE ON terms FOR EACH ROW EXECUTE FUNCTION mca_never_rewritten()
-- next
CREATE TRIGGER terms_not_truncated BEFORE TRUNCATE ON terms FOR EACH STATEMENT EXECUTE FUNCTION mca_never_rewritten()
-- next
CREATE TRIGGER terms_answer_not_changed BEFORE UPDATE OR DELETE ON terms_answer FOR EACH ROW EXECUTE FUNCTION mca_never_rewritten()
-- next
CREATE TRIGGER terms_answer_not_truncated BEFORE TRUNCATE ON terms_answer FOR EACH STATEMENT EXECUTE FUNCTION mca_never_rewritten()
-- next
CREATE TRIGGER account_entry_not_changed BEFORE UPDATE OR DELETE ON account_entry FOR EACH ROW EXECUTE FUNCTION mca_never_rewritten()
-- next
CREATE TRIGGER account_entry_not_truncated BEFORE TRUNCATE ON account_entry FOR EACH STATEMENT EXECUTE FUNCTION mca_never_rewritten()
