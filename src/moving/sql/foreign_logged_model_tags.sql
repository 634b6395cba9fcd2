-- The tags of an experiment's logged models.
SELECT CAST(model_id AS TEXT), CAST(tag_key AS TEXT), CAST(tag_value AS TEXT)
FROM logged_model_tags WHERE experiment_id = $1 ORDER BY model_id, tag_key
