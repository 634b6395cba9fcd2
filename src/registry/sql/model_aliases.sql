-- The aliases of some models; $1 is a JSON array of their keys.
SELECT model_seq, alias, version FROM model_aliases
WHERE model_seq IN (SELECT value FROM json_each($1))
ORDER BY model_seq, alias
