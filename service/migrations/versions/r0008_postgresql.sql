CREATE TABLE audit_seal (
  chain BIGINT NOT NULL,
  seq BIGINT NOT NULL CONSTRAINT ck_audit_seal_seq_range CHECK (seq BETWEEN 1 AND 1000000000000000),
  hash TEXT COLLATE "C" NOT NULL CONSTRAINT ck_audit_seal_hash_length CHECK (length(hash) BETWEEN 64 AND 64),
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  signature TEXT COLLATE "C" NOT NULL CONSTRAINT ck_audit_seal_signature_length CHECK (length(signature) BETWEEN 64 AND 64),
  CONSTRAINT pk_audit_seal PRIMARY KEY (chain)
)
-- next
CREATE TABLE known_device (
  id BIGSERIAL NOT NULL,
  user_id BIGINT NOT NULL,
  token_hash TEXT COLLATE "C" NOT NULL CONSTRAINT ck_known_device_token_hash_length CHECK (length(token_hash) BETWEEN 64 AND 64),
  seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_known_device PRIMARY KEY (id),
  CONSTRAINT fk_known_device_user_id FOREIGN KEY(user_id) REFERENCES user_account (id) ON DELETE RESTRICT,
  CONSTRAINT uq_known_device_token_hash UNIQUE (token_hash)
)
-- next
CREATE INDEX ix_known_device_user_id ON known_device (user_id)
-- next
CREATE TABLE login_failure (
  user_id BIGINT NOT NULL,
  place TEXT COLLATE "C" NOT NULL CONSTRAINT ck_login_failure_place_length CHECK (length(place) BETWEEN 0 AND 100),
  failures BIGINT NOT NULL CONSTRAINT ck_login_failure_failures_range CHECK (failures BETWEEN 0 AND 1000000000),
  last_at TIMESTAMP WITH TIME ZONE NOT NULL,
  blocked_until TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_login_failure PRIMARY KEY (user_id, place),
  CONSTRAINT fk_login_failure_user_id FOREIGN KEY(user_id) REFERENCES user_account (id) ON DELETE RESTRICT
)
-- next
CREATE TABLE login_link (
  id BIGSERIAL NOT NULL,
  uid TEXT COLLATE "C" NOT NULL CONSTRAINT ck_login_link_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  user_id BIGINT NOT NULL,
  token_hash TEXT COLLATE "C" NOT NULL CONSTRAINT ck_login_link_token_hash_length CHECK (length(token_hash) BETWEEN 64 AND 64),
  made_at TIMESTAMP WITH TIME ZONE NOT NULL,
  made_by TEXT COLLATE "C" NOT NULL CONSTRAINT ck_login_link_made_by_length CHECK (length(made_by) BETWEEN 1 AND 200),
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  used_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_login_link PRIMARY KEY (id),
  CONSTRAINT uq_login_link_uid UNIQUE (uid),
  CONSTRAINT fk_login_link_user_id FOREIGN KEY(user_id) REFERENCES user_account (id) ON DELETE RESTRICT,
  CONSTRAINT uq_login_link_token_hash UNIQUE (token_hash)
)
-- next
CREATE INDEX ix_login_link_user_id ON login_link (user_id)
-- next
CREATE TABLE second_factor (
  user_id BIGINT NOT NULL,
  secret BYTEA NOT NULL,
  confirmed_at TIMESTAMP WITH TIME ZONE,
  last_step BIGINT NOT NULL CONSTRAINT ck_second_factor_last_step_range CHECK (last_step BETWEEN 0 AND 1000000000000),
  CONSTRAINT pk_second_factor PRIMARY KEY (user_id),
  CONSTRAINT fk_second_factor_user_id FOREIGN KEY(user_id) REFERENCES user_account (id) ON DELETE RESTRICT
)
