-- Marks an experiment's runs together with it; $4 is the present mark of those that follow.
UPDATE runs SET lifecycle = $2, deleted_ms = $3 WHERE experiment_id = $1 AND lifecycle = $4
