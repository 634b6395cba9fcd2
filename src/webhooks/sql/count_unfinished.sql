-- How many deliveries of each webhook wait, and how many are dead?
SELECT webhook_seq, state, COUNT(*) FROM webhook_deliveries
WHERE state IN ('pending', 'dead') GROUP BY webhook_seq, state
