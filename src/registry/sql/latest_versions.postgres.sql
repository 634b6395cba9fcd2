-- The newest version of each stage of some models; $1 is a JSON array of their keys.
SELECT v.model_seq, v.version, m.name, v.description, v.source, v.artifact_uri, v.run_id,
       v.run_link, v.model_id, v.stage, v.created_ms, v.updated_ms
FROM (SELECT k.key::bigint AS model_seq,
             (SELECT MAX(n.version) FROM model_versions n
              WHERE n.model_seq = k.key::bigint AND n.stage = s.stage
                AND n.deleted_ms IS NULL) AS newest
      FROM json_array_elements_text($1::json) AS k(key)
      CROSS JOIN (VALUES ('None'), ('Staging'), ('Production'), ('Archived')) AS s(stage)) l
JOIN model_versions v ON v.model_seq = l.model_seq AND v.version = l.newest
JOIN registered_models m ON m.model_seq = v.model_seq
ORDER BY v.model_seq, v.stage DESC
