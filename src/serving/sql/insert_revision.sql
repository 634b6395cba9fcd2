-- Makes a revision.
INSERT INTO revisions
  (id, endpoint, number, model_version, model_path, role, weight, replicas, created_ms, live_ms,
   api_version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
