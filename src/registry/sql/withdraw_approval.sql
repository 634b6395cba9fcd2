-- Takes an approval back.
DELETE FROM model_approvals WHERE model_seq = $1 AND version = $2 AND gate = $3 AND who = $4
