-- Forgets how far the event files of a run that is removed were read.
DELETE FROM event_files WHERE run_id = $1
