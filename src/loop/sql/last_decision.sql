-- The number of the last decision that was ever made of a model.
SELECT coalesce(max(number), 0) FROM loop_decisions WHERE model = $1
