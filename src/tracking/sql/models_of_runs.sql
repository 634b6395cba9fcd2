-- The logged models that some runs took in or made; $1 is a JSON array of short keys.
SELECT run_seq, direction, model_id, step FROM run_models
WHERE run_seq IN (SELECT value FROM json_each($1))
ORDER BY run_seq, direction, model_id, step
