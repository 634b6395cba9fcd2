/**
 * Experiments, runs, metrics, artifacts and the registry, in MLflow's own shapes under
 * `/ajax-api/2.0/mlflow/`. Empty fields may be left out of answers.
 */
import { getJson, request, withQuery } from './client';

const base = '/ajax-api/2.0/mlflow';

/** JSON has no NaN and no infinities; MLflow writes them as text. */
export type MetricValue = number | 'NaN' | 'Infinity' | '-Infinity';

export interface KeyValue {
  key: string;
  value: string;
}

export interface Experiment {
  experiment_id: string;
  name: string;
  artifact_location?: string;
  lifecycle_stage: 'active' | 'deleted';
  creation_time: number;
  last_update_time: number;
  tags?: KeyValue[];
}

export interface Metric {
  key: string;
  value: MetricValue;
  timestamp: number;
  step: number;
}

export type RunStatus = 'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED';

export interface RunInfo {
  run_id: string;
  run_name?: string;
  experiment_id: string;
  user_id?: string;
  status: RunStatus;
  start_time: number;
  end_time?: number;
  artifact_uri?: string;
  lifecycle_stage: 'active' | 'deleted';
}

export interface DatasetInput {
  dataset: { name: string; digest: string; source_type: string; source: string; schema?: string; profile?: string };
  tags?: KeyValue[];
}

export interface Run {
  info: RunInfo;
  /** `metrics` holds the latest point of each key. */
  data: { metrics?: Metric[]; params?: KeyValue[]; tags?: KeyValue[] };
  inputs?: { dataset_inputs?: DatasetInput[] };
}

export interface ArtifactFile {
  /** Path from the run's artifact root. */
  path: string;
  is_dir: boolean;
  file_size?: number;
}

export interface RegisteredModel {
  name: string;
  creation_timestamp: number;
  last_updated_timestamp: number;
  description?: string;
  latest_versions?: ModelVersionInfo[];
  tags?: KeyValue[];
  aliases?: { alias: string; version: string }[];
}

/** A model version as the registry lists it; signature and checks are in `models.ts`. */
export interface ModelVersionInfo {
  name: string;
  version: string;
  creation_timestamp: number;
  last_updated_timestamp?: number;
  user_id?: string;
  current_stage?: string;
  description?: string;
  source?: string;
  run_id?: string;
  status?: 'READY' | 'PENDING_REGISTRATION' | 'FAILED_REGISTRATION';
  status_message?: string;
  tags?: KeyValue[];
  aliases?: string[];
}

export async function getExperiment(experiment_id: string, signal?: AbortSignal): Promise<Experiment> {
  return (await getJson<{ experiment: Experiment }>(`${base}/experiments/get`, { experiment_id }, signal)).experiment;
}

export async function getRun(run_id: string, signal?: AbortSignal): Promise<Run> {
  return (await getJson<{ run: Run }>(`${base}/runs/get`, { run_id }, signal)).run;
}

export async function listArtifacts(run_id: string, path?: string, signal?: AbortSignal): Promise<ArtifactFile[]> {
  const answer = await getJson<{ files?: ArtifactFile[] }>(`${base}/artifacts/list`, { run_id, path }, signal);
  return answer.files ?? [];
}

export function artifactUrl(run_id: string, path: string): string {
  return withQuery('/get-artifact', { run_uuid: run_id, path });
}

export async function readArtifactText(run_id: string, path: string, signal?: AbortSignal): Promise<string> {
  return (await request(artifactUrl(run_id, path), { signal })).text();
}

export async function searchRegisteredModels(signal?: AbortSignal): Promise<RegisteredModel[]> {
  const answer = await getJson<{ registered_models?: RegisteredModel[] }>(
    `${base}/registered-models/search`,
    { max_results: 1000 },
    signal,
  );
  return answer.registered_models ?? [];
}

export async function getRegisteredModel(name: string, signal?: AbortSignal): Promise<RegisteredModel> {
  return (await getJson<{ registered_model: RegisteredModel }>(`${base}/registered-models/get`, { name }, signal))
    .registered_model;
}

export async function searchModelVersions(filter: string, signal?: AbortSignal): Promise<ModelVersionInfo[]> {
  const answer = await getJson<{ model_versions?: ModelVersionInfo[] }>(
    `${base}/model-versions/search`,
    { filter, max_results: 1000 },
    signal,
  );
  return answer.model_versions ?? [];
}
