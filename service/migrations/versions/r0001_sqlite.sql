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
  CONSTRAINT pk_association PRIMARY KEY (id),
  CONSTRAINT uq_association_uid UNIQUE (uid),
  CONSTRAINT uq_association_code UNIQUE (code)
)
 STRICT
-- next
CREATE TABLE audit_head (
  chain INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL CONSTRAINT ck_audit_head_hash_length CHECK (length(hash) BETWEEN 64 AND 64),
  CONSTRAINT pk_audit_head PRIMARY KEY (chain)
)
 STRICT
-- next
CREATE TABLE commune (
  name TEXT NOT NULL CONSTRAINT ck_commune_name_length CHECK (length(name) BETWEEN 1 AND 200),
  sort_key TEXT NOT NULL CONSTRAINT ck_commune_sort_key_length CHECK (length(sort_key) BETWEEN 1 AND 4000),
  search_key TEXT NOT NULL CONSTRAINT ck_commune_search_key_length CHECK (length(search_key) BETWEEN 1 AND 400),
  code TEXT NOT NULL CONSTRAINT ck_commune_code_length CHECK (length(code) BETWEEN 1 AND 10),
  province_code TEXT NOT NULL CONSTRAINT ck_commune_province_code_length CHECK (length(province_code) BETWEEN 1 AND 10),
  lat REAL CONSTRAINT ck_commune_lat_range CHECK (lat BETWEEN -90 AND 90),
  lon REAL CONSTRAINT ck_commune_lon_range CHECK (lon BETWEEN -180 AND 180),
  merged_into TEXT,
  valid_from TEXT NOT NULL,
  source TEXT NOT NULL CONSTRAINT ck_commune_source_length CHECK (length(source) BETWEEN 1 AND 500),
  CONSTRAINT pk_commune PRIMARY KEY (code),
  CONSTRAINT fk_commune_merged_into FOREIGN KEY(merged_into) REFERENCES commune (code) ON DELETE RESTRICT,
  CONSTRAINT ck_commune_valid_from_date CHECK (valid_from = date(valid_from))
)
 STRICT
-- next
CREATE INDEX ix_commune_merged_into ON commune (merged_into)
-- next
CREATE TABLE idempotency_key (
  id INTEGER NOT NULL,
  principal TEXT NOT NULL CONSTRAINT ck_idempotency_key_principal_length CHECK (length(principal) BETWEEN 1 AND 200),
  method TEXT NOT NULL CONSTRAINT ck_idempotency_key_method_length CHECK (length(method) BETWEEN 1 AND 10),
  path TEXT NOT NULL CONSTRAINT ck_idempotency_key_path_length CHECK (length(path) BETWEEN 1 AND 1000),
  "key" TEXT NOT NULL CONSTRAINT ck_idempotency_key_key_length CHECK (length(key) BETWEEN 1 AND 255),
  body_sha256 TEXT NOT NULL CONSTRAINT ck_idempotency_key_body_sha256_length CHECK (length(body_sha256) BETWEEN 64 AND 64),
  created_at TEXT NOT NULL,
  status INTEGER CONSTRAINT ck_idempotency_key_status_range CHECK (status BETWEEN 100 AND 599),
  headers TEXT,
  body BLOB,
  CONSTRAINT pk_idempotency_key PRIMARY KEY (id),
  CONSTRAINT uq_idempotency_key_principal_method_path_key UNIQUE (principal, method, path, "key")
)
 STRICT
-- next
CREATE INDEX ix_idempotency_key_created_at ON idempotency_key (created_at)
-- next
CREATE TABLE legal_fact (
  id INTEGER NOT NULL,
  "key" TEXT NOT NULL CONSTRAINT ck_legal_fact_key_length CHECK (length(key) BETWEEN 1 AND 100),
  value TEXT NOT NULL CONSTRAINT ck_legal_fact_value_length CHECK (length(value) BETWEEN 1 AND 500),
  valid_from TEXT NOT NULL,
  valid_until TEXT,
  source TEXT NOT NULL CONSTRAINT ck_legal_fact_source_length CHECK (length(source) BETWEEN 1 AND 500),
  note TEXT NOT NULL CONSTRAINT ck_legal_fact_note_length CHECK (length(note) BETWEEN 0 AND 2000),
  CONSTRAINT pk_legal_fact PRIMARY KEY (id),
  CONSTRAINT uq_legal_fact_key_valid_from UNIQUE ("key", valid_from),
  CONSTRAINT ck_legal_fact_valid_from_before_valid_until CHECK (valid_from <= valid_until),
  CONSTRAINT ck_legal_fact_valid_from_date CHECK (valid_from = date(valid_from)),
  CONSTRAINT ck_legal_fact_valid_until_date CHECK (valid_until = date(valid_until))
)
 STRICT
-- next
CREATE TABLE service_secret (
  name TEXT NOT NULL CONSTRAINT ck_service_secret_name_length CHECK (length(name) BETWEEN 1 AND 100),
  value BLOB NOT NULL,
  CONSTRAINT pk_service_secret PRIMARY KEY (name)
)
 STRICT
-- next
CREATE TABLE access_rule (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_access_rule_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  zone TEXT NOT NULL CONSTRAINT ck_access_rule_zone_length CHECK (length(zone) BETWEEN 1 AND 100),
  min_payload_kg INTEGER NOT NULL CONSTRAINT ck_access_rule_min_payload_kg_range CHECK (min_payload_kg BETWEEN 0 AND 9000000000000000),
  closed_from_min INTEGER NOT NULL CONSTRAINT ck_access_rule_closed_from_min_range CHECK (closed_from_min BETWEEN 0 AND 1440),
  closed_until_min INTEGER NOT NULL CONSTRAINT ck_access_rule_closed_until_min_range CHECK (closed_until_min BETWEEN 0 AND 1440),
  valid_from TEXT NOT NULL,
  valid_until TEXT,
  source TEXT NOT NULL CONSTRAINT ck_access_rule_source_length CHECK (length(source) BETWEEN 1 AND 500),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_access_rule_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_access_rule_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_access_rule PRIMARY KEY (id),
  CONSTRAINT ck_access_rule_valid_from_before_valid_until CHECK (valid_from <= valid_until),
  CONSTRAINT uq_access_rule_uid UNIQUE (uid),
  CONSTRAINT fk_access_rule_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT ck_access_rule_valid_from_date CHECK (valid_from = date(valid_from)),
  CONSTRAINT ck_access_rule_valid_until_date CHECK (valid_until = date(valid_until))
)
 STRICT
-- next
CREATE INDEX ix_access_rule_association_id ON access_rule (association_id)
-- next
CREATE TABLE audit_event (
  chain INTEGER NOT NULL,
  seq INTEGER NOT NULL CONSTRAINT ck_audit_event_seq_range CHECK (seq BETWEEN 1 AND 1000000000000000),
  association_id INTEGER,
  at TEXT NOT NULL,
  actor TEXT NOT NULL CONSTRAINT ck_audit_event_actor_length CHECK (length(actor) BETWEEN 1 AND 200),
  on_behalf_of TEXT NOT NULL CONSTRAINT ck_audit_event_on_behalf_of_length CHECK (length(on_behalf_of) BETWEEN 0 AND 200),
  address TEXT NOT NULL CONSTRAINT ck_audit_event_address_length CHECK (length(address) BETWEEN 0 AND 100),
  action TEXT NOT NULL CONSTRAINT ck_audit_event_action_length CHECK (length(action) BETWEEN 1 AND 100),
  object_kind TEXT NOT NULL CONSTRAINT ck_audit_event_object_kind_length CHECK (length(object_kind) BETWEEN 1 AND 100),
  object_uid TEXT NOT NULL CONSTRAINT ck_audit_event_object_uid_length CHECK (length(object_uid) BETWEEN 0 AND 200),
  "before" TEXT,
  "after" TEXT,
  why TEXT NOT NULL CONSTRAINT ck_audit_event_why_length CHECK (length(why) BETWEEN 0 AND 2000),
  request_id TEXT NOT NULL CONSTRAINT ck_audit_event_request_id_length CHECK (length(request_id) BETWEEN 0 AND 100),
  prev_hash TEXT NOT NULL CONSTRAINT ck_audit_event_prev_hash_length CHECK (length(prev_hash) BETWEEN 64 AND 64),
  hash TEXT NOT NULL CONSTRAINT ck_audit_event_hash_length CHECK (length(hash) BETWEEN 64 AND 64),
  CONSTRAINT pk_audit_event PRIMARY KEY (chain, seq),
  CONSTRAINT fk_audit_event_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_audit_event_association_id_object_kind_object_uid_seq ON audit_event (association_id, object_kind, object_uid, seq)
-- next
CREATE INDEX ix_audit_event_chain_object_uid ON audit_event (chain, object_uid)
-- next
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
CREATE INDEX ix_organisation_association_id_side_sort_key_id ON organisation (association_id, side, sort_key, id)
-- next
CREATE INDEX ix_organisation_commune_code ON organisation (commune_code)
-- next
CREATE INDEX ix_organisation_sponsor_id ON organisation (sponsor_id)
-- next
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
  CONSTRAINT pk_product PRIMARY KEY (id),
  CONSTRAINT uq_product_association_id_code UNIQUE (association_id, code),
  CONSTRAINT uq_product_uid UNIQUE (uid),
  CONSTRAINT fk_product_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT ck_product_cold_flag CHECK (cold IN (0, 1))
)
 STRICT
