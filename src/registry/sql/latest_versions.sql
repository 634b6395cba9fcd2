-- The newest version of each stage of some models; $1 is a JSON array of their keys.
SELECT v.model_seq, v.version, m.name, v.description, v.source, v.artifact_uri, v.run_id,
       v.run_link, v.model_id, v.stage, v.created_ms, v.updated_ms
FROM (SELECT k.value AS model_seq,
             (SELECT MAX(n.version) FROM model_versions n
              WHERE n.model_seq = k.value AND n.stage = s.stage AND n.deleted_ms IS NULL) AS newest
      FROM json_each($1) k
      CROSS JOIN (SELECT 'None' AS stage UNION ALL SELECT 'Staging'
                  UNION ALL SELECT 'Production' UNION ALL SELECT 'Archived') s) l
CROSS JOIN model_versions v ON v.model_seq = l.model_seq AND v.version = l.newest
JOIN registered_models m ON m.model_seq = v.model_seq
ORDER BY v.model_seq, v.stage DESC
