-- Declares a source; nothing when the name is taken.
INSERT INTO sources (name, kind, dataset, config, created_ms, created_by)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (name) DO NOTHING
