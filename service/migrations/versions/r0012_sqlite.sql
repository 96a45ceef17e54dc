ALTER TABLE lot ADD COLUMN harvest TEXT CONSTRAINT ck_lot_harvest_length CHECK (length(harvest) BETWEEN 1 AND 100)
-- next
-- restate lot
CREATE TABLE lot (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_lot_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  organisation_id INTEGER NOT NULL,
  supplier_id INTEGER NOT NULL,
  site_id INTEGER NOT NULL,
  code TEXT NOT NULL CONSTRAINT ck_lot_code_length CHECK (length(code) BETWEEN 1 AND 100),
  product_id INTEGER NOT NULL,
  variety_id INTEGER,
  grade INTEGER NOT NULL CONSTRAINT ck_lot_grade_range CHECK (grade BETWEEN 1 AND 100),
  quantity_kg INTEGER NOT NULL CONSTRAINT ck_lot_quantity_kg_range CHECK (quantity_kg BETWEEN 0 AND 10000000),
  available_from TEXT NOT NULL,
  available_until TEXT NOT NULL,
  cut_on_pickup INTEGER NOT NULL,
  shelf_life_days INTEGER NOT NULL CONSTRAINT ck_lot_shelf_life_days_range CHECK (shelf_life_days BETWEEN 0 AND 36500),
  ask_vnd_per_kg INTEGER NOT NULL CONSTRAINT ck_lot_ask_vnd_per_kg_range CHECK (ask_vnd_per_kg BETWEEN 0 AND 1000000000),
  min_take_kg INTEGER NOT NULL CONSTRAINT ck_lot_min_take_kg_range CHECK (min_take_kg BETWEEN 0 AND 10000000),
  indivisible INTEGER NOT NULL,
  cold INTEGER NOT NULL,
  litres_per_kg REAL NOT NULL CONSTRAINT ck_lot_litres_per_kg_range CHECK (litres_per_kg BETWEEN 0 AND 10000),
  status TEXT NOT NULL CONSTRAINT ck_lot_status_known CHECK (status IN ('declared', 'reserved', 'shipped', 'withdrawn', 'expired')),
  stated_amount TEXT CONSTRAINT ck_lot_stated_amount_length CHECK (length(stated_amount) BETWEEN 1 AND 40),
  stated_unit TEXT CONSTRAINT ck_lot_stated_unit_known CHECK (stated_unit IN ('kg', 'yến', 'tạ', 'tấn', 'quả', 'thùng', 'bó')),
  note TEXT NOT NULL CONSTRAINT ck_lot_note_length CHECK (length(note) BETWEEN 0 AND 2000),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_lot_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_lot_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  harvest TEXT CONSTRAINT ck_lot_harvest_length CHECK (length(harvest) BETWEEN 1 AND 100),
  CONSTRAINT pk_lot PRIMARY KEY (id),
  CONSTRAINT uq_lot_association_id_code UNIQUE (association_id, code),
  CONSTRAINT fk_lot_product_id_grade FOREIGN KEY(product_id, grade) REFERENCES grade (product_id, rank) ON DELETE RESTRICT,
  CONSTRAINT fk_lot_product_id_variety_id FOREIGN KEY(product_id, variety_id) REFERENCES variety (product_id, id) ON DELETE RESTRICT,
  CONSTRAINT ck_lot_available_from_before_available_until CHECK (available_from <= available_until AND available_from >= '1900-01-01' AND available_until <= '2200-12-31'),
  CONSTRAINT uq_lot_uid UNIQUE (uid),
  CONSTRAINT fk_lot_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_lot_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_lot_supplier_id FOREIGN KEY(supplier_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_lot_site_id FOREIGN KEY(site_id) REFERENCES site (id) ON DELETE RESTRICT,
  CONSTRAINT fk_lot_product_id FOREIGN KEY(product_id) REFERENCES product (id) ON DELETE RESTRICT,
  CONSTRAINT ck_lot_available_from_date CHECK (available_from = date(available_from)),
  CONSTRAINT ck_lot_available_until_date CHECK (available_until = date(available_until)),
  CONSTRAINT ck_lot_cut_on_pickup_flag CHECK (cut_on_pickup IN (0, 1)),
  CONSTRAINT ck_lot_indivisible_flag CHECK (indivisible IN (0, 1)),
  CONSTRAINT ck_lot_cold_flag CHECK (cold IN (0, 1))
)
 STRICT
-- next
CREATE TABLE site_date (
  id INTEGER NOT NULL,
  association_id INTEGER NOT NULL,
  site_id INTEGER NOT NULL,
  day TEXT NOT NULL,
  closed INTEGER NOT NULL,
  open_from_min INTEGER CONSTRAINT ck_site_date_open_from_min_range CHECK (open_from_min BETWEEN 0 AND 1440),
  open_until_min INTEGER CONSTRAINT ck_site_date_open_until_min_range CHECK (open_until_min BETWEEN 0 AND 1440),
  throughput_kg INTEGER CONSTRAINT ck_site_date_throughput_kg_range CHECK (throughput_kg BETWEEN 0 AND 9000000000000000),
  CONSTRAINT pk_site_date PRIMARY KEY (id),
  CONSTRAINT uq_site_date_site_id_day UNIQUE (site_id, day),
  CONSTRAINT fk_site_date_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_site_date_site_id FOREIGN KEY(site_id) REFERENCES site (id) ON DELETE RESTRICT,
  CONSTRAINT ck_site_date_day_date CHECK (day = date(day)),
  CONSTRAINT ck_site_date_closed_flag CHECK (closed IN (0, 1))
)
 STRICT
-- next
CREATE INDEX ix_site_date_association_id ON site_date (association_id)
