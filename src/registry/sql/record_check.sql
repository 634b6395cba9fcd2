-- Keeps the newest result of a check.
INSERT INTO model_version_checks (model_seq, version, name, passed, summary, details, time_ms, who)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (model_seq, version, name) DO UPDATE
SET passed = excluded.passed, summary = excluded.summary, details = excluded.details,
    time_ms = excluded.time_ms, who = excluded.who
