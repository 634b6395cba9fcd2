-- Removes what a model that goes has in registered_models.
DELETE FROM registered_models WHERE model_seq = $1
