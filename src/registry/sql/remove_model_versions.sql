-- Removes what a model that goes has in model_versions.
DELETE FROM model_versions WHERE model_seq = $1
