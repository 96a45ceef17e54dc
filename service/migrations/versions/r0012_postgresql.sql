ALTER TABLE lot ADD COLUMN harvest TEXT COLLATE "C" CONSTRAINT ck_lot_harvest_length CHECK (length(harvest) BETWEEN 1 AND 100)
-- next
CREATE TABLE site_date (
  id BIGSERIAL NOT NULL,
  association_id BIGINT NOT NULL,
  site_id BIGINT NOT NULL,
  day DATE NOT NULL,
  closed BOOLEAN NOT NULL,
  open_from_min BIGINT CONSTRAINT ck_site_date_open_from_min_range CHECK (open_from_min BETWEEN 0 AND 1440),
  open_until_min BIGINT CONSTRAINT ck_site_date_open_until_min_range CHECK (open_until_min BETWEEN 0 AND 1440),
  throughput_kg BIGINT CONSTRAINT ck_site_date_throughput_kg_range CHECK (throughput_kg BETWEEN 0 AND 9000000000000000),
  CONSTRAINT pk_site_date PRIMARY KEY (id),
  CONSTRAINT uq_site_date_site_id_day UNIQUE (site_id, day),
  CONSTRAINT fk_site_date_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_site_date_site_id FOREIGN KEY(site_id) REFERENCES site (id) ON DELETE RESTRICT
)
-- next
CREATE INDEX ix_site_date_association_id ON site_date (association_id)
