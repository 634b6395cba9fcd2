-- The newest version of a stage, however many a model has; and the version that came of a source. A
-- source may be longer than what a B-tree takes.
CREATE INDEX model_versions_by_stage ON model_versions (model_seq, stage, version)
  WHERE deleted_ms IS NULL;
CREATE INDEX model_versions_by_source ON model_versions USING hash (source);
-- Models by their last change.
CREATE INDEX registered_models_by_update ON registered_models (updated_ms)
  WHERE deleted_ms IS NULL;
