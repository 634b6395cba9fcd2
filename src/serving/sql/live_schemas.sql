-- What the version takes that an endpoint serves, and what another version of the same model takes:
-- the columns of deployed_schemas, then the other's schema. The endpoint knows its model by the name
-- that it had when the endpoint was made; $3 is the name that it has now, or empty where that is not
-- asked.
SELECT e.name, r.model_version, e.api_version, r.api_version, old.schema, old.signature, other.schema,
  other.signature
FROM endpoints e
JOIN revisions r ON r.endpoint = e.name AND r.role = 'live'
JOIN model_facts n ON n.kind = 'name' AND n.value = e.model
  AND n.from_ms <= e.created_ms AND (n.to_ms IS NULL OR n.to_ms > e.created_ms)
JOIN model_versions old
  ON old.model_seq = n.model_seq AND CAST(old.version AS TEXT) = r.model_version
JOIN model_versions other
  ON other.model_seq = n.model_seq AND CAST(other.version AS TEXT) = $2
JOIN registered_models m ON m.model_seq = n.model_seq AND (m.name = $3 OR $3 = '')
WHERE e.name = $1 AND e.deleted_ms IS NULL AND m.deleted_ms IS NULL
