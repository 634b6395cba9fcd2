-- Makes a point the latest of its metric when no later one is known: the greatest step, then time,
-- then value. Searches know it at once.
INSERT INTO latest_metrics
  (run_seq, key, timestamp_ms, step, value, is_nan, ranked_value, ranked_is_nan)
VALUES ($1, $2, $3, $4, $5, $6, $5, $6)
ON CONFLICT (run_seq, key) DO UPDATE
SET timestamp_ms = excluded.timestamp_ms, step = excluded.step, value = excluded.value,
    is_nan = excluded.is_nan, ranked_value = excluded.value, ranked_is_nan = excluded.is_nan
WHERE (excluded.step, excluded.timestamp_ms, excluded.value) >
      (latest_metrics.step, latest_metrics.timestamp_ms, latest_metrics.value)
