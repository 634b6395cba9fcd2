-- Runs whose metric_appends may have points later than those in latest_metrics
-- (docs/decisions/0019-latest-metrics.md).
CREATE TABLE unraised_runs (
  run_seq BIGINT PRIMARY KEY
);
