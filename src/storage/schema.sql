-- The schema on SQLite, made by tests/tidy/schema.py --write.
CREATE TABLE abandoned_artifacts (
  path TEXT PRIMARY KEY,
  abandoned_ms BIGINT NOT NULL
);
CREATE TABLE alert_clock (
  one BIGINT PRIMARY KEY,
  steady_ms BIGINT NOT NULL,
  wall_ms BIGINT NOT NULL
);
CREATE TABLE alert_groups (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL
);
CREATE TABLE alert_machines (
  rule TEXT NOT NULL,
  labels TEXT NOT NULL,
  alert TEXT NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (rule, labels)
);
CREATE TABLE alert_receivers (
  name TEXT PRIMARY KEY,
  webhook TEXT NOT NULL,
  kind TEXT NOT NULL,
  send_resolved BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  who TEXT NOT NULL
);
CREATE TABLE alert_routings (
  version BIGINT PRIMARY KEY,
  spec TEXT NOT NULL,
  time_ms BIGINT NOT NULL,
  who TEXT NOT NULL
);
CREATE TABLE alert_rule_versions (
  name TEXT NOT NULL,
  version BIGINT NOT NULL,
  spec TEXT,
  time_ms BIGINT NOT NULL,
  who TEXT NOT NULL,
  PRIMARY KEY (name, version)
);
CREATE TABLE alert_rules (
  name TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  spec TEXT NOT NULL,
  updated_ms BIGINT NOT NULL,
  who TEXT NOT NULL
);
CREATE TABLE alert_silences (
  id TEXT PRIMARY KEY,
  matchers TEXT NOT NULL,
  starts_ms BIGINT NOT NULL,
  ends_ms BIGINT NOT NULL,
  who TEXT NOT NULL,
  comment TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  expired_by TEXT
);
CREATE INDEX alert_silences_by_end ON alert_silences (ends_ms, id);
CREATE TABLE alert_timeline (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  alert TEXT NOT NULL,
  time_ms BIGINT NOT NULL,
  what TEXT NOT NULL,
  who TEXT NOT NULL,
  note TEXT NOT NULL
);
CREATE INDEX alert_timeline_of ON alert_timeline (alert, seq);
CREATE TABLE alerts (
  id TEXT PRIMARY KEY,
  monitor TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  kind TEXT NOT NULL,
  feature TEXT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  threshold DOUBLE PRECISION NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
  opened_ms BIGINT NOT NULL,
  closed_ms BIGINT,
  window_start_ms BIGINT NOT NULL,
  window_end_ms BIGINT NOT NULL,
  message TEXT NOT NULL,
  pipeline_run TEXT
);
CREATE INDEX alerts_by_time ON alerts (opened_ms, id);
CREATE UNIQUE INDEX alerts_open ON alerts (monitor, kind, feature) WHERE state = 'open';
CREATE TABLE artifacts (
  path TEXT PRIMARY KEY,
  bytes BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  stored_ms BIGINT NOT NULL,
  stored_by TEXT NOT NULL
, version TEXT NOT NULL DEFAULT '', damaged_ms BIGINT NOT NULL DEFAULT 0);
CREATE TABLE dataset_heads (
  name TEXT PRIMARY KEY,
  latest_version BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL
, current_version BIGINT NOT NULL DEFAULT 0);
CREATE TABLE dataset_versions (
  dataset TEXT NOT NULL REFERENCES dataset_heads (name),
  version BIGINT NOT NULL,
  md5 TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  row_count BIGINT NOT NULL,
  columns TEXT NOT NULL,
  source TEXT NOT NULL,
  snapshot_id TEXT,
  sql_text TEXT,
  inputs TEXT NOT NULL,
  recipe TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'ready', state_reason TEXT NOT NULL DEFAULT '', state_ms BIGINT NOT NULL DEFAULT 0, state_by TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (dataset, version)
);
CREATE INDEX dataset_versions_by_recipe ON dataset_versions (dataset, recipe);
CREATE INDEX dataset_versions_held ON dataset_versions (created_ms)
  WHERE state IN ('pending', 'quarantined');
