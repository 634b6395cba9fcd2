-- What is the text of a version of a pipeline?
SELECT yaml FROM pipeline_versions WHERE name = $1 AND version = $2
