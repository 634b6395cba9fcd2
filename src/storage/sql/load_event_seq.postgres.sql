-- Goes on counting events after the last number that was drawn, which may be of no event.
SELECT setval(pg_get_serial_sequence('events', 'seq'), greatest($1, 1), $1 > 0)
