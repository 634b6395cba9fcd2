-- The tags of some versions; $1 is a JSON array of [key of the model, version].
SELECT t.model_seq, t.version, t.key, t.value
FROM json_array_elements($1::json) AS p(pair)
JOIN model_version_tags t
  ON t.model_seq = (p.pair ->> 0)::bigint AND t.version = (p.pair ->> 1)::bigint
ORDER BY t.model_seq, t.version, t.key
