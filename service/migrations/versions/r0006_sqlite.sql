ALTER TABLE association ADD COLUMN phone TEXT CONSTRAINT ck_association_phone_length CHECK (length(phone) BETWEEN 1 AND 40)
-- next
ALTER TABLE association ADD COLUMN email TEXT CONSTRAINT ck_association_email_length CHECK (length(email) BETWEEN 1 AND 254)
-- next
ALTER TABLE association ADD COLUMN address TEXT CONSTRAINT ck_association_address_length CHECK (length(address) BETWEEN 1 AND 500)
-- next
ALTER TABLE association ADD COLUMN guide_left INTEGER DEFAULT 0 NOT NULL
-- next
-- restate association
CREATE TABLE association (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_association_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  name TEXT NOT NULL CONSTRAINT ck_association_name_length CHECK (length(name) BETWEEN 1 AND 200),
  sort_key TEXT NOT NULL CONSTRAINT ck_association_sort_key_length CHECK (length(sort_key) BETWEEN 1 AND 4000),
  search_key TEXT NOT NULL CONSTRAINT ck_association_search_key_length CHECK (length(search_key) BETWEEN 1 AND 400),
  code TEXT NOT NULL CONSTRAINT ck_association_code_length CHECK (length(code) BETWEEN 1 AND 100),
  detour_factor REAL NOT NULL CONSTRAINT ck_association_detour_factor_range CHECK (detour_factor BETWEEN 0.01 AND 100),
  fee_per_mille INTEGER NOT NULL CONSTRAINT ck_association_fee_per_mille_range CHECK (fee_per_mille BETWEEN 0 AND 1000),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_association_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_association_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  phone TEXT CONSTRAINT ck_association_phone_length CHECK (length(phone) BETWEEN 1 AND 40),
  email TEXT CONSTRAINT ck_association_email_length CHECK (length(email) BETWEEN 1 AND 254),
  address TEXT CONSTRAINT ck_association_address_length CHECK (length(address) BETWEEN 1 AND 500),
  guide_left INTEGER DEFAULT 0 NOT NULL,
  CONSTRAINT pk_association PRIMARY KEY (id),
  CONSTRAINT uq_association_uid UNIQUE (uid),
  CONSTRAINT uq_association_code UNIQUE (code),
  CONSTRAINT ck_association_guide_left_flag CHECK (guide_left IN (0, 1))
)
 STRICT
