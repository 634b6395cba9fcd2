-- Model versions that match a filter.
SELECT v.model_seq, v.version, m.name, v.description, v.source, v.artifact_uri, v.run_id,
       v.run_link, v.model_id, v.stage, v.created_ms, v.updated_ms/*columns*/
FROM /*from*/
WHERE m.deleted_ms IS NULL AND v.deleted_ms IS NULL AND /*filter*/
ORDER BY /*order*/
LIMIT /*limit*/