-- next
CREATE INDEX ix_product_association_id_sort_key_id ON product (association_id, sort_key, id)
-- next
CREATE TABLE run (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_run_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  state TEXT NOT NULL CONSTRAINT ck_run_state_known CHECK (state IN ('queued', 'running', 'stopping', 'done', 'failed', 'stopped')),
  horizon_from TEXT,
  horizon_until TEXT,
  parameters TEXT NOT NULL,
  time_limit_s REAL NOT NULL CONSTRAINT ck_run_time_limit_s_range CHECK (time_limit_s BETWEEN 0 AND 86400),
  seed INTEGER NOT NULL CONSTRAINT ck_run_seed_range CHECK (seed BETWEEN 0 AND 2147483647),
  parent_id INTEGER,
  schedule_key TEXT CONSTRAINT ck_run_schedule_key_length CHECK (length(schedule_key) BETWEEN 1 AND 200),
  input_digest TEXT CONSTRAINT ck_run_input_digest_length CHECK (length(input_digest) BETWEEN 64 AND 64),
  attempt INTEGER NOT NULL CONSTRAINT ck_run_attempt_range CHECK (attempt BETWEEN 0 AND 1000),
  deaths INTEGER NOT NULL CONSTRAINT ck_run_deaths_range CHECK (deaths BETWEEN 0 AND 1000),
  worker TEXT CONSTRAINT ck_run_worker_length CHECK (length(worker) BETWEEN 1 AND 200),
  lease_until TEXT,
  started_at TEXT,
  finished_at TEXT,
  failure_code TEXT CONSTRAINT ck_run_failure_code_length CHECK (length(failure_code) BETWEEN 1 AND 100),
  failure_detail TEXT CONSTRAINT ck_run_failure_detail_length CHECK (length(failure_detail) BETWEEN 0 AND 4000),
  failure_issues TEXT,
  remark TEXT NOT NULL CONSTRAINT ck_run_remark_length CHECK (length(remark) BETWEEN 0 AND 1000),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_run_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_run_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_run PRIMARY KEY (id),
  CONSTRAINT ck_run_horizon_from_before_horizon_until CHECK (horizon_from <= horizon_until AND horizon_from >= '1900-01-01' AND horizon_until <= '2200-12-31'),
  CONSTRAINT uq_run_association_id_schedule_key UNIQUE (association_id, schedule_key),
  CONSTRAINT ck_run_lease_while_running CHECK ((state IN ('running', 'stopping')) = (lease_until IS NOT NULL)),
  CONSTRAINT ck_run_failure_has_code CHECK ((state = 'failed') = (failure_code IS NOT NULL)),
  CONSTRAINT uq_run_uid UNIQUE (uid),
  CONSTRAINT fk_run_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT ck_run_horizon_from_date CHECK (horizon_from = date(horizon_from)),
  CONSTRAINT ck_run_horizon_until_date CHECK (horizon_until = date(horizon_until)),
  CONSTRAINT fk_run_parent_id FOREIGN KEY(parent_id) REFERENCES run (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_run_association_id_created_at_id ON run (association_id, created_at, id)
-- next
CREATE INDEX ix_run_parent_id ON run (parent_id)
-- next
CREATE INDEX ix_run_state_created_at_id ON run (state, created_at, id)
-- next
CREATE TABLE api_key (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_api_key_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  organisation_id INTEGER,
  label TEXT NOT NULL CONSTRAINT ck_api_key_label_length CHECK (length(label) BETWEEN 1 AND 200),
  prefix TEXT NOT NULL CONSTRAINT ck_api_key_prefix_length CHECK (length(prefix) BETWEEN 1 AND 20),
  key_hash TEXT NOT NULL CONSTRAINT ck_api_key_key_hash_length CHECK (length(key_hash) BETWEEN 1 AND 500),
  role TEXT NOT NULL CONSTRAINT ck_api_key_role_known CHECK (role IN ('clerk', 'procurement', 'broker', 'manager', 'administrator', 'auditor', 'partner')),
  scopes TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  revoked_at TEXT,
  last_used_at TEXT,
  replaces_id INTEGER,
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_api_key_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_api_key_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_api_key PRIMARY KEY (id),
  CONSTRAINT uq_api_key_uid UNIQUE (uid),
  CONSTRAINT fk_api_key_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_api_key_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT uq_api_key_prefix UNIQUE (prefix),
  CONSTRAINT fk_api_key_replaces_id FOREIGN KEY(replaces_id) REFERENCES api_key (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_api_key_association_id ON api_key (association_id)
-- next
CREATE INDEX ix_api_key_organisation_id ON api_key (organisation_id)
-- next
CREATE INDEX ix_api_key_replaces_id ON api_key (replaces_id)
-- next
CREATE TABLE buyer_order (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_buyer_order_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  organisation_id INTEGER NOT NULL,
  code TEXT NOT NULL CONSTRAINT ck_buyer_order_code_length CHECK (length(code) BETWEEN 1 AND 100),
  placed_at TEXT NOT NULL,
  status TEXT NOT NULL CONSTRAINT ck_buyer_order_status_known CHECK (status IN ('draft', 'active', 'closed', 'cancelled')),
  note TEXT NOT NULL CONSTRAINT ck_buyer_order_note_length CHECK (length(note) BETWEEN 0 AND 2000),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_buyer_order_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_buyer_order_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_buyer_order PRIMARY KEY (id),
  CONSTRAINT uq_buyer_order_association_id_code UNIQUE (association_id, code),
  CONSTRAINT uq_buyer_order_uid UNIQUE (uid),
  CONSTRAINT fk_buyer_order_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_buyer_order_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_buyer_order_association_id_created_at_id ON buyer_order (association_id, created_at, id)
-- next
CREATE INDEX ix_buyer_order_organisation_id_created_at_id ON buyer_order (organisation_id, created_at, id)
-- next
CREATE TABLE evidence (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_evidence_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  organisation_id INTEGER,
  title TEXT NOT NULL CONSTRAINT ck_evidence_title_length CHECK (length(title) BETWEEN 1 AND 200),
  media_type TEXT NOT NULL CONSTRAINT ck_evidence_media_type_length CHECK (length(media_type) BETWEEN 1 AND 100),
  sha256 TEXT NOT NULL CONSTRAINT ck_evidence_sha256_length CHECK (length(sha256) BETWEEN 64 AND 64),
  content BLOB NOT NULL CONSTRAINT ck_evidence_content_length CHECK (length(content) BETWEEN 1 AND 10000000),
  added_at TEXT NOT NULL,
  added_by TEXT NOT NULL CONSTRAINT ck_evidence_added_by_length CHECK (length(added_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_evidence PRIMARY KEY (id),
  CONSTRAINT uq_evidence_association_id_sha256 UNIQUE (association_id, sha256),
  CONSTRAINT uq_evidence_uid UNIQUE (uid),
  CONSTRAINT fk_evidence_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_evidence_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_evidence_organisation_id ON evidence (organisation_id)
-- next
CREATE TABLE grade (
  product_id INTEGER NOT NULL,
  rank INTEGER NOT NULL CONSTRAINT ck_grade_rank_range CHECK (rank BETWEEN 1 AND 100),
  name TEXT NOT NULL CONSTRAINT ck_grade_name_length CHECK (length(name) BETWEEN 1 AND 200),
  description TEXT NOT NULL CONSTRAINT ck_grade_description_length CHECK (length(description) BETWEEN 0 AND 2000),
  CONSTRAINT pk_grade PRIMARY KEY (product_id, rank),
  CONSTRAINT fk_grade_product_id FOREIGN KEY(product_id) REFERENCES product (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE TABLE import_batch (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_import_batch_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  organisation_id INTEGER,
  sha256 TEXT NOT NULL CONSTRAINT ck_import_batch_sha256_length CHECK (length(sha256) BETWEEN 64 AND 64),
  file_name TEXT NOT NULL CONSTRAINT ck_import_batch_file_name_length CHECK (length(file_name) BETWEEN 1 AND 255),
  n_rows INTEGER NOT NULL CONSTRAINT ck_import_batch_n_rows_range CHECK (n_rows BETWEEN 0 AND 1000000000),
  horizon_from TEXT,
  horizon_until TEXT,
  made_at TEXT NOT NULL,
  made_by TEXT NOT NULL CONSTRAINT ck_import_batch_made_by_length CHECK (length(made_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_import_batch PRIMARY KEY (id),
  CONSTRAINT uq_import_batch_uid UNIQUE (uid),
  CONSTRAINT fk_import_batch_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_import_batch_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT ck_import_batch_horizon_from_date CHECK (horizon_from = date(horizon_from)),
  CONSTRAINT ck_import_batch_horizon_until_date CHECK (horizon_until = date(horizon_until))
)
 STRICT
-- next
CREATE INDEX ix_import_batch_association_id_sha256 ON import_batch (association_id, sha256)
-- next
CREATE INDEX ix_import_batch_organisation_id ON import_batch (organisation_id)
-- next
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
  CONSTRAINT pk_member PRIMARY KEY (id),
  CONSTRAINT uq_member_organisation_id_code UNIQUE (organisation_id, code),
  CONSTRAINT ck_member_joined_on_before_left_on CHECK (joined_on <= left_on AND joined_on >= '1900-01-01' AND left_on <= '2200-12-31'),
  CONSTRAINT uq_member_uid UNIQUE (uid),
  CONSTRAINT fk_member_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT ck_member_joined_on_date CHECK (joined_on = date(joined_on)),
  CONSTRAINT ck_member_left_on_date CHECK (left_on = date(left_on))
)
 STRICT
-- next
CREATE TABLE outbox_event (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_outbox_event_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  organisation_id INTEGER,
  kind TEXT NOT NULL CONSTRAINT ck_outbox_event_kind_length CHECK (length(kind) BETWEEN 1 AND 100),
  payload TEXT NOT NULL,
  at TEXT NOT NULL,
  CONSTRAINT pk_outbox_event PRIMARY KEY (id),
  CONSTRAINT uq_outbox_event_uid UNIQUE (uid),
  CONSTRAINT fk_outbox_event_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_outbox_event_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_outbox_event_association_id ON outbox_event (association_id)
-- next
CREATE INDEX ix_outbox_event_organisation_id ON outbox_event (organisation_id)
-- next
CREATE TABLE "plan" (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_plan_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  run_id INTEGER,
  state TEXT NOT NULL CONSTRAINT ck_plan_state_known CHECK (state IN ('current', 'superseded')),
  input_digest TEXT NOT NULL CONSTRAINT ck_plan_input_digest_length CHECK (length(input_digest) BETWEEN 64 AND 64),
  objective_vnd INTEGER NOT NULL CONSTRAINT ck_plan_objective_vnd_range CHECK (objective_vnd BETWEEN -9000000000000000 AND 9000000000000000),
  bound_vnd INTEGER CONSTRAINT ck_plan_bound_vnd_range CHECK (bound_vnd BETWEEN -9000000000000000 AND 9000000000000000),
  status TEXT NOT NULL CONSTRAINT ck_plan_status_length CHECK (length(status) BETWEEN 1 AND 40),
  termination TEXT NOT NULL CONSTRAINT ck_plan_termination_length CHECK (length(termination) BETWEEN 1 AND 40),
  seconds REAL NOT NULL CONSTRAINT ck_plan_seconds_range CHECK (seconds BETWEEN 0 AND 1000000000000.0),
  seed INTEGER NOT NULL CONSTRAINT ck_plan_seed_range CHECK (seed BETWEEN 0 AND 2147483647),
  engine TEXT NOT NULL CONSTRAINT ck_plan_engine_length CHECK (length(engine) BETWEEN 1 AND 100),
  figures TEXT NOT NULL,
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_plan_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_plan_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_plan PRIMARY KEY (id),
  CONSTRAINT uq_plan_uid UNIQUE (uid),
  CONSTRAINT fk_plan_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT uq_plan_run_id UNIQUE (run_id),
  CONSTRAINT fk_plan_run_id FOREIGN KEY(run_id) REFERENCES run (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_plan_association_id_created_at_id ON "plan" (association_id, created_at, id)
-- next
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
  CONSTRAINT ck_planting_area_suspended_until_date CHECK (suspended_until = date(suspended_until))
)
 STRICT
-- next
CREATE INDEX ix_planting_area_organisation_id ON planting_area (organisation_id)
-- next
CREATE INDEX ix_planting_area_product_id ON planting_area (product_id)
-- next
CREATE TABLE product_unit (
  id INTEGER NOT NULL,
  product_id INTEGER NOT NULL,
  unit TEXT NOT NULL CONSTRAINT ck_product_unit_unit_known CHECK (unit IN ('kg', 'yến', 'tạ', 'tấn', 'quả', 'thùng')),
  grams INTEGER NOT NULL CONSTRAINT ck_product_unit_grams_range CHECK (grams BETWEEN 1 AND 1000000000),
  valid_from TEXT NOT NULL,
  source TEXT NOT NULL CONSTRAINT ck_product_unit_source_length CHECK (length(source) BETWEEN 1 AND 500),
  CONSTRAINT pk_product_unit PRIMARY KEY (id),
  CONSTRAINT uq_product_unit_product_id_unit_valid_from UNIQUE (product_id, unit, valid_from),
  CONSTRAINT ck_product_unit_unit_needs_weight CHECK (unit IN ('quả', 'thùng')),
  CONSTRAINT fk_product_unit_product_id FOREIGN KEY(product_id) REFERENCES product (id) ON DELETE RESTRICT,
  CONSTRAINT ck_product_unit_valid_from_date CHECK (valid_from = date(valid_from))
)
 STRICT
-- next
CREATE TABLE run_input (
  run_id INTEGER NOT NULL,
  media_type TEXT NOT NULL CONSTRAINT ck_run_input_media_type_length CHECK (length(media_type) BETWEEN 1 AND 100),
  rows TEXT NOT NULL,
  content BLOB NOT NULL,
  CONSTRAINT pk_run_input PRIMARY KEY (run_id),
  CONSTRAINT fk_run_input_run_id FOREIGN KEY(run_id) REFERENCES run (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE TABLE run_progress (
  run_id INTEGER NOT NULL,
  seq INTEGER NOT NULL CONSTRAINT ck_run_progress_seq_range CHECK (seq BETWEEN 1 AND 1000000000),
  attempt INTEGER NOT NULL CONSTRAINT ck_run_progress_attempt_range CHECK (attempt BETWEEN 1 AND 1000),
  seconds REAL NOT NULL CONSTRAINT ck_run_progress_seconds_range CHECK (seconds BETWEEN 0 AND 1000000000000.0),
  phase TEXT NOT NULL CONSTRAINT ck_run_progress_phase_length CHECK (length(phase) BETWEEN 1 AND 40),
  objective_vnd INTEGER CONSTRAINT ck_run_progress_objective_vnd_range CHECK (objective_vnd BETWEEN -9000000000000000 AND 9000000000000000),
  bound_vnd INTEGER CONSTRAINT ck_run_progress_bound_vnd_range CHECK (bound_vnd BETWEEN -9000000000000000 AND 9000000000000000),
  CONSTRAINT pk_run_progress PRIMARY KEY (run_id, seq),
  CONSTRAINT fk_run_progress_run_id FOREIGN KEY(run_id) REFERENCES run (id) ON DELETE RESTRICT
)
 STRICT
-- next
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
CREATE INDEX ix_site_association_id_kind_sort_key_id ON site (association_id, kind, sort_key, id)
-- next
CREATE INDEX ix_site_commune_code ON site (commune_code)
-- next
CREATE INDEX ix_site_organisation_id ON site (organisation_id)
-- next
CREATE TABLE user_account (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_user_account_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  name TEXT NOT NULL CONSTRAINT ck_user_account_name_length CHECK (length(name) BETWEEN 1 AND 200),
  sort_key TEXT NOT NULL CONSTRAINT ck_user_account_sort_key_length CHECK (length(sort_key) BETWEEN 1 AND 4000),
  search_key TEXT NOT NULL CONSTRAINT ck_user_account_search_key_length CHECK (length(search_key) BETWEEN 1 AND 400),
  association_id INTEGER,
  organisation_id INTEGER,
  login TEXT NOT NULL CONSTRAINT ck_user_account_login_length CHECK (length(login) BETWEEN 1 AND 254),
  password_hash TEXT CONSTRAINT ck_user_account_password_hash_length CHECK (length(password_hash) BETWEEN 1 AND 500),
  oidc_subject TEXT CONSTRAINT ck_user_account_oidc_subject_length CHECK (length(oidc_subject) BETWEEN 1 AND 500),
  phone TEXT CONSTRAINT ck_user_account_phone_length CHECK (length(phone) BETWEEN 1 AND 40),
  language TEXT NOT NULL CONSTRAINT ck_user_account_language_known CHECK (language IN ('vi', 'en')),
  active INTEGER NOT NULL,
  failed_logins INTEGER NOT NULL CONSTRAINT ck_user_account_failed_logins_range CHECK (failed_logins BETWEEN 0 AND 1000000000),
  locked_until TEXT,
  erased_at TEXT,
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_user_account_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_user_account_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_user_account PRIMARY KEY (id),
  CONSTRAINT uq_user_account_uid UNIQUE (uid),
  CONSTRAINT fk_user_account_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_user_account_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT uq_user_account_login UNIQUE (login),
  CONSTRAINT uq_user_account_oidc_subject UNIQUE (oidc_subject),
  CONSTRAINT ck_user_account_active_flag CHECK (active IN (0, 1))
)
 STRICT
-- next
CREATE INDEX ix_user_account_association_id ON user_account (association_id)
-- next
CREATE INDEX ix_user_account_organisation_id ON user_account (organisation_id)
-- next
CREATE TABLE variety (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_variety_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  name TEXT NOT NULL CONSTRAINT ck_variety_name_length CHECK (length(name) BETWEEN 1 AND 200),
  sort_key TEXT NOT NULL CONSTRAINT ck_variety_sort_key_length CHECK (length(sort_key) BETWEEN 1 AND 4000),
  search_key TEXT NOT NULL CONSTRAINT ck_variety_search_key_length CHECK (length(search_key) BETWEEN 1 AND 400),
  product_id INTEGER NOT NULL,
  code TEXT NOT NULL CONSTRAINT ck_variety_code_length CHECK (length(code) BETWEEN 1 AND 100),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_variety_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_variety_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_variety PRIMARY KEY (id),
  CONSTRAINT uq_variety_product_id_code UNIQUE (product_id, code),
  CONSTRAINT uq_variety_product_id_id UNIQUE (product_id, id),
  CONSTRAINT uq_variety_uid UNIQUE (uid),
  CONSTRAINT fk_variety_product_id FOREIGN KEY(product_id) REFERENCES product (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE TABLE webhook_endpoint (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_webhook_endpoint_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  organisation_id INTEGER,
  url TEXT NOT NULL CONSTRAINT ck_webhook_endpoint_url_length CHECK (length(url) BETWEEN 1 AND 2000),
  secret TEXT NOT NULL CONSTRAINT ck_webhook_endpoint_secret_length CHECK (length(secret) BETWEEN 1 AND 200),
  previous_secret TEXT CONSTRAINT ck_webhook_endpoint_previous_secret_length CHECK (length(previous_secret) BETWEEN 1 AND 200),
  previous_until TEXT,
  events TEXT NOT NULL,
  state TEXT NOT NULL CONSTRAINT ck_webhook_endpoint_state_known CHECK (state IN ('active', 'disabled')),
  disabled_why TEXT NOT NULL CONSTRAINT ck_webhook_endpoint_disabled_why_length CHECK (length(disabled_why) BETWEEN 0 AND 500),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_webhook_endpoint_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_webhook_endpoint_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_webhook_endpoint PRIMARY KEY (id),
  CONSTRAINT uq_webhook_endpoint_uid UNIQUE (uid),
  CONSTRAINT fk_webhook_endpoint_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_webhook_endpoint_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_webhook_endpoint_association_id ON webhook_endpoint (association_id)
-- next
CREATE INDEX ix_webhook_endpoint_organisation_id ON webhook_endpoint (organisation_id)
-- next
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
  CONSTRAINT pk_certificate PRIMARY KEY (id),
  CONSTRAINT ck_certificate_valid_from_before_valid_until CHECK (valid_from <= valid_until),
  CONSTRAINT uq_certificate_uid UNIQUE (uid),
  CONSTRAINT fk_certificate_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_certificate_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_certificate_product_id FOREIGN KEY(product_id) REFERENCES product (id) ON DELETE RESTRICT,
  CONSTRAINT ck_certificate_valid_from_date CHECK (valid_from = date(valid_from)),
  CONSTRAINT ck_certificate_valid_until_date CHECK (valid_until = date(valid_until)),
  CONSTRAINT fk_certificate_evidence_id FOREIGN KEY(evidence_id) REFERENCES evidence (id) ON DELETE RESTRICT,
  CONSTRAINT ck_certificate_withdrawn_on_date CHECK (withdrawn_on = date(withdrawn_on))
)
 STRICT
-- next
CREATE INDEX ix_certificate_association_id_valid_until_id ON certificate (association_id, valid_until, id)
-- next
CREATE INDEX ix_certificate_evidence_id ON certificate (evidence_id)
-- next
CREATE INDEX ix_certificate_organisation_id ON certificate (organisation_id)
-- next
CREATE INDEX ix_certificate_product_id ON certificate (product_id)
-- next
CREATE TABLE contract (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_contract_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  organisation_id INTEGER NOT NULL,
  supplier_id INTEGER,
  code TEXT NOT NULL CONSTRAINT ck_contract_code_length CHECK (length(code) BETWEEN 1 AND 100),
  product_id INTEGER NOT NULL,
  max_grade INTEGER NOT NULL CONSTRAINT ck_contract_max_grade_range CHECK (max_grade BETWEEN 1 AND 100),
  quantity_kg INTEGER NOT NULL CONSTRAINT ck_contract_quantity_kg_range CHECK (quantity_kg BETWEEN 1 AND 10000000000),
  called_kg INTEGER NOT NULL,
  price_vnd_per_kg INTEGER NOT NULL CONSTRAINT ck_contract_price_vnd_per_kg_range CHECK (price_vnd_per_kg BETWEEN 0 AND 1000000000),
  short_vnd_per_kg INTEGER NOT NULL CONSTRAINT ck_contract_short_vnd_per_kg_range CHECK (short_vnd_per_kg BETWEEN 0 AND 1000000000),
  payment_days INTEGER CONSTRAINT ck_contract_payment_days_range CHECK (payment_days BETWEEN 0 AND 3650),
  valid_from TEXT NOT NULL,
  valid_until TEXT NOT NULL,
  status TEXT NOT NULL CONSTRAINT ck_contract_status_known CHECK (status IN ('draft', 'active', 'closed', 'cancelled')),
  evidence_id INTEGER,
  note TEXT NOT NULL CONSTRAINT ck_contract_note_length CHECK (length(note) BETWEEN 0 AND 2000),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_contract_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_contract_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_contract PRIMARY KEY (id),
  CONSTRAINT uq_contract_association_id_code UNIQUE (association_id, code),
  CONSTRAINT ck_contract_called_within_agreed CHECK (called_kg BETWEEN 0 AND quantity_kg),
  CONSTRAINT ck_contract_valid_from_before_valid_until CHECK (valid_from <= valid_until AND valid_from >= '1900-01-01' AND valid_until <= '2200-12-31'),
  CONSTRAINT uq_contract_uid UNIQUE (uid),
  CONSTRAINT fk_contract_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_contract_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_contract_supplier_id FOREIGN KEY(supplier_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_contract_product_id FOREIGN KEY(product_id) REFERENCES product (id) ON DELETE RESTRICT,
  CONSTRAINT ck_contract_valid_from_date CHECK (valid_from = date(valid_from)),
  CONSTRAINT ck_contract_valid_until_date CHECK (valid_until = date(valid_until)),
  CONSTRAINT fk_contract_evidence_id FOREIGN KEY(evidence_id) REFERENCES evidence (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_contract_association_id_created_at_id ON contract (association_id, created_at, id)
-- next
CREATE INDEX ix_contract_evidence_id ON contract (evidence_id)
-- next
CREATE INDEX ix_contract_organisation_id_created_at_id ON contract (organisation_id, created_at, id)
-- next
CREATE INDEX ix_contract_product_id ON contract (product_id)
-- next
CREATE INDEX ix_contract_supplier_id ON contract (supplier_id)
-- next
CREATE TABLE login_session (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_login_session_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  user_id INTEGER NOT NULL,
  token_hash TEXT NOT NULL CONSTRAINT ck_login_session_token_hash_length CHECK (length(token_hash) BETWEEN 64 AND 64),
  csrf_hash TEXT NOT NULL CONSTRAINT ck_login_session_csrf_hash_length CHECK (length(csrf_hash) BETWEEN 64 AND 64),
  created_at TEXT NOT NULL,
  seen_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  revoked_at TEXT,
  address TEXT NOT NULL CONSTRAINT ck_login_session_address_length CHECK (length(address) BETWEEN 0 AND 100),
  agent TEXT NOT NULL CONSTRAINT ck_login_session_agent_length CHECK (length(agent) BETWEEN 0 AND 500),
  CONSTRAINT pk_login_session PRIMARY KEY (id),
  CONSTRAINT uq_login_session_uid UNIQUE (uid),
  CONSTRAINT fk_login_session_user_id FOREIGN KEY(user_id) REFERENCES user_account (id) ON DELETE RESTRICT,
  CONSTRAINT uq_login_session_token_hash UNIQUE (token_hash)
)
 STRICT
-- next
CREATE INDEX ix_login_session_user_id ON login_session (user_id)
-- next
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
  stated_unit TEXT CONSTRAINT ck_lot_stated_unit_known CHECK (stated_unit IN ('kg', 'yến', 'tạ', 'tấn', 'quả', 'thùng')),
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
CREATE INDEX ix_lot_association_id_ask_vnd_per_kg_id ON lot (association_id, ask_vnd_per_kg, id)
-- next
CREATE INDEX ix_lot_association_id_available_from_id ON lot (association_id, available_from, id)
-- next
CREATE INDEX ix_lot_association_id_created_at_id ON lot (association_id, created_at, id)
-- next
CREATE INDEX ix_lot_association_id_quantity_kg_id ON lot (association_id, quantity_kg, id)
-- next
CREATE INDEX ix_lot_association_id_status_available_from_id ON lot (association_id, status, available_from, id)
-- next
CREATE INDEX ix_lot_organisation_id_ask_vnd_per_kg_id ON lot (organisation_id, ask_vnd_per_kg, id)
-- next
CREATE INDEX ix_lot_organisation_id_available_from_id ON lot (organisation_id, available_from, id)
-- next
CREATE INDEX ix_lot_organisation_id_code_id ON lot (organisation_id, code, id)
-- next
CREATE INDEX ix_lot_organisation_id_created_at_id ON lot (organisation_id, created_at, id)
-- next
CREATE INDEX ix_lot_organisation_id_quantity_kg_id ON lot (organisation_id, quantity_kg, id)
-- next
CREATE INDEX ix_lot_organisation_id_status_available_from_id ON lot (organisation_id, status, available_from, id)
-- next
CREATE INDEX ix_lot_product_id ON lot (product_id)
-- next
CREATE INDEX ix_lot_site_id ON lot (site_id)
-- next
CREATE INDEX ix_lot_supplier_id ON lot (supplier_id)
-- next
CREATE TABLE proposal (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_proposal_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  plan_id INTEGER NOT NULL,
  organisation_id INTEGER NOT NULL,
  side TEXT NOT NULL CONSTRAINT ck_proposal_side_known CHECK (side IN ('supply', 'demand', 'logistics')),
  state TEXT NOT NULL CONSTRAINT ck_proposal_state_known CHECK (state IN ('proposed', 'approved', 'rejected', 'superseded')),
  confirmed_at TEXT,
  confirmed_by TEXT CONSTRAINT ck_proposal_confirmed_by_length CHECK (length(confirmed_by) BETWEEN 1 AND 200),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_proposal_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_proposal_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_proposal PRIMARY KEY (id),
  CONSTRAINT uq_proposal_plan_id_side_organisation_id UNIQUE (plan_id, side, organisation_id),
  CONSTRAINT ck_proposal_side_trades CHECK (side IN ('supply', 'demand')),
  CONSTRAINT uq_proposal_uid UNIQUE (uid),
  CONSTRAINT fk_proposal_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_proposal_plan_id FOREIGN KEY(plan_id) REFERENCES "plan" (id) ON DELETE RESTRICT,
  CONSTRAINT fk_proposal_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_proposal_association_id_state_created_at_id ON proposal (association_id, state, created_at, id)
-- next
CREATE INDEX ix_proposal_organisation_id_state_created_at_id ON proposal (organisation_id, state, created_at, id)
-- next
CREATE TABLE receiving_slot (
  id INTEGER NOT NULL,
  site_id INTEGER NOT NULL,
  weekday INTEGER NOT NULL CONSTRAINT ck_receiving_slot_weekday_range CHECK (weekday BETWEEN 0 AND 6),
  open_from_min INTEGER NOT NULL CONSTRAINT ck_receiving_slot_open_from_min_range CHECK (open_from_min BETWEEN 0 AND 1440),
  open_until_min INTEGER NOT NULL CONSTRAINT ck_receiving_slot_open_until_min_range CHECK (open_until_min BETWEEN 0 AND 1440),
  capacity_kg INTEGER CONSTRAINT ck_receiving_slot_capacity_kg_range CHECK (capacity_kg BETWEEN 1 AND 10000000),
  max_vehicles INTEGER CONSTRAINT ck_receiving_slot_max_vehicles_range CHECK (max_vehicles BETWEEN 1 AND 10000),
  valid_from TEXT NOT NULL,
  valid_until TEXT,
  CONSTRAINT pk_receiving_slot PRIMARY KEY (id),
  CONSTRAINT uq_receiving_slot_site_id_weekday_open_from_min_valid_from UNIQUE (site_id, weekday, open_from_min, valid_from),
  CONSTRAINT ck_receiving_slot_slot_has_length CHECK (open_from_min <> open_until_min),
  CONSTRAINT ck_receiving_slot_valid_from_before_valid_until CHECK (valid_from <= valid_until AND valid_from >= '1900-01-01' AND valid_until <= '2200-12-31'),
  CONSTRAINT fk_receiving_slot_site_id FOREIGN KEY(site_id) REFERENCES site (id) ON DELETE RESTRICT,
  CONSTRAINT ck_receiving_slot_valid_from_date CHECK (valid_from = date(valid_from)),
  CONSTRAINT ck_receiving_slot_valid_until_date CHECK (valid_until = date(valid_until))
)
 STRICT
-- next
CREATE TABLE road (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_road_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  from_site_id INTEGER NOT NULL,
  to_site_id INTEGER NOT NULL,
  km REAL CONSTRAINT ck_road_km_range CHECK (km BETWEEN 0 AND 1000000000000.0),
  minutes REAL CONSTRAINT ck_road_minutes_range CHECK (minutes BETWEEN 0 AND 1000000000000.0),
  vnd_per_kg REAL CONSTRAINT ck_road_vnd_per_kg_range CHECK (vnd_per_kg BETWEEN 0 AND 1000000000000.0),
  fixed_vnd INTEGER NOT NULL CONSTRAINT ck_road_fixed_vnd_range CHECK (fixed_vnd BETWEEN 0 AND 9000000000000000),
  capacity_kg INTEGER CONSTRAINT ck_road_capacity_kg_range CHECK (capacity_kg BETWEEN 0 AND 9000000000000000),
  transit_days INTEGER NOT NULL CONSTRAINT ck_road_transit_days_range CHECK (transit_days BETWEEN 0 AND 3650),
  cold INTEGER NOT NULL,
  source TEXT NOT NULL CONSTRAINT ck_road_source_length CHECK (length(source) BETWEEN 0 AND 500),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_road_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_road_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_road PRIMARY KEY (id),
  CONSTRAINT uq_road_association_id_from_site_id_to_site_id UNIQUE (association_id, from_site_id, to_site_id),
  CONSTRAINT uq_road_uid UNIQUE (uid),
  CONSTRAINT fk_road_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_road_from_site_id FOREIGN KEY(from_site_id) REFERENCES site (id) ON DELETE RESTRICT,
  CONSTRAINT fk_road_to_site_id FOREIGN KEY(to_site_id) REFERENCES site (id) ON DELETE RESTRICT,
  CONSTRAINT ck_road_cold_flag CHECK (cold IN (0, 1))
)
 STRICT
-- next
CREATE INDEX ix_road_from_site_id ON road (from_site_id)
-- next
CREATE INDEX ix_road_to_site_id ON road (to_site_id)
-- next
CREATE TABLE role_grant (
  user_id INTEGER NOT NULL,
  role TEXT NOT NULL CONSTRAINT ck_role_grant_role_known CHECK (role IN ('clerk', 'procurement', 'broker', 'manager', 'administrator', 'auditor', 'partner')),
  granted_at TEXT NOT NULL,
  granted_by TEXT NOT NULL CONSTRAINT ck_role_grant_granted_by_length CHECK (length(granted_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_role_grant PRIMARY KEY (user_id, role),
  CONSTRAINT fk_role_grant_user_id FOREIGN KEY(user_id) REFERENCES user_account (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE TABLE vehicle_class (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_vehicle_class_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  organisation_id INTEGER,
  code TEXT NOT NULL CONSTRAINT ck_vehicle_class_code_length CHECK (length(code) BETWEEN 1 AND 100),
  payload_kg INTEGER NOT NULL CONSTRAINT ck_vehicle_class_payload_kg_range CHECK (payload_kg BETWEEN 0 AND 9000000000000000),
  volume_l REAL CONSTRAINT ck_vehicle_class_volume_l_range CHECK (volume_l BETWEEN 0 AND 1000000000000.0),
  refrigerated INTEGER NOT NULL,
  kmh REAL NOT NULL CONSTRAINT ck_vehicle_class_kmh_range CHECK (kmh BETWEEN 0.001 AND 1000000000000.0),
  count_per_day INTEGER CONSTRAINT ck_vehicle_class_count_per_day_range CHECK (count_per_day BETWEEN 0 AND 9000000000000000),
  max_stops INTEGER NOT NULL CONSTRAINT ck_vehicle_class_max_stops_range CHECK (max_stops BETWEEN 0 AND 9000000000000000),
  max_hours REAL NOT NULL CONSTRAINT ck_vehicle_class_max_hours_range CHECK (max_hours BETWEEN 0 AND 1000000000000.0),
  base_site_id INTEGER,
  retired_on TEXT,
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_vehicle_class_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_vehicle_class_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_vehicle_class PRIMARY KEY (id),
  CONSTRAINT uq_vehicle_class_association_id_code UNIQUE (association_id, code),
  CONSTRAINT uq_vehicle_class_uid UNIQUE (uid),
  CONSTRAINT fk_vehicle_class_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_vehicle_class_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT ck_vehicle_class_refrigerated_flag CHECK (refrigerated IN (0, 1)),
  CONSTRAINT fk_vehicle_class_base_site_id FOREIGN KEY(base_site_id) REFERENCES site (id) ON DELETE RESTRICT,
  CONSTRAINT ck_vehicle_class_retired_on_date CHECK (retired_on = date(retired_on))
)
 STRICT
-- next
CREATE INDEX ix_vehicle_class_base_site_id ON vehicle_class (base_site_id)
-- next
CREATE INDEX ix_vehicle_class_organisation_id ON vehicle_class (organisation_id)
-- next
CREATE TABLE webhook_delivery (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_webhook_delivery_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  endpoint_id INTEGER NOT NULL,
  event_id INTEGER NOT NULL,
  state TEXT NOT NULL CONSTRAINT ck_webhook_delivery_state_known CHECK (state IN ('pending', 'delivered', 'failed')),
  attempts INTEGER NOT NULL CONSTRAINT ck_webhook_delivery_attempts_range CHECK (attempts BETWEEN 0 AND 1000),
  due_at TEXT NOT NULL,
  delivered_at TEXT,
  status INTEGER CONSTRAINT ck_webhook_delivery_status_range CHECK (status BETWEEN 100 AND 599),
  response TEXT NOT NULL CONSTRAINT ck_webhook_delivery_response_length CHECK (length(response) BETWEEN 0 AND 2048),
  CONSTRAINT pk_webhook_delivery PRIMARY KEY (id),
  CONSTRAINT uq_webhook_delivery_endpoint_id_event_id UNIQUE (endpoint_id, event_id),
  CONSTRAINT uq_webhook_delivery_uid UNIQUE (uid),
  CONSTRAINT fk_webhook_delivery_endpoint_id FOREIGN KEY(endpoint_id) REFERENCES webhook_endpoint (id) ON DELETE RESTRICT,
  CONSTRAINT fk_webhook_delivery_event_id FOREIGN KEY(event_id) REFERENCES outbox_event (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_webhook_delivery_due ON webhook_delivery (due_at, id) WHERE state = 'pending'
-- next
CREATE INDEX ix_webhook_delivery_event_id ON webhook_delivery (event_id)
-- next
CREATE TABLE call_off (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_call_off_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  contract_id INTEGER NOT NULL,
  site_id INTEGER NOT NULL,
  code TEXT NOT NULL CONSTRAINT ck_call_off_code_length CHECK (length(code) BETWEEN 1 AND 100),
  quantity_kg INTEGER NOT NULL CONSTRAINT ck_call_off_quantity_kg_range CHECK (quantity_kg BETWEEN 1 AND 10000000),
  deliver_from TEXT NOT NULL,
  deliver_until TEXT NOT NULL,
  status TEXT NOT NULL CONSTRAINT ck_call_off_status_known CHECK (status IN ('draft', 'active', 'closed', 'cancelled')),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_call_off_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_call_off_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_call_off PRIMARY KEY (id),
  CONSTRAINT uq_call_off_contract_id_code UNIQUE (contract_id, code),
  CONSTRAINT ck_call_off_deliver_from_before_deliver_until CHECK (deliver_from <= deliver_until AND deliver_from >= '1900-01-01' AND deliver_until <= '2200-12-31'),
  CONSTRAINT uq_call_off_uid UNIQUE (uid),
  CONSTRAINT fk_call_off_contract_id FOREIGN KEY(contract_id) REFERENCES contract (id) ON DELETE RESTRICT,
  CONSTRAINT fk_call_off_site_id FOREIGN KEY(site_id) REFERENCES site (id) ON DELETE RESTRICT,
  CONSTRAINT ck_call_off_deliver_from_date CHECK (deliver_from = date(deliver_from)),
  CONSTRAINT ck_call_off_deliver_until_date CHECK (deliver_until = date(deliver_until))
)
 STRICT
-- next
CREATE INDEX ix_call_off_site_id ON call_off (site_id)
-- next
CREATE TABLE forecast_revision (
  id INTEGER NOT NULL,
  lot_id INTEGER NOT NULL,
  expected_kg INTEGER NOT NULL CONSTRAINT ck_forecast_revision_expected_kg_range CHECK (expected_kg BETWEEN 0 AND 10000000),
  low_kg INTEGER NOT NULL CONSTRAINT ck_forecast_revision_low_kg_range CHECK (low_kg BETWEEN 0 AND 10000000),
  high_kg INTEGER NOT NULL CONSTRAINT ck_forecast_revision_high_kg_range CHECK (high_kg BETWEEN 0 AND 10000000),
  available_from TEXT NOT NULL,
  available_until TEXT NOT NULL,
  reason TEXT NOT NULL CONSTRAINT ck_forecast_revision_reason_length CHECK (length(reason) BETWEEN 1 AND 1000),
  made_at TEXT NOT NULL,
  made_by TEXT NOT NULL CONSTRAINT ck_forecast_revision_made_by_length CHECK (length(made_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_forecast_revision PRIMARY KEY (id),
  CONSTRAINT ck_forecast_revision_percentiles_in_order CHECK (low_kg <= expected_kg AND expected_kg <= high_kg),
  CONSTRAINT ck_forecast_revision_available_from_before_available_until CHECK (available_from <= available_until AND available_from >= '1900-01-01' AND available_until <= '2200-12-31'),
  CONSTRAINT fk_forecast_revision_lot_id FOREIGN KEY(lot_id) REFERENCES lot (id) ON DELETE RESTRICT,
  CONSTRAINT ck_forecast_revision_available_from_date CHECK (available_from = date(available_from)),
  CONSTRAINT ck_forecast_revision_available_until_date CHECK (available_until = date(available_until))
)
 STRICT
-- next
CREATE INDEX ix_forecast_revision_lot_id ON forecast_revision (lot_id)
-- next
CREATE TABLE lot_balance (
  lot_id INTEGER NOT NULL,
  quantity_kg INTEGER NOT NULL CONSTRAINT ck_lot_balance_quantity_kg_range CHECK (quantity_kg BETWEEN 0 AND 10000000),
  offered_kg INTEGER NOT NULL CONSTRAINT ck_lot_balance_offered_kg_range CHECK (offered_kg BETWEEN 0 AND 10000000),
  held_kg INTEGER NOT NULL CONSTRAINT ck_lot_balance_held_kg_range CHECK (held_kg BETWEEN 0 AND 10000000),
  confirmed_kg INTEGER NOT NULL CONSTRAINT ck_lot_balance_confirmed_kg_range CHECK (confirmed_kg BETWEEN 0 AND 10000000),
  loaded_kg INTEGER NOT NULL CONSTRAINT ck_lot_balance_loaded_kg_range CHECK (loaded_kg BETWEEN 0 AND 10000000),
  accepted_kg INTEGER NOT NULL CONSTRAINT ck_lot_balance_accepted_kg_range CHECK (accepted_kg BETWEEN 0 AND 10000000),
  rejected_kg INTEGER NOT NULL CONSTRAINT ck_lot_balance_rejected_kg_range CHECK (rejected_kg BETWEEN 0 AND 10000000),
  settled_kg INTEGER NOT NULL CONSTRAINT ck_lot_balance_settled_kg_range CHECK (settled_kg BETWEEN 0 AND 10000000),
  withdrawn_kg INTEGER NOT NULL CONSTRAINT ck_lot_balance_withdrawn_kg_range CHECK (withdrawn_kg BETWEEN 0 AND 10000000),
  CONSTRAINT pk_lot_balance PRIMARY KEY (lot_id),
  CONSTRAINT ck_lot_balance_conserved CHECK (offered_kg + held_kg + confirmed_kg + loaded_kg + accepted_kg + rejected_kg + settled_kg + withdrawn_kg = quantity_kg),
  CONSTRAINT fk_lot_balance_lot_id FOREIGN KEY(lot_id) REFERENCES lot (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE TABLE lot_share (
  lot_id INTEGER NOT NULL,
  member_id INTEGER NOT NULL,
  kg INTEGER NOT NULL CONSTRAINT ck_lot_share_kg_range CHECK (kg BETWEEN 1 AND 10000000),
  CONSTRAINT pk_lot_share PRIMARY KEY (lot_id, member_id),
  CONSTRAINT fk_lot_share_lot_id FOREIGN KEY(lot_id) REFERENCES lot (id) ON DELETE RESTRICT,
  CONSTRAINT fk_lot_share_member_id FOREIGN KEY(member_id) REFERENCES member (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_lot_share_member_id ON lot_share (member_id)
-- next
CREATE TABLE plan_trip (
  id INTEGER NOT NULL,
  plan_id INTEGER NOT NULL,
  number INTEGER NOT NULL CONSTRAINT ck_plan_trip_number_range CHECK (number BETWEEN 0 AND 1000000000),
  vehicle_class_id INTEGER,
  km REAL NOT NULL CONSTRAINT ck_plan_trip_km_range CHECK (km BETWEEN 0 AND 1000000000000.0),
  cost_vnd INTEGER NOT NULL CONSTRAINT ck_plan_trip_cost_vnd_range CHECK (cost_vnd BETWEEN 0 AND 9000000000000000),
  CONSTRAINT pk_plan_trip PRIMARY KEY (id),
  CONSTRAINT uq_plan_trip_plan_id_number UNIQUE (plan_id, number),
  CONSTRAINT fk_plan_trip_plan_id FOREIGN KEY(plan_id) REFERENCES "plan" (id) ON DELETE RESTRICT,
  CONSTRAINT fk_plan_trip_vehicle_class_id FOREIGN KEY(vehicle_class_id) REFERENCES vehicle_class (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_plan_trip_vehicle_class_id ON plan_trip (vehicle_class_id)
-- next
CREATE TABLE suspension (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_suspension_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  certificate_id INTEGER NOT NULL,
  from_day TEXT NOT NULL,
  until_day TEXT,
  reason TEXT NOT NULL CONSTRAINT ck_suspension_reason_length CHECK (length(reason) BETWEEN 1 AND 1000),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_suspension_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_suspension_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_suspension PRIMARY KEY (id),
  CONSTRAINT ck_suspension_from_day_before_until_day CHECK (from_day <= until_day AND from_day >= '1900-01-01' AND until_day <= '2200-12-31'),
  CONSTRAINT uq_suspension_uid UNIQUE (uid),
  CONSTRAINT fk_suspension_certificate_id FOREIGN KEY(certificate_id) REFERENCES certificate (id) ON DELETE RESTRICT,
  CONSTRAINT ck_suspension_from_day_date CHECK (from_day = date(from_day)),
  CONSTRAINT ck_suspension_until_day_date CHECK (until_day = date(until_day))
)
 STRICT
-- next
CREATE INDEX ix_suspension_certificate_id ON suspension (certificate_id)
-- next
CREATE TABLE tariff (
  id INTEGER NOT NULL,
  vehicle_class_id INTEGER NOT NULL,
  valid_from TEXT NOT NULL,
  fixed_vnd INTEGER NOT NULL CONSTRAINT ck_tariff_fixed_vnd_range CHECK (fixed_vnd BETWEEN 0 AND 9000000000000000),
  source TEXT NOT NULL CONSTRAINT ck_tariff_source_length CHECK (length(source) BETWEEN 1 AND 500),
  CONSTRAINT pk_tariff PRIMARY KEY (id),
  CONSTRAINT uq_tariff_vehicle_class_id_valid_from UNIQUE (vehicle_class_id, valid_from),
  CONSTRAINT fk_tariff_vehicle_class_id FOREIGN KEY(vehicle_class_id) REFERENCES vehicle_class (id) ON DELETE RESTRICT,
  CONSTRAINT ck_tariff_valid_from_date CHECK (valid_from = date(valid_from))
)
 STRICT
-- next
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
  stated_unit TEXT CONSTRAINT ck_demand_line_stated_unit_known CHECK (stated_unit IN ('kg', 'yến', 'tạ', 'tấn', 'quả', 'thùng')),
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
-- next
CREATE INDEX ix_demand_line_association_id_bid_vnd_per_kg_id ON demand_line (association_id, bid_vnd_per_kg, id)
-- next
CREATE INDEX ix_demand_line_association_id_created_at_id ON demand_line (association_id, created_at, id)
-- next
CREATE INDEX ix_demand_line_association_id_deliver_from_id ON demand_line (association_id, deliver_from, id)
-- next
CREATE INDEX ix_demand_line_association_id_quantity_kg_id ON demand_line (association_id, quantity_kg, id)
-- next
CREATE INDEX ix_demand_line_association_id_status_deliver_from_id ON demand_line (association_id, status, deliver_from, id)
-- next
CREATE INDEX ix_demand_line_order_id ON demand_line (order_id)
-- next
CREATE INDEX ix_demand_line_organisation_id_bid_vnd_per_kg_id ON demand_line (organisation_id, bid_vnd_per_kg, id)
-- next
CREATE INDEX ix_demand_line_organisation_id_code_id ON demand_line (organisation_id, code, id)
-- next
CREATE INDEX ix_demand_line_organisation_id_created_at_id ON demand_line (organisation_id, created_at, id)
-- next
CREATE INDEX ix_demand_line_organisation_id_deliver_from_id ON demand_line (organisation_id, deliver_from, id)
-- next
CREATE INDEX ix_demand_line_organisation_id_quantity_kg_id ON demand_line (organisation_id, quantity_kg, id)
-- next
CREATE INDEX ix_demand_line_organisation_id_status_deliver_from_id ON demand_line (organisation_id, status, deliver_from, id)
-- next
CREATE INDEX ix_demand_line_site_id ON demand_line (site_id)
-- next
CREATE TABLE plan_stop (
  trip_id INTEGER NOT NULL,
  seq INTEGER NOT NULL CONSTRAINT ck_plan_stop_seq_range CHECK (seq BETWEEN 1 AND 100000),
  site_id INTEGER NOT NULL,
  arrive_min INTEGER NOT NULL CONSTRAINT ck_plan_stop_arrive_min_range CHECK (arrive_min BETWEEN -1000000000 AND 1000000000),
  depart_min INTEGER NOT NULL CONSTRAINT ck_plan_stop_depart_min_range CHECK (depart_min BETWEEN -1000000000 AND 1000000000),
  CONSTRAINT pk_plan_stop PRIMARY KEY (trip_id, seq),
  CONSTRAINT ck_plan_stop_arrive_before_depart CHECK (arrive_min <= depart_min),
  CONSTRAINT fk_plan_stop_trip_id FOREIGN KEY(trip_id) REFERENCES plan_trip (id) ON DELETE RESTRICT,
  CONSTRAINT fk_plan_stop_site_id FOREIGN KEY(site_id) REFERENCES site (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_plan_stop_site_id ON plan_stop (site_id)
-- next
CREATE TABLE shipment (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_shipment_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  code TEXT NOT NULL CONSTRAINT ck_shipment_code_length CHECK (length(code) BETWEEN 1 AND 100),
  trip_id INTEGER,
  vehicle_class_id INTEGER,
  carrier_id INTEGER,
  plate TEXT NOT NULL CONSTRAINT ck_shipment_plate_length CHECK (length(plate) BETWEEN 0 AND 20),
  driver_name TEXT NOT NULL CONSTRAINT ck_shipment_driver_name_length CHECK (length(driver_name) BETWEEN 0 AND 200),
  driver_phone TEXT NOT NULL CONSTRAINT ck_shipment_driver_phone_length CHECK (length(driver_phone) BETWEEN 0 AND 40),
  cost_vnd INTEGER NOT NULL CONSTRAINT ck_shipment_cost_vnd_range CHECK (cost_vnd BETWEEN 0 AND 9000000000000000),
  from_hub INTEGER NOT NULL,
  state TEXT NOT NULL CONSTRAINT ck_shipment_state_known CHECK (state IN ('planned', 'loaded', 'delivered', 'cancelled')),
  loaded_at TEXT,
  delivered_at TEXT,
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_shipment_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_shipment_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_shipment PRIMARY KEY (id),
  CONSTRAINT uq_shipment_association_id_code UNIQUE (association_id, code),
  CONSTRAINT uq_shipment_uid UNIQUE (uid),
  CONSTRAINT fk_shipment_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_shipment_trip_id FOREIGN KEY(trip_id) REFERENCES plan_trip (id) ON DELETE RESTRICT,
  CONSTRAINT fk_shipment_vehicle_class_id FOREIGN KEY(vehicle_class_id) REFERENCES vehicle_class (id) ON DELETE RESTRICT,
  CONSTRAINT fk_shipment_carrier_id FOREIGN KEY(carrier_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT ck_shipment_from_hub_flag CHECK (from_hub IN (0, 1))
)
 STRICT
-- next
CREATE INDEX ix_shipment_association_id_state_created_at_id ON shipment (association_id, state, created_at, id)
-- next
CREATE INDEX ix_shipment_carrier_id ON shipment (carrier_id)
-- next
CREATE INDEX ix_shipment_trip_id ON shipment (trip_id)
-- next
CREATE INDEX ix_shipment_vehicle_class_id ON shipment (vehicle_class_id)
-- next
CREATE TABLE tariff_band (
  tariff_id INTEGER NOT NULL,
  from_km REAL NOT NULL CONSTRAINT ck_tariff_band_from_km_range CHECK (from_km BETWEEN 0 AND 1000000000000.0),
  vnd_per_km REAL NOT NULL CONSTRAINT ck_tariff_band_vnd_per_km_range CHECK (vnd_per_km BETWEEN 0 AND 1000000000000.0),
  CONSTRAINT pk_tariff_band PRIMARY KEY (tariff_id, from_km),
  CONSTRAINT fk_tariff_band_tariff_id FOREIGN KEY(tariff_id) REFERENCES tariff (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE TABLE decision (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_decision_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  lot_id INTEGER NOT NULL,
  line_id INTEGER NOT NULL,
  kind TEXT NOT NULL CONSTRAINT ck_decision_kind_known CHECK (kind IN ('pin', 'forbid')),
  kg INTEGER NOT NULL CONSTRAINT ck_decision_kg_range CHECK (kg BETWEEN 0 AND 10000000),
  reason_code TEXT NOT NULL CONSTRAINT ck_decision_reason_code_length CHECK (length(reason_code) BETWEEN 0 AND 100),
  note TEXT NOT NULL CONSTRAINT ck_decision_note_length CHECK (length(note) BETWEEN 0 AND 2000),
  decided_by TEXT NOT NULL CONSTRAINT ck_decision_decided_by_length CHECK (length(decided_by) BETWEEN 1 AND 200),
  revoked_at TEXT,
  revoked_by TEXT CONSTRAINT ck_decision_revoked_by_length CHECK (length(revoked_by) BETWEEN 1 AND 200),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_decision_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_decision_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_decision PRIMARY KEY (id),
  CONSTRAINT ck_decision_forbid_has_no_kg CHECK (kind = 'pin' OR kg = 0),
  CONSTRAINT uq_decision_uid UNIQUE (uid),
  CONSTRAINT fk_decision_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_decision_lot_id FOREIGN KEY(lot_id) REFERENCES lot (id) ON DELETE RESTRICT,
  CONSTRAINT fk_decision_line_id FOREIGN KEY(line_id) REFERENCES demand_line (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_decision_association_id_created_at_id ON decision (association_id, created_at, id)
-- next
CREATE INDEX ix_decision_line_id ON decision (line_id)
-- next
CREATE UNIQUE INDEX uq_decision_lot_id_line_id_active ON decision (lot_id, line_id) WHERE revoked_at IS NULL
-- next
CREATE TABLE line_balance (
  line_id INTEGER NOT NULL,
  quantity_kg INTEGER NOT NULL CONSTRAINT ck_line_balance_quantity_kg_range CHECK (quantity_kg BETWEEN 0 AND 10000000),
  promised_kg INTEGER NOT NULL,
  CONSTRAINT pk_line_balance PRIMARY KEY (line_id),
  CONSTRAINT ck_line_balance_within_demand CHECK (promised_kg BETWEEN 0 AND quantity_kg),
  CONSTRAINT fk_line_balance_line_id FOREIGN KEY(line_id) REFERENCES demand_line (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE TABLE line_product (
  line_id INTEGER NOT NULL,
  position INTEGER NOT NULL CONSTRAINT ck_line_product_position_range CHECK (position BETWEEN 0 AND 1000),
  product_id INTEGER NOT NULL,
  CONSTRAINT pk_line_product PRIMARY KEY (line_id, position),
  CONSTRAINT fk_line_product_line_id FOREIGN KEY(line_id) REFERENCES demand_line (id) ON DELETE RESTRICT,
  CONSTRAINT fk_line_product_product_id FOREIGN KEY(product_id) REFERENCES product (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_line_product_product_id ON line_product (product_id)
-- next
CREATE TABLE line_requirement (
  line_id INTEGER NOT NULL,
  position INTEGER NOT NULL CONSTRAINT ck_line_requirement_position_range CHECK (position BETWEEN 0 AND 1000),
  scheme TEXT NOT NULL CONSTRAINT ck_line_requirement_scheme_length CHECK (length(scheme) BETWEEN 1 AND 100),
  min_level INTEGER NOT NULL CONSTRAINT ck_line_requirement_min_level_range CHECK (min_level BETWEEN 0 AND 9000000000000000),
  CONSTRAINT pk_line_requirement PRIMARY KEY (line_id, position),
  CONSTRAINT fk_line_requirement_line_id FOREIGN KEY(line_id) REFERENCES demand_line (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE TABLE plan_allocation (
  id INTEGER NOT NULL,
  plan_id INTEGER NOT NULL,
  number INTEGER NOT NULL CONSTRAINT ck_plan_allocation_number_range CHECK (number BETWEEN 0 AND 1000000000),
  lot_id INTEGER NOT NULL,
  line_id INTEGER NOT NULL,
  lot_version INTEGER NOT NULL CONSTRAINT ck_plan_allocation_lot_version_range CHECK (lot_version BETWEEN 1 AND 1000000000000000),
  line_version INTEGER NOT NULL CONSTRAINT ck_plan_allocation_line_version_range CHECK (line_version BETWEEN 1 AND 1000000000000000),
  kg INTEGER NOT NULL CONSTRAINT ck_plan_allocation_kg_range CHECK (kg BETWEEN 1 AND 10000000),
  pickup_on TEXT,
  delivery_on TEXT,
  CONSTRAINT pk_plan_allocation PRIMARY KEY (id),
  CONSTRAINT uq_plan_allocation_plan_id_number UNIQUE (plan_id, number),
  CONSTRAINT fk_plan_allocation_plan_id FOREIGN KEY(plan_id) REFERENCES "plan" (id) ON DELETE RESTRICT,
  CONSTRAINT fk_plan_allocation_lot_id FOREIGN KEY(lot_id) REFERENCES lot (id) ON DELETE RESTRICT,
  CONSTRAINT fk_plan_allocation_line_id FOREIGN KEY(line_id) REFERENCES demand_line (id) ON DELETE RESTRICT,
  CONSTRAINT ck_plan_allocation_pickup_on_date CHECK (pickup_on = date(pickup_on)),
  CONSTRAINT ck_plan_allocation_delivery_on_date CHECK (delivery_on = date(delivery_on))
)
 STRICT
-- next
CREATE INDEX ix_plan_allocation_line_id ON plan_allocation (line_id)
-- next
CREATE INDEX ix_plan_allocation_lot_id ON plan_allocation (lot_id)
-- next
CREATE TABLE plan_price (
  id INTEGER NOT NULL,
  plan_id INTEGER NOT NULL,
  lot_id INTEGER,
  line_id INTEGER,
  vnd_per_kg REAL NOT NULL CONSTRAINT ck_plan_price_vnd_per_kg_range CHECK (vnd_per_kg BETWEEN -1000000000000.0 AND 1000000000000.0),
  CONSTRAINT pk_plan_price PRIMARY KEY (id),
  CONSTRAINT ck_plan_price_lot_or_line CHECK ((lot_id IS NULL) <> (line_id IS NULL)),
  CONSTRAINT fk_plan_price_plan_id FOREIGN KEY(plan_id) REFERENCES "plan" (id) ON DELETE RESTRICT,
  CONSTRAINT fk_plan_price_lot_id FOREIGN KEY(lot_id) REFERENCES lot (id) ON DELETE RESTRICT,
  CONSTRAINT fk_plan_price_line_id FOREIGN KEY(line_id) REFERENCES demand_line (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_plan_price_plan_id ON plan_price (plan_id)
-- next
CREATE TABLE plan_reason (
  id INTEGER NOT NULL,
  plan_id INTEGER NOT NULL,
  lot_id INTEGER,
  line_id INTEGER,
  open_kg INTEGER NOT NULL CONSTRAINT ck_plan_reason_open_kg_range CHECK (open_kg BETWEEN 0 AND 10000000),
  reason TEXT NOT NULL CONSTRAINT ck_plan_reason_reason_length CHECK (length(reason) BETWEEN 1 AND 100),
  detail TEXT NOT NULL CONSTRAINT ck_plan_reason_detail_length CHECK (length(detail) BETWEEN 0 AND 4000),
  CONSTRAINT pk_plan_reason PRIMARY KEY (id),
  CONSTRAINT ck_plan_reason_lot_or_line CHECK ((lot_id IS NULL) <> (line_id IS NULL)),
  CONSTRAINT fk_plan_reason_plan_id FOREIGN KEY(plan_id) REFERENCES "plan" (id) ON DELETE RESTRICT,
  CONSTRAINT fk_plan_reason_lot_id FOREIGN KEY(lot_id) REFERENCES lot (id) ON DELETE RESTRICT,
  CONSTRAINT fk_plan_reason_line_id FOREIGN KEY(line_id) REFERENCES demand_line (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_plan_reason_line_id ON plan_reason (line_id)
-- next
CREATE INDEX ix_plan_reason_lot_id ON plan_reason (lot_id)
-- next
CREATE INDEX ix_plan_reason_plan_id ON plan_reason (plan_id)
-- next
CREATE TABLE receipt (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_receipt_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  shipment_id INTEGER NOT NULL,
  site_id INTEGER NOT NULL,
  received_at TEXT NOT NULL,
  received_by TEXT NOT NULL CONSTRAINT ck_receipt_received_by_length CHECK (length(received_by) BETWEEN 1 AND 200),
  note TEXT NOT NULL CONSTRAINT ck_receipt_note_length CHECK (length(note) BETWEEN 0 AND 2000),
  photo_id INTEGER,
  CONSTRAINT pk_receipt PRIMARY KEY (id),
  CONSTRAINT uq_receipt_shipment_id_site_id UNIQUE (shipment_id, site_id),
  CONSTRAINT uq_receipt_uid UNIQUE (uid),
  CONSTRAINT fk_receipt_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_receipt_shipment_id FOREIGN KEY(shipment_id) REFERENCES shipment (id) ON DELETE RESTRICT,
  CONSTRAINT fk_receipt_site_id FOREIGN KEY(site_id) REFERENCES site (id) ON DELETE RESTRICT,
  CONSTRAINT fk_receipt_photo_id FOREIGN KEY(photo_id) REFERENCES evidence (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_receipt_association_id ON receipt (association_id)
-- next
CREATE INDEX ix_receipt_photo_id ON receipt (photo_id)
-- next
CREATE INDEX ix_receipt_site_id ON receipt (site_id)
-- next
CREATE TABLE plan_leg (
  allocation_id INTEGER NOT NULL,
  leg INTEGER NOT NULL CONSTRAINT ck_plan_leg_leg_range CHECK (leg BETWEEN 1 AND 2),
  trip_id INTEGER NOT NULL,
  from_site_id INTEGER NOT NULL,
  to_site_id INTEGER NOT NULL,
  CONSTRAINT pk_plan_leg PRIMARY KEY (allocation_id, leg),
  CONSTRAINT fk_plan_leg_allocation_id FOREIGN KEY(allocation_id) REFERENCES plan_allocation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_plan_leg_trip_id FOREIGN KEY(trip_id) REFERENCES plan_trip (id) ON DELETE RESTRICT,
  CONSTRAINT fk_plan_leg_from_site_id FOREIGN KEY(from_site_id) REFERENCES site (id) ON DELETE RESTRICT,
  CONSTRAINT fk_plan_leg_to_site_id FOREIGN KEY(to_site_id) REFERENCES site (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_plan_leg_trip_id ON plan_leg (trip_id)
-- next
CREATE TABLE proposal_item (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_proposal_item_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  allocation_id INTEGER NOT NULL,
  supply_proposal_id INTEGER NOT NULL,
  demand_proposal_id INTEGER NOT NULL,
  lot_id INTEGER NOT NULL,
  line_id INTEGER NOT NULL,
  kg INTEGER NOT NULL CONSTRAINT ck_proposal_item_kg_range CHECK (kg BETWEEN 1 AND 10000000),
  pickup_on TEXT,
  delivery_on TEXT,
  vehicle_class_id INTEGER,
  state TEXT NOT NULL CONSTRAINT ck_proposal_item_state_known CHECK (state IN ('proposed', 'approved', 'rejected', 'superseded')),
  reason_code TEXT CONSTRAINT ck_proposal_item_reason_code_known CHECK (reason_code IN ('price', 'quantity', 'quality', 'dates', 'transport', 'certificate', 'weather', 'sold_elsewhere', 'no_need', 'forbidden', 'cancelled', 'other')),
  note TEXT NOT NULL CONSTRAINT ck_proposal_item_note_length CHECK (length(note) BETWEEN 0 AND 2000),
  own_km REAL CONSTRAINT ck_proposal_item_own_km_range CHECK (own_km BETWEEN 0 AND 1000000000000.0),
  own_vnd INTEGER CONSTRAINT ck_proposal_item_own_vnd_range CHECK (own_vnd BETWEEN 0 AND 9000000000000000),
  own_load_min INTEGER CONSTRAINT ck_proposal_item_own_load_min_range CHECK (own_load_min BETWEEN -1000000000 AND 1000000000),
  own_unload_min INTEGER CONSTRAINT ck_proposal_item_own_unload_min_range CHECK (own_unload_min BETWEEN -1000000000 AND 1000000000),
  supplier_confirmed_at TEXT,
  supplier_confirmed_by TEXT CONSTRAINT ck_proposal_item_supplier_confirmed_by_length CHECK (length(supplier_confirmed_by) BETWEEN 1 AND 200),
  buyer_confirmed_at TEXT,
  buyer_confirmed_by TEXT CONSTRAINT ck_proposal_item_buyer_confirmed_by_length CHECK (length(buyer_confirmed_by) BETWEEN 1 AND 200),
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_proposal_item_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_proposal_item_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_proposal_item PRIMARY KEY (id),
  CONSTRAINT ck_proposal_item_rejection_has_reason CHECK ((state = 'rejected') = (reason_code IS NOT NULL)),
  CONSTRAINT ck_proposal_item_pickup_before_delivery CHECK (pickup_on <= delivery_on),
  CONSTRAINT ck_proposal_item_own_truck_whole CHECK ((own_km IS NULL) = (own_vnd IS NULL) AND (own_km IS NULL) = (own_load_min IS NULL) AND (own_km IS NULL) = (own_unload_min IS NULL)),
  CONSTRAINT uq_proposal_item_uid UNIQUE (uid),
  CONSTRAINT uq_proposal_item_allocation_id UNIQUE (allocation_id),
  CONSTRAINT fk_proposal_item_allocation_id FOREIGN KEY(allocation_id) REFERENCES plan_allocation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_proposal_item_supply_proposal_id FOREIGN KEY(supply_proposal_id) REFERENCES proposal (id) ON DELETE RESTRICT,
  CONSTRAINT fk_proposal_item_demand_proposal_id FOREIGN KEY(demand_proposal_id) REFERENCES proposal (id) ON DELETE RESTRICT,
  CONSTRAINT fk_proposal_item_lot_id FOREIGN KEY(lot_id) REFERENCES lot (id) ON DELETE RESTRICT,
  CONSTRAINT fk_proposal_item_line_id FOREIGN KEY(line_id) REFERENCES demand_line (id) ON DELETE RESTRICT,
  CONSTRAINT ck_proposal_item_pickup_on_date CHECK (pickup_on = date(pickup_on)),
  CONSTRAINT ck_proposal_item_delivery_on_date CHECK (delivery_on = date(delivery_on)),
  CONSTRAINT fk_proposal_item_vehicle_class_id FOREIGN KEY(vehicle_class_id) REFERENCES vehicle_class (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_proposal_item_demand_proposal_id ON proposal_item (demand_proposal_id)
-- next
CREATE INDEX ix_proposal_item_line_id ON proposal_item (line_id)
-- next
CREATE INDEX ix_proposal_item_lot_id ON proposal_item (lot_id)
-- next
CREATE INDEX ix_proposal_item_supply_proposal_id ON proposal_item (supply_proposal_id)
-- next
CREATE INDEX ix_proposal_item_vehicle_class_id ON proposal_item (vehicle_class_id)
-- next
CREATE INDEX ix_proposal_item_waiting ON proposal_item (id) WHERE state = 'approved' AND (supplier_confirmed_at IS NULL OR buyer_confirmed_at IS NULL)
-- next
CREATE TABLE promise (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_promise_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  lot_id INTEGER NOT NULL,
  line_id INTEGER NOT NULL,
  proposal_item_id INTEGER,
  price_vnd_per_kg INTEGER NOT NULL CONSTRAINT ck_promise_price_vnd_per_kg_range CHECK (price_vnd_per_kg BETWEEN 0 AND 1000000000),
  expires_at TEXT NOT NULL,
  made_at TEXT NOT NULL,
  made_by TEXT NOT NULL CONSTRAINT ck_promise_made_by_length CHECK (length(made_by) BETWEEN 1 AND 200),
  held_kg INTEGER NOT NULL CONSTRAINT ck_promise_held_kg_range CHECK (held_kg BETWEEN 0 AND 10000000),
  confirmed_kg INTEGER NOT NULL CONSTRAINT ck_promise_confirmed_kg_range CHECK (confirmed_kg BETWEEN 0 AND 10000000),
  loaded_kg INTEGER NOT NULL CONSTRAINT ck_promise_loaded_kg_range CHECK (loaded_kg BETWEEN 0 AND 10000000),
  accepted_kg INTEGER NOT NULL CONSTRAINT ck_promise_accepted_kg_range CHECK (accepted_kg BETWEEN 0 AND 10000000),
  rejected_kg INTEGER NOT NULL CONSTRAINT ck_promise_rejected_kg_range CHECK (rejected_kg BETWEEN 0 AND 10000000),
  settled_kg INTEGER NOT NULL CONSTRAINT ck_promise_settled_kg_range CHECK (settled_kg BETWEEN 0 AND 10000000),
  returned_kg INTEGER NOT NULL CONSTRAINT ck_promise_returned_kg_range CHECK (returned_kg BETWEEN 0 AND 10000000),
  CONSTRAINT pk_promise PRIMARY KEY (id),
  CONSTRAINT uq_promise_id_lot_id UNIQUE (id, lot_id),
  CONSTRAINT uq_promise_id_line_id UNIQUE (id, line_id),
  CONSTRAINT uq_promise_uid UNIQUE (uid),
  CONSTRAINT fk_promise_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT fk_promise_lot_id FOREIGN KEY(lot_id) REFERENCES lot (id) ON DELETE RESTRICT,
  CONSTRAINT fk_promise_line_id FOREIGN KEY(line_id) REFERENCES demand_line (id) ON DELETE RESTRICT,
  CONSTRAINT fk_promise_proposal_item_id FOREIGN KEY(proposal_item_id) REFERENCES proposal_item (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_promise_association_id ON promise (association_id)
-- next
CREATE INDEX ix_promise_expiry ON promise (expires_at) WHERE held_kg > 0
-- next
CREATE INDEX ix_promise_line_id ON promise (line_id)
-- next
CREATE INDEX ix_promise_lot_id ON promise (lot_id)
-- next
CREATE INDEX ix_promise_proposal_item_id ON promise (proposal_item_id)
-- next
CREATE TABLE ledger_entry (
  seq INTEGER NOT NULL,
  lot_id INTEGER NOT NULL,
  promise_id INTEGER,
  from_state TEXT NOT NULL CONSTRAINT ck_ledger_entry_from_state_known CHECK (from_state IN ('outside', 'offered', 'held', 'confirmed', 'loaded', 'accepted', 'rejected', 'settled', 'withdrawn')),
  to_state TEXT NOT NULL CONSTRAINT ck_ledger_entry_to_state_known CHECK (to_state IN ('outside', 'offered', 'held', 'confirmed', 'loaded', 'accepted', 'rejected', 'settled', 'withdrawn')),
  kg INTEGER NOT NULL CONSTRAINT ck_ledger_entry_kg_range CHECK (kg BETWEEN 1 AND 10000000),
  at TEXT NOT NULL,
  actor TEXT NOT NULL CONSTRAINT ck_ledger_entry_actor_length CHECK (length(actor) BETWEEN 1 AND 200),
  why TEXT NOT NULL CONSTRAINT ck_ledger_entry_why_length CHECK (length(why) BETWEEN 1 AND 1000),
  CONSTRAINT pk_ledger_entry PRIMARY KEY (seq),
  CONSTRAINT fk_ledger_entry_promise_id_lot_id FOREIGN KEY(promise_id, lot_id) REFERENCES promise (id, lot_id) ON DELETE RESTRICT,
  CONSTRAINT ck_ledger_entry_step_known CHECK ((from_state = 'outside' AND to_state = 'offered') OR (from_state = 'offered' AND to_state = 'outside') OR (from_state = 'offered' AND to_state = 'withdrawn') OR (from_state = 'withdrawn' AND to_state = 'offered') OR (from_state = 'offered' AND to_state = 'held') OR (from_state = 'held' AND to_state = 'offered') OR (from_state = 'held' AND to_state = 'confirmed') OR (from_state = 'confirmed' AND to_state = 'offered') OR (from_state = 'confirmed' AND to_state = 'loaded') OR (from_state = 'loaded' AND to_state = 'confirmed') OR (from_state = 'loaded' AND to_state = 'accepted') OR (from_state = 'loaded' AND to_state = 'rejected') OR (from_state = 'accepted' AND to_state = 'settled') OR (from_state = 'rejected' AND to_state = 'settled')),
  CONSTRAINT ck_ledger_entry_promised_kg_have_promise CHECK ((promise_id IS NOT NULL) = (from_state IN ('held', 'confirmed', 'loaded', 'accepted', 'rejected', 'settled') OR to_state IN ('held', 'confirmed', 'loaded', 'accepted', 'rejected', 'settled'))),
  CONSTRAINT fk_ledger_entry_lot_id FOREIGN KEY(lot_id) REFERENCES lot (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_ledger_entry_lot_id_seq ON ledger_entry (lot_id, seq)
-- next
CREATE INDEX ix_ledger_entry_promise_id_seq ON ledger_entry (promise_id, seq)
-- next
CREATE TABLE shipment_item (
  id INTEGER NOT NULL,
  shipment_id INTEGER NOT NULL,
  promise_id INTEGER NOT NULL,
  kg INTEGER NOT NULL CONSTRAINT ck_shipment_item_kg_range CHECK (kg BETWEEN 1 AND 10000000),
  CONSTRAINT pk_shipment_item PRIMARY KEY (id),
  CONSTRAINT uq_shipment_item_shipment_id_promise_id UNIQUE (shipment_id, promise_id),
  CONSTRAINT fk_shipment_item_shipment_id FOREIGN KEY(shipment_id) REFERENCES shipment (id) ON DELETE RESTRICT,
  CONSTRAINT fk_shipment_item_promise_id FOREIGN KEY(promise_id) REFERENCES promise (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_shipment_item_promise_id ON shipment_item (promise_id)
-- next
CREATE TABLE receipt_item (
  id INTEGER NOT NULL,
  receipt_id INTEGER NOT NULL,
  shipment_item_id INTEGER NOT NULL,
  accepted_kg INTEGER NOT NULL CONSTRAINT ck_receipt_item_accepted_kg_range CHECK (accepted_kg BETWEEN 0 AND 10000000),
  rejected_kg INTEGER NOT NULL CONSTRAINT ck_receipt_item_rejected_kg_range CHECK (rejected_kg BETWEEN 0 AND 10000000),
  reason_code TEXT CONSTRAINT ck_receipt_item_reason_code_known CHECK (reason_code IN ('bruised', 'overripe', 'underripe', 'spoiled', 'pests', 'residues', 'wrong_grade', 'wrong_product', 'short_weight', 'packaging', 'papers', 'cold_chain', 'late', 'other')),
  note TEXT NOT NULL CONSTRAINT ck_receipt_item_note_length CHECK (length(note) BETWEEN 0 AND 2000),
  CONSTRAINT pk_receipt_item PRIMARY KEY (id),
  CONSTRAINT ck_receipt_item_rejection_has_reason CHECK (rejected_kg = 0 OR reason_code IS NOT NULL),
  CONSTRAINT ck_receipt_item_not_empty CHECK (accepted_kg + rejected_kg > 0),
  CONSTRAINT fk_receipt_item_receipt_id FOREIGN KEY(receipt_id) REFERENCES receipt (id) ON DELETE RESTRICT,
  CONSTRAINT uq_receipt_item_shipment_item_id UNIQUE (shipment_item_id),
  CONSTRAINT fk_receipt_item_shipment_item_id FOREIGN KEY(shipment_item_id) REFERENCES shipment_item (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_receipt_item_receipt_id ON receipt_item (receipt_id)
-- next
CREATE TABLE settlement (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_settlement_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  association_id INTEGER NOT NULL,
  receipt_item_id INTEGER NOT NULL,
  supplier_id INTEGER NOT NULL,
  buyer_id INTEGER NOT NULL,
  kg INTEGER NOT NULL CONSTRAINT ck_settlement_kg_range CHECK (kg BETWEEN 0 AND 10000000),
  price_vnd_per_kg INTEGER NOT NULL CONSTRAINT ck_settlement_price_vnd_per_kg_range CHECK (price_vnd_per_kg BETWEEN 0 AND 1000000000),
  buyer_vnd INTEGER NOT NULL CONSTRAINT ck_settlement_buyer_vnd_range CHECK (buyer_vnd BETWEEN 0 AND 18000000000000000),
  freight_vnd INTEGER NOT NULL CONSTRAINT ck_settlement_freight_vnd_range CHECK (freight_vnd BETWEEN 0 AND 9000000000000000),
  hub_vnd INTEGER NOT NULL CONSTRAINT ck_settlement_hub_vnd_range CHECK (hub_vnd BETWEEN 0 AND 9000000000000000),
  fee_vnd INTEGER NOT NULL CONSTRAINT ck_settlement_fee_vnd_range CHECK (fee_vnd BETWEEN 0 AND 9000000000000000),
  supplier_vnd INTEGER NOT NULL CONSTRAINT ck_settlement_supplier_vnd_range CHECK (supplier_vnd BETWEEN -9000000000000000 AND 9000000000000000),
  state TEXT NOT NULL CONSTRAINT ck_settlement_state_known CHECK (state IN ('draft', 'issued', 'paid')),
  due_on TEXT,
  paid_at TEXT,
  version INTEGER DEFAULT '1' NOT NULL CONSTRAINT ck_settlement_version_positive CHECK (version >= 1),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  updated_by TEXT NOT NULL CONSTRAINT ck_settlement_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_settlement PRIMARY KEY (id),
  CONSTRAINT ck_settlement_parts_add_up CHECK (buyer_vnd = freight_vnd + hub_vnd + fee_vnd + supplier_vnd),
  CONSTRAINT uq_settlement_uid UNIQUE (uid),
  CONSTRAINT fk_settlement_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT,
  CONSTRAINT uq_settlement_receipt_item_id UNIQUE (receipt_item_id),
  CONSTRAINT fk_settlement_receipt_item_id FOREIGN KEY(receipt_item_id) REFERENCES receipt_item (id) ON DELETE RESTRICT,
  CONSTRAINT fk_settlement_supplier_id FOREIGN KEY(supplier_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT fk_settlement_buyer_id FOREIGN KEY(buyer_id) REFERENCES organisation (id) ON DELETE RESTRICT,
  CONSTRAINT ck_settlement_due_on_date CHECK (due_on = date(due_on))
)
 STRICT
-- next
CREATE INDEX ix_settlement_association_id_created_at_id ON settlement (association_id, created_at, id)
-- next
CREATE INDEX ix_settlement_buyer_id_created_at_id ON settlement (buyer_id, created_at, id)
-- next
CREATE INDEX ix_settlement_supplier_id_created_at_id ON settlement (supplier_id, created_at, id)
-- next
CREATE TABLE settlement_share (
  settlement_id INTEGER NOT NULL,
  member_id INTEGER NOT NULL,
  kg INTEGER NOT NULL CONSTRAINT ck_settlement_share_kg_range CHECK (kg BETWEEN 0 AND 10000000),
  vnd INTEGER NOT NULL CONSTRAINT ck_settlement_share_vnd_range CHECK (vnd BETWEEN -9000000000000000 AND 9000000000000000),
  CONSTRAINT pk_settlement_share PRIMARY KEY (settlement_id, member_id),
  CONSTRAINT fk_settlement_share_settlement_id FOREIGN KEY(settlement_id) REFERENCES settlement (id) ON DELETE RESTRICT,
  CONSTRAINT fk_settlement_share_member_id FOREIGN KEY(member_id) REFERENCES member (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE INDEX ix_settlement_share_member_id ON settlement_share (member_id)
-- next
CREATE TRIGGER lot_declared AFTER INSERT ON lot BEGIN INSERT INTO lot_balance (lot_id, quantity_kg, offered_kg, held_kg, confirmed_kg, loaded_kg, accepted_kg, rejected_kg, settled_kg, withdrawn_kg) VALUES (NEW.id, 0, 0, 0, 0, 0, 0, 0, 0, 0); INSERT INTO ledger_entry (lot_id, from_state, to_state, kg, at, actor, why) SELECT NEW.id, 'outside', 'offered', NEW.quantity_kg, strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'), NEW.updated_by, 'declared' WHERE NEW.quantity_kg > 0; END
-- next
CREATE TRIGGER lot_revised AFTER UPDATE OF quantity_kg ON lot BEGIN INSERT INTO ledger_entry (lot_id, from_state, to_state, kg, at, actor, why) SELECT NEW.id, 'outside', 'offered', NEW.quantity_kg - OLD.quantity_kg, strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'), NEW.updated_by, 'revised' WHERE NEW.quantity_kg > OLD.quantity_kg; INSERT INTO ledger_entry (lot_id, from_state, to_state, kg, at, actor, why) SELECT NEW.id, 'offered', 'outside', OLD.quantity_kg - NEW.quantity_kg, strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'), NEW.updated_by, 'revised' WHERE NEW.quantity_kg < OLD.quantity_kg; END
-- next
CREATE TRIGGER line_declared AFTER INSERT ON demand_line BEGIN INSERT INTO line_balance (line_id, quantity_kg, promised_kg) VALUES (NEW.id, NEW.quantity_kg, 0); END
-- next
CREATE TRIGGER line_revised AFTER UPDATE OF quantity_kg ON demand_line BEGIN UPDATE line_balance SET quantity_kg = NEW.quantity_kg WHERE line_id = NEW.id; END
-- next
CREATE TRIGGER ledger_applied AFTER INSERT ON ledger_entry BEGIN UPDATE lot_balance SET offered_kg = offered_kg + CASE WHEN NEW.to_state = 'offered' THEN NEW.kg ELSE 0 END - CASE WHEN NEW.from_state = 'offered' THEN NEW.kg ELSE 0 END, held_kg = held_kg + CASE WHEN NEW.to_state = 'held' THEN NEW.kg ELSE 0 END - CASE WHEN NEW.from_state = 'held' THEN NEW.kg ELSE 0 END, confirmed_kg = confirmed_kg + CASE WHEN NEW.to_state = 'confirmed' THEN NEW.kg ELSE 0 END - CASE WHEN NEW.from_state = 'confirmed' THEN NEW.kg ELSE 0 END, loaded_kg = loaded_kg + CASE WHEN NEW.to_state = 'loaded' THEN NEW.kg ELSE 0 END - CASE WHEN NEW.from_state = 'loaded' THEN NEW.kg ELSE 0 END, accepted_kg = accepted_kg + CASE WHEN NEW.to_state = 'accepted' THEN NEW.kg ELSE 0 END - CASE WHEN NEW.from_state = 'accepted' THEN NEW.kg ELSE 0 END, rejected_kg = rejected_kg + CASE WHEN NEW.to_state = 'rejected' THEN NEW.kg ELSE 0 END - CASE WHEN NEW.from_state = 'rejected' THEN NEW.kg ELSE 0 END, settled_kg = settled_kg + CASE WHEN NEW.to_state = 'settled' THEN NEW.kg ELSE 0 END - CASE WHEN NEW.from_state = 'settled' THEN NEW.kg ELSE 0 END, withdrawn_kg = withdrawn_kg + CASE WHEN NEW.to_state = 'withdrawn' THEN NEW.kg ELSE 0 END - CASE WHEN NEW.from_state = 'withdrawn' THEN NEW.kg ELSE 0 END, quantity_kg = quantity_kg + CASE WHEN NEW.from_state = 'outside' THEN NEW.kg ELSE 0 END - CASE WHEN NEW.to_state = 'outside' THEN NEW.kg ELSE 0 END WHERE lot_id = NEW.lot_id; UPDATE promise SET held_kg = held_kg + CASE WHEN NEW.to_state = 'held' THEN NEW.kg ELSE 0 END - CASE WHEN NEW.from_state = 'held' THEN NEW.kg ELSE 0 END, confirmed_kg = confirmed_kg + CASE WHEN NEW.to_state = 'confirmed' THEN NEW.kg ELSE 0 END - CASE WHEN NEW.from_state = 'confirmed' THEN NEW.kg ELSE 0 END, loaded_kg = loaded_kg + CASE WHEN NEW.to_state = 'loaded' THEN NEW.kg ELSE 0 END - CASE WHEN NEW.from_state = 'loaded' THEN NEW.kg ELSE 0 END, accepted_kg = accepted_kg + CASE WHEN NEW.to_state = 'accepted' THEN NEW.kg ELSE 0 END - CASE WHEN NEW.from_state = 'accepted' THEN NEW.kg ELSE 0 END, rejected_kg = rejected_kg + CASE WHEN NEW.to_state = 'rejected' THEN NEW.kg ELSE 0 END - CASE WHEN NEW.from_state = 'rejected' THEN NEW.kg ELSE 0 END, settled_kg = settled_kg + CASE WHEN NEW.to_state = 'settled' THEN NEW.kg ELSE 0 END - CASE WHEN NEW.from_state = 'settled' THEN NEW.kg ELSE 0 END, returned_kg = returned_kg + CASE WHEN NEW.to_state = 'rejected' THEN NEW.kg ELSE 0 END WHERE id = NEW.promise_id; UPDATE line_balance SET promised_kg = promised_kg + CASE WHEN NEW.from_state = 'offered' AND NEW.to_state = 'held' THEN NEW.kg WHEN NEW.to_state IN ('offered', 'rejected') THEN -NEW.kg ELSE 0 END WHERE line_id = (SELECT line_id FROM promise WHERE id = NEW.promise_id); END
-- next
CREATE TRIGGER promise_starts_empty BEFORE INSERT ON promise WHEN NOT (NEW.held_kg = 0 AND NEW.confirmed_kg = 0 AND NEW.loaded_kg = 0 AND NEW.accepted_kg = 0 AND NEW.rejected_kg = 0 AND NEW.settled_kg = 0 AND NEW.returned_kg = 0) BEGIN SELECT RAISE(ABORT, 'balances follow the ledger alone'); END
-- next
CREATE TRIGGER lot_balance_follows AFTER UPDATE ON lot_balance WHEN NEW.offered_kg <> (SELECT coalesce(sum(CASE WHEN to_state = 'offered' THEN kg ELSE -kg END), 0) FROM ledger_entry WHERE lot_id = NEW.lot_id AND (to_state = 'offered' OR from_state = 'offered')) BEGIN SELECT RAISE(ABORT, 'balances follow the ledger alone'); END
-- next
CREATE TRIGGER promise_follows AFTER UPDATE ON promise WHEN NEW.held_kg <> (SELECT coalesce(sum(CASE WHEN to_state = 'held' THEN kg ELSE -kg END), 0) FROM ledger_entry WHERE promise_id = NEW.id AND (to_state = 'held' OR from_state = 'held')) OR NEW.confirmed_kg <> (SELECT coalesce(sum(CASE WHEN to_state = 'confirmed' THEN kg ELSE -kg END), 0) FROM ledger_entry WHERE promise_id = NEW.id AND (to_state = 'confirmed' OR from_state = 'confirmed')) OR NEW.loaded_kg <> (SELECT coalesce(sum(CASE WHEN to_state = 'loaded' THEN kg ELSE -kg END), 0) FROM ledger_entry WHERE promise_id = NEW.id AND (to_state = 'loaded' OR from_state = 'loaded')) OR NEW.accepted_kg <> (SELECT coalesce(sum(CASE WHEN to_state = 'accepted' THEN kg ELSE -kg END), 0) FROM ledger_entry WHERE promise_id = NEW.id AND (to_state = 'accepted' OR from_state = 'accepted')) OR NEW.rejected_kg <> (SELECT coalesce(sum(CASE WHEN to_state = 'rejected' THEN kg ELSE -kg END), 0) FROM ledger_entry WHERE promise_id = NEW.id AND (to_state = 'rejected' OR from_state = 'rejected')) OR NEW.settled_kg <> (SELECT coalesce(sum(CASE WHEN to_state = 'settled' THEN kg ELSE -kg END), 0) FROM ledger_entry WHERE promise_id = NEW.id AND (to_state = 'settled' OR from_state = 'settled')) OR NEW.returned_kg <> (SELECT coalesce(sum(kg), 0) FROM ledger_entry WHERE promise_id = NEW.id AND to_state = 'rejected') BEGIN SELECT RAISE(ABORT, 'balances follow the ledger alone'); END
-- next
CREATE TRIGGER lot_balance_kept BEFORE DELETE ON lot_balance BEGIN SELECT RAISE(ABORT, 'balances follow the ledger alone'); END
-- next
CREATE TRIGGER line_balance_kept BEFORE DELETE ON line_balance BEGIN SELECT RAISE(ABORT, 'balances follow the ledger alone'); END
-- next
CREATE TRIGGER ledger_entry_not_changed BEFORE UPDATE ON ledger_entry BEGIN SELECT RAISE(ABORT, 'ledger_entry is never rewritten'); END
-- next
CREATE TRIGGER audit_event_not_changed BEFORE UPDATE ON audit_event BEGIN SELECT RAISE(ABORT, 'audit_event is never rewritten'); END
-- next
CREATE TRIGGER receipt_item_not_changed BEFORE UPDATE ON receipt_item BEGIN SELECT RAISE(ABORT, 'receipt_item is never rewritten'); END
-- next
CREATE TRIGGER run_input_not_changed BEFORE UPDATE ON run_input BEGIN SELECT RAISE(ABORT, 'run_input is never rewritten'); END
-- next
CREATE TRIGGER plan_trip_not_changed BEFORE UPDATE ON plan_trip BEGIN SELECT RAISE(ABORT, 'plan_trip is never rewritten'); END
-- next
CREATE TRIGGER plan_stop_not_changed BEFORE UPDATE ON plan_stop BEGIN SELECT RAISE(ABORT, 'plan_stop is never rewritten'); END
-- next
CREATE TRIGGER plan_allocation_not_changed BEFORE UPDATE ON plan_allocation BEGIN SELECT RAISE(ABORT, 'plan_allocation is never rewritten'); END
-- next
CREATE TRIGGER plan_leg_not_changed BEFORE UPDATE ON plan_leg BEGIN SELECT RAISE(ABORT, 'plan_leg is never rewritten'); END
-- next
CREATE TRIGGER plan_reason_not_changed BEFORE UPDATE ON plan_reason BEGIN SELECT RAISE(ABORT, 'plan_reason is never rewritten'); END
-- next
CREATE TRIGGER plan_price_not_changed BEFORE UPDATE ON plan_price BEGIN SELECT RAISE(ABORT, 'plan_price is never rewritten'); END
-- next
CREATE TRIGGER receipt_not_changed BEFORE UPDATE ON receipt WHEN OLD.photo_id IS NOT NULL OR NEW.id IS DISTINCT FROM OLD.id OR NEW.uid IS DISTINCT FROM OLD.uid OR NEW.association_id IS DISTINCT FROM OLD.association_id OR NEW.shipment_id IS DISTINCT FROM OLD.shipment_id OR NEW.site_id IS DISTINCT FROM OLD.site_id OR NEW.received_at IS DISTINCT FROM OLD.received_at OR NEW.received_by IS DISTINCT FROM OLD.received_by OR NEW.note IS DISTINCT FROM OLD.note BEGIN SELECT RAISE(ABORT, 'receipt is never rewritten'); END
-- next
CREATE TRIGGER ledger_entry_not_deleted BEFORE DELETE ON ledger_entry BEGIN SELECT RAISE(ABORT, 'ledger_entry is never rewritten'); END
-- next
CREATE TRIGGER audit_event_not_deleted BEFORE DELETE ON audit_event BEGIN SELECT RAISE(ABORT, 'audit_event is never rewritten'); END
-- next
CREATE TRIGGER receipt_item_not_deleted BEFORE DELETE ON receipt_item BEGIN SELECT RAISE(ABORT, 'receipt_item is never rewritten'); END
