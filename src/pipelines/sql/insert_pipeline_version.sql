-- Keeps a version of the text of a pipeline.
INSERT INTO pipeline_versions (name, version, digest, yaml, created_ms, who)
VALUES ($1, $2, $3, $4, $5, $6)
