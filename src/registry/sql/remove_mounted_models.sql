-- Removes what a model that goes has in mounted_models.
DELETE FROM mounted_models WHERE model_seq = $1
