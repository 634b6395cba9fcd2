-- Removes what a model that goes has in model_approvals.
DELETE FROM model_approvals WHERE model_seq = $1
