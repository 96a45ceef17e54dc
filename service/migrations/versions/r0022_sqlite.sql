CREATE TABLE standing_order (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_standing_order_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  organisation_id INTEGER NOT NULL,
  order_id INTEGER NOT NULL,
  until TEXT NOT NULL,
  placed_through TEXT NOT NULL,
  ended_at TEXT,
  problem TEXT NOT NULL CONSTRAINT ck_standing_order_problem_length CHECK (length(problem) BETWEEN 0 AND 500),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_standing_order_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_standing_order_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_standing_order PRIMARY KEY (id),
  CONSTRAINT uq_standing_order_uid UNIQUE (uid),
  CONSTRAINT fk_standing_order_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_standing_order_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_standing_order_order_id FOREIGN KEY(order_id) REFERENCES buyer_order (id) ON DELETE RESTRICT,
  CONSTRAINT ck_standing_order_until_date CHECK (until = date(until)),
  CONSTRAINT ck_standing_order_placed_through_date CHECK (placed_through = date(placed_through))
)
 STRICT
-- next
CREATE INDEX ix_standing_order_association_id ON standing_order (association_id)
-- next
CREATE INDEX ix_standing_order_order_id ON standing_order (order_id)
-- next
CREATE INDEX ix_standing_order_organisation_id ON standing_order (organisation_id)
