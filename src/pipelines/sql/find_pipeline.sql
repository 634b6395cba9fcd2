-- What is the current version of a pipeline?
SELECT name, version, digest, yaml, triggers_after, updated_ms, who FROM pipelines WHERE name = $1
