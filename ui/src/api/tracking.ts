/**
 * Runs as tables and charts need them: only the columns asked for, counts, groups, and histories
 * as the least and greatest of each pixel. The shapes of MLflow's own routes are in `mlflow.ts`.
 */
import { postJson } from './client';
import { searchExperimentPage } from './experiments';
import { parseColumn, quoteKey } from '../filter';
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

/** Experiments that one question may be about. */
const experimentsMost = 1_000;
const experimentsKeptMs = 10_000;
let everyExperiment: { at_ms: number; ids: Promise<string[]> } | undefined;

/** The server is asked about experiments by their ids: all there are when none was chosen. */
async function scope(query: RunQuery): Promise<{ experiment_ids: readonly string[]; filter: string; view: string }> {
  const view = { ACTIVE_ONLY: 'active', DELETED_ONLY: 'deleted', ALL: 'all' }[query.view];
  if (query.experiment_ids.length > 0) return { experiment_ids: query.experiment_ids, filter: query.filter, view };
  const now_ms = Date.now();
  if (!everyExperiment || now_ms - everyExperiment.at_ms > experimentsKeptMs) {
    const ids = searchExperimentPage({ view_type: 'ALL', order_by: ['last_update_time DESC'], max_results: experimentsMost }).then(({ experiments }) => experiments.map((each) => each.experiment_id));
    everyExperiment = { at_ms: now_ms, ids };
    ids.catch(() => (everyExperiment = undefined));
  }
  return { experiment_ids: await everyExperiment.ids, filter: query.filter, view };
}

interface WireRun {
  run_id: string;
  experiment_id: string;
  run_name: string;
  status: RunStatus;
  user_id: string;
  start_ms: number;
  end_ms?: number;
  lifecycle: 'active' | 'deleted';
  metrics: Record<string, number | string | null>;
  params: Record<string, string>;
  tags: Record<string, string>;
}

function rowOf(run: WireRun): RunRow {
  const values: RunRow['values'] = {};
  for (const [key, value] of Object.entries(run.metrics)) values[`metrics.${key}`] = value ?? 'NaN';
  for (const [key, value] of Object.entries(run.params)) values[`params.${key}`] = value;
  for (const [key, value] of Object.entries(run.tags)) values[`tags.${key}`] = value;
  return {
    run_id: run.run_id,
    run_name: run.run_name,
    experiment_id: run.experiment_id,
    user_id: run.user_id,
    status: run.status,
    lifecycle_stage: run.lifecycle,
    start_time_ms: run.start_ms,
    end_time_ms: run.end_ms,
    values,
  };
}

/** `POST /api/v1/runs/search`: a page of runs with the columns asked for and no others. */
export async function searchRunRows(
  query: RunQuery & { columns: readonly ColumnName[]; max_results: number; page_token?: string },
  signal?: AbortSignal,
): Promise<RunPage> {
  const { columns, order_by, max_results, page_token } = query;
  const body = { ...(await scope(query)), columns, order_by, limit: max_results, ...(page_token ? { page_token } : {}) };
  const answer = await postJson<{ runs: WireRun[]; next_page_token?: string }>('/api/v1/runs/search', body, signal);
  return { runs: answer.runs.map(rowOf), next_page_token: answer.next_page_token };
}

/** `POST /api/v1/runs/count`. */
export async function countRuns(query: RunQuery, signal?: AbortSignal): Promise<number> {
  return (await postJson<{ runs: number }>('/api/v1/runs/count', await scope(query), signal)).runs;
}

/** Of the latest values of a metric within a group; fewer than two have no deviation. */
export interface Spread {
  count: number;
  mean?: number;
  std?: number;
  min?: number;
  max?: number;
}

export interface RunGroup {
  /** Value of each column that was grouped by; null where the runs have none. */
  by: Record<ColumnName, string | null>;
  count: number;
  /** By the metric's key. */
  metrics: Record<string, Spread>;
}

/** Metrics that are measured in one request, and groups that are answered. */
export const groupMetricsMost = 50;
export const groupKeysMost = 4;

/** `POST /api/v1/runs/groups`: the greatest groups first; `total` counts all of them. */
export async function groupRuns(
  query: RunQuery & { by: readonly ColumnName[]; metrics: readonly string[]; max_results: number },
  signal?: AbortSignal,
): Promise<{ groups: RunGroup[]; total: number }> {
  // Columns go as the filter language writes them, and come back so.
  const written = query.by.map((column) => ({ column, text: writtenColumn(column) }));
  const body = { ...(await scope(query)), group_by: written.map((each) => each.text), metrics: query.metrics, limit: query.max_results };
  const answer = await postJson<{ groups: { by: Record<string, string | null>; runs: number; metrics: Record<string, Spread> }[]; groups_total: number }>('/api/v1/runs/groups', body, signal);
  const groups = answer.groups.map(({ by, runs, metrics }) => ({ by: Object.fromEntries(written.map(({ column, text }) => [column, by[text] ?? null])), count: runs, metrics }));
  return { groups, total: answer.groups_total };
}

function writtenColumn(column: ColumnName): string {
  const { kind, key } = parseColumn(column);
  return kind === 'attributes' ? key : `${kind}.${quoteKey(key)}`;
}

/** Keys of one page of columns. */
const columnPage = 1_000;

type ColumnKind = 'metrics' | 'params' | 'tags';

export interface KnownColumns {
  columns: ColumnName[];
  /** There are more. */
  more: boolean;
}

/**
 * `POST /api/v1/runs/columns`: the columns of a kind that runs of these experiments have, by name;
 * with `contains` those whose key holds it.
 */
async function columnsOfKind(kind: ColumnKind, query: ColumnQuery, signal?: AbortSignal): Promise<KnownColumns> {
  const about = await scope({ experiment_ids: query.experiment_ids, filter: '', order_by: [], view: 'ACTIVE_ONLY' });
  const columns: ColumnName[] = [];
  let page_token: string | undefined;
  do {
    const limit = Math.min(columnPage, query.max_results - columns.length);
    const page: { columns: string[]; next_page_token?: string } = await postJson(
      '/api/v1/runs/columns',
      { ...about, kind, search: query.contains ?? '', limit, ...(page_token ? { page_token } : {}) },
      signal,
    );
    columns.push(...page.columns.map((key) => `${kind}.${key}`));
    page_token = page.next_page_token;
  } while (page_token && columns.length < query.max_results);
  return { columns, more: page_token !== undefined };
}

export interface ColumnQuery {
  experiment_ids: readonly string[];
  contains?: string;
  /** Of each kind. */
  max_results: number;
  kinds?: readonly ColumnKind[];
}

/** Metrics, params and tags, in this order; the client's own tags are left out. */
export async function listRunColumns(query: ColumnQuery, signal?: AbortSignal): Promise<KnownColumns> {
  const found = await Promise.all((query.kinds ?? (['metrics', 'params', 'tags'] as const)).map((kind) => columnsOfKind(kind, query, signal)));
  return { columns: found.flatMap((each) => each.columns).filter((column) => !column.startsWith('tags.mlflow.')), more: found.some((each) => each.more) };
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
