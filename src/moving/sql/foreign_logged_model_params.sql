-- The params of an experiment's logged models.
SELECT CAST(model_id AS TEXT), CAST(param_key AS TEXT), CAST(param_value AS TEXT)
FROM logged_model_params WHERE experiment_id = $1 ORDER BY model_id, param_key
