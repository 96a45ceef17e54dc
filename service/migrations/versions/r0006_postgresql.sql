ALTER TABLE association ADD COLUMN phone TEXT COLLATE "C" CONSTRAINT ck_association_phone_length CHECK (length(phone) BETWEEN 1 AND 40)
-- next
ALTER TABLE association ADD COLUMN email TEXT COLLATE "C" CONSTRAINT ck_association_email_length CHECK (length(email) BETWEEN 1 AND 254)
-- next
ALTER TABLE association ADD COLUMN address TEXT COLLATE "C" CONSTRAINT ck_association_address_length CHECK (length(address) BETWEEN 1 AND 500)
-- next
ALTER TABLE association ADD COLUMN guide_left BOOLEAN DEFAULT false NOT NULL
-- next
ALTER TABLE organisation ADD COLUMN legal_form TEXT COLLATE "C" CONSTRAINT ck_organisation_legal_form_length CHECK (length(legal_form) BETWEEN 1 AND 100)
-- next
ALTER TABLE organisation ADD COLUMN representative TEXT COLLATE "C" CONSTRAINT ck_organisation_representative_length CHECK (length(representative) BETWEEN 1 AND 200)
-- next
ALTER TABLE organisation ADD COLUMN other_phone TEXT COLLATE "C" CONSTRAINT ck_organisation_other_phone_length CHECK (length(other_phone) BETWEEN 1 AND 40)
-- next
ALTER TABLE organisation ADD COLUMN bank_name TEXT COLLATE "C" CONSTRAINT ck_organisation_bank_name_length CHECK (length(bank_name) BETWEEN 1 AND 200)
-- next
ALTER TABLE organisation ADD COLUMN bank_account TEXT COLLATE "C" CONSTRAINT ck_organisation_bank_account_length CHECK (length(bank_account) BETWEEN 1 AND 40)
-- next
ALTER TABLE organisation ADD COLUMN address TEXT COLLATE "C" CONSTRAINT ck_organisation_address_length CHECK (length(address) BETWEEN 1 AND 500)
-- next
ALTER TABLE product ADD COLUMN usual_vnd_per_kg BIGINT CONSTRAINT ck_product_usual_vnd_per_kg_range CHECK (usual_vnd_per_kg BETWEEN 0 AND 1000000000)
-- next
ALTER TABLE product ADD COLUMN lowest_c DOUBLE PRECISION CONSTRAINT ck_product_lowest_c_range CHECK (lowest_c BETWEEN -60 AND 60)
-- next
ALTER TABLE product ADD COLUMN highest_c DOUBLE PRECISION CONSTRAINT ck_product_highest_c_range CHECK (highest_c BETWEEN -60 AND 60)
-- next
CREATE TABLE driver (
  id BIGSERIAL NOT NULL,
  uid TEXT COLLATE "C" NOT NULL CONSTRAINT ck_driver_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  name TEXT COLLATE "C" NOT NULL CONSTRAINT ck_driver_name_length CHECK (length(name) BETWEEN 1 AND 200),
  sort_key TEXT COLLATE "C" NOT NULL CONSTRAINT ck_driver_sort_key_length CHECK (length(sort_key) BETWEEN 1 AND 4000),
  search_key TEXT COLLATE "C" NOT NULL CONSTRAINT ck_driver_search_key_length CHECK (length(search_key) BETWEEN 1 AND 400),
  association_id BIGINT NOT NULL,
  organisation_id BIGINT NOT NULL,
  phone TEXT COLLATE "C" NOT NULL CONSTRAINT ck_driver_phone_length CHECK (length(phone) BETWEEN 1 AND 40),
  licence TEXT COLLATE "C" CONSTRAINT ck_driver_licence_length CHECK (length(licence) BETWEEN 1 AND 20),
  left_on DATE,
  version BIGINT DEFAULT '1' NOT NULL CONSTRAINT ck_driver_version_positive CHECK (version >= 1),
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_by TEXT COLLATE "C" NOT NULL CONSTRAINT ck_driver_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_driver PRIMARY KEY (id),
  CONSTRAINT uq_driver_uid UNIQUE (uid),
  CONSTRAINT fk_driver_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_driver_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT
)
-- next
CREATE INDEX ix_driver_association_id_sort_key_id ON driver (association_id, sort_key, id)
-- next
CREATE INDEX ix_driver_organisation_id ON driver (organisation_id)
-- next
CREATE TABLE heading_memory (
  id BIGSERIAL NOT NULL,
  association_id BIGINT NOT NULL,
  organisation_id BIGINT,
  kind TEXT COLLATE "C" NOT NULL CONSTRAINT ck_heading_memory_kind_length CHECK (length(kind) BETWEEN 1 AND 40),
  heading TEXT COLLATE "C" NOT NULL CONSTRAINT ck_heading_memory_heading_length CHECK (length(heading) BETWEEN 1 AND 300),
  field TEXT COLLATE "C" NOT NULL CONSTRAINT ck_heading_memory_field_length CHECK (length(field) BETWEEN 0 AND 60),
  CONSTRAINT pk_heading_memory PRIMARY KEY (id),
  CONSTRAINT uq_heading_memory_association_id_organisation_id_kind_heading UNIQUE (association_id, organisation_id, kind, heading),
  CONSTRAINT fk_heading_memory_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_heading_memory_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT
)
-- next
CREATE INDEX ix_heading_memory_organisation_id ON heading_memory (organisation_id)
-- next
ALTER TABLE member ADD COLUMN area_m2 BIGINT CONSTRAINT ck_member_area_m2_range CHECK (area_m2 BETWEEN 1 AND 1000000000000)
-- next
ALTER TABLE member ADD COLUMN consent_on DATE
-- next
ALTER TABLE member ADD COLUMN erased_at TIMESTAMP WITH TIME ZONE
-- next
ALTER TABLE product_unit DROP CONSTRAINT ck_product_unit_unit_known
-- next
ALTER TABLE product_unit ADD CONSTRAINT ck_product_unit_unit_known CHECK (unit IN ('kg', 'yến', 'tạ', 'tấn', 'quả', 'thùng', 'bó'))
-- next
ALTER TABLE product_unit DROP CONSTRAINT ck_product_unit_unit_needs_weight
-- next
ALTER TABLE product_unit ADD CONSTRAINT ck_product_unit_unit_needs_weight CHECK (unit IN ('quả', 'thùng', 'bó'))
-- next
CREATE TABLE sheet_draft (
  id BIGSERIAL NOT NULL,
  uid TEXT COLLATE "C" NOT NULL CONSTRAINT ck_sheet_draft_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id BIGINT NOT NULL,
  organisation_id BIGINT,
  kind TEXT COLLATE "C" NOT NULL CONSTRAINT ck_sheet_draft_kind_length CHECK (length(kind) BETWEEN 1 AND 40),
  file_name TEXT COLLATE "C" NOT NULL CONSTRAINT ck_sheet_draft_file_name_length CHECK (length(file_name) BETWEEN 1 AND 255),
  sha256 TEXT COLLATE "C" NOT NULL CONSTRAINT ck_sheet_draft_sha256_length CHECK (length(sha256) BETWEEN 64 AND 64),
  content BYTEA NOT NULL CONSTRAINT ck_sheet_draft_content_length CHECK (length(content) BETWEEN 1 AND 50000000),
  said JSON NOT NULL,
  version BIGINT DEFAULT '1' NOT NULL CONSTRAINT ck_sheet_draft_version_positive CHECK (version >= 1),
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_by TEXT COLLATE "C" NOT NULL CONSTRAINT ck_sheet_draft_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_sheet_draft PRIMARY KEY (id),
  CONSTRAINT uq_sheet_draft_uid UNIQUE (uid),
  CONSTRAINT fk_sheet_draft_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_sheet_draft_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT
)
-- next
CREATE INDEX ix_sheet_draft_association_id ON sheet_draft (association_id)
-- next
CREATE INDEX ix_sheet_draft_organisation_id ON sheet_draft (organisation_id)
-- next
ALTER TABLE site ADD COLUMN contact TEXT COLLATE "C" CONSTRAINT ck_site_contact_length CHECK (length(contact) BETWEEN 1 AND 200)
-- next
ALTER TABLE site ADD COLUMN phone TEXT COLLATE "C" CONSTRAINT ck_site_phone_length CHECK (length(phone) BETWEEN 1 AND 40)
-- next
CREATE TABLE sponsorship (
  id BIGSERIAL NOT NULL,
  uid TEXT COLLATE "C" NOT NULL CONSTRAINT ck_sponsorship_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id BIGINT NOT NULL,
  group_id BIGINT NOT NULL,
  sponsor_id BIGINT NOT NULL,
  valid_from DATE NOT NULL,
  valid_until DATE,
  agreed_by_group TEXT COLLATE "C" CONSTRAINT ck_sponsorship_agreed_by_group_length CHECK (length(agreed_by_group) BETWEEN 1 AND 200),
  agreed_by_sponsor TEXT COLLATE "C" CONSTRAINT ck_sponsorship_agreed_by_sponsor_length CHECK (length(agreed_by_sponsor) BETWEEN 1 AND 200),
  version BIGINT DEFAULT '1' NOT NULL CONSTRAINT ck_sponsorship_version_positive CHECK (version >= 1),
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_by TEXT COLLATE "C" NOT NULL CONSTRAINT ck_sponsorship_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_sponsorship PRIMARY KEY (id),
  CONSTRAINT ck_sponsorship_valid_from_before_valid_until CHECK (valid_from <= valid_until AND valid_from >= '1900-01-01' AND valid_until <= '2200-12-31'),
  CONSTRAINT ck_sponsorship_sponsor_is_another CHECK (group_id <> sponsor_id),
  CONSTRAINT uq_sponsorship_uid UNIQUE (uid),
  CONSTRAINT fk_sponsorship_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_sponsorship_group_id FOREIGN KEY(group_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_sponsorship_sponsor_id FOREIGN KEY(sponsor_id) REFERENCES organisation (id) ON DELETE RESTRICT
)
-- next
CREATE INDEX ix_sponsorship_association_id ON sponsorship (association_id)
-- next
CREATE INDEX ix_sponsorship_group_id ON sponsorship (group_id)
-- next
CREATE INDEX ix_sponsorship_sponsor_id ON sponsorship (sponsor_id)
-- next
ALTER TABLE certificate ADD COLUMN waiting BOOLEAN DEFAULT false NOT NULL
-- next
ALTER TABLE lot DROP CONSTRAINT ck_lot_stated_unit_known
-- next
ALTER TABLE lot ADD CONSTRAINT ck_lot_stated_unit_known CHECK (stated_unit IN ('kg', 'yến', 'tạ', 'tấn', 'quả', 'thùng', 'bó'))
-- next
ALTER TABLE planting_area ADD COLUMN evidence_id BIGINT
-- next
ALTER TABLE planting_area ADD COLUMN waiting BOOLEAN DEFAULT false NOT NULL
-- next
ALTER TABLE planting_area ADD CONSTRAINT fk_planting_area_evidence_id FOREIGN KEY(evidence_id) REFERENCES evidence (id) ON DELETE RESTRICT
-- next
CREATE INDEX ix_planting_area_evidence_id ON planting_area (evidence_id)
-- next
CREATE TABLE truck (
  id BIGSERIAL NOT NULL,
  uid TEXT COLLATE "C" NOT NULL CONSTRAINT ck_truck_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id BIGINT NOT NULL,
  organisation_id BIGINT NOT NULL,
  vehicle_class_id BIGINT NOT NULL,
  driver_id BIGINT,
  plate TEXT COLLATE "C" NOT NULL CONSTRAINT ck_truck_plate_length CHECK (length(plate) BETWEEN 1 AND 20),
  retired_on DATE,
  version BIGINT DEFAULT '1' NOT NULL CONSTRAINT ck_truck_version_positive CHECK (version >= 1),
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_by TEXT COLLATE "C" NOT NULL CONSTRAINT ck_truck_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_truck PRIMARY KEY (id),
  CONSTRAINT uq_truck_association_id_plate UNIQUE (association_id, plate),
  CONSTRAINT uq_truck_uid UNIQUE (uid),
  CONSTRAINT fk_truck_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_truck_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_truck_vehicle_class_id FOREIGN KEY(vehicle_class_id) REFERENCES vehicle_class (id) ON DELETE RESTRICT,
  CONSTRAINT fk_truck_driver_id FOREIGN KEY(driver_id) REFERENCES driver (id) ON DELETE RESTRICT
)
-- next
CREATE INDEX ix_truck_driver_id ON truck (driver_id)
-- next
CREATE INDEX ix_truck_organisation_id ON truck (organisation_id)
-- next
CREATE INDEX ix_truck_vehicle_class_id ON truck (vehicle_class_id)
-- next
ALTER TABLE demand_line DROP CONSTRAINT ck_demand_line_stated_unit_known
-- next
ALTER TABLE demand_line ADD CONSTRAINT ck_demand_line_stated_unit_known CHECK (stated_unit IN ('kg', 'yến', 'tạ', 'tấn', 'quả', 'thùng', 'bó'))
