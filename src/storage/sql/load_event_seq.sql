-- Goes on counting events after the last number that was drawn, which may be of no event.
INSERT INTO sqlite_sequence (name, seq)
SELECT 'events', $1 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'events')
