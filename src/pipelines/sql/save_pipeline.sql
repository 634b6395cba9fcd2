-- Makes a version of a pipeline its current one.
INSERT INTO pipelines (name, version, digest, yaml, triggers_after, updated_ms, who)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (name) DO UPDATE
SET version = excluded.version, digest = excluded.digest, yaml = excluded.yaml,
    triggers_after = excluded.triggers_after, updated_ms = excluded.updated_ms, who = excluded.who
