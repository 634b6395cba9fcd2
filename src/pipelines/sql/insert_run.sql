-- Queues a run.
INSERT INTO pipeline_runs (id, pipeline, version, state, params, event, trigger_number, who, message,
                           cancelled_by, created_ms)
VALUES ($1, $2, $3, 'queued', $4, $5, $6, $7, '', '', $8)
