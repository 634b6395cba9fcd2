-- Which runs are the newest, of all pipelines or of $1, before the place ($2, $3)?
SELECT id, pipeline, version, state, params, event, trigger_number, who, message, cancelled_by,
       created_ms, started_ms, ended_ms
FROM pipeline_runs
WHERE ($1 = '' OR pipeline = $1) AND (created_ms < $2 OR (created_ms = $2 AND id < $3))
ORDER BY created_ms DESC, id DESC
LIMIT $4