CREATE TABLE datasets (
  dataset_seq INTEGER PRIMARY KEY,
  experiment_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  source_type TEXT NOT NULL,
  source TEXT NOT NULL,
  schema TEXT,
  profile TEXT,
  UNIQUE (experiment_id, name, digest)
);
CREATE TABLE deleted_artifacts (
  id TEXT PRIMARY KEY,
  path TEXT NOT NULL,
  deleted_ms BIGINT NOT NULL,
  deleted_by TEXT NOT NULL
);
CREATE INDEX deleted_artifacts_by_time ON deleted_artifacts (deleted_ms, id);
CREATE TABLE endpoint_usage (
  endpoint TEXT NOT NULL REFERENCES endpoints (name),
  day BIGINT NOT NULL,
  principal TEXT NOT NULL,
  asked_rows BIGINT NOT NULL,
  PRIMARY KEY (endpoint, day, principal)
);
CREATE TABLE endpoints (
  name TEXT PRIMARY KEY,
  model TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  promoting TEXT,
  rollout_error TEXT NOT NULL DEFAULT '',
  revisions_made BIGINT NOT NULL DEFAULT 0,
  deleted_ms BIGINT
, api_version BIGINT NOT NULL DEFAULT 1, policy TEXT NOT NULL DEFAULT '{}');
CREATE TABLE event_files (
  run_id TEXT NOT NULL,
  file TEXT NOT NULL,
  bytes_read BIGINT NOT NULL,
  records BIGINT NOT NULL,
  problem TEXT NOT NULL,
  updated_ms BIGINT NOT NULL,
  PRIMARY KEY (run_id, file)
);
CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  time_ms BIGINT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  who TEXT NOT NULL,
  payload TEXT NOT NULL
);
CREATE INDEX events_by_subject ON events (subject, seq);
CREATE TABLE experiment_tags (
  experiment_id BIGINT NOT NULL REFERENCES experiments (experiment_id),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (experiment_id, key)
);
CREATE TABLE experiments (
  experiment_id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  artifact_location TEXT NOT NULL,
  lifecycle TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL
);
CREATE TABLE latest_metrics (
  run_seq BIGINT NOT NULL,
  key TEXT NOT NULL,
  timestamp_ms BIGINT NOT NULL,
  step BIGINT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  is_nan BIGINT NOT NULL,
  PRIMARY KEY (run_seq, key)
) WITHOUT ROWID;
CREATE INDEX latest_by_value ON latest_metrics (key, is_nan, value, run_seq);
CREATE TABLE lease_generation (last BIGINT NOT NULL);
CREATE TABLE leases (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  owner TEXT NOT NULL,
  expires_ms BIGINT NOT NULL,
  generation BIGINT NOT NULL,
  PRIMARY KEY (kind, id)
);
CREATE INDEX leases_by_expiry ON leases (kind, expires_ms);
CREATE TABLE lineage_edges (
  from_node TEXT NOT NULL,
  to_node TEXT NOT NULL,
  label TEXT NOT NULL,
  time_ms BIGINT NOT NULL,
  PRIMARY KEY (from_node, to_node, label)
);
CREATE INDEX lineage_edges_by_from ON lineage_edges (from_node, time_ms);
CREATE INDEX lineage_edges_by_to ON lineage_edges (to_node, time_ms);
CREATE TABLE logged_model_metrics (
  model_id TEXT NOT NULL REFERENCES logged_models (model_id),
  key TEXT NOT NULL,
  run_id TEXT NOT NULL,
  dataset_name TEXT NOT NULL,
  dataset_digest TEXT NOT NULL,
  timestamp_ms BIGINT NOT NULL,
  step BIGINT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  is_nan BIGINT NOT NULL,
  PRIMARY KEY (model_id, key, run_id, dataset_name, dataset_digest, timestamp_ms, step)
);
CREATE TABLE logged_model_params (
  model_id TEXT NOT NULL REFERENCES logged_models (model_id),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model_id, key)
);
CREATE TABLE logged_model_tags (
  model_id TEXT NOT NULL REFERENCES logged_models (model_id),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model_id, key)
);
CREATE TABLE logged_models (
  model_id TEXT PRIMARY KEY,
  experiment_id BIGINT NOT NULL REFERENCES experiments (experiment_id),
  name TEXT NOT NULL,
  artifact_uri TEXT NOT NULL,
  status BIGINT NOT NULL,
  model_type TEXT NOT NULL,
  source_run_id TEXT NOT NULL,
  lifecycle TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL
);
CREATE INDEX logged_models_by_experiment ON logged_models (experiment_id, created_ms DESC);
CREATE TABLE loop_cursor (seq BIGINT NOT NULL);
CREATE TABLE loop_decisions (
  model TEXT NOT NULL,
  number BIGINT NOT NULL,
  time_ms BIGINT NOT NULL,
  phase_from TEXT NOT NULL,
  phase_to TEXT NOT NULL,
  action TEXT NOT NULL,
  rule TEXT NOT NULL,
  reason TEXT NOT NULL,
  who TEXT NOT NULL,
  seen TEXT NOT NULL,
  undo TEXT NOT NULL,
  PRIMARY KEY (model, number)
);
CREATE TABLE loops (
  model TEXT PRIMARY KEY,
  endpoint TEXT NOT NULL,
  version BIGINT NOT NULL,
  yaml TEXT NOT NULL,
  phase TEXT NOT NULL,
  -- As JSON: everything that the next decision goes by.
  state TEXT NOT NULL,
  decisions BIGINT NOT NULL,
  -- Triggers see events after this one.
  events_after BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  who TEXT NOT NULL
);
CREATE TABLE metric_appends (
  run_seq BIGINT NOT NULL,
  append_seq BIGINT NOT NULL,
  points BIGINT NOT NULL,
  written_ms BIGINT NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (run_seq, append_seq)
) WITHOUT ROWID;
CREATE TABLE metric_compactions (
  run_seq INTEGER PRIMARY KEY,
  count BIGINT NOT NULL
);
CREATE TABLE metric_parts (
  run_seq BIGINT NOT NULL,
  key TEXT NOT NULL,
  segment BIGINT NOT NULL,
  part BIGINT NOT NULL,
  last_ms BIGINT NOT NULL,
  step_min BIGINT NOT NULL,
  step_max BIGINT NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (run_seq, key, segment, part)
);
CREATE TABLE metric_segments (
  run_seq BIGINT NOT NULL,
  key TEXT NOT NULL,
  segment BIGINT NOT NULL,
  points BIGINT NOT NULL,
  first_ms BIGINT NOT NULL,
  last_ms BIGINT NOT NULL,
  step_min BIGINT NOT NULL,
  step_max BIGINT NOT NULL,
  data BLOB NOT NULL,
  coarse BLOB NOT NULL,
  overview BLOB NOT NULL,
  detail BLOB NOT NULL,
  PRIMARY KEY (run_seq, key, segment)
);
CREATE TABLE model_aliases (
  model_seq BIGINT NOT NULL REFERENCES registered_models (model_seq),
  alias TEXT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (model_seq, alias)
);
CREATE TABLE model_approvals (
  model_seq BIGINT NOT NULL,
  version BIGINT NOT NULL,
  gate TEXT NOT NULL,
  who TEXT NOT NULL,
  reason TEXT NOT NULL,
  gate_version BIGINT NOT NULL,
  time_ms BIGINT NOT NULL,
  PRIMARY KEY (model_seq, version, gate, who)
);
CREATE TABLE model_facts (
  model_seq BIGINT NOT NULL REFERENCES registered_models (model_seq),
  kind TEXT NOT NULL,
  version BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  from_ms BIGINT NOT NULL,
  from_seq BIGINT,
  to_ms BIGINT,
  to_seq BIGINT
);
CREATE INDEX model_facts_by_key ON model_facts (model_seq, kind, version, key, from_ms);
CREATE UNIQUE INDEX model_facts_now ON model_facts (model_seq, kind, version, key)
  WHERE to_ms IS NULL;
