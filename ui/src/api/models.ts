/** What Millwright knows of a model beyond MLflow's registry: contract, checks, gates and history. */
import { ApiError, getJson, postJson, request, segment } from './client';

/**
 * One named input or output. `type` is MLflow's column type (`boolean integer long float double
 * string binary datetime`); a tensor also has a `shape`, where -1 stands for any size.
 */
export interface TensorSpec {
  name: string;
  type: string;
  shape?: number[];
  required?: boolean;
}

export interface Signature {
  inputs: TensorSpec[];
  outputs: TensorSpec[];
  /** What callers may say beside the inputs. */
  params?: (TensorSpec & { fallback: unknown })[];
}

/** A column, tensor or parameter of an MLflow signature. */
export interface MlflowField extends MlflowType {
  name?: string | null;
  /** Of parameters that old clients wrote, in the place of the type. */
  dtype?: string;
  optional?: boolean;
  default?: unknown;
  /** Of a parameter that is a list. */
  shape?: number[] | null;
  'tensor-spec'?: { dtype: string; shape: number[] };
}

/** A type: one word, or what is in an array, a map or an object. */
export interface MlflowType {
  type?: string;
  required?: boolean;
  items?: MlflowType;
  values?: MlflowType;
  properties?: Record<string, MlflowType>;
}

/** A recorded judgement about a version: a gate's rule, a parity test, a scan. */
export interface Check {
  name: string;
  passed: boolean;
  /** One line for people, such as `AUC 0.683 ≥ 0.6`. */
  summary: string;
  details?: Record<string, unknown>;
  created_ms: number;
}

/** `GET /api/v1/models/{name}/versions/{v}` */
export interface ModelVersionDetails {
  name: string;
  version: string;
  signature?: Signature;
  /** What its MLmodel said, in MLflow's notation. */
  schema?: Partial<Record<'inputs' | 'outputs' | 'params', MlflowField[]>>;
  checks: Check[];
  approvals: Approval[];
}

/** That somebody thinks a version fit for a gate; the name is empty where there is one gate without. */
export interface Approval {
  gate: string;
  who: string;
  reason?: string;
  created_ms: number;
}

/** One row of `GET /api/v1/models/{name}/history` → `{changes}`, newest first. */
export interface ModelChange {
  seq: number;
  time_ms: number;
  who: string;
  /** Why, in its author's words. */
  reason?: string;
  /** As an event's: `model_version.created`, `alias.moved`, `gate.refused` … */
  kind: string;
  summary: string;
  version?: string;
  alias?: string;
  /** The event's payload; a move of an alias lists the gates it passed or was refused by. */
  details?: { gates?: Gate[] } & Record<string, unknown>;
}

/** One rule that an alias asks of a version, as it was judged. */
export interface Gate {
  /** `metric test_auc`, `check parity` … */
  gate: string;
  /** Of the gates.yaml; absent for the only one, or for a rule that holds without a gate. */
  gate_name?: string;
  passed: boolean;
  reason: string;
}

export function getModelVersionDetails(name: string, version: string, signal?: AbortSignal): Promise<ModelVersionDetails> {
  return getJson(`/api/v1/models/${segment(name)}/versions/${segment(version)}`, {}, signal);
}

export interface HistoryPage {
  changes: ModelChange[];
  next_page_token?: string;
}

export function getModelHistory(name: string, query: { page_token?: string; version?: string; kind?: string; limit?: number } = {}, signal?: AbortSignal): Promise<HistoryPage> {
  return getJson(`/api/v1/models/${segment(name)}/history`, { limit: 100, ...query }, signal);
}

interface Since {
  since_ms: number;
  who?: string;
  reason?: string;
}

/** `GET /api/v1/models/{name}/as-of` */
export interface PastModel {
  name: string;
  name_now?: string;
  time_ms: number;
  aliases: (Since & { alias: string; version: string })[];
  tags: { key: string; value: string }[];
  versions: { version: string; stage: Since & { name: string }; aliases: string[]; tags: { key: string; value: string }[] }[];
}

export function getModelAsOf(name: string, time_ms: number, signal?: AbortSignal): Promise<PastModel> {
  return getJson(`/api/v1/models/${segment(name)}/as-of`, { time: String(time_ms) }, signal);
}

export interface StoredGates {
  gate_version: number;
  source: string;
  created_ms: number;
  who: string;
  reason?: string;
}

/** The gates that hold; nothing when there are none. */
export async function getGates(name: string, signal?: AbortSignal): Promise<StoredGates | null> {
  try {
    return await getJson<StoredGates>(`/api/v1/models/${segment(name)}/gate`, {}, signal);
  } catch (cause) {
    if (cause instanceof ApiError && cause.isMissing) return null;
    throw cause;
  }
}

/** Where a version may be moved: exactly one of the two. */
export interface Target {
  alias?: string;
  stage?: string;
}

/** What the gates say about a move, without making it. */
export function testGate(name: string, version: string, target: Target, signal?: AbortSignal): Promise<{ passed: boolean; gates: Gate[] }> {
  return postJson(`/api/v1/models/${segment(name)}/gate/test`, { version, ...target }, signal);
}

export function moveModel(name: string, version: string, target: Target, reason: string, overrule: boolean): Promise<unknown> {
  const path = target.alias ? `aliases/${segment(target.alias)}` : `versions/${segment(version)}/stage`;
  return postJson(`/api/v1/models/${segment(name)}/${path}${overrule ? '/override' : ''}`, { version, stage: target.stage, reason });
}

export function rollBack(name: string, alias: string, from: string, reason: string, overrule: boolean): Promise<{ version: string }> {
  return postJson(`/api/v1/models/${segment(name)}/aliases/${segment(alias)}/${overrule ? 'override' : 'rollback'}`, {
    rollback: overrule || undefined,
    from: Number(from),
    reason,
  });
}

export function approve(name: string, version: string, gate: string, reason: string): Promise<unknown> {
  return postJson(`/api/v1/models/${segment(name)}/versions/${segment(version)}/approvals`, { gate, reason });
}

export function withdrawApproval(name: string, version: string, gate: string): Promise<unknown> {
  return request(`/api/v1/models/${segment(name)}/versions/${segment(version)}/approvals`, {
    method: 'DELETE',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ gate }),
  });
}

export interface SchemaChange {
  side: 'input' | 'output' | 'param';
  name: string;
  change: string;
  before?: string;
  after?: string;
  breaks: boolean;
  reason: string;
}

export interface FileChange {
  path: string;
  before?: { bytes: number };
  after?: { bytes: number };
}

/** `known` tells whether both versions have a signature; `files` is absent where another store has them. */
export interface VersionDiff {
  known: boolean;
  changes?: SchemaChange[];
  files?: FileChange[];
}

export function compareVersions(name: string, from: string, to: string, signal?: AbortSignal): Promise<VersionDiff> {
  return getJson(`/api/v1/models/${segment(name)}/versions/${segment(to)}/diff`, { with: from }, signal);
}
