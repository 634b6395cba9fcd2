-- The tags of the inputs of some runs.
SELECT CAST(i.destination_id AS TEXT), CAST(i.input_uuid AS TEXT), CAST(t.name AS TEXT),
       CAST(t.value AS TEXT)
FROM inputs i JOIN input_tags t ON t.input_uuid = i.input_uuid
WHERE i.destination_type = 'RUN' AND i.destination_id IN (SELECT json_array_elements_text($1::json))
ORDER BY i.destination_id, i.input_uuid, t.name
