/** What Millwright knows of a model version beyond MLflow's registry: contract, checks and history. */
import { getJson, segment } from './client';

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
  checks: Check[];
}

/** One row of `GET /api/v1/models/{name}/history` → `{changes}`, newest first. */
export interface ModelChange {
  time_ms: number;
  who: string;
  /** As an event's: `model_version.created`, `alias.moved`, `gate.passed`, `gate.refused` … */
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
  passed: boolean;
  reason: string;
}

export function getModelVersionDetails(name: string, version: string, signal?: AbortSignal): Promise<ModelVersionDetails> {
  return getJson(`/api/v1/models/${segment(name)}/versions/${segment(version)}`, {}, signal);
}

export async function getModelHistory(name: string, signal?: AbortSignal): Promise<ModelChange[]> {
  return (await getJson<{ changes: ModelChange[] }>(`/api/v1/models/${segment(name)}/history`, {}, signal)).changes;
}
