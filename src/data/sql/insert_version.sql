-- Records a version of a dataset.
INSERT INTO dataset_versions (dataset, version, md5, sha256, bytes, row_count, columns, source,
  snapshot_id, sql_text, inputs, recipe, created_ms, created_by, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
