-- Removes what a model that goes has in model_version_checks.
DELETE FROM model_version_checks WHERE model_seq = $1
