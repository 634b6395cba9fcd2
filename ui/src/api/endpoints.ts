/** Endpoints: revisions, replicas, live traffic, logged predictions, and asking one for a prediction. */
import { getJson, postJson, segment } from './client';
import type { Signature } from './models';

export type EndpointState = 'starting' | 'ready' | 'degraded' | 'failed' | 'stopped';
export type RevisionRole = 'live' | 'canary' | 'shadow' | 'retired';
export type ReplicaState = 'starting' | 'ready' | 'draining' | 'failed' | 'stopped';

/** One row of `GET /api/v1/endpoints` → `{endpoints}`. Counts are since the endpoint was created. */
export interface EndpointSummary {
  name: string;
  model: string;
  state: EndpointState;
  url: string;
  /** Version that answers; empty before the first revision is live. */
  live_version?: string;
  created_ms: number;
  requests: number;
  errors: number;
}

export interface Replica {
  id: string;
  state: ReplicaState;
  pid?: number;
  /** Why it is not ready. */
  reason?: string;
  requests: number;
  errors: number;
  /** Requests at work. */
  outstanding: number;
  /** Of the latest requests; 0 while there are few. */
  median_us: number;
  /** It gets no requests for so long; absent when it does. */
  ejected_for_ms?: number;
  started_ms: number;
}

export interface Revision {
  id: string;
  model_version: string;
  role: RevisionRole;
  /** Share of the traffic in percent; a shadow has 0 and sees copies. */
  weight: number;
  /** Which of the 100 slots of the split are its own: "0-9,40-54". */
  slots: string;
  replicas_wanted: number;
  median_us: number;
  p95_us: number;
  created_ms: number;
  requests?: number;
  errors?: number;
  /** Why its replicas do not start. */
  failure?: string;
  replicas: Replica[];
}

/** How an endpoint treats its requests; `POST /api/v1/endpoints/{name}/policy` takes some or all. */
export interface Policy {
  sticky_by: string;
  hedge_percent: number;
  eject_errors: number;
  eject_slowness: number;
  cache_ttl_ms: number;
  cache_bytes: number;
  requests_per_s: number;
  burst: number;
  rows_per_day: number;
  request_bytes: number;
  response_bytes: number;
  replicas_min: number;
  replicas_max: number;
  replica_concurrency: number;
  quiet_ms: number;
}

/** `GET /api/v1/endpoints/{name}`; revisions newest first. */
export interface Endpoint {
  name: string;
  model: string;
  state: EndpointState;
  url: string;
  live_version?: string;
  /** Revision on its way to become live. */
  promoting?: string;
  /** Why the last rollout was undone. */
  rollout_error?: string;
  policy: Policy;
  /** Requests that wait for a replica. */
  held: number;
  hedges: { sent: number; won: number; refused: number };
  cache: { hits: number; misses: number; entries: number; bytes: number };
  limits: { refused: number; too_large: number; callers: { caller: string; rows_today: number; refused: number }[] };
  revisions: Revision[];
  signature?: Signature;
}

/** One slot of wall-clock time; the percentiles are null where nothing was asked. */
export interface TrafficBucket {
  start_ms: number;
  requests: number;
  errors: number;
  p50_ms: number | null;
  p99_ms: number | null;
  /** [band, requests]: how many took as long as each band of latency says. */
  bands: [number, number][];
}

/** `GET /api/v1/endpoints/{name}/traffic?buckets=`; oldest first, without gaps, the last one still filling. */
export interface Traffic {
  bucket_ms: number;
  /** Where each band of latency ends. */
  band_ends_ms: number[];
  buckets: TrafficBucket[];
}

export type Value = string | number | boolean | null | number[];

/** One row of `GET /api/v1/endpoints/{name}/predictions?limit=` → `{predictions}`, newest first. */
export interface Prediction {
  id: string;
  /** When it was asked, by the wall clock. */
  time_ms: number;
  /** When it happened in the data, which a replay compresses; equal to `time_ms` in real use. */
  event_time_ms: number;
  model_version: string;
  revision: string;
  role: RevisionRole;
  latency_us: number;
  /** Answered out of the endpoint's cache. */
  cached: boolean;
  caller: string;
  inputs: Record<string, Value>;
  outputs: Record<string, Value>;
  outcome?: Value;
  outcome_time_ms?: number;
}

export async function listEndpoints(signal?: AbortSignal): Promise<EndpointSummary[]> {
  return (await getJson<{ endpoints: EndpointSummary[] }>('/api/v1/endpoints', {}, signal)).endpoints;
}

export function getEndpoint(name: string, signal?: AbortSignal): Promise<Endpoint> {
  return getJson(`/api/v1/endpoints/${segment(name)}`, {}, signal);
}

export function getTraffic(name: string, buckets: number, signal?: AbortSignal): Promise<Traffic> {
  return getJson(`/api/v1/endpoints/${segment(name)}/traffic`, { buckets }, signal);
}

export async function listPredictions(name: string, limit: number, signal?: AbortSignal): Promise<Prediction[]> {
  return (await getJson<{ predictions: Prediction[] }>(`/api/v1/endpoints/${segment(name)}/predictions`, { limit }, signal))
    .predictions;
}

/** Gives all versions that answer new shares at once; they add up to 100. */
export function setWeights(name: string, weights: Record<string, number>): Promise<Endpoint> {
  return postJson(`/api/v1/endpoints/${segment(name)}/weights`, { weights });
}

export function configure(name: string, settings: Partial<Policy>): Promise<Endpoint> {
  return postJson(`/api/v1/endpoints/${segment(name)}/policy`, settings);
}

/** `GET /v2/models/{name}`, the Open Inference Protocol's metadata: what its requests must hold. */
export interface ModelMetadata {
  name: string;
  inputs: { name: string; datatype: string; shape: number[] }[];
}

export function getModelMetadata(name: string, signal?: AbortSignal): Promise<ModelMetadata> {
  return getJson(`/v2/models/${segment(name)}`, {}, signal);
}

/** Sends a request made by `try-it.ts`: `POST /endpoints/{name}/invocations` or `POST /v2/models/{name}/infer`. */
export function score(path: string, body: unknown): Promise<unknown> {
  return postJson(path, body);
}
