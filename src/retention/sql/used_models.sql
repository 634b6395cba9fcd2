-- Logged models that runs used which were not deleted and did not make them.
SELECT u.model_id, r.run_id
FROM run_models u JOIN runs r ON r.run_seq = u.run_seq
WHERE u.direction = 'input' AND r.lifecycle = 'active'
