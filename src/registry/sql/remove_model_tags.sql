-- Removes what a model that goes has in model_tags.
DELETE FROM model_tags WHERE model_seq = $1
