-- Records a split.
INSERT INTO splits (id, dataset, version, name, kind, spec, parts, unassigned_count, created_ms,
  created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
