-- Closes a change that is still open.
UPDATE suite_proposals SET state = $2, decided_ms = $3, decided_by = $4, decision = $5,
  result_version = $6
WHERE id = $1 AND state = 'open'
