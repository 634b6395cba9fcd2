-- Keeps a sample; a step that is written again has the new one.
INSERT INTO summary_samples (tag_seq, step, time_ms, data) VALUES ($1, $2, $3, $4)
ON CONFLICT (tag_seq, step) DO UPDATE SET time_ms = excluded.time_ms, data = excluded.data
