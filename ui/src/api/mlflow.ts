/**
 * Experiments, runs, metrics, artifacts and the registry, in MLflow's own shapes under
 * `/ajax-api/2.0/mlflow/`. Empty fields may be left out of answers.
 */
import { ApiError, getJson, postJson, request } from './client';

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

export interface Paged<T> {
  items: T[];
  next?: string;
}

export async function searchRegisteredModels(filter: string, page?: string, signal?: AbortSignal): Promise<Paged<RegisteredModel>> {
  const answer = await getJson<{ registered_models?: RegisteredModel[]; next_page_token?: string }>(
    `${base}/registered-models/search`,
    { max_results: 100, filter, page_token: page },
    signal,
  );
  return { items: answer.registered_models ?? [], next: answer.next_page_token || undefined };
}

/** Registers a version of what a run left, and the model's name where it is new: both or nothing. */
export async function registerVersion(name: string, run_id: string, path: string, isKnown: boolean): Promise<ModelVersionInfo> {
  const run = await getRun(run_id);
  let isNew = !isKnown;
  try {
    if (!isKnown) await postJson(`${base}/registered-models/create`, { name });
  } catch (cause) {
    if (!(cause instanceof ApiError && cause.code === 'RESOURCE_ALREADY_EXISTS')) throw cause;
    isNew = false;
  }
  const source = [run.info.artifact_uri, path].filter(Boolean).join('/');
  try {
    const answer = await postJson<{ model_version: ModelVersionInfo }>(`${base}/model-versions/create`, { name, source, run_id });
    return answer.model_version;
  } catch (cause) {
    // What refused the version is what the reader has to know, not whether the empty model went.
    if (isNew) await request(`${base}/registered-models/delete`, { method: 'DELETE', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name }) }).catch(() => {});
    throw cause;
  }
}

/** Where the files of a version are. */
export async function getDownloadUri(name: string, version: string, signal?: AbortSignal): Promise<string> {
  return (await getJson<{ artifact_uri: string }>(`${base}/model-versions/get-download-uri`, { name, version }, signal)).artifact_uri;
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
