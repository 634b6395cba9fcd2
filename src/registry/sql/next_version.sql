-- The number of a model's next version; deleted ones count.
SELECT COALESCE(MAX(version), 0) + 1 FROM model_versions WHERE model_seq = $1
