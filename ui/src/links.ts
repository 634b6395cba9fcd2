/** Where each kind of thing is shown. */
import { href } from './router';

export const runPath = (id: string) => href('/runs/:id', { id });
export const loggedModelPath = (id: string) => href('/logged-models/:id', { id });
export const modelPath = (name: string, version?: string) => href('/models/:name', { name }, { version });
export const datasetPath = (name: string, version?: number | string) =>
  href('/datasets/:name', { name }, { version: version === undefined ? undefined : String(version) });
export const suitePath = (name: string, version?: number) => href('/suites/:name', { name }, { version: version === undefined ? undefined : String(version) });
export const validationPath = (id: string) => href('/validations/:id', { id });
export const endpointPath = (name: string) => href('/endpoints/:name', { name });
export const monitorPath = (name: string, query: Record<string, string | undefined> = {}) => href('/monitors/:name', { name }, query);
export const monitorEditPath = (name: string) => href('/monitors/:name/edit', { name });
export const newMonitorPath = (endpoint?: string) => href('/new-monitor', {}, { endpoint });
export const alertPath = (id: string) => href('/alerts/:id', { id });
export const pipelinePath = (name: string) => href('/pipelines', {}, { pipeline: name });
export const pipelineRunPath = (id: string, task?: string) => href('/pipeline-runs/:id', { id }, { task });
export const loopPath = (model: string) => href('/loops/:model', { model });
export const webhookPath = (id: string, query: Record<string, string | undefined> = {}) => href('/webhooks/:id', { id }, query);
export const lineagePath = (node: string) => href('/lineage', {}, { node });

/** The page of a lineage node or an event's subject, `KIND:ID`; undefined where it has none. */
export function subjectPath(subject: string): string | undefined {
  const colon = subject.indexOf(':');
  if (colon < 0) return undefined;
  const kind = subject.slice(0, colon);
  const id = subject.slice(colon + 1);
  const at = id.lastIndexOf('@');
  const name = at < 0 ? id : id.slice(0, at);
  const version = at < 0 ? undefined : id.slice(at + 1);
  switch (kind) {
    case 'run':
      return runPath(id);
    case 'experiment':
      return href('/runs', {}, { experiment: id });
    case 'logged_model':
      return loggedModelPath(id);
    case 'dataset':
      return datasetPath(name, version);
    case 'suite':
      return suitePath(id);
    case 'validation':
      return validationPath(id);
    case 'model':
    case 'model_version':
      return modelPath(name, version);
    case 'endpoint':
      return endpointPath(name);
    case 'monitor':
      return monitorPath(id);
    case 'alert':
      return alertPath(id);
    case 'alert_rule':
      return '/alerts?tab=rules';
    case 'alert_receiver':
      return '/alerts?tab=receivers';
    case 'silence':
      return '/alerts?tab=silences';
    case 'webhook':
      return webhookPath(id);
    case 'loop':
      return loopPath(id);
    case 'pipeline':
      return pipelinePath(id);
    case 'pipeline_run':
      return pipelineRunPath(id);
    default:
      return undefined;
  }
}
