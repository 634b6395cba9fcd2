-- Keeps what a version takes and gives, unless that is known.
UPDATE model_versions SET schema = $3 WHERE model_seq = $1 AND version = $2 AND schema IS NULL
