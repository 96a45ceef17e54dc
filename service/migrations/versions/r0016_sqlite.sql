CREATE TABLE passkey (
  id INTEGER NOT NULL,
  uid TEXT NOT NULL CONSTRAINT ck_passkey_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  user_id INTEGER NOT NULL,
  credential_id BLOB NOT NULL,
  public_key BLOB NOT NULL,
  sign_count INTEGER NOT NULL CONSTRAINT ck_passkey_sign_count_range CHECK (sign_count BETWEEN 0 AND 4294967295),
  name TEXT NOT NULL CONSTRAINT ck_passkey_name_length CHECK (length(name) BETWEEN 1 AND 100),
  made_at TEXT NOT NULL,
  used_at TEXT,
  CONSTRAINT pk_passkey PRIMARY KEY (id),
  CONSTRAINT uq_passkey_uid UNIQUE (uid),
  CONSTRAINT fk_passkey_user_id FOREIGN KEY(user_id) REFERENCES user_account (id) ON DELETE RESTRICT,
  CONSTRAINT uq_passkey_credential_id UNIQUE (credential_id)
)
 STRICT
-- next
CREATE INDEX ix_passkey_user_id ON passkey (user_id)
-- next
CREATE TABLE password_demand (
  user_id INTEGER NOT NULL,
  asked_at TEXT NOT NULL,
  CONSTRAINT pk_password_demand PRIMARY KEY (user_id),
  CONSTRAINT fk_password_demand_user_id FOREIGN KEY(user_id) REFERENCES user_account (id) ON DELETE RESTRICT
)
 STRICT
