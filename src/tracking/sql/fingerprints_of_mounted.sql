-- What the files of the shown runs of an experiment were like.
SELECT r.run_id, m.fingerprint
FROM runs r JOIN mounted_runs m ON m.run_seq = r.run_seq
WHERE r.experiment_id = $1
