-- How far have the triggers followed the event log?
SELECT seq FROM pipeline_cursor
