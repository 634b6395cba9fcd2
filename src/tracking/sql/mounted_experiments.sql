-- The experiments that are shown of a folder, by what they are called there.
SELECT source_id, experiment_id FROM mounted_experiments WHERE folder = $1
