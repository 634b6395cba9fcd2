/** Monitors: drift against a reference, performance once outcomes are known, and alerts. */
import { getJson, postJson, segment, withQuery } from './client';

export type AlertState = 'open' | 'closed';

/** One row of `GET /api/v1/monitors` → `{monitors}`. */
export interface MonitorSummary {
  name: string;
  endpoint: string;
  model: string;
  state: 'active' | 'paused';
  created_ms: number;
  open_alerts: number;
}

/** `GET /api/v1/monitors/{name}`: the configuration and the answers to the five questions. */
export interface Monitor {
  name: string;
  endpoint: string;
  model: string;
  /** What live data is compared with, such as `flights-late@1`. */
  reference: string;
  /** Limit by what it limits: `psi`, `auc`, … */
  thresholds: Record<string, number>;
  summary: MonitorSummaryFigures;
  /** What it was made of; `POST /api/v1/monitors` takes its fields. */
  spec: MonitorSpec;
  /** What the reference has, and a monitor may watch. */
  profile_features: string[];
}

/** The fields that a person edits; others are kept as they are. */
export interface MonitorSpec {
  name: string;
  endpoint: string;
  model: string;
  reference: string;
  features: string[];
  probability_output: string;
  decision_threshold: number;
  positive_label: string;
  window_ms: number;
  window_origin_ms: number;
  rows_min: number;
  psi_threshold: number;
  psi_thresholds: Record<string, number>;
  drift_share_min: number;
  outcomes_min: number;
  coverage_min: number;
  auc_min?: number;
  reference_auc?: number;
  auc_drop_max?: number;
  [other: string]: unknown;
}

export type ModelTask = 'binary' | 'regression' | 'none';

export interface MonitorSummaryFigures {
  predictions: number;
  outcomes: number;
  /** Share of predictions whose outcome is known, 0…1. */
  coverage: number;
  latency_p50_ms: number | null;
  latency_p99_ms: number | null;
  /** Shares 0…1; null for a model that is not a binary classifier or while nothing is known. */
  positive_rate_predicted: number | null;
  positive_rate_actual: number | null;
  task: ModelTask;
  /** Of a regression. */
  mean_predicted: number | null;
  mean_actual: number | null;
  /** The latest complete window's score of each feature. */
  features: { name: string; type: string; score: number | null; drifted: boolean }[];
}

export interface FeatureDrift {
  name: string;
  /** `measured`, `not_enough_data`, `missing_column`, `not_applicable` */
  status: string;
  /** The score is a chance: it falls as things change. */
  is_chance?: boolean;
  adjusted_p?: number | null;
  note?: string;
  type?: string;
  /** `psi`, `ks`, `chi2`, `jensen_shannon` … */
  method: string;
  score: number | null;
  threshold: number;
  drifted: boolean;
}

/**
 * `GET /api/v1/monitors/{name}/distribution?feature=&start_ms=&end_ms=`; without times the latest
 * complete window. Exactly one of `edges` (one more than the shares) and `categories` is given.
 */
export interface Distribution {
  feature: string;
  edges?: number[];
  categories?: string[];
  reference: number[];
  current: number[];
}

export interface Band {
  lower: number;
  upper: number;
}

export interface HealthFigure {
  /** `roc_auc`, `accuracy`, `f1`, `precision`, `recall`; `mae`, `rmse` */
  name: string;
  /** Null while a window has too few outcomes. */
  realised: number | null;
  estimated: number | null;
  /** Three standard errors to either side: what the draw of the window's rows alone can do. */
  realised_band: Band | null;
  estimated_band: Band | null;
  /** What the windows keep within that the estimate was calibrated on. */
  lower: number | null;
  upper: number | null;
  alert: boolean;
}

/** Rows of a window whose feature is not what it was in the reference. */
export interface FeatureBreaches {
  feature: string;
  missing: number;
  new_category: number;
  out_of_range: number;
  type_changed: number;
  stale: number;
  /** One value in all rows. */
  constant: boolean;
  /** In no row. */
  absent: boolean;
}

export interface QualityCounts {
  rows: number;
  outliers: number;
  outlier_share: number;
  features_broken: number;
  stale_features: number;
  new_columns: number;
  breaches: FeatureBreaches[];
}

/** What a detector saw in a window. */
export interface DetectedChange {
  detector: { of: string; method: string; feature?: string };
  name: string;
  rows: number;
  alarms: number;
  first_ms: number | null;
  before: number | null;
  after: number | null;
}

/** How a window's rows were held against the monitor's suite; nothing in it where there is none. */
export interface WindowValidation {
  suite?: string;
  version?: number;
  broken?: number;
  checks?: { expectation: string; success: boolean; unexpected_share: number; allowed_share: number; message: string }[];
}

/** What the answers of a window were worth, and what they meant. */
interface WindowAnswers {
  mean_predicted: number | null;
  mean_actual: number | null;
  /** Above 0: the answers of a regression are too high. */
  bias: number | null;
  cost: number | null;
  cost_per_outcome: number | null;
  quality: QualityCounts;
  changes: DetectedChange[];
  validation: WindowValidation;
}

