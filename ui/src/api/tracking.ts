/**
 * Runs as tables and charts need them: only the columns asked for, counts, groups, and histories
 * as the least and greatest of each pixel. The shapes of MLflow's own routes are in `mlflow.ts`.
 */
import { postJson } from './client';
import type { RunStatus } from './mlflow';

/** `metrics.auc`, `params.max_depth`, `tags.study`. */
export type ColumnName = string;
export type CellValue = number | string;

export interface RunRow {
  run_id: string;
  run_name: string;
  experiment_id: string;
  user_id: string;
  status: RunStatus;
  lifecycle_stage: 'active' | 'deleted';
  start_time_ms: number;
  end_time_ms?: number;
  /** Only columns that were asked for and that the run has. */
  values: Record<ColumnName, CellValue>;
}

export type RunView = 'ACTIVE_ONLY' | 'DELETED_ONLY' | 'ALL';

export interface RunQuery {
  /** None means all experiments. */
  experiment_ids: readonly string[];
  filter: string;
  order_by: readonly string[];
  view: RunView;
}

export interface RunPage {
  runs: RunRow[];
  next_page_token?: string;
}

/** `POST /api/v1/runs/search`: a page of runs with the columns asked for and no others. */
export function searchRunRows(
  query: RunQuery & { columns: readonly ColumnName[]; max_results: number; page_token?: string },
  signal?: AbortSignal,
): Promise<RunPage> {
  return postJson('/api/v1/runs/search', query, signal);
}

/** `POST /api/v1/runs/count`. */
export async function countRuns(query: RunQuery, signal?: AbortSignal): Promise<number> {
  return (await postJson<{ count: number }>('/api/v1/runs/count', query, signal)).count;
}

/** Of the values of one column within a group; a single value has no deviation. */
export interface Spread {
  count: number;
  mean: number | null;
  std: number | null;
  min: number | null;
  max: number | null;
}

export interface RunGroup {
  /** Value of each column that was grouped by; null where the runs have none. */
  by: Record<ColumnName, CellValue | null>;
  count: number;
  values: Record<ColumnName, Spread>;
}

/** `POST /api/v1/runs/group`: the greatest groups first; `total` counts all of them. */
export function groupRuns(
  query: RunQuery & { by: readonly ColumnName[]; columns: readonly ColumnName[]; max_results: number },
  signal?: AbortSignal,
): Promise<{ groups: RunGroup[]; total: number }> {
  return postJson('/api/v1/runs/group', query, signal);
}

export interface KnownColumn {
  column: ColumnName;
  /** How many runs have it. */
  runs: number;
}

/** `POST /api/v1/runs/columns`: the columns that runs of these experiments have, most common first. */
export function listRunColumns(
  query: { experiment_ids: readonly string[]; contains?: string; max_results: number },
  signal?: AbortSignal,
): Promise<{ columns: KnownColumn[]; total: number }> {
  return postJson('/api/v1/runs/columns', query, signal);
}

/** What x counts: steps, milliseconds since 1970, or milliseconds since the run's start. */
export type ChartAxis = 'step' | 'time' | 'relative_time';

export interface ChartQuery {
  runs: readonly string[];
  keys: readonly string[];
  axis: ChartAxis;
  /** What is looked at, ends included; all there is without it. */
  from?: number;
  to?: number;
  /** In pixels. Points that share one become a bucket. */
  width: number;
}

/** Parallel arrays, a bucket each, by x. Without any finite value a bucket has null. */
export interface ChartSeries {
  run_id: string;
  key: string;
  /** x of a bucket's first and last point. */
  from: number[];
  to: number[];
  first: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
  last: (number | null)[];
}

/** `POST /api/v1/charts`: exact in the extremes at any width. */
export async function readChart(query: ChartQuery, signal?: AbortSignal): Promise<ChartSeries[]> {
  return (await postJson<{ series: ChartSeries[] }>('/api/v1/charts', query, signal)).series;
}
