-- Runs that match a filter; $1 is a JSON array of experiments, $2 'active', 'deleted' or 'all'.
SELECT r.run_seq, r.run_id, r.experiment_id, r.run_name, r.user_id, r.status, r.start_ms, r.end_ms,
       r.artifact_uri, r.lifecycle
FROM runs r/*joins*/
WHERE r.experiment_id IN (SELECT json_array_elements_text($1::json)::bigint) AND ($2 = 'all' OR r.lifecycle = $2)
  AND /*filter*/
ORDER BY /*order*/
LIMIT $3 OFFSET $4
