-- Which numbers were drawn last where no number may ever be drawn twice?
SELECT 'lease_generation', coalesce(pg_sequence_last_value('lease_generation'::regclass), 0)
UNION ALL
SELECT 'events.seq',
       coalesce(pg_sequence_last_value(pg_get_serial_sequence('events', 'seq')::regclass), 0)
