-- MLflow's experiments of the default workspace.
SELECT CAST(experiment_id AS BIGINT), CAST(name AS TEXT),
       CAST(COALESCE(artifact_location, '') AS TEXT), CAST(COALESCE(lifecycle_stage, '') AS TEXT),
       CAST([experiments.creation_time] AS BIGINT), CAST([experiments.last_update_time] AS BIGINT)
FROM experiments
WHERE COALESCE([experiments.workspace], 'default') = 'default'
ORDER BY experiment_id
