ALTER TABLE site ADD COLUMN closed_on_holidays BOOLEAN DEFAULT false NOT NULL
-- next
CREATE TABLE holiday (
  id BIGSERIAL NOT NULL,
  association_id BIGINT NOT NULL,
  day DATE NOT NULL,
  name TEXT COLLATE "C" NOT NULL CONSTRAINT ck_holiday_name_length CHECK (length(name) BETWEEN 1 AND 200),
  CONSTRAINT pk_holiday PRIMARY KEY (id),
  CONSTRAINT uq_holiday_association_id_day UNIQUE (association_id, day),
  CONSTRAINT fk_holiday_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT
)
-- next
CREATE TABLE allocation_policy (
  id BIGSERIAL NOT NULL,
  uid TEXT COLLATE "C" NOT NULL CONSTRAINT ck_allocation_policy_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  name TEXT COLLATE "C" NOT NULL CONSTRAINT ck_allocation_policy_name_length CHECK (length(name) BETWEEN 1 AND 200),
  sort_key TEXT COLLATE "C" NOT NULL CONSTRAINT ck_allocation_policy_sort_key_length CHECK (length(sort_key) BETWEEN 1 AND 4000),
  search_key TEXT COLLATE "C" NOT NULL CONSTRAINT ck_allocation_policy_search_key_length CHECK (length(search_key) BETWEEN 1 AND 400),
  association_id BIGINT NOT NULL,
  stated JSON NOT NULL,
  retired_on DATE,
  version BIGINT DEFAULT '1' NOT NULL CONSTRAINT ck_allocation_policy_version_positive CHECK (version >= 1),
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_by TEXT COLLATE "C" NOT NULL CONSTRAINT ck_allocation_policy_updated_by_length CHECK (length(updated_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_allocation_policy PRIMARY KEY (id),
  CONSTRAINT uq_allocation_policy_association_id_name UNIQUE (association_id, name),
  CONSTRAINT uq_allocation_policy_uid UNIQUE (uid),
  CONSTRAINT fk_allocation_policy_association_id FOREIGN KEY(association_id) REFERENCES association (id) ON DELETE RESTRICT
)
-- next
CREATE TABLE allocation_policy_version (
  id BIGSERIAL NOT NULL,
  policy_id BIGINT NOT NULL,
  number BIGINT NOT NULL CONSTRAINT ck_allocation_policy_version_number_range CHECK (number BETWEEN 1 AND 1000000),
  stated JSON NOT NULL,
  sha256 TEXT COLLATE "C" NOT NULL CONSTRAINT ck_allocation_policy_version_sha256_length CHECK (length(sha256) BETWEEN 64 AND 64),
  made_at TIMESTAMP WITH TIME ZONE NOT NULL,
  made_by TEXT COLLATE "C" NOT NULL CONSTRAINT ck_allocation_policy_version_made_by_length CHECK (length(made_by) BETWEEN 1 AND 200),
  CONSTRAINT pk_allocation_policy_version PRIMARY KEY (id),
  CONSTRAINT uq_allocation_policy_version_policy_id_number UNIQUE (policy_id, number),
  CONSTRAINT fk_allocation_policy_version_policy_id FOREIGN KEY(policy_id) REFERENCES allocation_policy (id) ON DELETE RESTRICT
)
