-- Why a change was made, as its author said.
ALTER TABLE model_history ADD COLUMN reason TEXT NOT NULL DEFAULT '';

-- What was so from when to when: the names, aliases, stages, tags, descriptions, checks and gates of
-- models and versions, kept so that a question about any time is one indexed read. `version` is 0
-- where the model itself is meant; `to_ms` is empty while it is still so.
CREATE TABLE model_facts (
  model_seq BIGINT NOT NULL REFERENCES registered_models (model_seq),
  kind TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  key TEXT COLLATE "C" NOT NULL,
  value TEXT COLLATE "C" NOT NULL,
  from_ms BIGINT NOT NULL,
  from_seq BIGINT,
  to_ms BIGINT,
  to_seq BIGINT
);
CREATE INDEX model_facts_by_key ON model_facts (model_seq, kind, version, key, from_ms);
CREATE UNIQUE INDEX model_facts_now ON model_facts (model_seq, kind, version, key)
  WHERE to_ms IS NULL;
CREATE INDEX model_names ON model_facts (value) WHERE kind = 'name';

-- What is so already was so since the last time that something is known to have changed.
INSERT INTO model_facts (model_seq, kind, version, key, value, from_ms, to_ms)
SELECT model_seq, 'name', 0, '', name, created_ms, deleted_ms FROM registered_models;
INSERT INTO model_facts (model_seq, kind, version, key, value, from_ms)
SELECT model_seq, 'description', 0, '', description, updated_ms FROM registered_models
WHERE deleted_ms IS NULL AND description IS NOT NULL;
INSERT INTO model_facts (model_seq, kind, version, key, value, from_ms)
SELECT t.model_seq, 'tag', 0, t.key, t.value, m.updated_ms
FROM model_tags t JOIN registered_models m ON m.model_seq = t.model_seq
WHERE m.deleted_ms IS NULL;
INSERT INTO model_facts (model_seq, kind, version, key, value, from_ms)
SELECT a.model_seq, 'alias', 0, a.alias, CAST(a.version AS TEXT), m.updated_ms
FROM model_aliases a JOIN registered_models m ON m.model_seq = a.model_seq
WHERE m.deleted_ms IS NULL;
INSERT INTO model_facts (model_seq, kind, version, key, value, from_ms, to_ms)
SELECT v.model_seq, 'version', v.version, '', '', v.created_ms, v.deleted_ms
FROM model_versions v JOIN registered_models m ON m.model_seq = v.model_seq
WHERE m.deleted_ms IS NULL;
INSERT INTO model_facts (model_seq, kind, version, key, value, from_ms)
SELECT v.model_seq, 'stage', v.version, '', v.stage, v.updated_ms
FROM model_versions v JOIN registered_models m ON m.model_seq = v.model_seq
WHERE m.deleted_ms IS NULL AND v.deleted_ms IS NULL;
INSERT INTO model_facts (model_seq, kind, version, key, value, from_ms)
SELECT v.model_seq, 'description', v.version, '', v.description, v.updated_ms
FROM model_versions v JOIN registered_models m ON m.model_seq = v.model_seq
WHERE m.deleted_ms IS NULL AND v.deleted_ms IS NULL AND v.description IS NOT NULL;
INSERT INTO model_facts (model_seq, kind, version, key, value, from_ms)
SELECT t.model_seq, 'tag', t.version, t.key, t.value, v.updated_ms
FROM model_version_tags t
JOIN model_versions v ON v.model_seq = t.model_seq AND v.version = t.version
JOIN registered_models m ON m.model_seq = t.model_seq
WHERE m.deleted_ms IS NULL AND v.deleted_ms IS NULL;
INSERT INTO model_facts (model_seq, kind, version, key, value, from_ms)
SELECT c.model_seq, 'check', c.version, c.name,
       CASE c.passed WHEN 0 THEN 'failed' ELSE 'passed' END, c.time_ms
FROM model_version_checks c
JOIN model_versions v ON v.model_seq = c.model_seq AND v.version = c.version
JOIN registered_models m ON m.model_seq = c.model_seq
WHERE m.deleted_ms IS NULL AND v.deleted_ms IS NULL;
