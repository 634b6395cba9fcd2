-- Removes all aliases of a model.
DELETE FROM model_aliases WHERE model_seq = $1
