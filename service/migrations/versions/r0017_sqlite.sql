ALTER TABLE site ADD COLUMN closed_on_holidays INTEGER DEFAULT 0 NOT NULL CONSTRAINT ck_site_closed_on_holidays_flag CHECK (closed_on_holidays IN (0, 1))
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
  closed_on_holidays INTEGER DEFAULT 0 NOT NULL,
  CONSTRAINT pk_site PRIMARY KEY (id),
  CONSTRAINT uq_site_association_id_code UNIQUE (association_id, code),
  CONSTRAINT uq_site_uid UNIQUE (uid),
  CONSTRAINT fk_site_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_site_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_site_commune_code FOREIGN KEY(commune_code) REFERENCES commune (code) ON DELETE RESTRICT,
  CONSTRAINT ck_site_closed_on_date CHECK (closed_on = date(closed_on)),
  CONSTRAINT ck_site_closed_on_holidays_flag CHECK (closed_on_holidays IN (0, 1))
)
 STRICT
-- next
CREATE TABLE holiday (
  id INTEGER NOT NULL,
  association_id INTEGER NOT NULL,
  day TEXT NOT NULL,
  name TEXT NOT NULL CONSTRAINT ck_holiday_name_length CHECK (length(name) BETWEEN 1 AND 200),
  CONSTRAINT pk_holiday PRIMARY KEY (id),
  CONSTRAINT uq_holiday_association_id_day UNIQUE (association_id, day),
  CONSTRAINT fk_holiday_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT ck_holiday_day_date CHECK (day = date(day))
)
 STRICT
-- next
CREATE TABLE allocation_policy (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_allocation_policy_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  name TEXT NOT NULL CONSTRAINT ck_allocation_policy_name_length CHECK (length(name) BETWEEN 1 AND 200),
  sort_key TEXT NOT NULL CONSTRAINT ck_allocation_policy_sort_key_length CHECK (length(sort_key) BETWEEN 1 AND 4000),
  search_key TEXT NOT NULL CONSTRAINT ck_allocation_policy_search_key_length CHECK (length(search_key) BETWEEN 1 AND 400),
  association_id INTEGER NOT NULL,
  stated TEXT NOT NULL,
  retired_on TEXT,
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_allocation_policy_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_allocation_policy_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_allocation_policy PRIMARY KEY (id),
  CONSTRAINT uq_allocation_policy_association_id_name UNIQUE (association_id, name),
  CONSTRAINT uq_allocation_policy_uid UNIQUE (uid),
  CONSTRAINT fk_allocation_policy_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT ck_allocation_policy_retired_on_date CHECK (retired_on = date(retired_on))
)
 STRICT
-- next
CREATE TABLE allocation_policy_version (
  id INTEGER NOT NULL,
  policy_id INTEGER NOT NULL,
  number INTEGER NOT NULL CONSTRAINT ck_allocation_policy_version_number_range CHECK (number BETWEEN 1 AND 1000000),
  stated TEXT NOT NULL,
  sha256 TEXT NOT NULL CONSTRAINT ck_allocation_policy_version_sha256_length CHECK (length(sha256) BETWEEN 64 AND 64),
  made_at TEXT NOT NULL,
  made_by TEXT NOT NULL CONSTRAINT ck_allocation_policy_version_made_by_length CHECK (length(made_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_allocation_policy_version PRIMARY KEY (id),
  CONSTRAINT uq_allocation_policy_version_policy_id_number UNIQUE (policy_id, number),
  CONSTRAINT fk_allocation_policy_version_policy_id FOREIGN KEY(policy_id) REFERENCES allocation_policy (id) ON DELETE RESTRICT
)
 STRICT
