-- What is known of a run?
SELECT id, pipeline, version, state, params, event, trigger_number, who, message, cancelled_by,
       created_ms, started_ms, ended_ms
FROM pipeline_runs WHERE id = $1
