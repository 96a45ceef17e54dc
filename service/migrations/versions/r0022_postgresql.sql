CREATE TABLE standing_order (
  id BIGSERIAL NOT NULL,
  uid TEXT COLLATE "C" NOT NULL CONSTRAINT ck_standing_order_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id BIGINT NOT NULL,
  organisation_id BIGINT NOT NULL,
  order_id BIGINT NOT NULL,
  until DATE NOT NULL,
  placed_through DATE NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE,
  problem TEXT COLLATE "C" NOT NULL CONSTRAINT ck_standing_order_problem_length CHECK (length(problem) BETWEEN 0 AND 500),
  version BIGINT DEFAULT '1' NOT NULL CONSTRAINT ck_standing_order_version_positive CHECK (version >= 1),
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_by TEXT COLLATE "C" NOT NULL CONSTRAINT ck_standing_order_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_standing_order PRIMARY KEY (id),
  CONSTRAINT uq_standing_order_uid UNIQUE (uid),
  CONSTRAINT fk_standing_order_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_standing_order_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_standing_order_order_id FOREIGN KEY(order_id) REFERENCES buyer_order (id) ON DELETE RESTRICT
)
-- next
CREATE INDEX ix_standing_order_association_id ON standing_order (association_id)
-- next
CREATE INDEX ix_standing_order_order_id ON standing_order (order_id)
-- next
CREATE INDEX ix_standing_order_organisation_id ON standing_order (organisation_id)
