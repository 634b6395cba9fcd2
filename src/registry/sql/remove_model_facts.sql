-- Removes what a model that goes has in model_facts.
DELETE FROM model_facts WHERE model_seq = $1
