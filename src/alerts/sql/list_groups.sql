-- What was told of each group?
SELECT id, state FROM alert_groups ORDER BY id