/** `GET /api/v1/monitors/{name}/quality?start_ms=&where=` → `{windows: [this]}`. */
export interface QualityDetails extends Omit<QualityCounts, 'new_columns'> {
  start_ms: number;
  end_ms: number;
  complete: boolean;
  worst: { id: string; time_ms: number; distance: number; reason: string; value: string }[];
  new_columns: string[];
  changes: DetectedChange[];
  /** By feature and kind, what finds the rows again. */
  conditions: Record<string, Record<string, string>>;
}

/** A window, of all that was asked or of a slice. */
export interface HealthWindow extends WindowAnswers {
  start_ms: number;
  end_ms: number;
  complete: boolean;
  predictions: number;
  outcomes: number;
  coverage: number;
  requests: number;
  errors: number;
  latency_p50_ms: number | null;
  latency_p90_ms: number | null;
  latency_p99_ms: number | null;
  positive_rate_predicted: number | null;
  positive_rate_actual: number | null;
  judged_for_drift: boolean;
  judged_for_performance: boolean;
  features: FeatureDrift[];
  figures: HealthFigure[];
}

export interface TimelineEntry {
  /** By the wall clock, and where that is in the time of the data. */
  time_ms: number;
  event_time_ms: number;
  kind: 'alert' | 'decision' | 'deployment';
  state: string;
  title: string;
  detail: string;
  subject: string;
}

/** `GET /api/v1/monitors/{name}/health?where=&from_ms=&to_ms=`: windows in event time, oldest first. */
export interface Health {
  monitor: string;
  endpoint: string;
  model: string;
  reference: string;
  window_ms: number;
  rows_min: number;
  outcomes_min: number;
  coverage_min: number;
  auc_threshold: number | null;
  /** Limit by figure: `roc_auc`, `mae`, `rmse`. */
  limits: Record<string, number>;
  where: string;
  /** A slice has older windows that are not among these. */
  partial: boolean;
  task: ModelTask;
  estimate: {
    method: 'cbpe' | 'dle' | null;
    caveat: string;
    windows_needed: number;
    reference?: { from_ms: number; to_ms: number; windows: number; rows: number; calibrated: boolean };
  };
  windows: HealthWindow[];
  timeline: TimelineEntry[];
}

export interface ClassFigures {
  rows: number;
  true_positives: number;
  false_positives: number;
  true_negatives: number;
  false_negatives: number;
  error_rate: number | null;
  precision: number | null;
  selection_rate: number | null;
  true_positive_rate: number | null;
  false_positive_rate: number | null;
  cost: number;
  cost_per_row: number | null;
}

/** Of a regression. */
export interface LossFigures {
  rows: number;
  mae: number | null;
  rmse: number | null;
  bias: number | null;
  mean_predicted: number | null;
  mean_actual: number | null;
  cost: number;
  cost_per_row: number | null;
}

interface Sliced<Figures> {
  all: Figures;
  slices: { input: string; value: string; worse: boolean; p?: number; adjusted_p?: number; figures: Figures }[];
}

export interface ClassPerformance extends Sliced<ClassFigures> {
  task: 'binary';
  disparities: { input: string; groups: number; selection_rate: number | null; true_positive_rate: number | null; false_positive_rate: number | null }[];
}

export interface LossPerformance extends Sliced<LossFigures> {
  task: 'regression';
  disparities: { input: string; groups: number; mae: number | null; bias: number | null }[];
}

/** `GET /api/v1/prediction-logs/{name}/performance`: worst slices first. */
export type SlicePerformance = ClassPerformance | LossPerformance;

/** A row of a log: what was asked and answered, and what became of it. */
export interface LoggedRow {
  id: string;
  time_ms: number;
  event_time_ms: number;
  model_version: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
  outcome?: unknown;
}

/** One row of `GET /api/v1/alerts?state=&monitor=` → `{alerts}`, newest first. */
export interface Alert {
  id: string;
  monitor: string;
  /** `drift`, `performance`, … */
  kind: string;
  feature?: string;
  /** Absent where there was no data, or no limit. */
  value?: number;
  threshold?: number;
  state: AlertState;
  opened_ms: number;
  closed_ms?: number;
  message: string;
  /** Id of the pipeline run that the alert started. */
  pipeline_run?: string;
  /** What alerts of rules have too; a monitor's alert has them once it was taken up. */
  rule: string;
  severity: string;
  phase: 'pending' | 'firing' | 'resolved';
  flapping: boolean;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  cause?: AlertCause;
  acknowledged?: { who: string; note: string; time_ms: number };
}

/** What caused an alert: where to look. */
export interface AlertCause {
  monitor?: string;
  feature?: string;
  endpoint?: string;
  expr?: string;
  /** A page of this UI, where the comparison is seen. */
  page?: string;
  /** A path that downloads the predictions behind it. */
  rows?: string;
  window?: { start_ms: number; end_ms: number; predictions?: number; outcomes?: number };
}

export async function listMonitors(signal?: AbortSignal): Promise<MonitorSummary[]> {
  return (await getJson<{ monitors: MonitorSummary[] }>('/api/v1/monitors', {}, signal)).monitors;
}

