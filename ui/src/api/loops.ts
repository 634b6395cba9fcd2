/** The loops of models: what is done by itself, why, and what a person may say to it. */
import { getJson, postJson, segment } from './client';

export type LoopAct = 'trigger' | 'approve' | 'override' | 'rollback' | 'pause' | 'resume';

export interface LoopCause {
  trigger: string;
  who: string;
  time_ms: number;
  reason?: string;
  version?: string;
  event?: { kind: string; subject: string; payload: Record<string, unknown> };
}

export interface ArmFigures {
  requests: number;
  errors: number;
  not_numbers: number;
  log_latency_us?: { n: number; mean: number; variance: number };
  loss?: { n: number; mean: number; variance: number };
}

/** What both versions answered, and the bounds of each difference. */
export interface LoopFigures {
  candidate?: ArmFigures;
  live?: ArmFigures;
  differences?: { figure: string; tolerance: number; n_candidate: number; n_live: number; difference?: number; low?: number; high?: number; relative?: boolean }[];
  since_ms?: number;
  until_ms?: number;
  rule?: string;
  reason?: string;
  [other: string]: unknown;
}

/** One row of `GET /api/v1/loops` → `{loops}`; with `yaml` from `GET /api/v1/loops/{model}`. */
export interface Loop {
  model: string;
  endpoint: string;
  alias: string;
  version: number;
  pipeline: string;
  triggers: string;
  phase: string;
  since_ms: number;
  paused: boolean;
  pause_reason?: string;
  hold: string;
  latched: boolean;
  candidate: string;
  champion: string;
  step: number;
  steps: number[];
  pipeline_run: string;
  ending: string;
  ending_reason: string;
  decisions: number;
  acts: LoopAct[];
  due: { trigger: string; time_ms: number }[];
  ready_ms?: number;
  cause?: LoopCause;
  waiting?: LoopCause;
  seen?: LoopFigures | null;
  yaml?: string;
}

/** One row of `GET /api/v1/loops/{model}/decisions` → `{decisions}`, newest first. */
export interface LoopDecision {
  number: number;
  time_ms: number;
  from: string;
  to: string;
  action: string;
  rule: string;
  reason: string;
  who: string;
  seen: LoopFigures;
  undo: string;
}

export async function listLoops(signal?: AbortSignal): Promise<Loop[]> {
  return (await getJson<{ loops: Loop[] }>('/api/v1/loops', {}, signal)).loops;
}

export function getLoop(model: string, signal?: AbortSignal): Promise<Loop> {
  return getJson(`/api/v1/loops/${segment(model)}`, {}, signal);
}

export async function listDecisions(model: string, signal?: AbortSignal): Promise<LoopDecision[]> {
  return (await getJson<{ decisions: LoopDecision[] }>(`/api/v1/loops/${segment(model)}/decisions`, { limit: 200 }, signal)).decisions;
}

export function actOnLoop(model: string, act: LoopAct, reason: string): Promise<Loop> {
  return postJson(`/api/v1/loops/${segment(model)}/${act}`, { reason });
}
