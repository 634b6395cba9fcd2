/** Which events make which views read again; the nouns are those of the server's table of kinds. */
export const nouns = {
  run: ['run', 'artifact', 'experiment'],
  model: ['model', 'model_version', 'alias', 'stage', 'gate'],
  loggedModel: ['logged_model', 'artifact'],
  dataset: ['dataset', 'snapshot', 'split', 'profile'],
  validation: ['validation'],
  suite: ['suite'],
  endpoint: ['endpoint', 'revision', 'rollout', 'replica'],
  monitor: ['monitor', 'report', 'alert'],
  health: ['monitor', 'report', 'alert', 'loop', 'revision', 'rollout'],
  alert: ['alert', 'alert_rule', 'alert_routes', 'alert_receiver', 'silence', 'pipeline_run'],
  pipeline: ['pipeline', 'pipeline_run'],
  loop: ['loop', 'pipeline_run', 'rollout'],
  pipelineRun: ['pipeline_run', 'task'],
  webhook: ['webhook'],
  everything: ['*'],
} as const satisfies Record<string, readonly string[]>;
