-- The newest version of each stage of some models; $1 is a JSON array of their keys.
SELECT v.model_seq, v.version, m.name, v.description, v.source, v.artifact_uri, v.run_id,
       v.run_link, v.model_id, v.stage, v.created_ms, v.updated_ms
FROM model_versions v JOIN registered_models m ON m.model_seq = v.model_seq
JOIN (SELECT model_seq, stage, MAX(version) AS newest FROM model_versions
      WHERE deleted_ms IS NULL
        AND model_seq IN (SELECT json_array_elements_text($1::json)::bigint)
      GROUP BY model_seq, stage) n
  ON n.model_seq = v.model_seq AND n.newest = v.version
ORDER BY v.model_seq, v.stage DESC