CREATE INDEX model_names ON model_facts (value) WHERE kind = 'name';
CREATE TABLE model_gates (
  model_seq BIGINT NOT NULL REFERENCES registered_models (model_seq),
  gate_version BIGINT NOT NULL,
  body TEXT NOT NULL,
  source TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  who TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (model_seq, gate_version)
);
CREATE TABLE model_history (
  history_seq INTEGER PRIMARY KEY,
  model_seq BIGINT NOT NULL REFERENCES registered_models (model_seq),
  time_ms BIGINT NOT NULL,
  who TEXT NOT NULL,
  kind TEXT NOT NULL,
  version BIGINT,
  details TEXT NOT NULL
, reason TEXT NOT NULL DEFAULT '');
CREATE INDEX model_history_by_model ON model_history (model_seq, history_seq);
CREATE TABLE model_tags (
  model_seq BIGINT NOT NULL REFERENCES registered_models (model_seq),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model_seq, key)
);
CREATE TABLE model_version_checks (
  model_seq BIGINT NOT NULL,
  version BIGINT NOT NULL,
  name TEXT NOT NULL,
  passed BIGINT NOT NULL,
  summary TEXT NOT NULL,
  details TEXT NOT NULL,
  time_ms BIGINT NOT NULL,
  who TEXT NOT NULL,
  PRIMARY KEY (model_seq, version, name)
);
CREATE TABLE model_version_tags (
  model_seq BIGINT NOT NULL,
  version BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model_seq, version, key)
);
CREATE TABLE model_versions (
  model_seq BIGINT NOT NULL REFERENCES registered_models (model_seq),
  version BIGINT NOT NULL,
  description TEXT,
  source TEXT NOT NULL,
  artifact_uri TEXT NOT NULL,
  run_id TEXT NOT NULL,
  run_link TEXT NOT NULL,
  model_id TEXT,
  stage TEXT NOT NULL,
  status TEXT NOT NULL,
  status_message TEXT,
  signature TEXT,
  reference_profile TEXT,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  deleted_ms BIGINT, schema TEXT,
  PRIMARY KEY (model_seq, version)
);
CREATE INDEX model_versions_by_run ON model_versions (run_id);
CREATE INDEX model_versions_by_source ON model_versions (source);
CREATE INDEX model_versions_by_stage ON model_versions (model_seq, stage, version)
  WHERE deleted_ms IS NULL;
