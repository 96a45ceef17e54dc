CREATE TABLE audit_seal (
  chain INTEGER NOT NULL,
  seq INTEGER NOT NULL CONSTRAINT ck_audit_seal_seq_range CHECK (seq BETWEEN 1 AND 1000000000000000),
  hash TEXT NOT NULL CONSTRAINT ck_audit_seal_hash_length CHECK (length(hash) BETWEEN 64 AND 64),
  at TEXT NOT NULL,
  signature TEXT NOT NULL CONSTRAINT ck_audit_seal_signature_length CHECK (length(signature) BETWEEN 64 AND 64),
  CONSTRAINT pk_audit_seal PRIMARY KEY (chain)
)
 STRICT
-- next
CREATE TABLE known_device (
  id INTEGER NOT NULL,
  user_id INTEGER NOT NULL,
  token_hash TEXT NOT NULL CONSTRAINT ck_known_device_token_hash_length CHECK (length(token_hash) BETWEEN 64 AND 64),
  seen_at TEXT NOT NULL,
  CONSTRAINT pk_known_device PRIMARY KEY (id),
  CONSTRAINT fk_known_device_user_id FOREIGN KEY(user_id) REFERENCES user_account (id) ON DELETE RESTRICT,
  CONSTRAINT uq_known_device_token_hash UNIQUE (token_hash)
)
 STRICT
-- next
CREATE INDEX ix_known_device_user_id ON known_device (user_id)
-- next
CREATE TABLE login_failure (
  user_id INTEGER NOT NULL,
  place TEXT NOT NULL CONSTRAINT ck_login_failure_place_length CHECK (length(place) BETWEEN 0 AND 100),
  failures INTEGER NOT NULL CONSTRAINT ck_login_failure_failures_range CHECK (failures BETWEEN 0 AND 1000000000),
  last_at TEXT NOT NULL,
  blocked_until TEXT,
  CONSTRAINT pk_login_failure PRIMARY KEY (user_id, place),
  CONSTRAINT fk_login_failure_user_id FOREIGN KEY(user_id) REFERENCES user_account (id) ON DELETE RESTRICT
)
 STRICT
-- next
CREATE TABLE login_link (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_login_link_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  user_id INTEGER NOT NULL,
  token_hash TEXT NOT NULL CONSTRAINT ck_login_link_token_hash_length CHECK (length(token_hash) BETWEEN 64 AND 64),
  made_at TEXT NOT NULL,
  made_by TEXT NOT NULL CONSTRAINT ck_login_link_made_by_length CHECK (length(made_by) BETWEEN 1 AND 200),
  expires_at TEXT NOT NULL,
  used_at TEXT,
  CONSTRAINT pk_login_link PRIMARY KEY (id),
  CONSTRAINT uq_login_link_uid UNIQUE (uid),
  CONSTRAINT fk_login_link_user_id FOREIGN KEY(user_id) REFERENCES user_account (id) ON DELETE RESTRICT,
  CONSTRAINT uq_login_link_token_hash UNIQUE (token_hash)
)
 STRICT
-- next
CREATE INDEX ix_login_link_user_id ON login_link (user_id)
-- next
CREATE TABLE second_factor (
  user_id INTEGER NOT NULL,
  secret BLOB NOT NULL,
  confirmed_at TEXT,
  last_step INTEGER NOT NULL CONSTRAINT ck_second_factor_last_step_range CHECK (last_step BETWEEN 0 AND 1000000000000),
  CONSTRAINT pk_second_factor PRIMARY KEY (user_id),
  CONSTRAINT fk_second_factor_user_id FOREIGN KEY(user_id) REFERENCES user_account (id) ON DELETE RESTRICT
)
 STRICT
