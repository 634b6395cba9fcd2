-- The same when many runs match: goes from key to key by the index and asks of each whether a matching
-- run has it, which the first of its runs mostly does.
WITH RECURSIVE keys (key) AS (
  SELECT (SELECT min(c.key) FROM run_params c WHERE c.key > $3)
  UNION ALL
  SELECT (SELECT min(c.key) FROM run_params c WHERE c.key > keys.key) FROM keys
  WHERE keys.key IS NOT NULL)
SELECT keys.key FROM keys
WHERE keys.key IS NOT NULL AND strpos(lower(keys.key), lower($4)) > 0 AND EXISTS (
  SELECT 1 FROM run_params c JOIN runs r ON r.run_seq = c.run_seq
  WHERE c.key = keys.key AND /*scope*/ AND /*filter*/ OFFSET 0)
LIMIT $5
