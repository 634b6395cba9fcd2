-- Removes what a logged model that goes has in logged_model_metrics.
DELETE FROM logged_model_metrics WHERE model_id = $1
