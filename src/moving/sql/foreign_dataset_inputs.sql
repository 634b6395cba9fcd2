-- The datasets that some runs took in.
SELECT CAST(i.destination_id AS TEXT), CAST(i.input_uuid AS TEXT), CAST(d.name AS TEXT),
       CAST(d.digest AS TEXT), CAST(d.dataset_source_type AS TEXT), CAST(d.dataset_source AS TEXT),
       CAST(d.dataset_schema AS TEXT), CAST(d.dataset_profile AS TEXT)
FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id
WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' AND i.destination_id IN (SELECT value FROM json_each($1))
ORDER BY i.destination_id, i.input_uuid
