-- Removes a logged model that has nothing any more.
DELETE FROM logged_models WHERE model_id = $1
