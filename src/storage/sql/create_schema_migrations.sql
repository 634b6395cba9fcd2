-- Makes the table of the migrations that this database has seen.
CREATE TABLE IF NOT EXISTS schema_migrations (
  number BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  checksum TEXT NOT NULL,
  applied_ms BIGINT NOT NULL
)
