-- Runs that match a filter; the scope brings the experiments and the view.
SELECT r.run_seq, r.run_id, r.experiment_id, r.run_name, r.user_id, r.status, r.start_ms, r.end_ms,
       r.artifact_uri, r.lifecycle/*columns*/
FROM /*from*/
WHERE /*scope*/ AND /*filter*/
ORDER BY /*order*/
LIMIT /*limit*/
