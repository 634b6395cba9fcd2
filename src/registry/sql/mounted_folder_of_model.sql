-- The folder of which a model is shown.
SELECT folder FROM mounted_models WHERE model_seq = $1
