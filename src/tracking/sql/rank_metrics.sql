-- Lets searches know the latest values of a run's metrics.
UPDATE latest_metrics SET ranked_value = value, ranked_is_nan = is_nan
WHERE run_seq = $1 AND (ranked_is_nan IS NOT is_nan OR ranked_value IS NOT value)
