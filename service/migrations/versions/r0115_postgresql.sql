ALTER TABLE contract ADD COLUMN declined_because TEXT COLLATE "C" DEFAULT '' NOT NULL CONSTRAINT ck_contract_declined_because_length CHECK (length(declined_because) BETWEEN 0 AND 1000)
-- next
ALTER TABLE contract_change ADD COLUMN answer_note TEXT COLLATE "C" DEFAULT '' NOT NULL CONSTRAINT ck_contract_change_answer_note_length CHECK (length(answer_note) BETWEEN 0 AND 1000)
-- next
CREATE TABLE handling_rate (
  id BIGSERIAL NOT NULL,
  association_id BIGINT NOT NULL,
  site_id BIGINT NOT NULL,
  valid_from DATE NOT NULL,
  vnd_per_kg DOUBLE PRECISION NOT NULL CONSTRAINT ck_handling_rate_vnd_per_kg_range CHECK (vnd_per_kg BETWEEN 0 AND 1000000000000.0),
  is_applied BOOLEAN NOT NULL,
  added_at TIMESTAMP WITH TIME ZONE NOT NULL,
  added_by TEXT COLLATE "C" NOT NULL CONSTRAINT ck_handling_rate_added_by_length CHECK (length(added_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_handling_rate PRIMARY KEY (id),
  CONSTRAINT fk_handling_rate_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_handling_rate_site_id FOREIGN KEY(site_id) REFERENCES site (id) ON DELETE RESTRICT
)
-- next
CREATE INDEX ix_handling_rate_association_id_is_applied_valid_from_id ON handling_rate (association_id, is_applied, valid_from, id)
-- next
CREATE INDEX ix_handling_rate_site_id ON handling_rate (site_id)
