-- Removes what a model that goes has in model_gates.
DELETE FROM model_gates WHERE model_seq = $1
