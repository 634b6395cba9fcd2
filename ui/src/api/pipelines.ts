/** Pipelines, their runs, and the log of a task. */
import { getJson, request, segment, withQuery } from './client';

/** `held` is a run that a gate ended on purpose: nothing failed and nothing was promoted. */
export type PipelineRunState = 'queued' | 'running' | 'succeeded' | 'held' | 'failed' | 'cancelled';
export type TaskState = 'pending' | 'queued' | 'running' | 'succeeded' | 'held' | 'failed' | 'skipped' | 'cancelled';

/** One row of `GET /api/v1/pipelines` → `{pipelines}`. */
export interface Pipeline {
  name: string;
  tasks: { name: string; depends_on: string[] }[];
  /** What starts it, in words: `alert on monitor flights-late`, `manual`, `cron 0 4 * * *`. */
  trigger: string;
  last_run?: { id: string; state: PipelineRunState; created_ms: number };
}

/** One row of `GET /api/v1/pipeline-runs?pipeline=&limit=` → `{pipeline_runs}`, newest first. */
export interface PipelineRunSummary {
  id: string;
  pipeline: string;
  state: PipelineRunState;
  /** What started this run: `alert:12`, `manual`, … */
  trigger: string;
  created_ms: number;
  ended_ms?: number;
}

/** `lost`: the server or worker that ran it is gone. */
export type AttemptState = 'running' | 'succeeded' | 'held' | 'failed' | 'lost' | 'cancelled';

export interface Attempt {
  number: number;
  state: AttemptState;
  started_ms: number;
  ended_ms?: number;
  exit_code?: number;
  error?: string;
}

export interface TaskRun {
  name: string;
  depends_on: string[];
  state: TaskState;
  /** Named results that later tasks read. */
  outputs: Record<string, unknown>;
  attempts: Attempt[];
}

/** `GET /api/v1/pipeline-runs/{id}` */
export interface PipelineRun extends PipelineRunSummary {
  params: Record<string, unknown>;
  tasks: TaskRun[];
}

/** A piece of a task's log and where the next piece starts. */
export interface LogPiece {
  text: string;
  next_offset: number;
}

export async function listPipelines(signal?: AbortSignal): Promise<Pipeline[]> {
  return (await getJson<{ pipelines: Pipeline[] }>('/api/v1/pipelines', {}, signal)).pipelines;
}

export async function listPipelineRuns(
  query: { pipeline?: string; limit?: number },
  signal?: AbortSignal,
): Promise<PipelineRunSummary[]> {
  return (await getJson<{ pipeline_runs: PipelineRunSummary[] }>('/api/v1/pipeline-runs', query, signal)).pipeline_runs;
}

export function getPipelineRun(id: string, signal?: AbortSignal): Promise<PipelineRun> {
  return getJson(`/api/v1/pipeline-runs/${segment(id)}`, {}, signal);
}

/**
 * `GET /api/v1/pipeline-runs/{id}/tasks/{task}/log?offset=` → text/plain from that byte on, the
 * attempts one after another, and the header `X-Next-Offset`.
 */
export async function readTaskLog(id: string, task: string, offset: number, signal?: AbortSignal): Promise<LogPiece> {
  const path = `/api/v1/pipeline-runs/${segment(id)}/tasks/${segment(task)}/log`;
  const response = await request(withQuery(path, { offset }), { signal });
  const text = await response.text();
  const next = Number(response.headers.get('x-next-offset'));
  return { text, next_offset: Number.isFinite(next) && next > 0 ? next : offset + new TextEncoder().encode(text).length };
}