-- next
ALTER TABLE organisation ADD COLUMN legal_form TEXT CONSTRAINT ck_organisation_legal_form_length CHECK (length(legal_form) BETWEEN 1 AND 100)
-- next
ALTER TABLE organisation ADD COLUMN representative TEXT CONSTRAINT ck_organisation_representative_length CHECK (length(representative) BETWEEN 1 AND 200)
-- next
ALTER TABLE organisation ADD COLUMN other_phone TEXT CONSTRAINT ck_organisation_other_phone_length CHECK (length(other_phone) BETWEEN 1 AND 40)
-- next
ALTER TABLE organisation ADD COLUMN bank_name TEXT CONSTRAINT ck_organisation_bank_name_length CHECK (length(bank_name) BETWEEN 1 AND 200)
-- next
ALTER TABLE organisation ADD COLUMN bank_account TEXT CONSTRAINT ck_organisation_bank_account_length CHECK (length(bank_account) BETWEEN 1 AND 40)
-- next
ALTER TABLE organisation ADD COLUMN address TEXT CONSTRAINT ck_organisation_address_length CHECK (length(address) BETWEEN 1 AND 500)
-- next
-- restate organisation
CREATE TABLE organisation (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_organisation_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  name TEXT NOT NULL CONSTRAINT ck_organisation_name_length CHECK (length(name) BETWEEN 1 AND 200),
  sort_key TEXT NOT NULL CONSTRAINT ck_organisation_sort_key_length CHECK (length(sort_key) BETWEEN 1 AND 4000),
  search_key TEXT NOT NULL CONSTRAINT ck_organisation_search_key_length CHECK (length(search_key) BETWEEN 1 AND 400),
  association_id INTEGER NOT NULL,
  side TEXT NOT NULL CONSTRAINT ck_organisation_side_known CHECK (side IN ('supply', 'demand', 'logistics')),
  kind TEXT NOT NULL CONSTRAINT ck_organisation_kind_known CHECK (kind IN ('cooperative', 'group', 'buyer', 'hub', 'carrier')),
  code TEXT NOT NULL CONSTRAINT ck_organisation_code_length CHECK (length(code) BETWEEN 1 AND 100),
  sponsor_id INTEGER,
  tax_code TEXT CONSTRAINT ck_organisation_tax_code_length CHECK (length(tax_code) BETWEEN 1 AND 20),
  commune_code TEXT,
  phone TEXT CONSTRAINT ck_organisation_phone_length CHECK (length(phone) BETWEEN 1 AND 40),
  email TEXT CONSTRAINT ck_organisation_email_length CHECK (length(email) BETWEEN 1 AND 254),
  closed_on TEXT,
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_organisation_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_organisation_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  legal_form TEXT CONSTRAINT ck_organisation_legal_form_length CHECK (length(legal_form) BETWEEN 1 AND 100),
  representative TEXT CONSTRAINT ck_organisation_representative_length CHECK (length(representative) BETWEEN 1 AND 200),
  other_phone TEXT CONSTRAINT ck_organisation_other_phone_length CHECK (length(other_phone) BETWEEN 1 AND 40),
  bank_name TEXT CONSTRAINT ck_organisation_bank_name_length CHECK (length(bank_name) BETWEEN 1 AND 200),
  bank_account TEXT CONSTRAINT ck_organisation_bank_account_length CHECK (length(bank_account) BETWEEN 1 AND 40),
  address TEXT CONSTRAINT ck_organisation_address_length CHECK (length(address) BETWEEN 1 AND 500),
  CONSTRAINT pk_organisation PRIMARY KEY (id),
  CONSTRAINT uq_organisation_association_id_side_code UNIQUE (association_id, side, code),
  CONSTRAINT ck_organisation_only_groups_have_sponsors CHECK (sponsor_id IS NULL OR kind = 'group'),
  CONSTRAINT ck_organisation_sponsor_is_another CHECK (sponsor_id <> id),
  CONSTRAINT ck_organisation_kind_fits_side CHECK ((side = 'supply' AND kind IN ('cooperative', 'group')) OR (side = 'demand' AND kind = 'buyer') OR (side = 'logistics' AND kind IN ('hub', 'carrier'))),
  CONSTRAINT uq_organisation_uid UNIQUE (uid),
  CONSTRAINT fk_organisation_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_organisation_sponsor_id FOREIGN KEY(sponsor_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_organisation_commune_code FOREIGN KEY(commune_code) REFERENCES commune (code) ON DELETE RESTRICT,
  CONSTRAINT ck_organisation_closed_on_date CHECK (closed_on = date(closed_on))
)
 STRICT
-- next
ALTER TABLE product ADD COLUMN usual_vnd_per_kg INTEGER CONSTRAINT ck_product_usual_vnd_per_kg_range CHECK (usual_vnd_per_kg BETWEEN 0 AND 1000000000)
-- next
ALTER TABLE product ADD COLUMN lowest_c REAL CONSTRAINT ck_product_lowest_c_range CHECK (lowest_c BETWEEN -60 AND 60)
-- next
ALTER TABLE product ADD COLUMN highest_c REAL CONSTRAINT ck_product_highest_c_range CHECK (highest_c BETWEEN -60 AND 60)
-- next
-- restate product
CREATE TABLE product (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_product_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  name TEXT NOT NULL CONSTRAINT ck_product_name_length CHECK (length(name) BETWEEN 1 AND 200),
  sort_key TEXT NOT NULL CONSTRAINT ck_product_sort_key_length CHECK (length(sort_key) BETWEEN 1 AND 4000),
  search_key TEXT NOT NULL CONSTRAINT ck_product_search_key_length CHECK (length(search_key) BETWEEN 1 AND 400),
  association_id INTEGER NOT NULL,
  code TEXT NOT NULL CONSTRAINT ck_product_code_length CHECK (length(code) BETWEEN 1 AND 100),
  name_en TEXT CONSTRAINT ck_product_name_en_length CHECK (length(name_en) BETWEEN 1 AND 200),
  litres_per_kg REAL NOT NULL CONSTRAINT ck_product_litres_per_kg_range CHECK (litres_per_kg BETWEEN 0 AND 10000),
  cold INTEGER NOT NULL,
  shelf_life_days INTEGER CONSTRAINT ck_product_shelf_life_days_range CHECK (shelf_life_days BETWEEN 0 AND 36500),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_product_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_product_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  usual_vnd_per_kg INTEGER CONSTRAINT ck_product_usual_vnd_per_kg_range CHECK (usual_vnd_per_kg BETWEEN 0 AND 1000000000),
  lowest_c REAL CONSTRAINT ck_product_lowest_c_range CHECK (lowest_c BETWEEN -60 AND 60),
  highest_c REAL CONSTRAINT ck_product_highest_c_range CHECK (highest_c BETWEEN -60 AND 60),
  CONSTRAINT pk_product PRIMARY KEY (id),
  CONSTRAINT uq_product_association_id_code UNIQUE (association_id, code),
  CONSTRAINT uq_product_uid UNIQUE (uid),
  CONSTRAINT fk_product_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT ck_product_cold_flag CHECK (cold IN (0, 1))
)
 STRICT
-- next
CREATE TABLE driver (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_driver_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  name TEXT NOT NULL CONSTRAINT ck_driver_name_length CHECK (length(name) BETWEEN 1 AND 200),
  sort_key TEXT NOT NULL CONSTRAINT ck_driver_sort_key_length CHECK (length(sort_key) BETWEEN 1 AND 4000),
  search_key TEXT NOT NULL CONSTRAINT ck_driver_search_key_length CHECK (length(search_key) BETWEEN 1 AND 400),
  association_id INTEGER NOT NULL,
  organisation_id INTEGER NOT NULL,
  phone TEXT NOT NULL CONSTRAINT ck_driver_phone_length CHECK (length(phone) BETWEEN 1 AND 40),
  licence TEXT CONSTRAINT ck_driver_licence_length CHECK (length(licence) BETWEEN 1 AND 20),
  left_on TEXT,
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_driver_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_driver_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_driver PRIMARY KEY (id),
  CONSTRAINT uq_driver_uid UNIQUE (uid),
  CONSTRAINT fk_driver_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_driver_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT ck_driver_left_on_date CHECK (left_on = date(left_on))
)
 STRICT
-- next
CREATE INDEX ix_driver_association_id_sort_key_id ON driver (association_id, sort_key, id)
-- next
CREATE INDEX ix_driver_organisation_id ON driver (organisation_id)
-- next
CREATE TABLE heading_memory (
  id INTEGER NOT NULL,
  association_id INTEGER NOT NULL,
  organisation_id INTEGER,
  kind TEXT NOT NULL CONSTRAINT ck_heading_memory_kind_length CHECK (length(kind) BETWEEN 1 AND 40),
  heading TEXT NOT NULL CONSTRAINT ck_heading_memory_heading_length CHECK (length(heading) BETWEEN 1 AND 300),
  field TEXT NOT NULL CONSTRAINT ck_heading_memory_field_length CHECK (length(field) BETWEEN 0 AND 60),
  CONSTRAINT pk_heading_memory PRIMARY KEY (id),
  CONSTRAINT uq_heading_memory_association_id_organisation_id_kind_heading UNIQUE (association_id, organisation_id, kind, heading),
  CONSTRAINT fk_heading_memory_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_heading_memory_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_heading_memory_organisation_id ON heading_memory (organisation_id)
-- next
ALTER TABLE member ADD COLUMN area_m2 INTEGER CONSTRAINT ck_member_area_m2_range CHECK (area_m2 BETWEEN 1 AND 1000000000000)
-- next
ALTER TABLE member ADD COLUMN consent_on TEXT
-- next
ALTER TABLE member ADD COLUMN erased_at TEXT
-- next
-- restate member
CREATE TABLE member (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_member_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  name TEXT NOT NULL CONSTRAINT ck_member_name_length CHECK (length(name) BETWEEN 1 AND 200),
  sort_key TEXT NOT NULL CONSTRAINT ck_member_sort_key_length CHECK (length(sort_key) BETWEEN 1 AND 4000),
  search_key TEXT NOT NULL CONSTRAINT ck_member_search_key_length CHECK (length(search_key) BETWEEN 1 AND 400),
  organisation_id INTEGER NOT NULL,
  code TEXT NOT NULL CONSTRAINT ck_member_code_length CHECK (length(code) BETWEEN 1 AND 100),
  phone TEXT CONSTRAINT ck_member_phone_length CHECK (length(phone) BETWEEN 1 AND 40),
  joined_on TEXT NOT NULL,
  left_on TEXT,
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_member_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_member_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  area_m2 INTEGER CONSTRAINT ck_member_area_m2_range CHECK (area_m2 BETWEEN 1 AND 1000000000000),
  consent_on TEXT,
  erased_at TEXT,
  CONSTRAINT pk_member PRIMARY KEY (id),
  CONSTRAINT uq_member_organisation_id_code UNIQUE (organisation_id, code),
  CONSTRAINT ck_member_joined_on_before_left_on CHECK (joined_on <= left_on AND joined_on >= '1900-01-01' AND left_on <= '2200-12-31'),
  CONSTRAINT uq_member_uid UNIQUE (uid),
  CONSTRAINT fk_member_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT ck_member_joined_on_date CHECK (joined_on = date(joined_on)),
  CONSTRAINT ck_member_left_on_date CHECK (left_on = date(left_on)),
  CONSTRAINT ck_member_consent_on_date CHECK (consent_on = date(consent_on))
)
 STRICT
-- next
-- restate product_unit
CREATE TABLE product_unit (
  id INTEGER NOT NULL,
  product_id INTEGER NOT NULL,
  unit TEXT NOT NULL CONSTRAINT ck_product_unit_unit_known CHECK (unit IN ('kg', 'yến', 'tạ', 'tấn', 'quả', 'thùng', 'bó')),
  grams INTEGER NOT NULL CONSTRAINT ck_product_unit_grams_range CHECK (grams BETWEEN 1 AND 1000000000),
  valid_from TEXT NOT NULL,
  source TEXT NOT NULL CONSTRAINT ck_product_unit_source_length CHECK (length(source) BETWEEN 1 AND 500),
  CONSTRAINT pk_product_unit PRIMARY KEY (id),
  CONSTRAINT uq_product_unit_product_id_unit_valid_from UNIQUE (product_id, unit, valid_from),
  CONSTRAINT ck_product_unit_unit_needs_weight CHECK (unit IN ('quả', 'thùng', 'bó')),
  CONSTRAINT fk_product_unit_product_id FOREIGN KEY(product_id) REFERENCES product (id) ON DELETE RESTRICT,
  CONSTRAINT ck_product_unit_valid_from_date CHECK (valid_from = date(valid_from))
)
 STRICT
-- next
CREATE TABLE sheet_draft (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_sheet_draft_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  organisation_id INTEGER,
  kind TEXT NOT NULL CONSTRAINT ck_sheet_draft_kind_length CHECK (length(kind) BETWEEN 1 AND 40),
  file_name TEXT NOT NULL CONSTRAINT ck_sheet_draft_file_name_length CHECK (length(file_name) BETWEEN 1 AND 255),
  sha256 TEXT NOT NULL CONSTRAINT ck_sheet_draft_sha256_length CHECK (length(sha256) BETWEEN 64 AND 64),
  content BLOB NOT NULL CONSTRAINT ck_sheet_draft_content_length CHECK (length(content) BETWEEN 1 AND 50000000),
  said TEXT NOT NULL,
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_sheet_draft_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_sheet_draft_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_sheet_draft PRIMARY KEY (id),
  CONSTRAINT uq_sheet_draft_uid UNIQUE (uid),
  CONSTRAINT fk_sheet_draft_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_sheet_draft_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_sheet_draft_association_id ON sheet_draft (association_id)
-- next
CREATE INDEX ix_sheet_draft_organisation_id ON sheet_draft (organisation_id)
-- next
ALTER TABLE site ADD COLUMN contact TEXT CONSTRAINT ck_site_contact_length CHECK (length(contact) BETWEEN 1 AND 200)
-- next
ALTER TABLE site ADD COLUMN phone TEXT CONSTRAINT ck_site_phone_length CHECK (length(phone) BETWEEN 1 AND 40)
-- next
-- restate site
CREATE TABLE site (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_site_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  organisation_id INTEGER,
  code TEXT NOT NULL CONSTRAINT ck_site_code_length CHECK (length(code) BETWEEN 1 AND 100),
  kind TEXT NOT NULL CONSTRAINT ck_site_kind_known CHECK (kind IN ('cooperative', 'hub', 'buyer', 'depot')),
  name TEXT NOT NULL CONSTRAINT ck_site_name_length CHECK (length(name) BETWEEN 0 AND 200),
  sort_key TEXT NOT NULL CONSTRAINT ck_site_sort_key_length CHECK (length(sort_key) BETWEEN 0 AND 4000),
  search_key TEXT NOT NULL CONSTRAINT ck_site_search_key_length CHECK (length(search_key) BETWEEN 0 AND 400),
  commune_code TEXT,
  lat REAL NOT NULL CONSTRAINT ck_site_lat_range CHECK (lat BETWEEN -90 AND 90),
  lon REAL NOT NULL CONSTRAINT ck_site_lon_range CHECK (lon BETWEEN -180 AND 180),
  open_from_min INTEGER NOT NULL CONSTRAINT ck_site_open_from_min_range CHECK (open_from_min BETWEEN 0 AND 1440),
  open_until_min INTEGER NOT NULL CONSTRAINT ck_site_open_until_min_range CHECK (open_until_min BETWEEN 0 AND 1440),
  stop_min REAL NOT NULL CONSTRAINT ck_site_stop_min_range CHECK (stop_min BETWEEN 0 AND 1000000000000.0),
  min_per_tonne REAL NOT NULL CONSTRAINT ck_site_min_per_tonne_range CHECK (min_per_tonne BETWEEN 0 AND 1000000000000.0),
  max_vehicle_kg INTEGER CONSTRAINT ck_site_max_vehicle_kg_range CHECK (max_vehicle_kg BETWEEN 0 AND 9000000000000000),
  zone TEXT CONSTRAINT ck_site_zone_length CHECK (length(zone) BETWEEN 1 AND 100),
  opening_vnd INTEGER NOT NULL CONSTRAINT ck_site_opening_vnd_range CHECK (opening_vnd BETWEEN 0 AND 9000000000000000),
  throughput_kg_per_day INTEGER CONSTRAINT ck_site_throughput_kg_per_day_range CHECK (throughput_kg_per_day BETWEEN 0 AND 9000000000000000),
  handling_vnd_per_kg REAL NOT NULL CONSTRAINT ck_site_handling_vnd_per_kg_range CHECK (handling_vnd_per_kg BETWEEN 0 AND 1000000000000.0),
  closed_on TEXT,
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_site_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_site_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  contact TEXT CONSTRAINT ck_site_contact_length CHECK (length(contact) BETWEEN 1 AND 200),
  phone TEXT CONSTRAINT ck_site_phone_length CHECK (length(phone) BETWEEN 1 AND 40),
  CONSTRAINT pk_site PRIMARY KEY (id),
  CONSTRAINT uq_site_association_id_code UNIQUE (association_id, code),
  CONSTRAINT uq_site_uid UNIQUE (uid),
  CONSTRAINT fk_site_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_site_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_site_commune_code FOREIGN KEY(commune_code) REFERENCES commune (code) ON DELETE RESTRICT,
  CONSTRAINT ck_site_closed_on_date CHECK (closed_on = date(closed_on))
)
 STRICT
-- next
CREATE TABLE sponsorship (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_sponsorship_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  group_id INTEGER NOT NULL,
  sponsor_id INTEGER NOT NULL,
  valid_from TEXT NOT NULL,
  valid_until TEXT,
  agreed_by_group TEXT CONSTRAINT ck_sponsorship_agreed_by_group_length CHECK (length(agreed_by_group) BETWEEN 1 AND 200),
  agreed_by_sponsor TEXT CONSTRAINT ck_sponsorship_agreed_by_sponsor_length CHECK (length(agreed_by_sponsor) BETWEEN 1 AND 200),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_sponsorship_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_sponsorship_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_sponsorship PRIMARY KEY (id),
  CONSTRAINT ck_sponsorship_valid_from_before_valid_until CHECK (valid_from <= valid_until AND valid_from >= '1900-01-01' AND valid_until <= '2200-12-31'),
  CONSTRAINT ck_sponsorship_sponsor_is_another CHECK (group_id <> sponsor_id),
  CONSTRAINT uq_sponsorship_uid UNIQUE (uid),
  CONSTRAINT fk_sponsorship_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_sponsorship_group_id FOREIGN KEY(group_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_sponsorship_sponsor_id FOREIGN KEY(sponsor_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT ck_sponsorship_valid_from_date CHECK (valid_from = date(valid_from)),
  CONSTRAINT ck_sponsorship_valid_until_date CHECK (valid_until = date(valid_until))
)
 STRICT
-- next
CREATE INDEX ix_sponsorship_association_id ON sponsorship (association_id)
-- next
CREATE INDEX ix_sponsorship_group_id ON sponsorship (group_id)
-- next
CREATE INDEX ix_sponsorship_sponsor_id ON sponsorship (sponsor_id)
-- next
ALTER TABLE certificate ADD COLUMN waiting INTEGER DEFAULT 0 NOT NULL
-- next
-- restate certificate
CREATE TABLE certificate (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_certificate_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  organisation_id INTEGER NOT NULL,
  product_id INTEGER,
  scheme TEXT NOT NULL CONSTRAINT ck_certificate_scheme_length CHECK (length(scheme) BETWEEN 1 AND 100),
  level INTEGER NOT NULL CONSTRAINT ck_certificate_level_range CHECK (level BETWEEN 0 AND 9000000000000000),
  valid_from TEXT NOT NULL,
  valid_until TEXT NOT NULL,
  number TEXT NOT NULL CONSTRAINT ck_certificate_number_length CHECK (length(number) BETWEEN 0 AND 100),
  issuer TEXT NOT NULL CONSTRAINT ck_certificate_issuer_length CHECK (length(issuer) BETWEEN 0 AND 200),
  area TEXT NOT NULL CONSTRAINT ck_certificate_area_length CHECK (length(area) BETWEEN 0 AND 1000),
  evidence_id INTEGER,
  withdrawn_on TEXT,
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_certificate_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_certificate_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  waiting INTEGER DEFAULT 0 NOT NULL,
  CONSTRAINT pk_certificate PRIMARY KEY (id),
  CONSTRAINT ck_certificate_valid_from_before_valid_until CHECK (valid_from <= valid_until),
  CONSTRAINT uq_certificate_uid UNIQUE (uid),
  CONSTRAINT fk_certificate_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_certificate_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_certificate_product_id FOREIGN KEY(product_id) REFERENCES product (id) ON DELETE RESTRICT,
  CONSTRAINT ck_certificate_valid_from_date CHECK (valid_from = date(valid_from)),
  CONSTRAINT ck_certificate_valid_until_date CHECK (valid_until = date(valid_until)),
  CONSTRAINT fk_certificate_evidence_id FOREIGN KEY(evidence_id) REFERENCES evidence (id) ON DELETE RESTRICT,
  CONSTRAINT ck_certificate_withdrawn_on_date CHECK (withdrawn_on = date(withdrawn_on)),
  CONSTRAINT ck_certificate_waiting_flag CHECK (waiting IN (0, 1))
)
 STRICT
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
ALTER TABLE planting_area ADD COLUMN evidence_id INTEGER
-- next
ALTER TABLE planting_area ADD COLUMN waiting INTEGER DEFAULT 0 NOT NULL
-- next
-- restate planting_area
CREATE TABLE planting_area (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_planting_area_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  organisation_id INTEGER NOT NULL,
  product_id INTEGER NOT NULL,
  code TEXT NOT NULL CONSTRAINT ck_planting_area_code_length CHECK (length(code) BETWEEN 1 AND 100),
  market TEXT NOT NULL CONSTRAINT ck_planting_area_market_length CHECK (length(market) BETWEEN 1 AND 20),
  area_m2 INTEGER CONSTRAINT ck_planting_area_area_m2_range CHECK (area_m2 BETWEEN 1 AND 1000000000000),
  valid_from TEXT NOT NULL,
  valid_until TEXT NOT NULL,
  suspended_from TEXT,
  suspended_until TEXT,
  source TEXT NOT NULL CONSTRAINT ck_planting_area_source_length CHECK (length(source) BETWEEN 1 AND 500),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_planting_area_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_planting_area_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  evidence_id INTEGER,
  waiting INTEGER DEFAULT 0 NOT NULL,
  CONSTRAINT pk_planting_area PRIMARY KEY (id),
  CONSTRAINT uq_planting_area_association_id_code_market UNIQUE (association_id, code, market),
  CONSTRAINT ck_planting_area_valid_from_before_valid_until CHECK (valid_from <= valid_until),
  CONSTRAINT ck_planting_area_suspended_from_before_suspended_until CHECK (suspended_from <= suspended_until AND suspended_from >= '1900-01-01' AND suspended_until <= '2200-12-31'),
  CONSTRAINT uq_planting_area_uid UNIQUE (uid),
  CONSTRAINT fk_planting_area_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_planting_area_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_planting_area_product_id FOREIGN KEY(product_id) REFERENCES product (id) ON DELETE RESTRICT,
  CONSTRAINT ck_planting_area_valid_from_date CHECK (valid_from = date(valid_from)),
  CONSTRAINT ck_planting_area_valid_until_date CHECK (valid_until = date(valid_until)),
  CONSTRAINT ck_planting_area_suspended_from_date CHECK (suspended_from = date(suspended_from)),
  CONSTRAINT ck_planting_area_suspended_until_date CHECK (suspended_until = date(suspended_until)),
  CONSTRAINT fk_planting_area_evidence_id FOREIGN KEY(evidence_id) REFERENCES evidence (id) ON DELETE RESTRICT,
  CONSTRAINT ck_planting_area_waiting_flag CHECK (waiting IN (0, 1))
)
 STRICT
-- next
CREATE INDEX ix_planting_area_evidence_id ON planting_area (evidence_id)
-- next
CREATE TABLE truck (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_truck_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  organisation_id INTEGER NOT NULL,
  vehicle_class_id INTEGER NOT NULL,
  driver_id INTEGER,
  plate TEXT NOT NULL CONSTRAINT ck_truck_plate_length CHECK (length(plate) BETWEEN 1 AND 20),
  retired_on TEXT,
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_truck_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_truck_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_truck PRIMARY KEY (id),
  CONSTRAINT uq_truck_association_id_plate UNIQUE (association_id, plate),
  CONSTRAINT uq_truck_uid UNIQUE (uid),
  CONSTRAINT fk_truck_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_truck_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_truck_vehicle_class_id FOREIGN KEY(vehicle_class_id) REFERENCES vehicle_class (id) ON DELETE RESTRICT,
  CONSTRAINT fk_truck_driver_id FOREIGN KEY(driver_id) REFERENCES driver (id) ON DELETE RESTRICT,
  CONSTRAINT ck_truck_retired_on_date CHECK (retired_on = date(retired_on))
)
 STRICT
-- next
CREATE INDEX ix_truck_driver_id ON truck (driver_id)
-- next
CREATE INDEX ix_truck_organisation_id ON truck (organisation_id)
-- next
CREATE INDEX ix_truck_vehicle_class_id ON truck (vehicle_class_id)
-- next
-- restate demand_line
CREATE TABLE demand_line (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_demand_line_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  organisation_id INTEGER NOT NULL,
  order_id INTEGER,
  call_off_id INTEGER,
  site_id INTEGER NOT NULL,
  code TEXT NOT NULL CONSTRAINT ck_demand_line_code_length CHECK (length(code) BETWEEN 1 AND 100),
  max_grade INTEGER NOT NULL CONSTRAINT ck_demand_line_max_grade_range CHECK (max_grade BETWEEN 1 AND 100),
  quantity_kg INTEGER NOT NULL CONSTRAINT ck_demand_line_quantity_kg_range CHECK (quantity_kg BETWEEN 0 AND 10000000),
  deliver_from TEXT NOT NULL,
  deliver_until TEXT NOT NULL,
  min_life_days INTEGER NOT NULL CONSTRAINT ck_demand_line_min_life_days_range CHECK (min_life_days BETWEEN 0 AND 36500),
  bid_vnd_per_kg INTEGER NOT NULL CONSTRAINT ck_demand_line_bid_vnd_per_kg_range CHECK (bid_vnd_per_kg BETWEEN 0 AND 1000000000),
  min_fill_kg INTEGER NOT NULL CONSTRAINT ck_demand_line_min_fill_kg_range CHECK (min_fill_kg BETWEEN 0 AND 10000000),
  max_suppliers INTEGER CONSTRAINT ck_demand_line_max_suppliers_range CHECK (max_suppliers BETWEEN 0 AND 9000000000000000),
  min_supplier_kg INTEGER NOT NULL CONSTRAINT ck_demand_line_min_supplier_kg_range CHECK (min_supplier_kg BETWEEN 0 AND 10000000),
  short_vnd_per_kg INTEGER NOT NULL CONSTRAINT ck_demand_line_short_vnd_per_kg_range CHECK (short_vnd_per_kg BETWEEN 0 AND 1000000000),
  status TEXT NOT NULL CONSTRAINT ck_demand_line_status_known CHECK (status IN ('open', 'proposed', 'confirmed', 'filled', 'cancelled')),
  stated_amount TEXT CONSTRAINT ck_demand_line_stated_amount_length CHECK (length(stated_amount) BETWEEN 1 AND 40),
  stated_unit TEXT CONSTRAINT ck_demand_line_stated_unit_known CHECK (stated_unit IN ('kg', 'yến', 'tạ', 'tấn', 'quả', 'thùng', 'bó')),
  note TEXT NOT NULL CONSTRAINT ck_demand_line_note_length CHECK (length(note) BETWEEN 0 AND 2000),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_demand_line_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_demand_line_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_demand_line PRIMARY KEY (id),
  CONSTRAINT uq_demand_line_association_id_code UNIQUE (association_id, code),
  CONSTRAINT ck_demand_line_one_origin CHECK (order_id IS NULL OR call_off_id IS NULL),
  CONSTRAINT ck_demand_line_deliver_from_before_deliver_until CHECK (deliver_from <= deliver_until AND deliver_from >= '1900-01-01' AND deliver_until <= '2200-12-31'),
  CONSTRAINT uq_demand_line_uid UNIQUE (uid),
  CONSTRAINT fk_demand_line_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_demand_line_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_demand_line_order_id FOREIGN KEY(order_id) REFERENCES buyer_order (id) ON DELETE RESTRICT,
  CONSTRAINT uq_demand_line_call_off_id UNIQUE (call_off_id),
  CONSTRAINT fk_demand_line_call_off_id FOREIGN KEY(call_off_id) REFERENCES call_off (id) ON DELETE RESTRICT,
  CONSTRAINT fk_demand_line_site_id FOREIGN KEY(site_id) REFERENCES site (id) ON DELETE RESTRICT,
  CONSTRAINT ck_demand_line_deliver_from_date CHECK (deliver_from = date(deliver_from)),
  CONSTRAINT ck_demand_line_deliver_until_date CHECK (deliver_until = date(deliver_until))
)
 STRICT
