-- Makes points the latest of their metrics where no later ones are known: the greatest step, then
-- time, then value. $2 is a JSON array of {k, t, s, v, n}, one for each key; sorted, so that two
-- writers to one run take its rows in the same order.
INSERT INTO latest_metrics (run_seq, key, timestamp_ms, step, value, is_nan)
SELECT $1::bigint, p.k, p.t, p.s, p.v, p.n
FROM json_to_recordset($2::json)
  AS p(k text, t bigint, s bigint, v double precision, n bigint)
ORDER BY p.k COLLATE "C"
ON CONFLICT (run_seq, key) DO UPDATE
SET timestamp_ms = excluded.timestamp_ms, step = excluded.step, value = excluded.value,
    is_nan = excluded.is_nan
WHERE (excluded.step, excluded.timestamp_ms, excluded.value) >
      (latest_metrics.step, latest_metrics.timestamp_ms, latest_metrics.value)
