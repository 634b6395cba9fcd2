-- Forgets a group.
DELETE FROM alert_groups WHERE id = $1
