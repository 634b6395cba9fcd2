-- Removes what a model that goes has in model_history.
DELETE FROM model_history WHERE model_seq = $1