export function getMonitor(name: string, signal?: AbortSignal): Promise<Monitor> {
  return getJson(`/api/v1/monitors/${segment(name)}`, {}, signal);
}

/** `POST /api/v1/monitors/preview` with the body of `POST /api/v1/monitors`; stores nothing. */
export interface MonitorPreview {
  endpoint: string;
  reference: string;
  profile_features: string[];
  rows_min: number;
  auc_threshold: number | null;
  rows: number;
  partial: boolean;
  limits: Record<string, number>;
  /** What the monitor would be, with all that was not said. */
  spec: MonitorSpec;
  /** What `tests` may name. */
  tests: { name: string; title: string; threshold: number; numeric: boolean; categorical: boolean }[];
  windows: ({
    start_ms: number;
    end_ms: number;
    complete: boolean;
    predictions: number;
    outcomes: number;
    verdict: 'incomplete' | 'not_enough_data' | 'reference' | 'drifted' | 'quiet';
    judged_for_performance: boolean;
    auc: number | null;
    mae: number | null;
    rmse: number | null;
    features: FeatureDrift[];
  } & WindowAnswers)[];
  alerts: { kind: string; feature: string; value: number; threshold: number; message: string; window_start_ms: number; window_end_ms: number; closed_ms?: number }[];
}

export function previewMonitor(body: Record<string, unknown>, signal?: AbortSignal): Promise<MonitorPreview> {
  return postJson('/api/v1/monitors/preview', body, signal);
}

export function putMonitor(body: Record<string, unknown>): Promise<Monitor> {
  return postJson('/api/v1/monitors', body);
}

/** A log of predictions, of an endpoint or of a model served elsewhere, and when they happened. */
export interface PredictionLog {
  name: string;
  predictions: number;
  first_ms?: number;
  last_ms?: number;
}

export async function listLogs(signal?: AbortSignal): Promise<PredictionLog[]> {
  return (await getJson<{ logs: PredictionLog[] }>('/api/v1/prediction-logs', {}, signal)).logs;
}

export function getHealth(name: string, where: string, signal?: AbortSignal): Promise<Health> {
  return getJson(`/api/v1/monitors/${segment(name)}/health`, { where }, signal);
}

/** Downloads: the page as one HTML file, and a window's drift in Evidently's shape. */
export const reportPath = (name: string, slice: Record<string, string>) => withQuery(`/api/v1/monitors/${segment(name)}/report`, slice);
export const evidentlyPath = (name: string, start_ms: number) => withQuery(`/api/v1/monitors/${segment(name)}/evidently`, { start_ms });

export interface LogSlice {
  where: string;
  from_ms: number;
  to_ms: number;
}

/** How right answers were, by what was asked, as the monitor judges it. */
export function getSlices(monitor: Monitor, task: ModelTask, slice: LogSlice, signal?: AbortSignal): Promise<SlicePerformance> {
  return getJson(`/api/v1/prediction-logs/${segment(monitor.endpoint)}/performance`, { ...slice, monitor: monitor.name, task }, signal);
}

/** Wrong answers of a slice as a version of a dataset. */
export function collectMistakes(
  monitor: Monitor,
  task: ModelTask,
  slice: LogSlice,
  mistakes: { dataset: string; kind: string; beyond: string },
): Promise<{ dataset: string; unchanged: boolean; version: { version: number; row_count: number } }> {
  return postJson(withQuery(`/api/v1/prediction-logs/${segment(monitor.endpoint)}/mistakes`, { ...slice, monitor: monitor.name, task, ...mistakes }), {});
}

/** Rows of a log, newest first, and the same as a file. */
export async function getRows(log: string, slice: LogSlice, limit: number, signal?: AbortSignal): Promise<LoggedRow[]> {
  return (await getJson<{ predictions: LoggedRow[] }>(`/api/v1/prediction-logs/${segment(log)}/rows`, { ...slice, limit }, signal)).predictions;
}
export const rowsFilePath = (log: string, slice: LogSlice, format: 'csv' | 'parquet') =>
  withQuery(`/api/v1/prediction-logs/${segment(log)}/file`, { ...slice, format });

/** What is wrong with single rows of a window, and which rows that is. */
export async function getQuality(name: string, start_ms: number, where: string, signal?: AbortSignal): Promise<QualityDetails | undefined> {
  return (await getJson<{ windows: QualityDetails[] }>(`/api/v1/monitors/${segment(name)}/quality`, { start_ms, where }, signal)).windows[0];
}

export function getDistribution(
  name: string,
  feature: string,
  window?: { start_ms: number; end_ms: number },
  signal?: AbortSignal,
  where = '',
): Promise<Distribution> {
  return getJson(
    `/api/v1/monitors/${segment(name)}/distribution`,
    { feature, start_ms: window?.start_ms, end_ms: window?.end_ms, where },
    signal,
  );
}

export async function listAlerts(query: { state?: AlertState; monitor?: string }, signal?: AbortSignal): Promise<Alert[]> {
  return (await getJson<{ alerts: Alert[] }>('/api/v1/alerts', query, signal)).alerts;
}
