-- Removes an alias.
DELETE FROM model_aliases WHERE model_seq = $1 AND alias = $2
