-- From where to where the segments of a metric reach, in time and step.
SELECT MIN(first_ms), MAX(last_ms), MIN(step_min), MAX(step_max) FROM metric_segments
WHERE run_seq = $1 AND key = $2
