-- Removes what a logged model that goes has in logged_model_tags.
DELETE FROM logged_model_tags WHERE model_id = $1
