-- What the versions of a model that endpoints serve take, where the version has ever borne the
-- alias or been in the stage ($2 the kind of fact, $3 the alias, $4 the stage). An endpoint knows
-- the model by the name that it had when the endpoint was made.
SELECT e.name, r.model_version, e.api_version, r.api_version, v.schema, v.signature
FROM endpoints e
JOIN revisions r ON r.endpoint = e.name
JOIN model_facts n ON n.model_seq = $1 AND n.kind = 'name' AND n.value = e.model
  AND n.from_ms <= e.created_ms AND (n.to_ms IS NULL OR n.to_ms > e.created_ms)
LEFT JOIN model_versions v
  ON v.model_seq = $1 AND CAST(v.version AS TEXT) = r.model_version
WHERE e.deleted_ms IS NULL AND r.role IN ('live', 'canary') AND EXISTS (
  SELECT 1 FROM model_facts f WHERE f.model_seq = $1 AND f.kind = $2
    AND ((f.kind = 'alias' AND f.key = $3 AND f.value = r.model_version)
      OR (f.kind = 'stage' AND f.value = $4 AND CAST(f.version AS TEXT) = r.model_version)))
ORDER BY e.name, r.number