CREATE INDEX model_versions_by_update ON model_versions (updated_ms);
CREATE TABLE monitor_windows (
  monitor TEXT NOT NULL,
  start_ms BIGINT NOT NULL,
  end_ms BIGINT NOT NULL,
  predictions BIGINT NOT NULL,
  outcomes BIGINT NOT NULL,
  complete BIGINT NOT NULL,
  drift TEXT NOT NULL,
  performance TEXT NOT NULL,
  updated_ms BIGINT NOT NULL, quality TEXT NOT NULL DEFAULT '{}', changes TEXT NOT NULL DEFAULT '[]', validation TEXT NOT NULL DEFAULT '{}', outcomes_digest BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (monitor, start_ms)
);
CREATE TABLE monitors (
  name TEXT PRIMARY KEY,
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'paused')),
  spec TEXT NOT NULL,
  profile TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  judged_drift_ms BIGINT NOT NULL,
  judged_performance_ms BIGINT NOT NULL
);
CREATE INDEX monitors_by_endpoint ON monitors (endpoint);
CREATE TABLE mounted_experiments (
  folder TEXT NOT NULL,
  source_id TEXT NOT NULL,
  experiment_id BIGINT NOT NULL UNIQUE REFERENCES experiments (experiment_id),
  PRIMARY KEY (folder, source_id)
);
CREATE TABLE mounted_models (
  folder TEXT NOT NULL,
  source_name TEXT NOT NULL,
  model_seq BIGINT NOT NULL UNIQUE REFERENCES registered_models (model_seq),
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (folder, source_name)
);
CREATE TABLE mounted_runs (
  run_seq BIGINT PRIMARY KEY,
  fingerprint TEXT NOT NULL
);
CREATE TABLE part_uploads (
  id TEXT PRIMARY KEY,
  path TEXT NOT NULL,
  secret TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  part_bytes BIGINT NOT NULL,
  begun_by TEXT NOT NULL,
  touched_ms BIGINT NOT NULL
);
CREATE INDEX part_uploads_by_path ON part_uploads (path);
CREATE INDEX part_uploads_by_touch ON part_uploads (touched_ms);
CREATE TABLE pipeline_attempts (
  run TEXT NOT NULL,
  task TEXT NOT NULL,
  number BIGINT NOT NULL,
  state TEXT NOT NULL,
  owner TEXT NOT NULL,
  message TEXT NOT NULL,
  exit_code BIGINT,
  started_ms BIGINT NOT NULL,
  ended_ms BIGINT,
  PRIMARY KEY (run, task, number),
  FOREIGN KEY (run, task) REFERENCES pipeline_tasks (run, name)
);
CREATE TABLE pipeline_cursor (seq BIGINT NOT NULL);
CREATE TABLE pipeline_runs (
  id TEXT PRIMARY KEY,
  pipeline TEXT NOT NULL REFERENCES pipelines (name),
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  params TEXT NOT NULL,
  -- The event that started it, as JSON, and which of the pipeline's triggers; empty and -1 by hand.
  event TEXT NOT NULL,
  trigger_number BIGINT NOT NULL,
  who TEXT NOT NULL,
  message TEXT NOT NULL,
  cancelled_by TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  started_ms BIGINT,
  ended_ms BIGINT
);
CREATE INDEX pipeline_runs_live ON pipeline_runs (pipeline, state, created_ms)
  WHERE state IN ('queued', 'running');
