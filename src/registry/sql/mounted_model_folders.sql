-- The folders of which models are shown.
SELECT DISTINCT folder FROM mounted_models
