-- Makes sure that a dataset has a row whose versions can be counted.
INSERT INTO dataset_heads (name, latest_version, created_ms, created_by)
VALUES ($1, 0, $2, $3)
ON CONFLICT (name) DO NOTHING
