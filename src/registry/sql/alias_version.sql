-- The version that an alias points to.
SELECT version FROM model_aliases WHERE model_seq = $1 AND alias = $2
