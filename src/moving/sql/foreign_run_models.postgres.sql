-- The logged models that some runs took in and made.
SELECT CAST(source_id AS TEXT), CAST(source_type AS TEXT), CAST(destination_id AS TEXT),
       CAST(COALESCE([inputs.step], 0) AS BIGINT)
FROM inputs
WHERE source_type IN ('RUN_INPUT', 'RUN_OUTPUT') AND source_id IN (SELECT json_array_elements_text($1::json))
ORDER BY source_id, destination_id
