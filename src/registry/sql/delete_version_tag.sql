-- Removes a tag of a version.
DELETE FROM model_version_tags WHERE model_seq = $1 AND version = $2 AND key = $3
