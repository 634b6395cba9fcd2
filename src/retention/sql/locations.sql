-- Where experiments keep the files of their runs.
SELECT name, artifact_location FROM experiments
