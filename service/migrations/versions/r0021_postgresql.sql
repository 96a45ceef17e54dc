CREATE TABLE joint_offer (
  id BIGSERIAL NOT NULL,
  uid TEXT COLLATE "C" NOT NULL CONSTRAINT ck_joint_offer_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id BIGINT NOT NULL,
  line_id BIGINT NOT NULL,
  reject_sharing TEXT NOT NULL CONSTRAINT ck_joint_offer_reject_sharing_known CHECK (reject_sharing IN ('own', 'shared')),
  state TEXT NOT NULL CONSTRAINT ck_joint_offer_state_known CHECK (state IN ('open', 'agreed', 'ended')),
  reason TEXT COLLATE "C" NOT NULL CONSTRAINT ck_joint_offer_reason_length CHECK (length(reason) BETWEEN 1 AND 1000),
  agreed_at TIMESTAMP WITH TIME ZONE,
  version BIGINT DEFAULT '1' NOT NULL CONSTRAINT ck_joint_offer_version_positive CHECK (version >= 1),
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_by TEXT COLLATE "C" NOT NULL CONSTRAINT ck_joint_offer_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_joint_offer PRIMARY KEY (id),
  CONSTRAINT uq_joint_offer_uid UNIQUE (uid),
  CONSTRAINT fk_joint_offer_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_joint_offer_line_id FOREIGN KEY(line_id) REFERENCES demand_line (id) ON DELETE RESTRICT
)
-- next
CREATE INDEX ix_joint_offer_association_id_state_created_at_id ON joint_offer (association_id, state, created_at, id)
-- next
CREATE INDEX ix_joint_offer_line_id_state ON joint_offer (line_id, state)
-- next
CREATE TABLE joint_offer_lot (
  id BIGSERIAL NOT NULL,
  joint_offer_id BIGINT NOT NULL,
  lot_id BIGINT NOT NULL,
  supplier_id BIGINT NOT NULL,
  kg BIGINT NOT NULL CONSTRAINT ck_joint_offer_lot_kg_range CHECK (kg BETWEEN 1 AND 10000000),
  agreed_at TIMESTAMP WITH TIME ZONE,
  agreed_by TEXT COLLATE "C" CONSTRAINT ck_joint_offer_lot_agreed_by_length CHECK (length(agreed_by) BETWEEN 1 AND 200),
  channel TEXT CONSTRAINT ck_joint_offer_lot_channel_known CHECK (channel IN ('system', 'telephone', 'zalo', 'in_person')),
  CONSTRAINT pk_joint_offer_lot PRIMARY KEY (id),
  CONSTRAINT uq_joint_offer_lot_joint_offer_id_lot_id UNIQUE (joint_offer_id, lot_id),
  CONSTRAINT ck_joint_offer_lot_agreed_whole CHECK ((agreed_at IS NULL) = (agreed_by IS NULL) AND (agreed_at IS NULL) = (channel IS NULL)),
  CONSTRAINT fk_joint_offer_lot_joint_offer_id FOREIGN KEY(joint_offer_id) REFERENCES joint_offer (id) ON DELETE RESTRICT,
  CONSTRAINT fk_joint_offer_lot_lot_id FOREIGN KEY(lot_id) REFERENCES lot (id) ON DELETE RESTRICT,
  CONSTRAINT fk_joint_offer_lot_supplier_id FOREIGN KEY(supplier_id) REFERENCES organisation (id) ON DELETE RESTRICT
)
-- next
CREATE INDEX ix_joint_offer_lot_lot_id ON joint_offer_lot (lot_id)
-- next
CREATE INDEX ix_joint_offer_lot_supplier_id ON joint_offer_lot (supplier_id)
-- next
CREATE TABLE joint_promise (
  promise_id BIGINT NOT NULL,
  joint_offer_id BIGINT NOT NULL,
  CONSTRAINT pk_joint_promise PRIMARY KEY (promise_id),
  CONSTRAINT fk_joint_promise_promise_id FOREIGN KEY(promise_id) REFERENCES promise (id) ON DELETE RESTRICT,
  CONSTRAINT fk_joint_promise_joint_offer_id FOREIGN KEY(joint_offer_id) REFERENCES joint_offer (id) ON DELETE RESTRICT
)
-- next
CREATE INDEX ix_joint_promise_joint_offer_id ON joint_promise (joint_offer_id)
