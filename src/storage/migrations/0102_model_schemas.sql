-- What a version takes and gives, in MLflow's notation, as its MLmodel said when it was registered.
ALTER TABLE model_versions ADD COLUMN schema TEXT;
-- What an endpoint promises its callers has a number. A revision keeps the one that it was made
-- under: while the endpoint's is higher, the next version may take something else.
ALTER TABLE endpoints ADD COLUMN api_version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE revisions ADD COLUMN api_version BIGINT NOT NULL DEFAULT 1;
