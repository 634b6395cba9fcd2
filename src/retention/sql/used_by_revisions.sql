-- What endpoints serve, or served last and may go back to; the version may be deleted.
SELECT e.name, e.model, r.model_path, r.model_version, v.artifact_uri
FROM revisions r JOIN endpoints e ON e.name = r.endpoint
LEFT JOIN registered_models m ON m.name = e.model
LEFT JOIN model_versions v
  ON v.model_seq = m.model_seq AND CAST(v.version AS TEXT) = r.model_version
WHERE e.deleted_ms IS NULL
  AND (r.role <> 'retired' OR r.live_ms = (
    SELECT MAX(p.live_ms) FROM revisions p WHERE p.endpoint = r.endpoint AND p.role = 'retired'))
