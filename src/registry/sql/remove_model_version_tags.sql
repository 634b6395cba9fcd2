-- Removes what a model that goes has in model_version_tags.
DELETE FROM model_version_tags WHERE model_seq = $1
