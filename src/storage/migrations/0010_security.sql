-- Who may call: principals with their roles, and the tokens that stand for them. A password is kept
-- as argon2id, a token's secret as SHA-256; neither can be read back.
CREATE TABLE principals (
  principal_id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  password_hash TEXT,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL
);
CREATE TABLE principal_roles (
  principal_id BIGINT NOT NULL REFERENCES principals (principal_id),
  role TEXT NOT NULL,
  granted_ms BIGINT NOT NULL,
  granted_by TEXT NOT NULL,
  PRIMARY KEY (principal_id, role)
);
CREATE TABLE tokens (
  token_id TEXT PRIMARY KEY,
  principal_id BIGINT NOT NULL REFERENCES principals (principal_id),
  name TEXT NOT NULL,
  secret_hash TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  expires_ms BIGINT,
  created_by TEXT NOT NULL
);
CREATE INDEX tokens_by_principal ON tokens (principal_id, created_ms);
