-- Version pages are ordered by the last change unless something else is asked for.
CREATE INDEX model_versions_by_update ON model_versions (updated_ms);
