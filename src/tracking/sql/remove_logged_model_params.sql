-- Removes what a logged model that goes has in logged_model_params.
DELETE FROM logged_model_params WHERE model_id = $1
