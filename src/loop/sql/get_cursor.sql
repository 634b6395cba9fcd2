-- How far the triggers have followed the event log.
SELECT seq FROM loop_cursor
