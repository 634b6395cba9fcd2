-- Begins or ends an attempt.
INSERT INTO pipeline_attempts (run, task, number, state, owner, message, exit_code, started_ms,
                               ended_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (run, task, number) DO UPDATE
SET state = excluded.state, message = excluded.message, exit_code = excluded.exit_code,
    ended_ms = excluded.ended_ms
