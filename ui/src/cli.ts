/** The command lines that empty pages name, in one place so that they follow the CLI. */
export const cli = {
  demo: 'millwright demo flights',
  quickDemo: 'millwright demo flights --quick',
  tracking: `export MLFLOW_TRACKING_URI=${typeof location === 'undefined' ? 'http://localhost:5000' : location.origin}`,
  upload: 'millwright data upload NAME FILE.parquet',
  split: (dataset: string) => `millwright data split ${dataset} --name NAME --kind random --part train=0.8 --part test=0.2`,
  validate: (dataset: string) => `millwright quality validate ${dataset} --suite SUITE.json`,
  attach: (dataset: string) => `millwright quality attach SUITE --dataset ${dataset}`,
  deploy: 'millwright endpoints deploy NAME --model MODEL@champion',
  monitor: 'millwright monitors create MONITOR.yaml',
  alerts: 'millwright alerts apply deploy/alerts/millwright.yaml',
  webhook: 'millwright webhooks create NAME https://… --event alias.moved',
  pipeline: 'millwright pipelines register PIPELINE.yaml',
  loop: 'millwright loop apply POLICY.yaml',
  run: (pipeline: string) => `millwright pipelines run ${pipeline}`,
} as const;