CREATE INDEX pipeline_runs_newest ON pipeline_runs (created_ms, id);
CREATE INDEX pipeline_runs_of ON pipeline_runs (pipeline, created_ms, id);
CREATE TABLE pipeline_tasks (
  run TEXT NOT NULL REFERENCES pipeline_runs (id),
  name TEXT NOT NULL,
  position BIGINT NOT NULL,
  needs TEXT NOT NULL,
  state TEXT NOT NULL,
  outputs TEXT NOT NULL,
  message TEXT NOT NULL,
  not_before_ms BIGINT NOT NULL,
  started_ms BIGINT,
  ended_ms BIGINT,
  PRIMARY KEY (run, name)
);
CREATE TABLE pipeline_versions (
  name TEXT NOT NULL REFERENCES pipelines (name),
  version BIGINT NOT NULL,
  digest TEXT NOT NULL,
  yaml TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  who TEXT NOT NULL,
  PRIMARY KEY (name, version)
);
CREATE TABLE pipelines (
  name TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  digest TEXT NOT NULL,
  yaml TEXT NOT NULL,
  -- Triggers see events after this one.
  triggers_after BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  who TEXT NOT NULL
);
CREATE TABLE principal_roles (
  principal_id BIGINT NOT NULL REFERENCES principals (principal_id),
  role TEXT NOT NULL,
  granted_ms BIGINT NOT NULL,
  granted_by TEXT NOT NULL,
  PRIMARY KEY (principal_id, role)
);
CREATE TABLE principals (
  principal_id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  password_hash TEXT,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL
);
CREATE TABLE registered_models (
  model_seq INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  description TEXT,
  gate TEXT,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  deleted_ms BIGINT
);
CREATE UNIQUE INDEX registered_models_by_name ON registered_models (name) WHERE deleted_ms IS NULL;
CREATE INDEX registered_models_by_update ON registered_models (updated_ms)
  WHERE deleted_ms IS NULL;
CREATE TABLE revisions (
  id TEXT PRIMARY KEY,
  endpoint TEXT NOT NULL REFERENCES endpoints (name),
  number BIGINT NOT NULL,
  model_version TEXT NOT NULL,
  model_path TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('live', 'canary', 'shadow', 'retired')),
  weight BIGINT NOT NULL CHECK (weight BETWEEN 0 AND 100),
  replicas BIGINT NOT NULL CHECK (replicas > 0),
  created_ms BIGINT NOT NULL,
  live_ms BIGINT,
  retired_ms BIGINT
