-- Is a model one of MLflow's prompts, which are kept as models with this tag?
SELECT 1 FROM model_tags
WHERE model_seq = $1 AND key = 'mlflow.prompt.is_prompt' AND lower(value) = 'true'
