-- Where the files of a run are.
SELECT artifact_uri FROM runs WHERE run_id = $1