, api_version BIGINT NOT NULL DEFAULT 1, slots TEXT NOT NULL DEFAULT '');
CREATE UNIQUE INDEX one_live_revision ON revisions (endpoint) WHERE role = 'live';
CREATE INDEX revisions_by_endpoint ON revisions (endpoint, number);
CREATE TABLE rule_alerts (
  id TEXT PRIMARY KEY,
  rule TEXT NOT NULL,
  labels TEXT NOT NULL,
  severity TEXT NOT NULL,
  phase TEXT NOT NULL CHECK (phase IN ('pending', 'firing', 'resolved')),
  value DOUBLE PRECISION,
  threshold DOUBLE PRECISION,
  summary TEXT NOT NULL,
  annotations TEXT NOT NULL,
  cause TEXT NOT NULL,
  from_monitor BIGINT NOT NULL,
  flapping BIGINT NOT NULL,
  pending_ms BIGINT NOT NULL,
  fired_ms BIGINT,
  resolved_ms BIGINT,
  seen_ms BIGINT NOT NULL,
  ack_who TEXT,
  ack_note TEXT,
  ack_ms BIGINT
);
CREATE INDEX rule_alerts_live ON rule_alerts (phase) WHERE phase <> 'resolved';
CREATE INDEX rule_alerts_newest ON rule_alerts (pending_ms, id);
CREATE INDEX rule_alerts_of ON rule_alerts (rule, pending_ms);
CREATE TABLE run_input_tags (
  run_seq BIGINT NOT NULL,
  dataset_seq BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run_seq, dataset_seq, key)
);
CREATE TABLE run_inputs (
  run_seq BIGINT NOT NULL,
  dataset_seq BIGINT NOT NULL REFERENCES datasets (dataset_seq),
  PRIMARY KEY (run_seq, dataset_seq)
);
CREATE INDEX run_inputs_by_dataset ON run_inputs (dataset_seq, run_seq);
CREATE TABLE run_models (
  run_seq BIGINT NOT NULL,
  direction TEXT NOT NULL,
  model_id TEXT NOT NULL,
  step BIGINT NOT NULL,
  PRIMARY KEY (run_seq, direction, model_id, step)
);
CREATE TABLE run_params (
  run_seq BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run_seq, key)
) WITHOUT ROWID;
CREATE INDEX params_by_value ON run_params (key, value, run_seq);
CREATE TABLE run_tags (
  run_seq BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run_seq, key)
) WITHOUT ROWID;
CREATE INDEX tags_by_value ON run_tags (key, value, run_seq);
CREATE TABLE runs (
  run_seq INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  experiment_id BIGINT NOT NULL REFERENCES experiments (experiment_id),
  run_name TEXT NOT NULL,
  user_id TEXT NOT NULL,
  status TEXT NOT NULL,
  start_ms BIGINT NOT NULL,
  end_ms BIGINT,
  artifact_uri TEXT NOT NULL,
  lifecycle TEXT NOT NULL,
  deleted_ms BIGINT,
  written_by TEXT NOT NULL
, lease_ms BIGINT, lease_renewed_ms BIGINT, lease_missed_ms BIGINT);
CREATE UNIQUE INDEX runs_by_id ON runs (run_id);
CREATE INDEX runs_by_lease ON runs (run_seq) WHERE lease_ms IS NOT NULL AND status = 'RUNNING';
CREATE INDEX runs_by_name ON runs (run_name);
CREATE INDEX runs_by_start ON runs (experiment_id, lifecycle, start_ms DESC, run_id);
CREATE INDEX runs_by_status ON runs (status, experiment_id);
CREATE INDEX runs_by_time ON runs (start_ms DESC, run_id);
CREATE TABLE schema_migrations (
  number BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  checksum TEXT NOT NULL,
  applied_ms BIGINT NOT NULL
);
CREATE TABLE snapshots (
  id TEXT PRIMARY KEY,
  source TEXT NOT NULL,
  location TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  etag TEXT NOT NULL,
  parser TEXT NOT NULL,
  state TEXT NOT NULL,
  error TEXT NOT NULL,
  dataset TEXT NOT NULL,
  version BIGINT NOT NULL,
  created_ms BIGINT NOT NULL
);
CREATE INDEX snapshots_by_source ON snapshots (source, dataset, created_ms);
CREATE TABLE sources (
  name TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  dataset TEXT NOT NULL,
  config TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL
);
CREATE TABLE splits (
  id TEXT PRIMARY KEY,
  dataset TEXT NOT NULL,
  version BIGINT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  spec TEXT NOT NULL,
  parts TEXT NOT NULL,
  unassigned_count BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  UNIQUE (dataset, version, name),
  FOREIGN KEY (dataset, version) REFERENCES dataset_versions (dataset, version)
);
CREATE TABLE suite_attachments (
  kind TEXT NOT NULL,
  target TEXT NOT NULL,
  suite TEXT NOT NULL REFERENCES suites (name),
  on_failure TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (kind, target, suite)
);
CREATE TABLE suite_comments (
  id TEXT PRIMARY KEY,
  suite TEXT NOT NULL,
  expectation TEXT NOT NULL,
  validation_id TEXT NOT NULL,
  text TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL
);
CREATE INDEX suite_comments_by_suite ON suite_comments (suite, created_ms);
CREATE TABLE suite_proposals (
  id TEXT PRIMARY KEY,
  suite TEXT NOT NULL,
  expectation TEXT NOT NULL,
  base_version BIGINT NOT NULL,
  base TEXT NOT NULL,
  change TEXT NOT NULL,
  reason TEXT NOT NULL,
  validation_id TEXT NOT NULL,
  state TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  decided_ms BIGINT NOT NULL,
  decided_by TEXT NOT NULL,
  decision TEXT NOT NULL,
  result_version BIGINT NOT NULL
);
CREATE INDEX suite_proposals_by_suite ON suite_proposals (suite, created_ms);
CREATE TABLE suite_versions (
  suite TEXT NOT NULL,
  version BIGINT NOT NULL,
  body TEXT NOT NULL,
  expectation_count BIGINT NOT NULL,
  reason TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (suite, version)
);
CREATE TABLE suites (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  expectation_count BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  updated_by TEXT NOT NULL
, version BIGINT NOT NULL DEFAULT 1);
CREATE TABLE summary_samples (
  tag_seq BIGINT NOT NULL REFERENCES summary_tags (seq),
  step BIGINT NOT NULL,
  time_ms BIGINT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (tag_seq, step)
);
CREATE TABLE summary_tags (
  seq INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  tag TEXT NOT NULL,
  folder TEXT NOT NULL,
  key TEXT NOT NULL,
  plugin TEXT NOT NULL,
  seen BIGINT NOT NULL,
  UNIQUE (run_id, kind, tag)
);
CREATE TABLE tokens (
  token_id TEXT PRIMARY KEY,
  principal_id BIGINT NOT NULL REFERENCES principals (principal_id),
  name TEXT NOT NULL,
  secret_hash TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  expires_ms BIGINT,
  created_by TEXT NOT NULL
);
CREATE INDEX tokens_by_principal ON tokens (principal_id, created_ms);
CREATE TABLE unraised_runs (
  run_seq BIGINT PRIMARY KEY
);
CREATE TABLE uploaded_parts (
  upload_id TEXT NOT NULL REFERENCES part_uploads (id) ON DELETE CASCADE,
  number BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (upload_id, number)
);
CREATE TABLE validations (
  id TEXT PRIMARY KEY,
  suite TEXT NOT NULL,
  dataset TEXT NOT NULL,
  version BIGINT NOT NULL,
  success BIGINT NOT NULL,
  evaluated BIGINT NOT NULL,
  unsuccessful BIGINT NOT NULL,
  result TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL
, suite_version BIGINT NOT NULL DEFAULT 0, outcomes TEXT NOT NULL DEFAULT '');
CREATE INDEX validations_by_dataset ON validations (dataset, version, created_ms);
CREATE INDEX validations_by_suite ON validations (suite, dataset, created_ms);
CREATE INDEX validations_by_time ON validations (created_ms, id);
CREATE TABLE webhook_attempts (
  delivery_seq BIGINT NOT NULL REFERENCES webhook_deliveries (seq),
  number BIGINT NOT NULL,
  started_ms BIGINT NOT NULL,
  duration_ms BIGINT NOT NULL,
  status BIGINT,
  error TEXT NOT NULL,
  response TEXT NOT NULL,
  PRIMARY KEY (delivery_seq, number)
);
CREATE TABLE webhook_cursor (seq BIGINT NOT NULL);
CREATE TABLE webhook_deliveries (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  webhook_seq BIGINT NOT NULL REFERENCES webhooks (seq),
  event_seq BIGINT NOT NULL,
  topic TEXT NOT NULL,
  subject TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
  tries BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  due_ms BIGINT NOT NULL,
  error TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  finished_ms BIGINT
);
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (webhook_seq, seq)
  WHERE state = 'dead';
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (finished_ms)
  WHERE finished_ms IS NOT NULL;
CREATE INDEX webhook_deliveries_of ON webhook_deliveries (webhook_seq, seq);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (webhook_seq, seq)
  WHERE state = 'pending';
CREATE TABLE webhooks (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT,
  url TEXT NOT NULL,
  -- How its messages are worded, and which of them it wants, as a JSON list.
  format TEXT NOT NULL,
  topics TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('ACTIVE', 'DISABLED')),
  -- Sealed: see security/secret_box.h.
  secret TEXT,
  -- It is told of events after this one.
  after_seq BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  -- A deleted one stays until its deliveries have been removed.
  deleted_ms BIGINT
, settings TEXT NOT NULL DEFAULT '{}');
CREATE TABLE window_health (
  monitor TEXT NOT NULL,
  start_ms BIGINT NOT NULL,
  measured_of_ms BIGINT NOT NULL,
  health TEXT NOT NULL,
  PRIMARY KEY (monitor, start_ms)
);
