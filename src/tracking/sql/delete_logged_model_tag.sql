-- Removes a tag of a logged model.
DELETE FROM logged_model_tags WHERE model_id = $1 AND key = $2
