-- What a version takes and gives, as far as it is known.
SELECT schema, signature FROM model_versions WHERE model_seq = $1 AND version = $2
