-- The signature and the reference profile of a version.
SELECT signature, reference_profile FROM model_versions WHERE model_seq = $1 AND version = $2
