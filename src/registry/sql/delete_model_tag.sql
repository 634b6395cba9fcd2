-- Removes a tag of a model.
DELETE FROM model_tags WHERE model_seq = $1 AND key = $2
