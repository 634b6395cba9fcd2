-- Where dataset versions were read from.
SELECT dataset, source FROM dataset_versions WHERE source <> 'derived'
