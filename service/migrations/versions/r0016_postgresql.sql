CREATE TABLE passkey (
  id BIGSERIAL NOT NULL,
  uid TEXT COLLATE "C" NOT NULL CONSTRAINT ck_passkey_uid_length CHECK (length(uid) BETWEEN 26 AND 26),
  user_id BIGINT NOT NULL,
  credential_id BYTEA NOT NULL,
  public_key BYTEA NOT NULL,
  sign_count BIGINT NOT NULL CONSTRAINT ck_passkey_sign_count_range CHECK (sign_count BETWEEN 0 AND 4294967295),
  name TEXT COLLATE "C" NOT NULL CONSTRAINT ck_passkey_name_length CHECK (length(name) BETWEEN 1 AND 100),
  made_at TIMESTAMP WITH TIME ZONE NOT NULL,
  used_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_passkey PRIMARY KEY (id),
  CONSTRAINT uq_passkey_uid UNIQUE (uid),
  CONSTRAINT fk_passkey_user_id FOREIGN KEY(user_id) REFERENCES user_account (id) ON DELETE RESTRICT,
  CONSTRAINT uq_passkey_credential_id UNIQUE (credential_id)
)
-- next
CREATE INDEX ix_passkey_user_id ON passkey (user_id)
-- next
CREATE TABLE password_demand (
  user_id BIGINT NOT NULL,
  asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_password_demand PRIMARY KEY (user_id),
  CONSTRAINT fk_password_demand_user_id FOREIGN KEY(user_id) REFERENCES user_account (id) ON DELETE RESTRICT
)
