-- Remembers which pipeline run an alert started.
UPDATE alerts SET pipeline_run = $2 WHERE id = $1
