-- Where the files of a logged model are.
SELECT artifact_uri FROM logged_models WHERE model_id = $1
