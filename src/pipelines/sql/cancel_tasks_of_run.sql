-- Ends the tasks of a run that never left the queue.
UPDATE pipeline_tasks SET state = 'cancelled', ended_ms = $2 WHERE run = $1
